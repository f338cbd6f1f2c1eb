package office

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strings"
)

// document is one document that is being read.
type document struct {
	out       Out
	err       error // of Out: it ends the reading
	malformed bool
	encrypted *Encrypted
	parts     []*part
	byKey     map[string]*part
	types     map[string]string // of [Content_Types].xml, by key
	w         writer
	lx        lexer
	formats   formats
	strings   sharedStrings
	binary    bool // a workbook of records
	macros    bool
	entities  bool
	files     []heldFile
	held      int // bytes of them
}

// Read reads a document and tells out what it finds.
func Read(src io.ReaderAt, size int64, out Out) error {
	d := &document{out: out}
	d.w.out = out
	if isZip(src) {
		if err := d.openPackage(src, size); err != nil {
			return err
		}
		if d.isODF() {
			d.readODF()
		} else {
			d.readOOXML()
		}
	} else if !d.readFlat(src, size) {
		return ErrUnsupported
	}
	d.w.end()
	d.handOver()
	if d.err == nil {
		d.err = d.w.err
	}
	switch {
	case d.err != nil:
		return d.err
	case d.encrypted != nil:
		return d.encrypted
	case d.malformed:
		return ErrMalformed
	}
	return nil
}

func isZip(src io.ReaderAt) bool {
	var magic [4]byte
	_, err := src.ReadAt(magic[:], 0)
	return err == nil && string(magic[:2]) == "PK"
}

// openPackage lists the parts of a document that is a zip file.
func (d *document) openPackage(src io.ReaderAt, size int64) error {
	parts, err := listParts(src, size)
	if errors.Is(err, ErrMalformed) {
		d.malformed = true
	} else if err != nil {
		return err
	}
	d.parts, d.byKey = parts, make(map[string]*part, len(parts))
	for _, p := range parts {
		if p.locked {
			return ErrUnsupported // by the password of the zip, which is for archives
		}
		if d.byKey[p.key] == nil {
			d.byKey[p.key] = p
		}
	}
	if typeOf(d) == "" {
		return ErrUnsupported
	}
	return nil
}

// readPart opens a part and gives the lexer, behind the root's start tag, to
// read. A part without any tag is not read.
func (d *document) readPart(p *part, read func(root string)) {
	if p == nil || d.err != nil {
		return
	}
	p.done = true
	c, err := p.expand(d.out)
	if err != nil {
		d.malformed = true
		return
	}
	d.readXML(c, read)
	if d.malformed = d.malformed || c.bad; d.err == nil {
		d.err = c.err
	}
	c.Close()
}

func (d *document) readXML(src io.Reader, read func(root string)) {
	d.lx.reset(utf8Reader(src))
	found := false
	for d.lx.next() {
		if d.lx.kind == startTag {
			found = true
			read(string(d.lx.name))
			break
		}
	}
	d.malformed = d.malformed || !found || d.lx.broken()
	if d.lx.dtd.over && !d.entities {
		d.entities = true
		d.out.Anomaly(anomalyEntities)
	}
	if d.err == nil {
		d.err = d.w.err
	}
}

// relation is a relationship of a part to another (ISO/IEC 29500-2).
type relation struct {
	id, kind string // kind is the last word of its type
	target   string // the key of the part, or the address
	external bool
}

const maxRelations = 20000

// relations reads the relationships of a part.
func (d *document) relations(key string) []relation {
	dir, base := path.Split(key)
	return d.readRelations(d.byKey[dir+"_rels/"+base+".rels"], dir)
}

func (d *document) readRelations(p *part, dir string) []relation {
	var rels []relation
	if p == nil || p.done {
		return nil
	}
	d.readPart(p, func(string) {
		for ok := true; ok && len(rels) < maxRelations; ok = d.lx.next() {
			if d.lx.kind != startTag || string(d.lx.name) != "Relationship" {
				continue
			}
			r := relation{id: d.attr("Id"), kind: path.Base(d.attr("Type")), target: d.attr("Target")}
			r.external = d.attr("TargetMode") == "External"
			if !r.external {
				r.target = resolve(dir, r.target)
			}
			rels = append(rels, r)
		}
	})
	p.done = false // its addresses are read with the rest
	return rels
}

// resolve is the key of a relationship's target.
func resolve(dir, target string) string {
	target = strings.ToLower(strings.ReplaceAll(target, "\\", "/"))
	target, _, _ = strings.Cut(target, "#")
	if !strings.HasPrefix(target, "/") {
		target = dir + target
	}
	return strings.TrimPrefix(path.Clean("/"+target), "/")
}

// attr is an attribute of the present start tag, as a string.
func (d *document) attr(name string) string {
	return string(d.lx.dtd.decode(nil, d.lx.attr(name)))
}

// look says what a part is by its first bytes.
type look uint8

const (
	looksXML look = iota
	looksHTML
	looksBinary
)

func (d *document) lookAt(p *part) look {
	c, err := p.expand(d.out)
	if err != nil {
		d.malformed = true
		return looksBinary
	}
	defer c.Close()
	head := make([]byte, 512)
	n, _ := io.ReadFull(c, head)
	if c.err != nil {
		d.err = c.err
	}
	head = bytes.TrimLeft(bytes.ReplaceAll(head[:n], []byte{0}, nil), "\xef\xbb\xbf\xfe\xff \t\r\n")
	lower := bytes.ToLower(head)
	switch {
	case len(head) == 0 || head[0] != '<':
		return looksBinary
	case bytes.Contains(lower, []byte("<html")), bytes.HasPrefix(lower, []byte("<!doctype html")):
		return looksHTML
	}
	return looksXML
}

// member hands a part over as a file of its own.
func (d *document) member(p *part) {
	p.done = true
	d.w.end()
	if d.err != nil {
		return
	}
	c, err := p.expand(d.out)
	if err != nil {
		d.malformed = true
		return
	}
	defer c.Close()
	if d.err = d.out.Member(path.Base(p.name), c); d.err == nil {
		d.err = c.err
	}
	d.malformed = d.malformed || c.bad
}

// note writes a line of the document's text.
func (d *document) line(parts ...string) {
	for _, s := range parts {
		d.w.write([]byte(s))
	}
	d.w.writeByte('\n')
}

// tellMacros says once that there are macros.
func (d *document) tellMacros() {
	if !d.macros {
		d.macros = true
		d.out.Anomaly(anomalyMacros)
	}
}
