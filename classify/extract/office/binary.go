package office

import (
	"bytes"
	"encoding/base64"
	"io"
	"path"
)

// maxHeldFiles is how many bytes of files in base64 are held until the text is
// read: to hand one over ends the text that it stands in.
const maxHeldFiles = 16 << 20

// heldFile is a file that stood in the text.
type heldFile struct {
	name    string
	content []byte
}

// readBinary reads the file that the element holds whose start tag was just read,
// in base64, as documents of one XML file have it: pictures and documents in them.
func (d *document) readBinary(name string) {
	if d.lx.empty {
		return
	}
	if name = path.Base(name); name == "." || name == "/" {
		name = ""
	}
	b := &binaryText{d: d}
	file := base64.NewDecoder(base64.StdEncoding, b)
	content, err := io.ReadAll(io.LimitReader(file, int64(maxHeldFiles-d.held)))
	if d.err != nil {
		return
	}
	d.malformed = d.malformed || err != nil
	d.held += len(content)
	if err != nil || b.ended {
		d.files = append(d.files, heldFile{name, content})
	} else {
		d.w.end()
		d.err = d.out.Member(name, io.MultiReader(bytes.NewReader(content), file))
	}
	for !b.ended && d.err == nil && d.lx.next() { // what was not read
		b.ended = d.lx.kind == endTag
	}
}

// handOver gives the files that were held.
func (d *document) handOver() {
	for _, f := range d.files {
		if d.err == nil {
			d.err = d.out.Member(f.name, bytes.NewReader(f.content))
		}
	}
	d.files = nil
}

// binaryText gives the text of an element up to its end tag, without white space.
// Out is asked for all of it.
type binaryText struct {
	d     *document
	text  []byte
	ended bool
}

// Read implements io.Reader.
func (b *binaryText) Read(p []byte) (int, error) {
	for {
		n := 0
		for len(b.text) > 0 && n < len(p) {
			if c := b.text[0]; c > ' ' {
				p[n] = c
				n++
			}
			b.text = b.text[1:]
		}
		if n > 0 {
			b.d.err = b.d.out.Expand(n)
			return n, b.d.err
		}
		if b.ended || !b.d.lx.next() {
			b.ended = true
			return 0, io.EOF
		}
		switch b.d.lx.kind {
		case endTag:
			b.ended = true
		case charData:
			b.text = b.d.lx.text
		}
	}
}
