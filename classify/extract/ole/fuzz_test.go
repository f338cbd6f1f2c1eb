package ole

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// FuzzRead holds that no file panics or goes on without end, and that limits are
// asked for what is made of it.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"letter.doc", "staff.xls"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(compound(map[string]string{propertyStream: "x", "__substg1.0_1000001E": "y", "__attach_version1.0_#00000001/__substg1.0_3701000D/" + propertyStream: ""}))
	f.Add(compound(map[string]string{"PowerPoint Document": pptRecord(0x0f, 0x3e8, pptRecord(0, pptTextBytes, "a"))}))
	f.Add([]byte(record(0x09, u16s(2, 0x10)) + record(0x04, u16s(0, 0)+"\x00\x00\x00\x03SSN")))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &collector{limit: 1 << 22}
		_ = Read(bytes.NewReader(b), int64(len(b)), c)
		if n := len(c.all()); n > 1<<24 {
			t.Fatalf("%d bytes of text from %d", n, len(b))
		}
	})
}

func TestATruncatedFileIsReadAsFarAsItGoes(t *testing.T) {
	for _, name := range []string{"letter.doc", "staff.xls"} {
		whole, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(whole)-512; n += 97 {
			if _, err := readFile(t, whole[:n]); err == nil {
				t.Errorf("%s cut at %d is whole", name, n)
			}
		}
	}
}

func TestADamagedDirectoryHidesNothing(t *testing.T) {
	b := compound(map[string]string{"Loose": "padding", "WordDocument": strings.Repeat("\x00", 600) + "078-05-1123"})
	copy(b[48:], u32s(0xfffffff0)) // no directory
	c, err := readFile(t, b)
	if err == nil {
		t.Error("nothing is said to be wrong")
	}
	c.must(t, "078-05-1123")
}

func TestChainsThatMeetAndTurnEnd(t *testing.T) {
	b := compound(map[string]string{"WordDocument": strings.Repeat("078-05-1123 ", 1000), "B": strings.Repeat("b", 9000)})
	fat := b[len(b)-512:]
	for i := range 40 {
		copy(fat[4*i:], u32s(uint32(i/2)))
	}
	c, err := readFile(t, b)
	if err == nil {
		t.Error("nothing is said to be wrong")
	}
	if n := len(c.all()); n > 20*len(b) {
		t.Errorf("%d bytes of text", n)
	}
}
