package office

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// flatTypes are the documents that are one XML file, by their root.
var flatTypes = []struct{ root, sign, media string }{
	{"document", "opendocument", "application/vnd.oasis.opendocument.text-flat-xml"},
	{"wordDocument", "schemas.microsoft.com", "application/vnd.ms-word"},
	{"Workbook", "urn:schemas-microsoft-com:office:spreadsheet", "application/vnd.ms-excel"},
	{"package", "schemas.microsoft.com", "application/vnd.openxmlformats-officedocument"},
}

// flatHead is how much of a file tells its root.
const flatHead = 4 << 10

// flatType is the media type of a document that is one XML file; "" if it is
// none.
func flatType(head []byte) (root, media string) {
	if trimmed := bytes.TrimLeft(head, "\xef\xbb\xbf\xfe\xff\x00 \t\r\n"); len(trimmed) == 0 || trimmed[0] != '<' {
		return "", ""
	}
	var lx lexer
	lx.reset(utf8Reader(bytes.NewReader(head)))
	for lx.next() {
		if lx.kind != startTag {
			continue
		}
		for _, t := range flatTypes {
			if string(lx.name) == t.root && strings.Contains(string(lx.tag), t.sign) {
				return t.root, t.media
			}
		}
		break
	}
	return "", ""
}

// readFlat reads a document that is one XML file.
func (d *document) readFlat(src io.ReaderAt, size int64) bool {
	r := bufio.NewReaderSize(io.NewSectionReader(src, 0, size), 32<<10)
	head, _ := r.Peek(flatHead)
	root, _ := flatType(head)
	if root == "" {
		return false
	}
	c := &content{src: r, out: d.out}
	d.readXML(c, func(string) {
		switch root {
		case "document":
			d.readODFText()
		case "Workbook":
			d.readExcel2003()
		default:
			d.readFlow(&d.lx, newLines(&d.w))
		}
	})
	if d.err == nil {
		d.err = c.err
	}
	return true
}

// readExcel2003 reads a workbook in the XML of Excel 2003.
func (d *document) readExcel2003() {
	lx, s := &d.lx, &sheetReader{d: d, lx: &d.lx}
	formats := map[string]*format{}
	style, in := "", false
	for ok := true; ok && d.err == nil; ok = lx.next() {
		switch lx.kind {
		case startTag:
			in = false
			switch string(lx.name) {
			case "Style":
				style = d.attr("ID")
			case "NumberFormat":
				if len(formats) < maxFormats {
					formats[style] = d.formats.custom([]byte(d.attr("Format")))
				}
			case "Worksheet":
				d.w.begin(d.attr("Name"))
				s.row = 0
			case "Row":
				s.startRow(lx.attr("Index"))
			case "Cell":
				style = d.attr("StyleID")
				if n := number(lx.attr("Index")); n > 0 {
					s.col = n - 1
				}
			case "Data", "Comment", "Title", "Author":
				in = true
				s.value = s.value[:0]
				s.kind = cellText
				if string(lx.attr("Type")) == "Number" {
					s.kind = cellNumber
				}
			case "Font", "B", "I", "U", "S", "Sub", "Sup", "Span": // runs
				in = true
			}
			if lx.empty && string(lx.name) == "Cell" {
				s.col++
			}
		case endTag:
			switch string(lx.name) {
			case "Data":
				s.excel2003Cell(formats[style])
			case "Comment":
				s.note(s.value)
				s.value = s.value[:0]
			case "Cell":
				s.col++
			case "Row":
				s.endRow()
			case "Worksheet":
				s.endRow()
				d.w.write(s.notes)
				s.notes = s.notes[:0]
				d.w.begin("")
			}
		case charData:
			if in || len(s.value) > 0 {
				s.value = d.appendText(s.value, maxCellBytes)
			} else if b := bytes.TrimSpace(lx.text); len(b) > 0 {
				s.note(b)
			}
		}
	}
	s.endRow()
	d.w.write(s.notes)
}

func (s *sheetReader) excel2003Cell(f *format) {
	if s.kind == cellNumber && f != nil {
		s.shown = f.show(s.shown[:0], s.value, false)
		s.cell(s.col, s.shown)
	} else {
		s.cell(s.col, bytes.TrimSpace(s.value))
	}
	s.value = s.value[:0]
}
