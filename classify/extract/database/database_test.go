package database

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// notebook is an Out that writes everything down.
type notebook struct {
	texts   []*page
	members []string
	left    int // bytes that Expand allows
}

type page struct {
	strings.Builder
	name string
}

func (p *page) Close() error { return nil }

var errFull = errors.New("no more")

func (n *notebook) Text(name string) (io.WriteCloser, error) {
	p := &page{name: name}
	n.texts = append(n.texts, p)
	return p, nil
}

func (n *notebook) Member(_ string, content io.Reader) error {
	b, err := io.ReadAll(content)
	n.members = append(n.members, string(b))
	return err
}

func (n *notebook) Expand(size int) error {
	if n.left -= size; n.left < 0 {
		return errFull
	}
	return nil
}

func (n *notebook) Anomaly(string) {}

func (n *notebook) String() string {
	var b strings.Builder
	for _, p := range n.texts {
		if p.Len() > 0 {
			b.WriteString("[" + p.name + "]\n" + p.Builder.String())
		}
	}
	return b.String()
}

func readFile(t testing.TB, content []byte) (*notebook, error) {
	t.Helper()
	n := &notebook{left: 100 << 20}
	err := Read(bytes.NewReader(content), int64(len(content)), n)
	return n, err
}

// The files are what sqlite3 and LibreOffice wrote.
func TestTablesAreReadWithTheirColumns(t *testing.T) {
	for _, f := range []struct{ name, want string }{
		{"plain.sqlite", "[person]\nid\tname\tssn\tn\tnote\n1\tp1\tnone\t1\tsome words 1\n2\tp2\tnone\t2\tsome words 2\n"},
		{"plain.sqlite", "\n78051123\tJane Roe\t078-05-1123\t1.5\t\n"},
		{"plain.sqlite", "xxx 4111 1111 1111 1111\n"},
		{"utf16.sqlite", "[a b]\nid\tx,y\tprimary\tw\n78051123\t078-05-1123\tü\t"},
		{"utf16be.sqlite", "[t]\nx\nZoë 078-05-1123\n"},
		{"norowid.sqlite", "[nr]\nk\tv\nk1\t078-05-1123\nlong\tyyy"},
		{"norowid.sqlite", "yyy4111111111111111\n"},
		{"deleted.sqlite", "gone 078-05-1123 9"},
		{"calc.dbf", "[]\nName\tSSN\n"},
	} {
		content, err := os.ReadFile("testdata/" + f.name)
		if err != nil {
			t.Fatal(err)
		}
		n, err := readFile(t, content)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
		if !strings.Contains(n.String(), f.want) {
			t.Errorf("%s: %q is not in\n%s", f.name, f.want, n)
		}
		if strings.Count(n.String(), "Jane Roe") > 1 {
			t.Errorf("%s: an index is read as well", f.name)
		}
	}
}

// dbaseOf writes a table of one field of each type that has a form of its own.
func dbaseOf(row string, count byte) []byte {
	head := make([]byte, 32)
	head[0], head[1], head[2], head[3], head[4], head[29] = 0x30, 126, 5, 1, count, 0xc9
	for _, f := range []struct {
		name string
		kind byte
		size byte
	}{{"NAME", 'C', 10}, {"BORN", 'D', 8}, {"SSN", 'I', 4}, {"PAY", 'Y', 8}, {"MEMO", 'M', 4}} {
		b := make([]byte, 32)
		copy(b, f.name)
		b[11], b[16] = f.kind, f.size
		head = append(head, b...)
	}
	head = append(head, 0x0d)
	head[8], head[10] = byte(len(head)), 35
	return append(head, row...)
}

func TestFieldsOfDBaseAreReadByTheirTypes(t *testing.T) {
	row := " \xc8\xe2\xe0\xed      20010203" + "\x13\xf3\xa6\x04" + "\x10\x27\x00\x00\x00\x00\x00\x00" + "\x01\x00\x00\x00"
	gone := "*Jane      " + row[11:]
	n, err := readFile(t, dbaseOf(row+gone+"\x1a", 2))
	want := "[]\nNAME\tBORN\tSSN\tPAY\tMEMO\nИван\t2001-02-03\t78050067\t1.0000\t\nJane\t2001-02-03\t78050067\t1.0000\t\n"
	if err != nil || n.String() != want {
		t.Errorf("got %q, error %v, want %q", n, err, want)
	}
	if n, err = readFile(t, dbaseOf(row, 3)); !errors.Is(err, ErrMalformed) || !strings.Contains(n.String(), "Иван") {
		t.Errorf("cut off: got %q, error %v", n, err)
	}
}

func TestOutEndsTheReading(t *testing.T) {
	content, err := os.ReadFile("testdata/plain.sqlite")
	if err != nil {
		t.Fatal(err)
	}
	n := &notebook{left: 3 * 512}
	if err := Read(bytes.NewReader(content), int64(len(content)), n); !errors.Is(err, errFull) {
		t.Errorf("got error %v, want that of Expand", err)
	}
	if err := Read(strings.NewReader("something else"), 14, n); !errors.Is(err, ErrUnsupported) {
		t.Errorf("got error %v, want ErrUnsupported", err)
	}
}

// Pages that lead to each other are read once.
func TestDamagedDatabasesEndInBounds(t *testing.T) {
	files, err := filepath.Glob("testdata/*")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		step := max(len(content)/100, 1)
		for at := 0; at < len(content); at += step {
			for _, damaged := range [][]byte{content[:at], bytes.Clone(content), bytes.Clone(content)} {
				if len(damaged) == len(content) {
					damaged[at] ^= 1 << (at % 8)
					damaged[(at*7+13)%len(content)] = 0xff
				}
				checkRead(t, damaged)
			}
		}
	}
	content, err := os.ReadFile("testdata/plain.sqlite")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := readFile(t, content[:len(content)-600]); !errors.Is(err, ErrMalformed) || !strings.Contains(n.String(), "Jane Roe") {
		t.Errorf("cut off: error %v, got\n%s", err, n)
	}
}

// checkRead holds what is true of any bytes: the error is a known one, and what
// is expanded is a few times the file.
func checkRead(t *testing.T, content []byte) {
	t.Helper()
	n := &notebook{left: 4*len(content) + 1<<18}
	if err := Read(bytes.NewReader(content), int64(len(content)), n); err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrUnsupported) {
		t.Errorf("got error %v", err)
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(checkRead)
}
