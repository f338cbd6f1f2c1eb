package tnef

import (
	"encoding/binary"
	"io"

	"github.com/postern-mail/postern/classify/extract/mapi"
)

// values is a block of properties being read ([MS-OXTNEF] section 2.1.3.4).
type values struct {
	in *io.SectionReader
	at int64
	ok bool
}

func (v *values) u32() uint32 {
	var b [4]byte
	n, _ := v.in.ReadAt(b[:], v.at)
	if n < 4 {
		v.ok = false
	}
	v.at += 4
	return binary.LittleEndian.Uint32(b[:])
}

// take returns the next n bytes, and passes over what fills them up to four.
func (v *values) take(n int64) *io.SectionReader {
	if v.at+n > v.in.Size() {
		v.ok = false
		n = max(0, v.in.Size()-v.at)
	}
	s := io.NewSectionReader(v.in, v.at, n)
	v.at += n + -n&3
	return s
}

// properties tells a block of properties that begins at an offset, and returns
// where it ends.
func (r *reader) properties(in *io.SectionReader, at int64) (int64, error) {
	v := &values{in: in, at: at, ok: true}
	for count := v.u32(); count > 0 && v.ok; count-- {
		tag := v.u32()
		id, kind := uint16(tag>>16), uint16(tag)
		name := ""
		if id >= 0x8000 {
			name = r.named(v)
		}
		if err := r.value(v, id, kind, name); err != nil {
			return v.at, err
		}
	}
	if !v.ok {
		r.malformed = true
	}
	return v.at, nil
}

// named reads what a named property is called.
func (r *reader) named(v *values) string {
	v.take(16)
	if v.u32() == 0 {
		v.u32()
		return ""
	}
	name, _ := r.message.Text(mapi.Unicode, v.take(int64(v.u32())))
	return mapi.Name(name)
}

// value reads one property, which may have several values.
func (r *reader) value(v *values, id, kind uint16, name string) error {
	size, fixed := fixedSize(kind &^ mapi.Multiple)
	count := uint32(1)
	if !fixed || kind&mapi.Multiple != 0 {
		count = v.u32()
	}
	kind &^= mapi.Multiple
	for ; count > 0 && v.ok; count-- {
		n := size
		if !fixed {
			n = int64(v.u32())
		}
		if !v.ok {
			break
		}
		if err := r.one(id, kind, name, v.take(n)); err != nil {
			return err
		}
	}
	return nil
}

func fixedSize(kind uint16) (int64, bool) {
	switch kind {
	case mapi.Object, mapi.String8, mapi.Unicode, mapi.Binary:
		return 0, false
	case mapi.Floating, 6, 7, mapi.Integer64, mapi.Time:
		return 8, true
	case mapi.GUID:
		return 16, true
	}
	return 4, true
}

// one tells one value. Of an attachment the names are kept, and the content if
// it is an object: a mail within, behind 16 bytes that say what it is.
func (r *reader) one(id, kind uint16, name string, value *io.SectionReader) error {
	if r.attached {
		switch {
		case id == mapi.AttachDataID && kind == mapi.Object && value.Size() > 16:
			r.object = io.NewSectionReader(value, 16, value.Size()-16)
			return nil
		case id == mapi.AttachDataID:
			if r.data == nil {
				r.data = value
			}
			return nil
		case kind == mapi.Unicode || kind == mapi.String8:
			text, err := r.message.Text(kind, value)
			if err != nil {
				return err
			}
			r.names[id] = text
			return r.message.Line("", text)
		}
	}
	return r.message.Property(id, kind, name, value, value.Size())
}

// recipients tells the table of recipients: rows of properties.
func (r *reader) recipients(in *io.SectionReader) error {
	v := &values{in: in, ok: true}
	rows := v.u32()
	for ; rows > 0 && v.ok && v.at < in.Size(); rows-- {
		end, err := r.properties(in, v.at)
		if err != nil {
			return err
		}
		v.at = end
	}
	return nil
}
