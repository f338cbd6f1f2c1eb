package extract

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// undeclaredCharsets are names that say nothing, or too little: their text is
// read as UTF-8, and as Windows-1252 where it is none.
var undeclaredCharsets = map[string]bool{
	"": true, "us-ascii": true, "ascii": true, "ansi_x3.4-1968": true, "646": true, "unknown-8bit": true,
	"unknown": true, "x-unknown": true, "default": true, "_autodetect": true, "_autodetect_all": true,
	"8bit": true, "7bit": true, "binary": true, "none": true, "x-user-defined": true,
}

// charsetAliases are names that mail uses and the registries lack.
var charsetAliases = map[string]string{
	"utf8mb4": "utf-8", "utf8": "utf-8", "unicode-1-1-utf-8": "utf-8", "unicode": "utf-16", "ucs-2": "utf-16", "iso-10646-ucs-2": "utf-16",
	"ucs-4": "utf-32", "iso-10646-ucs-4": "utf-32", "utf32": "utf-32", "utf-32": "utf-32", "utf16": "utf-16",
	"ansi": "windows-1252", "latin": "iso-8859-1", "latin-1": "iso-8859-1", "cp-850": "ibm850", "cp850": "ibm850", "cp437": "ibm437",
	"cp037": "ibm037", "cp1047": "ibm1047", "ebcdic-cp-us": "ibm037", "ebcdic": "ibm037", "ibm1140": "ibm01140",
	"cp500": "ibm1047", "ibm500": "ibm1047", "cp1140": "ibm01140", "ibm-1140": "ibm01140", "ibm-037": "ibm037", "ibm-500": "ibm1047", "ibm-1047": "ibm1047", "cp01140": "ibm01140", "ebcdic-us-37+euro": "ibm01140", "ebcdic-cp-be": "ibm1047", "ebcdic-cp-ch": "ibm1047",
	"ebcdic-cp-ca": "ibm037", "ebcdic-cp-wt": "ibm037", "ebcdic-cp-nl": "ibm037", "ibm273": "ibm1047", "ibm285": "ibm1047", "cp285": "ibm1047", "ibm297": "ibm1047", "ebcdic-cp-gb": "ibm1047", // as far as letters and digits go
	"cp936": "gbk", "ms936": "gbk", "cp949": "euc-kr", "ks_c_5601-1987": "euc-kr", "cp932": "shift_jis", "ms932": "shift_jis", "cp950": "big5", "x-mac-roman": "macintosh",
	"hz": "hz-gb-2312", "gb_2312-80": "gb2312", "koi8-ru": "koi8-u", "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8",
}

// lookupCharset finds a charset by any of its names. A nil encoding with ok
// means text that hybrid reads.
func lookupCharset(name string) (enc encoding.Encoding, ok bool) {
	name = strings.ToLower(strings.Trim(name, " \t\"'<>;"))
	name = strings.TrimPrefix(name, "charset=")
	name = strings.TrimPrefix(name, "cs")
	if undeclaredCharsets[name] {
		return nil, true
	}
	if alias, found := charsetAliases[strings.TrimPrefix(name, "x-")]; found {
		name = alias
	}
	switch name {
	case "utf-8":
		return encoding.Nop, true
	case "utf-7", "unicode-1-1-utf-7":
		return utf7Encoding{}, true
	case "iso-2022-kr", "iso2022kr":
		return iso2022KR{}, true
	case "utf-16", "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), true
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), true
	case "utf-32", "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM), true
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), true
	}
	for _, n := range []string{name, strings.ReplaceAll(name, "_", "-"), strings.Replace(strings.TrimPrefix(name, "x-"), "cp", "windows-", 1)} {
		if enc, err := htmlindex.Get(n); err == nil && enc != encoding.Replacement {
			return enc, true
		}
		if enc, err := ianaindex.MIME.Encoding(n); err == nil && enc != nil {
			return enc, true
		}
		if enc, err := ianaindex.IANA.Encoding(n); err == nil && enc != nil {
			return enc, true
		}
	}
	return nil, false
}

// wideCharset tells from the first bytes of a text whether it is UTF-16 or
// UTF-32, by its byte order mark or by the NUL bytes that ASCII leaves in it.
func wideCharset(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe, 0, 0}):
		return "utf-32le"
	case bytes.HasPrefix(head, []byte{0, 0, 0xfe, 0xff}):
		return "utf-32be"
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return "utf-16le"
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return "utf-16be"
	}
	if bytes.IndexByte(head, 0) < 0 {
		return ""
	}
	var nul [4]int
	for i, c := range head {
		if c == 0 {
			nul[i%4]++
		}
	}
	n := len(head) / 4
	if n < 2 {
		return ""
	}
	most, few := n-n/8, n/8
	odd, even := nul[1]+nul[3], nul[0]+nul[2]
	switch {
	case nul[1] >= most && nul[2] >= most && nul[3] >= most && nul[0] <= few:
		return "utf-32le"
	case nul[0] >= most && nul[1] >= most && nul[2] >= most && nul[3] <= few:
		return "utf-32be"
	case odd >= n && even <= few:
		return "utf-16le"
	case even >= n && odd <= few:
		return "utf-16be"
	}
	return ""
}

// newCharset returns the stage that turns text of a charset into UTF-8.
func newCharset(enc encoding.Encoding, next stage) stage {
	switch e := enc.(type) {
	case nil:
		return &hybrid{next: next}
	case *charmap.Charmap:
		return newTable(e, next)
	case utf7Encoding:
		return &utf7{next: next}
	case iso2022KR:
		return newShifted(next)
	}
	if enc == encoding.Nop || enc == unicode.UTF8 {
		return next // malformed UTF-8 is for the detectors to judge
	}
	return &transcoder{w: transform.NewWriter(stageWriter{next}, enc.NewDecoder()), next: next}
}

// utf7Encoding names the charset that golang.org/x/text lacks; utf7 decodes it.
type utf7Encoding struct{ encoding.Encoding }

type stageWriter struct{ next stage }

func (w stageWriter) Write(b []byte) (int, error) {
	w.next.write(b)
	return len(b), nil
}

// transcoder runs a decoder of golang.org/x/text. Those replace what they cannot
// decode and do not fail; should one, the text goes on as it is.
type transcoder struct {
	w      *transform.Writer
	next   stage
	broken bool
}

func (t *transcoder) write(b []byte) {
	if !t.broken {
		n, err := t.w.Write(b)
		if err == nil {
			return
		}
		t.broken, b = true, b[min(n, len(b)):]
	}
	t.next.write(b)
}

func (t *transcoder) close() {
	_ = t.w.Close() // an error here is a torn last character
	t.next.close()
}

// table decodes a charset of one byte a character.
type table struct {
	next  stage
	ascii bool // bytes below 0x80 stand for themselves
	to    [256][4]byte
	size  [256]uint8
	out   []byte
}

func newTable(m *charmap.Charmap, next stage) *table {
	t := &table{next: next, ascii: true, out: make([]byte, 0, 4<<10)}
	for i := range 256 {
		r := m.DecodeByte(byte(i))
		if r == 0x85 && m.DecodeByte('A') != 'A' { // the line end of EBCDIC
			r = '\n'
		}
		t.size[i] = uint8(utf8.EncodeRune(t.to[i][:], r))
		t.ascii = t.ascii && (i >= 0x80 || t.to[i][0] == byte(i) && t.size[i] == 1)
	}
	return t
}

func (t *table) write(b []byte) {
	for len(b) > 0 {
		room := cap(t.out) - len(t.out)
		if n := min(len(b), room); t.ascii {
			if n = asciiPrefix(b[:n]); n > 0 {
				t.out = append(t.out, b[:n]...)
				b = b[n:]
				continue
			}
		}
		if room < 4 {
			t.flush()
			continue
		}
		t.out = append(t.out, t.to[b[0]][:t.size[b[0]]]...)
		b = b[1:]
	}
	t.flush()
}

func (t *table) flush() {
	if len(t.out) > 0 {
		t.next.write(t.out)
		t.out = t.out[:0]
	}
}

func (t *table) close() { t.next.close() }

// asciiPrefix counts the leading ASCII bytes of b.
func asciiPrefix(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		if (b[i]|b[i+1]|b[i+2]|b[i+3]|b[i+4]|b[i+5]|b[i+6]|b[i+7])&0x80 != 0 {
			break
		}
	}
	for i < len(b) && b[i] < 0x80 {
		i++
	}
	return i
}

// hybrid reads text of no declared charset: what is valid UTF-8 stays, every
// other byte is read as Windows-1252.
type hybrid struct {
	next stage
	held []byte // the beginning of a character
	out  []byte
}

func (h *hybrid) write(b []byte) {
	if len(h.held) > 0 {
		h.held = append(h.held, b...)
		b, h.held = h.held, nil
	}
	for len(b) > 0 {
		n := asciiPrefix(b)
		for n < len(b) {
			_, size := utf8.DecodeRune(b[n:])
			if size == 1 && b[n] >= 0x80 {
				break
			}
			n += size
			if n < len(b) && b[n] < 0x80 {
				n += asciiPrefix(b[n:])
			}
		}
		if n > 0 {
			h.next.write(b[:n])
		}
		if b = b[n:]; len(b) == 0 {
			return
		}
		if !utf8.FullRune(b) {
			h.held = append([]byte(nil), b...)
			return
		}
		b = h.foreign(b)
	}
}

// foreign writes the bytes at the front of b that are no UTF-8.
func (h *hybrid) foreign(b []byte) []byte {
	h.out = h.out[:0]
	i := 0
	for i < len(b) && len(h.out) < 4096 {
		if b[i] < 0x80 {
			// ASCII between foreign characters is cheaper here than as a write.
			h.out = append(h.out, b[i])
			i++
			continue
		}
		if !utf8.FullRune(b[i:]) {
			break
		}
		if _, size := utf8.DecodeRune(b[i:]); size > 1 {
			h.out = append(h.out, b[i:i+size]...)
			i += size
			continue
		}
		h.out = utf8.AppendRune(h.out, charmap.Windows1252.DecodeByte(b[i]))
		i++
	}
	h.next.write(h.out)
	return b[i:]
}

func (h *hybrid) close() {
	for _, c := range h.held {
		h.next.write(utf8.AppendRune(nil, charmap.Windows1252.DecodeByte(c)))
	}
	h.held = nil
	h.next.close()
}

// hybridString is hybrid for a short text held whole.
func hybridString(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var s stringStage
	h := hybrid{next: &s}
	h.write(b)
	h.close()
	return s.String()
}

// stringStage collects text.
type stringStage struct{ strings.Builder }

func (s *stringStage) write(b []byte) { s.Write(b) }
func (s *stringStage) close()         {}

// decodeString turns a short text of a charset into UTF-8, and reports whether
// the charset is known; if not, the text is read as if none was declared.
func decodeString(charset string, b []byte) (string, bool) {
	enc, known := lookupCharset(charset)
	var s stringStage
	c := newCharset(enc, &s)
	c.write(b)
	c.close()
	return s.String(), known
}
