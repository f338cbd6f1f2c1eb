package ole

import (
	"encoding/binary"
	"io"
	"strconv"
	"strings"

	"github.com/postern-mail/postern/classify/extract/mapi"
	"github.com/postern-mail/postern/classify/extract/ole1"
)

// The names by which storages of a mail are known ([MS-OXMSG] section 2.2).
const (
	propertyStream = "__properties_version1.0"
	valuePrefix    = "__substg1.0_"
	attachPrefix   = "__attach_version1.0_"
	recipPrefix    = "__recip_version1.0_"
	namesStorage   = "__nameid_version1.0"
)

// isMessage reports whether a storage is a mail: one that lost its fixed
// properties is one still.
func isMessage(s *entry) bool {
	if s.child(propertyStream) != nil || s.child(namesStorage) != nil {
		return true
	}
	for _, c := range s.children {
		if strings.HasPrefix(c.name, valuePrefix) {
			return true
		}
	}
	return false
}

// message reads a mail, its recipients and attachments.
func (d *document) message(s *entry, depth int) error {
	m := mapi.New(d.out, d.mailPage(s))
	err := d.messageValues(m, s)
	if e := m.Close(); err == nil {
		err = e
	}
	for _, c := range s.children {
		if err != nil {
			return err
		}
		switch {
		case c.kind != typeStorage:
		case strings.HasPrefix(c.name, attachPrefix):
			err = d.attachment(c, m.Page, depth)
		case strings.HasPrefix(c.name, recipPrefix):
			r := mapi.New(d.out, m.Page)
			if err = d.messageValues(r, c); err == nil {
				err = r.Close()
			}
		case strings.EqualFold(c.name, namesStorage):
		default:
			err = d.storage(c, depth+1, true)
		}
	}
	return err
}

// messageValues tells the properties that have streams of their own.
func (d *document) messageValues(m *mapi.Message, s *entry) error {
	for _, c := range s.children {
		id, kind, ok := valueName(c)
		if !ok || c.kind != typeStream || id == mapi.AttachDataID {
			continue
		}
		err := m.Property(id, kind&^mapi.Multiple, "", d.file.open(c), c.size)
		if err != nil {
			return err
		}
	}
	return nil
}

// valueName reads id and type out of the name of a stream.
func valueName(e *entry) (id, kind uint16, ok bool) {
	name, found := strings.CutPrefix(e.name, valuePrefix)
	if !found || len(name) < 8 {
		return 0, 0, false
	}
	tag, err := strconv.ParseUint(name[:8], 16, 32)
	if err != nil {
		return 0, 0, false
	}
	kind = uint16(tag)
	if kind&mapi.Multiple != 0 && len(name) == 8 { // the lengths of the values
		return 0, 0, false
	}
	return uint16(tag >> 16), kind, true
}

// mailPage finds the code page of a mail's 8-bit text.
func (d *document) mailPage(s *entry) int {
	e := s.child(propertyStream)
	if e == nil {
		return 0
	}
	b, _ := io.ReadAll(io.LimitReader(d.file.open(e), 64<<10))
	page := 0
	for at := 8; at+16 <= len(b); at += 8 { // heads of three lengths come before
		tag := binary.LittleEndian.Uint32(b[at:])
		value := int(binary.LittleEndian.Uint32(b[at+8:]))
		switch {
		case value <= 0 || value > 1<<16:
		case tag == mapi.CodePageID<<16|mapi.Integer32:
			return value
		case tag == mapi.InternetPageID<<16|mapi.Integer32:
			page = value
		}
	}
	return page
}

// attachment hands an attached file over, or reads what is attached as a storage.
func (d *document) attachment(s *entry, page, depth int) error {
	m := mapi.New(d.out, page)
	var data, object *entry
	names := map[uint16]string{}
	for _, c := range s.children {
		id, kind, ok := valueName(c)
		switch {
		case !ok:
		case id == mapi.AttachDataID && c.kind == typeStorage:
			object = c
		case id == mapi.AttachDataID:
			data = c
		case c.kind == typeStream && (kind == mapi.Unicode || kind == mapi.String8):
			text, err := m.Text(kind, d.file.open(c))
			if err != nil {
				return err
			}
			names[id] = text
			if err := m.Line("", text); err != nil {
				return err
			}
		}
	}
	if err := m.Close(); err != nil {
		return err
	}
	name := names[mapi.AttachLongNameID]
	for _, id := range []uint16{mapi.AttachNameID, mapi.DisplayNameID} {
		if name == "" {
			name = names[id]
		}
	}
	if data != nil {
		if err := d.out.Member(name, d.file.open(data)); err != nil {
			return err
		}
	}
	if object != nil {
		return d.storage(object, depth+2, false)
	}
	return nil
}

// nativeObject hands over the file that the Packager wrapped.
func (d *document) nativeObject(_, e *entry) error {
	in := d.file.open(e)
	_, _ = in.Read(make([]byte, 4)) // the size
	name, content := ole1.Package(in)
	return d.out.Member(name, content)
}
