package office

import (
	"bytes"
	"strconv"
	"strings"
)

// readOOXML reads an Office Open XML package: what its main part leads to in
// order, then all that is left.
func (d *document) readOOXML() {
	main := d.mainPart()
	if main != nil && strings.HasSuffix(main.key, ".bin") {
		d.binary = true
		d.readBinaryWorkbook(main)
	} else if main != nil {
		d.readPart(main, func(root string) {
			switch root {
			case "workbook":
				d.readWorkbook(main)
			case "presentation":
				d.readPresentation(main)
			default:
				d.readRoot(root)
			}
		})
		d.readRelated(d.relations(main.key), relatedDepth)
	}
	d.w.begin("")
	d.strings.unused(d)
	d.readRest()
}

// mainPart finds the main part: by the package's relationships, by its type, or
// by its name.
func (d *document) mainPart() *part {
	for _, r := range d.readRelations(d.byKey["_rels/.rels"], "") {
		if r.kind == "officeDocument" && d.byKey[r.target] != nil {
			return d.byKey[r.target]
		}
	}
	d.malformed = true
	for key, kind := range d.contentTypes() {
		if strings.HasSuffix(kind, ".main+xml") || strings.HasSuffix(kind, ".main") {
			if p := d.byKey[key]; p != nil {
				return p
			}
		}
	}
	for _, key := range []string{"word/document.xml", "xl/workbook.xml", "xl/workbook.bin", "ppt/presentation.xml"} {
		if p := d.byKey[key]; p != nil {
			return p
		}
	}
	return nil
}

// readRoot reads a part of which only the root element is known.
func (d *document) readRoot(root string) {
	switch root {
	case "document", "hdr", "ftr", "footnotes", "endnotes", "comments", "glossaryDocument", "settings", "numbering",
		"sld", "notes", "sldMaster", "sldLayout", "handoutMaster", "notesMaster", "cmLst", "cmAuthorLst", "presentation",
		"chartSpace", "dataModel", "drawing", "wsDr", "userShapes", "xml", "wordDocument", "package":
		d.readFlow(&d.lx, newLines(&d.w))
	case "styles", "fonts", "theme", "webSettings", "tblStyleLst", "viewPr", "presentationPr", "styleSheet", "calcChain", "themeOverride",
		"colorStyle", "chartStyle", "layoutDef", "styleDef", "colorsDef", "Types", "clrMap", "volTypes", "metadata":
		d.passOver()
	case "worksheet", "chartsheet", "dialogsheet", "macrosheet":
		d.readSheet()
	case "Relationships":
		d.readAddresses()
	default:
		d.readGeneric(root)
	}
	d.w.blankLine()
}

// passOver reads a part that shows no text to its end.
func (d *document) passOver() {
	for d.err == nil {
		d.lx.pos = d.lx.end
		if !d.lx.fill() {
			return
		}
	}
}

// readAddresses writes what a part links to outside the document.
func (d *document) readAddresses() {
	for ok := true; ok && d.err == nil; ok = d.lx.next() {
		if d.lx.kind == startTag && string(d.lx.name) == "Relationship" && d.attr("TargetMode") == "External" {
			d.line(d.attr("Target"))
		}
	}
}

// readRelated reads what belongs to a part, and to what belongs to it, into the
// present text: notes, comments, drawings, charts.
func (d *document) readRelated(rels []relation, depth int) {
	for _, r := range rels {
		p := d.byKey[r.target]
		if r.external || p == nil || p.done || depth == 0 || !xmlName(p.key) && !(d.binary && holdsRecords(p.key)) || silent(p) {
			continue
		}
		switch r.kind {
		case "slide", "slideLayout", "slideMaster", "notesMaster", "theme", "worksheet", "commentAuthors", "presProps", "tags", "person",
			"pivotCacheDefinition", "pivotCacheRecords":
			continue
		}
		d.readTable(p, d.readRoot, d.readBinaryPart)
		d.readRelated(d.relations(p.key), depth-1)
	}
}

const relatedDepth = 4

// readPresentation reads the slides in the order of the presentation.
func (d *document) readPresentation(main *part) {
	var ids []string
	for ok := true; ok && d.err == nil; ok = d.lx.next() {
		if d.lx.kind == startTag && string(d.lx.name) == "sldId" && len(ids) < maxRelations {
			ids = append(ids, relationID(&d.lx))
		}
	}
	slides := map[string]*part{}
	for _, r := range d.relations(main.key) {
		if slides[r.id] == nil {
			slides[r.id] = d.byKey[r.target]
		}
	}
	n := 0
	for _, id := range ids {
		if p := slides[id]; p != nil && !p.done {
			n++
			d.readSlide(p, n)
		}
	}
	for _, p := range d.parts { // slides that the presentation does not list
		if !p.done && strings.HasPrefix(p.key, "ppt/slides/") && strings.HasSuffix(p.key, ".xml") {
			n++
			d.readSlide(p, n)
		}
	}
	main.done = false // for its text, if any
	d.w.begin("")
}

func (d *document) readSlide(p *part, n int) {
	d.w.begin("Slide " + strconv.Itoa(n))
	d.readPart(p, d.readRoot)
	d.readRelated(d.relations(p.key), relatedDepth)
}

// relationID is the attribute r:id of an element that may have an id as well.
func relationID(lx *lexer) string {
	tag, found := lx.tag, ""
	for len(tag) > 0 {
		from := tag
		name, value, rest := nextAttr(tag)
		if string(name) == "id" {
			found = string(value)
			if bytes.IndexByte(from[:len(from)-len(rest)], ':') >= 0 && !isNumber(value) {
				return found
			}
		}
		tag = rest
	}
	return found
}

func isNumber(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// readRest reads every part that was not read yet: the XML into the text of the
// document, then other files as members.
func (d *document) readRest() {
	var files []*part
	for _, p := range d.parts {
		if p.done || d.err != nil || silent(p) {
			continue
		}
		if !strings.Contains(p.key, "media/") && d.lookAt(p) == looksXML {
			d.readPart(p, d.readRoot)
			continue
		}
		if d.binary && holdsRecords(p.key) {
			d.readBinaryPart(p)
			continue
		}
		files = append(files, p)
	}
	d.w.end()
	for _, p := range files {
		if strings.Contains(p.key, "vbaproject") && strings.HasSuffix(p.key, ".bin") {
			d.tellMacros()
		}
		d.member(p)
	}
}

func xmlName(key string) bool {
	return strings.HasSuffix(key, ".xml") || strings.HasSuffix(key, ".rels") || strings.HasSuffix(key, ".vml")
}

// silent are parts that hold no text and are in no format of their own: the
// settings of a printer, scrambled fonts, signatures, caches of the layout.
func silent(p *part) bool {
	k := p.key
	return strings.Contains(k, "printersettings") || strings.HasSuffix(k, ".odttf") || strings.HasSuffix(k, ".fntdata") ||
		strings.HasSuffix(k, "signature.bin") || strings.HasSuffix(k, ".sigs") || k == "mimetype" || k == "layout-cache" ||
		strings.HasPrefix(k, "objectreplacements/") || strings.HasSuffix(k, ".svm") || strings.HasSuffix(k, "vbadata.xml") ||
		strings.HasPrefix(k, "xl/worksheets/binaryindex") || strings.HasPrefix(k, "xl/calcchain")
}

// contentTypes reads [Content_Types].xml: the types of parts by key.
func (d *document) contentTypes() map[string]string {
	if d.types != nil {
		return d.types
	}
	d.types = map[string]string{}
	d.readPart(d.byKey["[content_types].xml"], func(string) {
		for ok := true; ok && len(d.types) < maxParts; ok = d.lx.next() {
			if d.lx.kind == startTag && string(d.lx.name) == "Override" {
				d.types[resolve("", d.attr("PartName"))] = d.attr("ContentType")
			}
		}
	})
	return d.types
}
