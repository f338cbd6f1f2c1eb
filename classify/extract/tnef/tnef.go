// Package tnef reads winmail.dat, the Transport Neutral Encapsulation Format of
// Outlook and Exchange ([MS-OXTNEF]).
//
// Read tells the properties of the mail as lines, the bodies as texts or members
// (body.html, body.rtf), attachments as members by their long names. An attached
// mail is a member that is TNEF again.
//
// Time is linear; nothing is held but what ends in a line. A file that is cut or
// damaged is read as far as it goes, then ErrMalformed is returned.
package tnef

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/postern-mail/postern/classify/extract/mapi"
)

// Out takes what Read finds. An error from any of its methods ends the reading
// at once and is returned by Read.
type Out interface {
	// Text opens a text stream; name is always empty.
	Text(name string) (io.WriteCloser, error)
	// Member hands over an attachment or a body.
	Member(name string, content io.Reader) error
	// Expand is asked before n more bytes are decompressed.
	Expand(n int) error
	// Anomaly notes something odd about the form.
	Anomaly(name string)
}

// Encrypted is an error of the readers of documents; TNEF knows no encryption.
type Encrypted struct {
	Cipher string
	Weak   bool
}

func (e *Encrypted) Error() string { return "encrypted with " + e.Cipher }

// What Read returns beside the errors of Out.
var (
	ErrMalformed   = errors.New("malformed TNEF")
	ErrUnsupported = errors.New("unsupported TNEF")
)

const signature = 0x223e9f78

// The attributes that are told ([MS-OXTNEF] section 2.1.3.2), without their types.
const (
	attFrom           = 0x8000
	attSubject        = 0x8004
	attBody           = 0x800c
	attAttachData     = 0x800f
	attAttachTitle    = 0x8010
	attAttachRendData = 0x9002
	attProperties     = 0x9003
	attRecipients     = 0x9004
	attAttachment     = 0x9005
	attCodePage       = 0x9007
)

// reader is the state of one file.
type reader struct {
	src       io.ReaderAt
	out       Out
	message   *mapi.Message
	malformed bool

	attached bool // the attributes are those of an attachment
	data     *io.SectionReader
	object   *io.SectionReader
	names    map[uint16]string
}

// Read reads a file of the given size.
func Read(src io.ReaderAt, size int64, out Out) error {
	r := &reader{src: src, out: out, message: mapi.New(out, 1252)}
	err := r.read(size)
	if err == nil {
		err = r.endAttachment()
	}
	if e := r.message.Close(); err == nil {
		err = e
	}
	if err == nil && r.malformed {
		return ErrMalformed
	}
	return err
}

func (r *reader) read(size int64) error {
	var head [9]byte
	n, err := r.src.ReadAt(head[:6], 0)
	if err != nil && err != io.EOF {
		return err
	}
	if n < 6 || binary.LittleEndian.Uint32(head[:]) != signature {
		return ErrMalformed
	}
	for at := int64(6); at < size; {
		n, err := r.src.ReadAt(head[:], at)
		if err != nil && err != io.EOF {
			return err
		}
		if n < len(head) || head[0] != 1 && head[0] != 2 {
			r.malformed = true
			return nil
		}
		length := int64(binary.LittleEndian.Uint32(head[5:]))
		if at += 9; at+length > size {
			r.malformed = true
			length = size - at
		}
		id := binary.LittleEndian.Uint16(head[1:])
		if err := r.attribute(id, io.NewSectionReader(r.src, at, length)); err != nil {
			return err
		}
		at += length + 2 // a sum for checking, which readers do not look at
	}
	return nil
}

func (r *reader) attribute(id uint16, value *io.SectionReader) error {
	switch id {
	case attCodePage:
		var b [4]byte
		if n, _ := value.ReadAt(b[:], 0); n == 4 {
			if page := binary.LittleEndian.Uint32(b[:]); page > 0 && page < 1<<16 {
				r.message.Page = int(page)
			}
		}
	case attSubject:
		return r.line("Subject", value)
	case attBody:
		return r.message.Property(0x1000, mapi.String8, "", value, value.Size())
	case attProperties:
		_, err := r.properties(value, 0)
		return err
	case attRecipients:
		return r.recipients(value)
	case attAttachRendData:
		if err := r.endAttachment(); err != nil {
			return err
		}
		r.begin()
	case attAttachTitle:
		r.begin()
		name, err := r.message.Text(mapi.String8, value)
		r.names[0] = name
		return err
	case attAttachData:
		r.begin()
		if r.data != nil { // one that lacks its first attribute
			if err := r.endAttachment(); err != nil {
				return err
			}
			r.begin()
		}
		r.data = value
	case attAttachment:
		r.begin()
		_, err := r.properties(value, 0)
		return err
	default:
		// Other attributes hold addresses, dates and numbers.
		if value.Size() < 1<<10 && (id == attFrom || id == 0x8006 || id == 0x8008 || id == 0x800b) {
			return r.line("", value)
		}
	}
	return nil
}

func (r *reader) line(label string, value io.Reader) error {
	text, err := r.message.Text(mapi.String8, value)
	if err != nil {
		return err
	}
	return r.message.Line(label, printable(text))
}

func printable(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' {
			b[i] = ' '
		}
	}
	return string(b)
}

func (r *reader) begin() {
	if !r.attached {
		r.attached, r.data, r.object, r.names = true, nil, nil, map[uint16]string{}
	}
}

// endAttachment hands over the attachment whose attributes were read: its long
// name comes behind its content.
func (r *reader) endAttachment() error {
	if !r.attached {
		return nil
	}
	r.attached = false
	name := r.names[mapi.AttachLongNameID]
	for _, id := range []uint16{mapi.DisplayNameID, 0, mapi.AttachNameID} {
		if name == "" {
			name = r.names[id]
		}
	}
	if r.object != nil {
		if err := r.out.Member(name, r.object); err != nil {
			return err
		}
		if r.data != nil && r.data.Size() < 64 {
			return nil // a stand-in
		}
	}
	if r.data == nil {
		return nil
	}
	return r.out.Member(name, r.data)
}
