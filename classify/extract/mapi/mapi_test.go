package mapi

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"strings"
	"testing"
)

// told keeps what a Message tells.
type told struct {
	bytes.Buffer
	members []string
}

func (*told) Close() error                          { return nil }
func (o *told) Text(string) (io.WriteCloser, error) { return o, nil }
func (o *told) Expand(int) error                    { return nil }
func (o *told) Member(name string, content io.Reader) error {
	b, err := io.ReadAll(content)
	o.members = append(o.members, name+"="+string(b))
	return err
}

func TestPropertiesAreToldByWhatTheyAre(t *testing.T) {
	o := &told{}
	m := New(o, 1251)
	value := func(id, kind uint16, name, v string) {
		t.Helper()
		if err := m.Property(id, kind, name, strings.NewReader(v), int64(len(v))); err != nil {
			t.Error(err)
		}
	}
	value(0x0037, String8, "", "\xcf\xf0\xe8\x00")
	value(0x8001, Unicode, "SSN", "0\x007\x008\x00")
	value(0x3a42, Time, "", string(binary.LittleEndian.AppendUint64(nil, (331948800+11644473600)*1e7)))
	value(0x8002, Floating, "", string(binary.LittleEndian.AppendUint64(nil, 0x430D3668A4A03800)))
	value(0x8003, Integer32, "No", string(binary.LittleEndian.AppendUint32(nil, 78051123)))
	value(0x0017, Integer32, "", "\x01\x00\x00\x00")
	value(0x0fff, Binary, "", "entry id")
	rich, err := hex.DecodeString("2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0")
	if err != nil {
		t.Fatal(err)
	}
	value(0x1009, Binary, "", string(rich))
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if want := "Subject: При\nSSN: 078\nBirthday: 1980-07-09 00:00\n"; !strings.HasPrefix(o.String(), want) || !strings.HasSuffix(o.String(), "No: 78051123\n") {
		t.Errorf("told %q", o.String())
	}
	if len(o.members) != 1 || o.members[0] != "body.rtf={\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n" {
		t.Errorf("members %q", o.members)
	}
}
