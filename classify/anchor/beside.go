package anchor

import "bytes"

// Beside is a set of the sorts of bytes that can stand beside a run of digits. The
// zero value is any of them.
type Beside uint16

// The sorts of bytes.
const (
	OnOther  Beside = 1 << iota // what is none of the others, and the edge of the text
	OnLetter                    // an ASCII letter
	OnSpace                     // ' '
	OnBreak                     // a tab or a line break
	OnHyphen                    // '-'
	OnStop                      // '.'
	OnSlash                     // '/'
	OnMoney                     // '$' and what is not ASCII
	OnOpen                      // '+' and '('
	OnClose                     // ')'
	OnDigit                     // '0' to '9'
	sorts    = iota
)

// sortOf is the sort of each byte, as a bit number.
var sortOf = func() (of [256]uint8) {
	for n, chars := range [sorts]string{2: " ", 3: "\t\r\n", 4: "-", 5: ".", 6: "/", 7: "$", 8: "+(", 9: ")", 10: "0123456789"} {
		for c := range of {
			switch {
			case bytes.IndexByte([]byte(chars), byte(c)) >= 0:
				of[c] = uint8(n)
			case n == 1 && uint8(c|0x20)-'a' < 26:
				of[c] = 1
			case n == 7 && c >= 0x80:
				of[c] = 7
			}
		}
	}
	return of
}()
