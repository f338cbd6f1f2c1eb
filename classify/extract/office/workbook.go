package office

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
)

// maxStringBytes is how much of a workbook's shared strings is held. What is
// beyond is read as text of the document.
const maxStringBytes = 16 << 20

// sharedStrings are the strings that the cells of a workbook name by number.
// They stand in blocks, so that none is moved when there are more.
type sharedStrings struct {
	text   []byte // of the string that is being read
	blocks [][]byte
	refs   []stringRef
	used   []uint64 // a bit for each
	held   int
	full   bool // no more are held
}

// stringRef says where a string stands.
type stringRef struct{ block, from, to uint32 }

// stringBlock is how many bytes of strings stand together.
const stringBlock = 128 << 10

func (s *sharedStrings) get(n int) []byte {
	if n < 0 || n >= len(s.refs) {
		return nil
	}
	s.used[n/64] |= 1 << (n % 64)
	return s.at(n)
}

func (s *sharedStrings) at(n int) []byte {
	r := &s.refs[n]
	return s.blocks[r.block][r.from:r.to]
}

// add keeps the next string.
func (s *sharedStrings) add(text []byte) {
	if len(s.refs)%64 == 0 {
		s.used = append(s.used, 0)
	}
	last := len(s.blocks) - 1
	if last < 0 || cap(s.blocks[last])-len(s.blocks[last]) < len(text) {
		s.blocks = append(s.blocks, make([]byte, 0, max(stringBlock, len(text))))
		last++
	}
	from := len(s.blocks[last])
	s.blocks[last] = append(s.blocks[last], text...)
	s.refs = append(s.refs, stringRef{uint32(last), uint32(from), uint32(from + len(text))})
	s.held += len(text) + 12
}

// unused writes the strings that no cell named.
func (s *sharedStrings) unused(d *document) {
	for n := range s.refs {
		if s.used[n/64]>>(n%64)&1 == 0 {
			d.w.write(s.at(n))
			d.w.writeByte('\n')
		}
	}
	*s = sharedStrings{}
}

// readStrings reads the shared strings, the runs of each joined (ISO/IEC
// 29500-1 section 18.4).
func (d *document) readStrings(string) {
	lx, s := &d.lx, &d.strings
	in, phonetic := false, 0
	var reading []byte // the phonetic guide
	for ok := true; ok && d.err == nil; ok = lx.next() {
		switch lx.kind {
		case startTag:
			switch string(lx.name) {
			case "t":
				in = !lx.empty
			case "rPr":
				lx.skip("")
			case "rPh":
				phonetic++
			case "si":
				if reading = reading[:0]; lx.empty {
					d.endString()
				}
			}
		case endTag:
			switch string(lx.name) {
			case "t":
				in = false
			case "rPh":
				phonetic = 0
			case "si":
				if len(reading) > 0 {
					s.text = append(append(append(s.text, " ("...), reading...), ')')
				}
				d.endString()
				d.quickStrings()
			}
		case charData:
			if !in {
				continue
			}
			if len(s.text) > stringBlock { // longer than a cell can be
				d.w.write(s.text)
				s.text = s.text[:0]
			}
			if phonetic > 0 {
				reading = d.appendText(reading, maxCellBytes)
			} else {
				s.text = d.appendText(s.text, len(s.text)+maxCellBytes)
			}
		}
	}
}

// endString ends the string that was appended to text.
func (d *document) endString() {
	d.addString(d.strings.text)
	d.strings.text = d.strings.text[:0]
}

// addString adds a shared string. One that there is no room for becomes text of
// the document.
func (d *document) addString(text []byte) {
	s := &d.strings
	if s.full = s.full || s.held+len(text) > maxStringBytes; !s.full {
		s.add(text)
		return
	}
	d.w.write(text)
	d.w.writeByte('\n')
}

// quickStrings reads strings that are one text, straight from the lexer's
// buffer, up to another one:
//
//	<si><t xml:space="preserve">text</t></si>
func (d *document) quickStrings() {
	lx, s := &d.lx, &d.strings
	lx.literal = false
	for {
		b := lx.buf[lx.pos:lx.end]
		tag := len("<si><t>")
		switch {
		case bytes.HasPrefix(b, []byte("<si><t>")):
		case bytes.HasPrefix(b, []byte(`<si><t xml:space="preserve">`)):
			tag = len(`<si><t xml:space="preserve">`)
		default:
			return
		}
		n := verbatim(b[tag:])
		plain := tag+n < len(b) && b[tag+n] == '<' && n <= maxCellBytes
		if !plain {
			if n = bytes.IndexByte(b[tag:], '<'); n < 0 {
				return
			}
		}
		if !bytes.HasPrefix(b[tag+n:], []byte("</t></si>")) {
			return
		}
		if lx.text = b[tag : tag+n]; plain {
			d.addString(lx.text)
		} else {
			s.text = d.appendText(s.text, len(s.text)+maxCellBytes)
			d.endString()
		}
		lx.pos += tag + n + len("</t></si>")
	}
}

// verbatim counts the bytes at the front of b that appendText leaves as they are.
// It looks at eight bytes at a time.
func verbatim(b []byte) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	n := 0
	for ; n+8 <= len(b); n += 8 {
		x := binary.LittleEndian.Uint64(b[n:])
		tag, amp, line := x^'<'*ones, x^'&'*ones, x^'_'*ones
		if stop := ((tag-ones)&^tag | (amp-ones)&^amp | (line-ones)&^line | (x-' '*ones)&^x) & highs; stop != 0 {
			return n + bits.TrailingZeros64(stop)>>3
		}
	}
	for n < len(b) && b[n] >= ' ' && b[n] != '<' && b[n] != '&' && b[n] != '_' {
		n++
	}
	return n
}

// appendText appends the present text, decoded and with blanks for line ends and
// TABs, up to that length of dst.
func (d *document) appendText(dst []byte, limit int) []byte {
	from := len(dst)
	if d.lx.literal {
		dst = append(dst, d.lx.text...)
	} else {
		dst = d.lx.dtd.decode(dst, d.lx.text)
	}
	if len(dst) > limit {
		dst = dst[:max(from, limit)]
	}
	for i := from; i < len(dst); i++ {
		if c := dst[i]; c > ' ' && c != '_' {
			continue
		} else if c == '\n' || c == '\t' || c == '\r' {
			dst[i] = ' '
		} else if c == '_' && i+6 < len(dst) && dst[i+1] == 'x' && dst[i+6] == '_' { // ST_Xstring
			if n, err := strconv.ParseUint(string(dst[i+2:i+6]), 16, 16); err == nil {
				c := byte(' ')
				if 0x20 < n && n < 0x7f {
					c = byte(n)
				}
				dst = append(append(dst[:i], c), dst[i+7:]...)
			}
		}
	}
	return dst
}

// readStyles reads the number formats of the cells' styles.
func (d *document) readStyles(string) {
	lx, fs := &d.lx, &d.formats
	fs.codes = map[int]string{}
	var ids []int
	cells := false
	for ok := true; ok && d.err == nil; ok = lx.next() {
		switch {
		case lx.kind == endTag:
			if string(lx.name) == "cellXfs" {
				cells = false
			}
		case lx.kind != startTag:
		case string(lx.name) == "numFmt":
			if id, err := strconv.Atoi(d.attr("numFmtId")); err == nil && len(fs.codes) < maxFormats {
				fs.codes[id] = d.attr("formatCode")
			}
		case string(lx.name) == "cellXfs":
			cells = !lx.empty
		case string(lx.name) == "xf" && cells && len(ids) < 1<<16:
			id, _ := strconv.Atoi(string(lx.attr("numFmtId")))
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		fs.styles = append(fs.styles, fs.number(id))
	}
}

// sheet is a sheet of a workbook.
type sheet struct{ name, id string }

// readWorkbook reads the sheets of a workbook in its order, and what it has
// names for.
func (d *document) readWorkbook(main *part) {
	var sheets []sheet
	var names []byte
	in := false // in a defined name
	for ok := true; ok && d.err == nil; ok = d.lx.next() {
		switch d.lx.kind {
		case startTag:
			switch string(d.lx.name) {
			case "workbookPr":
				v := d.attr("date1904")
				d.formats.date1904 = v == "1" || v == "true" || v == "on"
			case "sheet":
				if len(sheets) < maxRelations {
					sheets = append(sheets, sheet{d.attr("name"), relationID(&d.lx)})
				}
				if v := d.lx.attr("name"); telling(v) && len(names) < noteBytes { // the sheet may be empty
					names = append(append(names, d.attr("name")...), '\n')
				}
			case "definedName":
				if in = len(names) < noteBytes; in {
					names = append(append(names, d.attr("name")...), ' ')
					names = append(append(names, d.attr("comment")...), ' ')
				}
			}
		case endTag:
			if in {
				names = append(names, '\n')
			}
			in = false
		case charData:
			if in {
				names = d.appendText(names, len(names)+maxCellBytes)
			}
		}
	}
	d.readSheets(d.relations(main.key), sheets)
	d.w.write(names)
}

func (d *document) readSheets(rels []relation, sheets []sheet) {
	byID := make(map[string]string, len(rels))
	for _, r := range rels {
		byID[r.id] = r.target
		if p := d.byKey[r.target]; p != nil && r.kind == "styles" {
			d.readTable(p, d.readStyles, d.readBinaryStyles)
		}
	}
	for _, r := range rels {
		if p := d.byKey[r.target]; p != nil && r.kind == "sharedStrings" && !p.done {
			d.readTable(p, d.readStrings, d.readBinaryStrings)
		}
	}
	if len(d.strings.refs) == 0 {
		if p := d.byKey["xl/sharedstrings.xml"]; p != nil && !p.done {
			d.readPart(p, d.readStrings)
		}
	}
	for _, s := range sheets {
		if p := d.byKey[byID[s.id]]; p != nil && !p.done {
			d.readSheetPart(p, s.name)
		}
	}
	for _, p := range d.parts { // sheets that the workbook does not list
		if dir, base, _ := strings.Cut(p.key, "sheets/"); !p.done && dir == "xl/work" && !strings.Contains(base, "/") && !silent(p) {
			d.readSheetPart(p, base)
		}
	}
	d.w.begin("")
}

// readTable reads a part that is XML in one workbook and records in another.
func (d *document) readTable(p *part, xml func(string), records func(*part)) {
	if strings.HasSuffix(p.key, ".bin") {
		records(p)
		return
	}
	d.readPart(p, xml)
}

func (d *document) readSheetPart(p *part, name string) {
	d.w.begin(name)
	if strings.HasSuffix(p.key, ".bin") {
		d.readBinarySheet(p)
	} else {
		d.readPart(p, d.readRoot)
	}
	d.w.blankLine()
	d.readRelated(d.relations(p.key), relatedDepth)
}

// headerText is the text of a header or footer of the printed page, without
// its codes (ISO/IEC 29500-1 section 18.3.1.46).
func headerText(s []byte) []byte {
	var out []byte
	for {
		amp := bytes.IndexByte(s, '&')
		if amp < 0 || amp+1 >= len(s) {
			return append(out, s...)
		}
		out = append(out, s[:amp]...)
		c := s[amp+1]
		s = s[amp+2:]
		switch {
		case c == '&':
			out = append(out, '&')
		case c == 'L' || c == 'C' || c == 'R':
			out = append(out, '\n')
		case c == '"':
			if end := bytes.IndexByte(s, '"'); end >= 0 {
				s = s[end+1:]
			}
		case c == 'K':
			s = s[min(6, len(s)):]
		case '0' <= c && c <= '9' && len(s) > 0 && '0' <= s[0] && s[0] <= '9': // a size of two digits
			s = s[1:]
		}
	}
}
