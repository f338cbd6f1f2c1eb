package ole

import (
	"bytes"
	"encoding/binary"
	"io"
)

// maxMacro bounds the source of one module.
const maxMacro = 8 << 20

// macro reads a module of Visual Basic: behind its compiled form stands the
// source, compressed ([MS-OVBA] section 2.4.1). Where that begins is told by a
// stream of its own; here it is looked for by what every module begins with.
func (d *document) macro(e *entry) error {
	b, err := io.ReadAll(io.LimitReader(d.file.open(e), maxMacro))
	if err != nil {
		return err
	}
	at := bytes.Index(b, []byte("\x00Attribut\x00e "))
	if at < 3 {
		return d.salvage("", bytes.NewReader(b))
	}
	w := newWriter(d.out, "")
	for b = b[at-2:]; len(b) > 2; {
		head := binary.LittleEndian.Uint16(b)
		if head>>12&7 != 3 {
			break
		}
		size := min(int(head&0xfff)+3, len(b))
		text := b[2:size]
		b = b[size:]
		if head&0x8000 != 0 {
			if err := d.out.Expand(4096); err != nil {
				return err
			}
			text = inflateChunk(text)
		}
		w.string(decode(1252, bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))))
	}
	return w.close()
}

// inflateChunk undoes the compression of up to 4,096 bytes.
func inflateChunk(b []byte) []byte {
	out := make([]byte, 0, 4096)
	for len(b) > 0 {
		flags := b[0]
		b = b[1:]
		for bit := 0; bit < 8 && len(b) > 0; bit++ {
			if flags>>bit&1 == 0 {
				out = append(out, b[0])
				b = b[1:]
				continue
			}
			if len(b) < 2 {
				return out
			}
			token := int(binary.LittleEndian.Uint16(b))
			b = b[2:]
			bits := 4
			for 1<<bits < len(out) {
				bits++
			}
			length := token&(1<<(16-bits)-1) + 3
			from := len(out) - token>>(16-bits) - 1
			if from < 0 || len(out)+length > 4096 {
				return out
			}
			for i := range length {
				out = append(out, out[from+i])
			}
		}
	}
	return out
}
