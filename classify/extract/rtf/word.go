package rtf

import (
	"bytes"
	"io"
	"math"

	"github.com/postern-mail/postern/classify/extract/ole1"
)

// dest is where text goes to.
type dest uint8

const (
	body      dest = iota // the document as it is shown
	aside                 // beside it
	htmlTag               // markup of encapsulated HTML: beside it, too
	fontTable             // descriptions of fonts
	nothing               // data that is no text
	shape                 // shown, though it stands in the instructions of a drawing
)

// destinations are the words that begin a destination of their own. Those that
// are marked with \* and do not stand here are text beside the document.
var destinations = map[string]dest{
	"fonttbl": fontTable, "colortbl": nothing, "stylesheet": nothing, "pict": nothing, "nonesttables": nothing,
	"themedata": nothing, "colorschememapping": nothing, "datastore": nothing, "blipuid": nothing, "passwordhash": nothing,
	"listtable": nothing, "listoverridetable": nothing, "rsidtbl": nothing, "xmlnstbl": nothing, "latentstyles": nothing,
	"mmathPr": nothing, "revtbl": aside, "panose": nothing, "falt": nothing, "fontemb": nothing, "objtime": nothing,
	"listpicture": nothing, "picprop": aside, "pgptbl": nothing, "wgrffmtfilter": nothing, "defchp": nothing, "defpap": nothing,
	"header": aside, "headerl": aside, "headerr": aside, "headerf": aside, "footer": aside, "footerl": aside, "footerr": aside, "footerf": aside,
	"footnote": aside, "annotation": aside, "atnauthor": aside, "atnid": aside, "info": aside, "fldinst": aside, "userprops": aside,
	"ftnsep": aside, "ftnsepc": aside, "ftncn": aside, "aftnsep": aside, "aftnsepc": aside, "aftncn": aside,
	"sp": aside, "xe": aside, "tc": aside, "tcn": aside, "rxe": aside, "bkmkstart": aside, "bkmkend": aside, "objname": aside, "objclass": nothing, "template": aside,
	"title": aside, "subject": aside, "author": aside, "manager": aside, "company": aside, "operator": aside, "category": aside,
	"keywords": aside, "comment": aside, "doccomm": aside, "hlinkbase": aside, "docvar": aside, "sn": aside, "sv": aside, "propname": aside, "staticval": aside,
	"shpinst": aside, "shptxt": shape, "shprslt": shape, "dptxbxtext": shape, "fldrslt": body, "result": body, "nesttableprops": body,
	"shppict": body, "nonshppict": body, "pntext": body, "listtext": body, "do": body, "moMath": body, "moMathPara": body,
	"htmltag": htmlTag, "mhtmltag": aside, "pn": nothing, "pnseclvl": nothing,
}

// characters are the words that stand for a character.
var characters = map[string]rune{
	"par": '\n', "line": '\n', "sect": '\n', "page": '\n', "column": '\n', "softline": '\n', "softpage": '\n', "row": '\n', "nestrow": '\n',
	"tab": '\t', "cell": '\t', "nestcell": '\t', "enspace": ' ', "emspace": ' ', "qmspace": ' ',
	"emdash": '\u2014', "endash": '\u2013', "lquote": '\u2018', "rquote": '\u2019', "ldblquote": '\u201c', "rdblquote": '\u201d', "bullet": '\u2022',
}

// charsets are the code pages of \fcharset. 0 and 1 are those of the document.
var charsets = map[int64]int{
	2: 1252, 77: 10000, 78: 10001, 79: 10003, 80: 10008, 81: 10002, 89: 10007, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950,
	161: 1253, 162: 1254, 163: 1258, 177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 254: 437, 255: 850,
}

// word obeys a control word.
func (r *reader) word(name string, value int64, has bool) {
	fresh, ignore := r.group.fresh, r.group.ignore
	r.group.fresh = false
	if name == "bin" {
		r.binary(value)
		return
	}
	if name == "u" {
		r.unicode(value)
		r.toSkip = int(r.group.skip)
		return
	}
	if r.skipped() {
		return
	}
	if name == "objdata" {
		r.object()
		return
	}
	if d, known := destinations[name]; known || ignore && fresh {
		if !known {
			d = aside
		}
		r.enter(d)
		return
	}
	if c, ok := characters[name]; ok {
		if c == '\n' && r.group.inTable && (name == "par" || name == "line") {
			c = ' ' // the lines of one cell stand in one row
		}
		r.char(c)
		return
	}
	r.property(name, value, has)
}

// enter begins a destination. What lies in one that is no text stays none.
func (r *reader) enter(d dest) {
	r.flush()
	was := r.group.dest
	switch {
	case was == nothing, was == fontTable:
		return
	case d == shape:
		d = body
	case was == aside && d == body:
		d = aside
	}
	r.group.dest, r.group.begun = d, true
	if d == aside && was != aside && r.aside != nil {
		r.write(r.aside, "\n")
	}
	if d == htmlTag {
		r.tag = r.tag[:0]
	}
}

// property takes the words that change how text is read.
func (r *reader) property(name string, value int64, has bool) {
	switch name {
	case "ansicpg":
		if value > 0 && value < 1<<16 {
			r.ansi = int(value)
		}
	case "mac":
		r.ansi = 10000
	case "pc":
		r.ansi = 437
	case "pca":
		r.ansi = 850
	case "uc":
		if has {
			r.group.skip = int8(min(max(value, 0), math.MaxInt8))
		}
	case "deff":
		r.deflang = int32(value)
		r.group.font = r.deflang
	case "f":
		if r.group.dest == fontTable {
			r.font = int32(value)
			return
		}
		r.group.font = int32(value)
	case "fcharset":
		if page, ok := charsets[value]; ok && r.group.dest == fontTable && len(r.fonts) < 1<<16 {
			r.fonts[r.font] = page
		}
	case "cpg":
		if r.group.dest == fontTable && value > 0 && value < 1<<16 && len(r.fonts) < 1<<16 {
			r.fonts[r.font] = int(value)
		}
	case "plain":
		r.group.font = r.deflang
	case "intbl":
		r.group.inTable = true
	case "pard":
		r.group.inTable = false
	}
}

// endTag parts the text where a tag of encapsulated HTML does.
func (r *reader) endTag() {
	tag := bytes.ToLower(bytes.TrimLeft(r.tag, " "))
	outer := r.group.dest
	r.group.dest = body
	switch {
	case bytes.HasPrefix(tag, []byte("</td")), bytes.HasPrefix(tag, []byte("</th")):
		r.char('\t')
	case bytes.HasPrefix(tag, []byte("<br")), bytes.HasPrefix(tag, []byte("<p")), bytes.HasPrefix(tag, []byte("<div")),
		bytes.HasPrefix(tag, []byte("</tr")), bytes.HasPrefix(tag, []byte("<li")):
		r.char('\n')
	}
	r.flush()
	r.group.dest = outer
}

// binary passes over the bytes of a \bin.
func (r *reader) binary(n int64) {
	r.toSkip = max(0, r.toSkip-1)
	for ; n > 0; n -= 1 << 20 {
		if _, err := r.in.Discard(int(min(n, 1<<20))); err != nil {
			return
		}
	}
}

// object hands the object whose data follows over as a member.
func (r *reader) object() {
	r.flush()
	data := &objectData{r: r}
	name, content := ole1.Object(data)
	r.fail(r.out.Member(name, content))
	if r.err == nil {
		_, err := io.Copy(io.Discard, data)
		r.fail(err)
	}
}

// objectData reads the hexadecimal digits of a group up to its end, which is left
// to be read.
type objectData struct {
	r     *reader
	depth int
	raw   int64 // bytes of a \bin that are left
	end   bool
}

func (d *objectData) Read(b []byte) (n int, err error) {
	var half byte
	odd := false
	for n < len(b) && !d.end {
		c, err := d.r.in.ReadByte()
		if err != nil {
			d.end = true
			if err != io.EOF {
				return n, err
			}
			break
		}
		if d.raw > 0 {
			d.raw--
			b[n] = c
			n++
			continue
		}
		switch v, ok := nibble(c); {
		case ok && odd:
			b[n], odd = half<<4|v, false
			n++
		case ok:
			half, odd = v, true
		case c == '{':
			d.depth++
		case c == '}' && d.depth == 0:
			_ = d.r.in.UnreadByte()
			d.end = true
		case c == '}':
			d.depth--
		case c == '\\':
			d.control()
		}
	}
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// control passes over a control word; of \bin it takes the number.
func (d *objectData) control() {
	word := make([]byte, 0, 32)
	number := int64(0)
	for len(word) < 32 {
		c, err := d.r.in.ReadByte()
		if err != nil {
			return
		}
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z' && number == 0:
			word = append(word, c)
		case c >= '0' && c <= '9' && len(word) > 0 && number < 1<<32:
			number = number*10 + int64(c-'0')
		default:
			if c != ' ' {
				_ = d.r.in.UnreadByte()
			}
			if len(word) == 0 && c != '{' && c != '}' {
				_, _ = d.r.in.ReadByte() // a control symbol
			}
			if string(word) == "bin" {
				d.raw = number
			}
			return
		}
	}
}
