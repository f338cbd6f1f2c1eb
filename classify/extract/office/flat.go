package office

import (
	"bufio"
	"bytes"
	"io"
)

// The media types of the documents that are one XML file, besides those of
// OpenDocument. None has an official name.
const (
	FlatWord    = "application/vnd.ms-word+xml"
	FlatExcel   = "application/vnd.ms-excel+xml"
	FlatPackage = "application/vnd.openxmlformats-package+xml"
)

// flatTypes are these documents by their root, and by the name space that it
// declares.
var flatTypes = []struct{ root, space, media string }{
	{"document", "urn:oasis:names:tc:opendocument", "application/vnd.oasis.opendocument.text"},
	{"wordDocument", "schemas.microsoft.com/office/word", FlatWord},
	{"Workbook", "urn:schemas-microsoft-com:office:spreadsheet", FlatExcel},
	{"package", "schemas.microsoft.com/office/2006/xmlPackage", FlatPackage},
}

// flatHead is how much of a file tells its root.
const flatHead = 4 << 10

// FlatType returns the media type of a document that is one XML file, by the
// beginning of it, which may be cut anywhere; "" if it is none.
func FlatType(head []byte) string {
	_, media := flatType(head)
	return media
}

func flatType(head []byte) (root, media string) {
	if wide := bytes.IndexByte(head[:min(len(head), 4)], 0) >= 0; wide {
		head, _ = io.ReadAll(utf8Reader(bytes.NewReader(head)))
	}
	for _, t := range flatTypes {
		if !bytes.Contains(head, []byte(t.space)) || rootOf(head) != t.root {
			continue
		}
		if own := between(head, []byte("mimetype=\""), '"'); own != "" {
			return t.root, own
		}
		return t.root, t.media
	}
	return "", ""
}

// rootOf is the local name of the first element.
func rootOf(head []byte) string {
	for {
		lt := bytes.IndexByte(head, '<')
		if lt < 0 || lt+1 >= len(head) {
			return ""
		}
		head = head[lt+1:]
		end := []byte(">")
		switch {
		case head[0] == '?':
		case bytes.HasPrefix(head, []byte("!--")):
			end = []byte("-->")
		case head[0] == '!':
		default:
			name := head[:max(0, bytes.IndexAny(head, " \t\r\n/>"))]
			return string(name[bytes.IndexByte(name, ':')+1:])
		}
		n := bytes.Index(head, end)
		if n < 0 {
			return ""
		}
		head = head[n:]
	}
}

// between is what stands between a mark and the next end.
func between(b, mark []byte, end byte) string {
	_, rest, _ := bytes.Cut(b, mark)
	n := bytes.IndexByte(rest, end)
	if n < 0 || n > 100 {
		return ""
	}
	return string(rest[:n])
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
					formats[style] = d.formats.custom(d.attr("Format"))
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
		s.shown = f.show(s.shown[:0], s.value)
		s.cell(s.col, s.shown)
	} else {
		s.cell(s.col, bytes.TrimSpace(s.value))
	}
	s.value = s.value[:0]
}
