package office

import (
	"bytes"
	"strconv"
	"strings"
)

// odfReader reads the text of an OpenDocument part (OASIS OpenDocument 1.3 part
// 3): content, styles with their headers and footers, or a whole flat document.
type odfReader struct {
	d       *document
	l       *lines
	lx      *lexer
	slides  bool
	sheets  bool
	slide   int
	depth   int   // of paragraphs
	depths  []int // of paragraphs outside the open frames
	tables  []bool
	late    []byte          // what stands between the sheets
	hides   map[string]bool // styles of hidden text
	styling string          // the style that is being read
	spans   []bool          // for each open span and paragraph, whether it is hidden
	hidden  int
	deleted map[string][]byte // texts of deletions, by the id of the change
	added   map[string]bool
	region  string // the change that is being read
	bytes   int    // held in deleted
	cell    cellValues
	columns int // that the present cell is repeated for
	scratch []byte
}

// cellValues are what a cell holds beside the text it shows.
type cellValues struct {
	kind, value, date, text string
	shown                   []byte
}

func (d *document) isODF() bool {
	return d.byKey["mimetype"] != nil && d.byKey["[content_types].xml"] == nil || d.byKey["meta-inf/manifest.xml"] != nil && d.byKey["content.xml"] != nil
}

// readODF reads an OpenDocument package.
func (d *document) readODF() {
	d.readManifest()
	for _, key := range []string{"content.xml", "styles.xml"} {
		if p := d.byKey[key]; p != nil && !p.done {
			d.readPart(p, d.readODFRoot)
		}
	}
	d.w.begin("")
	var files []*part
	for _, p := range d.parts {
		k := p.key
		switch {
		case p.done || silent(p) || k == "settings.xml" || strings.HasPrefix(k, "configurations2/") || strings.HasSuffix(k, "/settings.xml"):
		case strings.HasPrefix(k, "basic/") || strings.HasPrefix(k, "scripts/") || strings.HasPrefix(k, "dialogs/"):
			d.tellMacros()
			fallthrough
		case d.lookAt(p) == looksXML:
			d.readPart(p, d.readODFRoot)
		default:
			files = append(files, p)
		}
	}
	d.w.end()
	for _, p := range files {
		d.member(p)
	}
}

func (d *document) readODFRoot(root string) {
	switch root {
	case "document-content", "document-styles", "document":
		d.readODFText()
	default:
		d.readGeneric(root)
	}
	d.w.blankLine()
}

// readManifest reads which members are encrypted, and how (part 2 section 4).
func (d *document) readManifest() {
	lx := &d.lx
	entry := ""
	d.readPart(d.byKey["meta-inf/manifest.xml"], func(string) {
		for ok := true; ok && d.err == nil; ok = lx.next() {
			if lx.kind != startTag {
				continue
			}
			switch string(lx.name) {
			case "file-entry":
				entry = strings.ToLower(d.attr("full-path"))
			case "algorithm":
				if p := d.byKey[entry]; p != nil {
					p.done = true
				}
				d.encrypted = stronger(d.encrypted, cipherOf(d.attr("algorithm-name")))
			}
		}
	})
}

// stronger is what is said of two: a weak one is.
func stronger(a, b *Encrypted) *Encrypted {
	if a == nil || b.Weak && !a.Weak {
		return b
	}
	return a
}

// cipherOf names the cipher of an algorithm's name, which is an address or a
// word.
func cipherOf(algorithm string) *Encrypted {
	name := strings.ToLower(algorithm[strings.LastIndexAny(algorithm, "#/:")+1:])
	switch {
	case strings.Contains(name, "aes256"):
		return &Encrypted{Cipher: "AES-256"}
	case strings.Contains(name, "aes192"):
		return &Encrypted{Cipher: "AES-192"}
	case strings.Contains(name, "aes128"):
		return &Encrypted{Cipher: "AES-128"}
	case strings.Contains(name, "blowfish"):
		return &Encrypted{Cipher: "Blowfish", Weak: true}
	case strings.Contains(name, "tripledes"), strings.Contains(name, "3des"):
		return &Encrypted{Cipher: "3DES", Weak: true}
	}
	return &Encrypted{Cipher: "unknown", Weak: true}
}

func (d *document) readODFText() {
	r := &odfReader{
		d: d, l: newLines(&d.w), lx: &d.lx,
		hides: map[string]bool{}, deleted: map[string][]byte{}, added: map[string]bool{},
	}
	for ok := true; ok && d.err == nil; ok = r.lx.next() {
		switch r.lx.kind {
		case startTag:
			if r.start(); r.lx.empty {
				r.end(string(r.lx.name))
			}
		case endTag:
			r.end(string(r.lx.name))
		case charData:
			r.text()
		case comment:
			if b := bytes.TrimSpace(r.lx.text); len(b) > 0 {
				r.l.note(b)
			}
		}
	}
	r.l.finish()
	d.w.write(r.late)
}

// text takes character data: in paragraphs its white space is folded (part 3
// section 6.1.2), elsewhere it stands beside the text.
func (r *odfReader) text() {
	b := r.lx.text
	if !r.lx.literal && bytes.IndexByte(b, '&') >= 0 {
		r.scratch = r.lx.dtd.decode(r.scratch[:0], b)
		b = r.scratch
	}
	if r.depth == 0 {
		if b = bytes.TrimSpace(b); len(b) > 0 {
			r.l.noteText(b)
		}
		return
	}
	if bytes.IndexByte(b, '\n') >= 0 {
		folded := bytes.Join(bytes.Fields(b), space)
		if c := b[0]; c <= ' ' && len(r.l.top().alt) > 0 {
			r.put(space)
		}
		c := b[len(b)-1]
		if b = folded; c <= ' ' && len(folded) > 0 {
			b = append(folded, ' ')
		}
	}
	r.put(b)
}

func (r *odfReader) put(b []byte) {
	r.l.hidden = r.hidden > 0
	r.l.put(b)
	if n := maxCellShown - len(r.cell.shown); n > 0 {
		r.cell.shown = append(r.cell.shown, b[:min(len(b), n)]...)
	}
}

// maxCellShown is how much of a cell is compared with its value.
const maxCellShown = 256

func (r *odfReader) start() {
	lx := r.lx
	switch string(lx.name) {
	case "p", "h":
		r.depth++
		r.open()
	case "span":
		r.open()
	case "s":
		n, _ := strconv.Atoi(string(lx.attr("c")))
		for range min(max(n, 1), maxColumns) {
			r.put(space)
		}
	case "tab":
		r.l.blank('\t')
	case "line-break":
		r.l.blank('\n')
	case "table":
		r.startTable()
	case "table-row":
		r.l.startRow()
	case "table-cell", "covered-table-cell":
		r.startCell()
	case "annotation", "note", "text-box", "ruby-text", "deletion":
		r.startFrame()
	default:
		r.startRare()
	}
}

// startRare handles the elements that are seldom met.
func (r *odfReader) startRare() {
	lx := r.lx
	switch string(lx.name) {
	case "presentation":
		r.slides = true
	case "spreadsheet":
		r.sheets, r.l.hold = true, true
	case "page":
		if r.slides {
			r.l.finish()
			r.slide++
			r.d.w.begin("Slide " + strconv.Itoa(r.slide))
		}
	case "a", "object", "plugin":
		if v := lx.attr("href"); bytes.IndexByte(v, ':') >= 0 {
			r.attrs("href")
		}
	case "style":
		r.styling = r.d.attr("name")
	case "text-properties":
		if string(lx.attr("display")) == "none" && len(r.hides) < maxFormats {
			r.hides[r.styling] = true
		}
	case "changed-region":
		r.region = r.d.attr("id")
	case "insertion":
		if len(r.added) < maxFormats {
			r.added[r.region] = true
		}
	case "change":
		if text := r.deleted[r.d.attr("change-id")]; len(text) > 0 {
			r.l.hidden = true
			r.l.put(text)
		}
	case "change-start":
		r.l.added = r.l.added || r.added[r.d.attr("change-id")]
	case "change-end":
		r.l.added = false
	case "hidden-text", "user-field-decl", "variable-decl":
		r.attrs("string-value")
	case "content-validation", "named-expression":
		r.attrs("condition", "expression")
	case "frame", "named-range", "database-range":
		if telling(lx.attr("name")) {
			r.attrs("name")
		}
	case "text", "textarea", "formatted-text", "listbox", "combobox", "option", "checkbox", "radio", "fixed-text", "button", "hidden", "item":
		r.attrs("label", "value", "current-value", "title", "help-text")
	case "number-style", "date-style", "currency-style", "percentage-style", "time-style", "text-style", "boolean-style", "settings":
		lx.skip("")
	case "binary-data":
		r.d.readBinary("")
	}
}

func (r *odfReader) attrs(names ...string) {
	for _, name := range names {
		if v := r.lx.attr(name); len(v) > 0 {
			r.scratch = r.lx.dtd.decode(r.scratch[:0], v)
			r.l.note(r.scratch)
		}
	}
}

// open begins a span or paragraph, which its style may hide.
func (r *odfReader) open() {
	hidden := len(r.hides) > 0 && r.hides[r.d.attr("style-name")]
	if hidden {
		r.hidden++
	}
	if len(r.spans) < maxFormats {
		r.spans = append(r.spans, hidden)
	}
}

func (r *odfReader) close() {
	n := len(r.spans)
	if n == 0 {
		return
	}
	if r.spans[n-1] {
		r.hidden--
	}
	r.spans = r.spans[:n-1]
}

// startFrame begins what stands beside the text; in a paragraph it interrupts
// it.
func (r *odfReader) startFrame() {
	if string(r.lx.name) == "deletion" {
		r.l.pushFrame()
	} else {
		r.l.push()
	}
	r.depths = append(r.depths, r.depth)
	r.depth = 0
}

func (r *odfReader) endFrame() {
	r.l.pop()
	if n := len(r.depths); n > 0 {
		r.depth = r.depths[n-1]
		r.depths = r.depths[:n-1]
	}
}

func (r *odfReader) end(name string) {
	switch name {
	case "p", "h":
		r.close()
		r.depth = max(0, r.depth-1)
		r.l.endParagraph()
	case "span":
		r.close()
	case "s", "tab", "line-break":
	case "table":
		r.endTable()
	case "table-row":
		r.l.endRow()
	case "table-cell", "covered-table-cell":
		r.endCell()
	case "deletion":
		f := r.l.top()
		if text := bytes.TrimSpace(f.buf); r.bytes+len(text) < frameBytes {
			r.deleted[r.region] = bytes.ReplaceAll(text, []byte("\n"), space)
			r.bytes += len(text)
		}
		r.endFrame()
	case "annotation", "note", "text-box", "ruby-text":
		r.endFrame()
	default:
		if r.depth == 0 {
			r.l.endNote()
		}
	}
}

// startTable opens a table; that of a spreadsheet is a sheet.
func (r *odfReader) startTable() {
	if len(r.tables) == maxFrames {
		return
	}
	nested := r.l.top().inRow
	if nested {
		r.l.push()
	} else if r.sheets {
		r.l.hold = true
		if f := r.l.top(); len(r.late) < noteBytes {
			r.l.endNote()
			r.late = append(r.late, f.aside...)
			f.aside = f.aside[:0]
		}
		name := r.d.attr("name")
		r.l.finish()
		r.l.hold = false
		r.d.w.begin(name)
	}
	r.l.startTable()
	r.tables = append(r.tables, nested)
}

func (r *odfReader) endTable() {
	n := len(r.tables)
	if n == 0 {
		return
	}
	r.l.endRow()
	if r.tables[n-1] {
		r.l.pop()
	}
	if r.tables = r.tables[:n-1]; n == 1 && r.sheets {
		r.l.finish()
		r.d.w.begin("")
		r.l.hold = true
	}
}

func (r *odfReader) startCell() {
	r.l.startCell()
	r.columns, _ = strconv.Atoi(string(r.lx.attr("number-columns-repeated")))
	c := &r.cell
	*c = cellValues{shown: c.shown[:0]}
	if c.kind = string(r.lx.attr("value-type")); c.kind == "" {
		return
	}
	c.value, c.date, c.text = r.d.attr("value"), r.d.attr("date-value"), r.d.attr("string-value")
	if code := r.lx.attr("formula"); telling(code) || bytes.Contains(code, []byte("&quot;")) {
		r.attrs("formula")
	}
}

// endCell writes the value of a cell where its text does not show it.
func (r *odfReader) endCell() {
	c := &r.cell
	shown := len(bytes.TrimSpace(c.shown)) > 0
	switch {
	case c.kind == "":
	case !shown:
		if v := c.text + c.date + c.value; v != "" {
			r.put([]byte(v))
		}
	case c.date != "":
		if day, _, _ := strings.Cut(c.date, "T"); !bytes.Contains(c.shown, []byte(day)) {
			r.put([]byte("(" + day + ")"))
		}
	case c.value != "":
		if digits := lost(c.shown, c.value); digits != nil {
			r.put([]byte("(" + string(digits) + ")"))
		}
	}
	c.kind = ""
	r.l.span(r.columns)
	r.columns = 0
}
