package ole

import (
	"encoding/binary"
	"math"
	"strconv"
)

// constants computes a formula of nothing but constants that are joined, which
// a program may write without computing it: Excel does so when it opens the file.
// Of any other formula it returns the texts that stand in it.
func (b *book) constants(tokens []byte) (value string, computed bool, texts []string) {
	var stack []string
	computed = true
	for len(tokens) > 0 {
		t := tokens[0]
		tokens = tokens[1:]
		n := b.tokenSize(t, tokens)
		if n < 0 || n > len(tokens) {
			computed = false
			break
		}
		arg := tokens[:n]
		tokens = tokens[n:]
		switch t {
		case 0x08: // &
			if k := len(stack); k >= 2 && len(stack[k-2])+len(stack[k-1]) <= maxConstant {
				stack = append(stack[:k-2], stack[k-2]+stack[k-1])
				continue
			}
			computed = false
		case 0x15, 0x19: // parentheses, hints
		case 0x17:
			s := b.tokenText(arg)
			stack, texts = append(stack, s), append(texts, s)
		case 0x1e:
			stack = append(stack, strconv.Itoa(int(binary.LittleEndian.Uint16(arg))))
		case 0x1f:
			stack = append(stack, strconv.FormatFloat(math.Float64frombits(binary.LittleEndian.Uint64(arg)), 'f', -1, 64))
		default:
			computed = false
		}
	}
	if computed = computed && len(stack) == 1; computed {
		value = stack[0]
	}
	return value, computed, texts
}

// maxConstant is the longest text that a cell can hold.
const maxConstant = 32767

// tokenSizes are those of the tokens of a formula ([MS-XLS] section 2.5.198), by
// the lower bits of those that come in three classes.
var tokenSizes = map[byte]int{
	0x01: 4, 0x02: 4, 0x19: 3, 0x1c: 1, 0x1d: 1, 0x1e: 2, 0x1f: 8,
	0x20: 7, 0x21: 2, 0x22: 3, 0x23: 4, 0x24: 4, 0x25: 8, 0x26: 6, 0x27: 6, 0x28: 6, 0x29: 2, 0x2a: 4, 0x2b: 8, 0x2c: 4, 0x2d: 8,
	0x39: 6, 0x3a: 6, 0x3b: 10, 0x3c: 6, 0x3d: 10,
}

// tokenSize is how many bytes follow a token; -1 if that is not known.
func (b *book) tokenSize(t byte, rest []byte) int {
	switch {
	case t >= 0x03 && t <= 0x16:
		return 0
	case t == 0x17 && len(rest) > 1:
		if b.version != 8 {
			return 1 + int(rest[0])
		}
		return 2 + int(rest[0])<<(rest[1]&1)
	case t == 0x19 && len(rest) > 2 && rest[0]&4 != 0: // a table of jumps
		return 3 + 2*(int(binary.LittleEndian.Uint16(rest[1:]))+1)
	case t >= 0x20 && t < 0x80:
		t = t&0x1f | 0x20
	}
	n, known := tokenSizes[t]
	if !known || b.version != 8 && t > 0x22 {
		return -1
	}
	return n
}

func (b *book) tokenText(arg []byte) string {
	switch {
	case b.version != 8:
		return decode(b.page, arg[1:])
	case arg[1]&1 == 0:
		runes := make([]rune, 0, len(arg))
		for _, c := range arg[2:] { // the low bytes of UTF-16
			runes = append(runes, rune(c))
		}
		return string(runes)
	}
	return wide(arg[2:])
}
