package office

import (
	"bytes"
	"slices"
	"strings"
)

// readGeneric reads XML of which nothing is known: a line for each text, behind
// the name of its element, and a line for each attribute. Properties, data of
// the user, caches and what is new are read so.
func (d *document) readGeneric(root string) {
	lx := &d.lx
	label := root
	open := false // a line is begun
	end := func() {
		if open {
			d.w.writeByte('\n')
			open = false
		}
	}
	var scratch []byte
	for ok := true; ok && d.err == nil; ok = lx.next() {
		switch lx.kind {
		case startTag:
			end()
			label = string(lx.name)
			d.genericAttrs(lx.tag)
		case endTag:
			end()
		case charData, comment:
			text := lx.text
			if !lx.literal && bytes.IndexByte(text, '&') >= 0 {
				scratch = lx.dtd.decode(scratch[:0], text)
				text = scratch
			}
			if !open {
				if text = bytes.TrimLeft(text, " \t\r\n"); len(text) == 0 {
					continue
				}
				d.w.write([]byte(label))
				d.w.write([]byte(": "))
				open = true
			}
			d.w.write(text)
		}
	}
	end()
}

// genericAttrs writes the attributes of an element, a line each.
func (d *document) genericAttrs(tag []byte) {
	for len(tag) > 0 {
		from := tag
		name, value, rest := nextAttr(tag)
		whole := bytes.TrimLeft(from[:len(from)-len(rest)], " \t\r\n/")
		tag = rest
		if len(value) == 0 || bytes.HasPrefix(whole, []byte("xmlns")) || slices.Contains(technical, string(name)) {
			continue
		}
		d.line(string(name), ": ", strings.ReplaceAll(string(d.lx.dtd.decode(nil, value)), "\n", " "))
	}
}

// technical are attributes that are for programs alone.
var technical = []string{
	"id", "fmtid", "pid", "uid", "uri", "schemaLocation", "itemID", "refreshedDate", "createdVersion", "refreshedVersion", "minRefreshableVersion",
	"recordCount", "count", "uniqueCount", "type", "Ignorable", "space", "rsid", "dataDxfId", "headerRowDxfId", "totalsRowCount", "guid", "calcId",
}
