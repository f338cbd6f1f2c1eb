package extract

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz/lzma"
)

// readNamed reads a file by its content and name.
func readNamed(t testing.TB, name, content string, limits Limits) *collector {
	t.Helper()
	c := newCollector(t)
	if err := ReadFile(NewReader(context.Background(), limits, c), name, strings.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	c.check()
	return c
}

// inside is a file to put into an archive.
type inside struct{ name, content string }

func zipOf(t testing.TB, members ...inside) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		f, err := w.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, m.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// rawZip is one member of a zip file, written field by field.
type rawZip struct {
	name               string
	flags, method      uint16
	content            string // as it stands
	crc                uint32
	packed, size       uint32
	centralMethod      uint16
	extra              string
	noLocal, noCentral bool
	localName          string
	localAt            int // if not 0, where the central header says the local one is
	centralFlags       uint16
	differ             bool // the central header has its own method and flags
	descriptor         bool
	comment            string
}

func stored(name, content string) rawZip {
	return rawZip{name: name, content: content, crc: crc32.ChecksumIEEE([]byte(content)), packed: uint32(len(content)), size: uint32(len(content))}
}

// rawZipOf writes a zip file as its members have it.
func rawZipOf(prefix string, members ...rawZip) string {
	le := binary.LittleEndian
	b := []byte(prefix)
	var central []byte
	count := 0
	for _, m := range members {
		at := len(b) - len(prefix)
		if !m.noLocal {
			name := m.name
			if m.localName != "" {
				name = m.localName
			}
			b = append(b, "PK\x03\x04\x14\x00"...)
			b = le.AppendUint16(b, m.flags)
			b = le.AppendUint16(b, m.method)
			b = append(b, 0, 0, 0, 0)
			crc, packed, size := m.crc, m.packed, m.size
			if m.descriptor {
				crc, packed, size = 0, 0, 0
			}
			b = le.AppendUint32(le.AppendUint32(le.AppendUint32(b, crc), packed), size)
			b = le.AppendUint16(le.AppendUint16(b, uint16(len(name))), uint16(len(m.extra)))
			b = append(append(append(b, name...), m.extra...), m.content...)
			if m.descriptor {
				b = append(b, "PK\x07\x08"...)
				b = le.AppendUint32(le.AppendUint32(le.AppendUint32(b, m.crc), m.packed), m.size)
			}
		}
		if m.noCentral {
			continue
		}
		count++
		method, flags := m.method, m.flags
		if m.differ {
			method, flags = m.centralMethod, m.centralFlags
		}
		if m.localAt != 0 {
			at = m.localAt
		}
		central = append(central, "PK\x01\x02\x14\x00\x14\x00"...)
		central = le.AppendUint16(le.AppendUint16(central, flags), method)
		central = append(central, 0, 0, 0, 0)
		central = le.AppendUint32(le.AppendUint32(le.AppendUint32(central, m.crc), m.packed), m.size)
		central = le.AppendUint16(le.AppendUint16(central, uint16(len(m.name))), uint16(len(m.extra)))
		central = le.AppendUint16(central, uint16(len(m.comment)))
		central = append(central, make([]byte, 8)...)
		central = le.AppendUint32(central, uint32(at))
		central = append(append(append(central, m.name...), m.extra...), m.comment...)
	}
	at := len(b) - len(prefix)
	b = append(b, central...)
	b = append(b, "PK\x05\x06\x00\x00\x00\x00"...)
	b = le.AppendUint16(le.AppendUint16(b, uint16(count)), uint16(count))
	b = le.AppendUint32(le.AppendUint32(b, uint32(len(central))), uint32(at))
	return string(append(b, 0, 0))
}

func tarOf(t testing.TB, members ...inside) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		if err := w.WriteHeader(&tar.Header{Name: m.name, Size: int64(len(m.content)), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, m.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// packed compresses with the writer that make returns.
func packed(t testing.TB, content string, open func(io.Writer) (io.WriteCloser, error)) string {
	t.Helper()
	var b bytes.Buffer
	w, err := open(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipOf(t testing.TB, content string) string {
	t.Helper()
	return packed(t, content, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
}

func TestMembersArePartsWithTheirPath(t *testing.T) {
	inner := zipOf(t, inside{"a/b!c.txt", secret})
	for _, a := range []struct{ name, content, tree string }{
		{
			"plan.zip", zipOf(t, inside{"d/", ""}, inside{"d/x.txt", secret}, inside{"d/x.txt", "other"}),
			"1!plan.zip!d/x.txt text/plain\n1!plan.zip!d/x.txt (2) text/plain\n1!plan.zip application/zip\n",
		},
		{"", zipOf(t, inside{"x.txt", secret}), "1!x.txt text/plain\n1 application/zip\n"},
		{"o!o.zip", zipOf(t, inside{"i.zip", inner}), "1!o%21o.zip!i.zip!a/b%21c.txt text/plain\n1!o%21o.zip!i.zip application/zip\n1!o%21o.zip application/zip\n"},
		{"x.tar", tarOf(t, inside{"x.txt", secret}), "1!x.tar!x.txt text/plain\n1!x.tar application/x-tar\n"},
		{"x.tgz", gzipOf(t, tarOf(t, inside{"x.txt", secret})), "1!x.tgz!x.tar!x.txt text/plain\n1!x.tgz!x.tar application/x-tar\n1!x.tgz application/gzip\n"},
		{"x", gzipOf(t, secret) + gzipOf(t, " more") + "\x00\x00", "1!x!1 text/plain\n1!x application/gzip\n"},
		{"x.lzma", packed(t, secret, func(w io.Writer) (io.WriteCloser, error) { return lzma.NewWriter(w) }), "1!x.lzma!x text/plain\n1!x.lzma application/x-lzma\n"},
		{"x.zst", packed(t, secret, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }), "1!x.zst!x text/plain\n1!x.zst application/zstd\n"},
		{"x.lz4", packed(t, secret, func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil }), "1!x.lz4!x text/plain\n1!x.lz4 application/x-lz4\n"},
		{"a.eml.zip", zipOf(t, inside{"a.eml", "From: a\nSubject: b\n\n" + secret}), "1!a.eml.zip!a.eml.0 text/rfc822-headers\n1!a.eml.zip!a.eml.1 text/plain\n1!a.eml.zip!a.eml message/rfc822\n1!a.eml.zip application/zip\n"},
		{"setup.exe", rawZipOf("MZ\x90\x00"+strings.Repeat("\x00\x01", 600), stored("x.txt", secret)), "1!setup.exe!x.txt text/plain\n1 application/vnd.microsoft.portable-executable\n"},
	} {
		c := readNamed(t, a.name, a.content, Limits{})
		if got := c.tree(); got != a.tree {
			t.Errorf("%s: parts\n%swant\n%s", a.name, got, a.tree)
		}
		if !c.has(secret) {
			t.Errorf("%s: the text is not read", a.name)
		}
	}
}

// The files are what the programs named wrote of one text.
func TestFilesOfOtherProgramsAreRead(t *testing.T) {
	files, err := filepath.Glob("testdata/archives/*")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		c := readNamed(t, name, string(content), Limits{})
		whole := c.known["1!"+name]
		if whole == nil {
			t.Errorf("%s: no such part\n%s", name, c.tree())
			continue
		}
		_, kind, _ := strings.Cut(strings.TrimSuffix(name, filepath.Ext(name)), "_")
		cipher, encrypted := map[string]string{"zipcrypto": "ZipCrypto", "aes128": "AES-128", "aes192": "AES-192", "aes256": "AES-256", "names": "AES-256", "partly": "AES-256"}[kind]
		if whole.Encrypted != encrypted || whole.Cipher != cipher || whole.Weak != (cipher == "ZipCrypto") {
			t.Errorf("%s: encrypted %v with %q, weak %v", name, whole.Encrypted, whole.Cipher, whole.Weak)
		}
		if want := !encrypted || kind == "partly"; c.has("078-05-1123") != want {
			t.Errorf("%s: text is read: %v, want %v\n%s", name, !want, want, c.tree())
		}
		if encrypted && whole.Problem != Encrypted || !encrypted && whole.Problem != "" {
			t.Errorf("%s: problem %q", name, whole.Problem)
		}
	}
}

func TestZipIsReadWhicheverHeaderAProgramBelieves(t *testing.T) {
	ok := stored("ok.txt", "fine")
	hidden := stored("x.txt", secret)
	unlisted := hidden
	unlisted.noCentral = true
	streamed := hidden
	streamed.flags, streamed.descriptor = zipUnsized, true
	streamedUnlisted := streamed
	streamedUnlisted.noCentral = true
	locked := hidden
	locked.differ, locked.centralFlags = true, zipLocked
	method := hidden
	method.differ, method.centralMethod = true, 8
	renamed := ok
	renamed.localName = secret
	commented := ok
	commented.comment = secret
	sized := hidden
	sized.content = "PK\x03\x04" + secret
	for _, z := range []struct {
		name, content string
		odd           bool
	}{
		{"plain", rawZipOf("", ok, hidden), false},
		{"not in the central directory", rawZipOf("", ok, unlisted), true},
		{"with sizes behind it", rawZipOf("", ok, streamed), false},
		{"with sizes behind it, not in the central directory", rawZipOf("", ok, streamedUnlisted, ok), true},
		{"encrypted by the central directory alone", rawZipOf("", ok, locked), true},
		{"of another method in the central directory", rawZipOf("", ok, method), true},
		{"in a name of the local header", rawZipOf("", renamed, ok), true},
		{"in a comment", rawZipOf("", ok, commented), false},
		{"behind another program", rawZipOf("PK\x03\x04 is no zip, "+strings.Repeat("\x00", 100), ok, hidden), true},
		{"without a central directory", strings.Split(rawZipOf("", ok, hidden), zipCentral)[0], false},
		{"cut off in the central directory", rawZipOf("", ok, hidden)[:150], false},
		{"text between members", strings.Replace(rawZipOf("", ok, ok), "fine"+zipLocal, "fine"+secret+" and more of it"+zipLocal, 1), true},
		{"a zip in a zip, stored", rawZipOf("", stored("i.zip", rawZipOf("", ok, hidden))), false},
	} {
		c := newCollector(t)
		r := NewReader(t.Context(), Limits{}, c)
		if err := ReadFile(r, "x.zip", strings.NewReader(z.content)); err != nil {
			t.Fatal(err)
		}
		c.check()
		if !c.has(secret) {
			t.Errorf("%s: not read\n%s", z.name, c.tree())
		}
		if odd := len(r.Anomalies()) > 0; odd != z.odd {
			t.Errorf("%s: anomalies %q", z.name, r.Anomalies())
		}
	}
}

func TestEncryptionOfZipIsNamed(t *testing.T) {
	le := binary.LittleEndian
	for _, z := range []struct {
		extra  string
		cipher string
		weak   bool
	}{
		{"", "ZipCrypto", true},
		{"\x01\x99\x07\x00\x02\x00AE\x03\x08\x00", "AES-256", false},
		{"\x01\x99\x07\x00\x01\x00AE\x01\x00\x00", "AES-128", false},
		{"\x17\x00\x08\x00\x02\x00" + string(le.AppendUint16(nil, 0x6603)) + "\xa8\x00\x01\x00", "3DES", true},
		{"\x17\x00\x08\x00\x02\x00" + string(le.AppendUint16(nil, 0x6801)) + "\x80\x00\x01\x00", "RC4", true},
		{"\x17\x00\x08\x00\x02\x00" + string(le.AppendUint16(nil, 0x6610)) + "\x00\x01\x01\x00", "AES-256", false},
	} {
		m := stored("x.txt", "0123456789abcdef0123456789abcdef")
		m.flags, m.extra = zipLocked, z.extra
		c := readNamed(t, "x.zip", rawZipOf("", m, stored("y.txt", secret)), Limits{})
		for _, path := range []string{"1!x.zip!x.txt", "1!x.zip"} {
			if p := c.known[path]; p == nil || !p.Encrypted || p.Cipher != z.cipher || p.Weak != z.weak || p.Problem != Encrypted {
				t.Errorf("want %s at %s, got %+v", z.cipher, path, p)
			}
		}
		if !c.has(secret) {
			t.Error("the member in the clear is not read")
		}
	}
}

func TestTarIsReadPastWhatIsDamaged(t *testing.T) {
	first, second := tarOf(t, inside{"a.txt", "fine"}), tarOf(t, inside{"b.txt", secret})
	for name, content := range map[string]string{
		"archives behind each other": first + second,
		"a damaged header":           first[:1024] + strings.Repeat("junk", 128) + second,
		"text behind the end":        second + secret,
	} {
		c := readNamed(t, "x.tar", content, Limits{})
		if !c.has(secret) {
			t.Errorf("%s: not read\n%s", name, c.tree())
		}
		if want := name != "archives behind each other"; (c.known["1!x.tar"].Problem == Malformed) != want {
			t.Errorf("%s: problem %q", name, c.known["1!x.tar"].Problem)
		}
	}
}

func TestContainersKeepTheLimits(t *testing.T) {
	zeros := strings.Repeat("\x00", 80<<20)
	var many []inside
	for i := range 300 {
		many = append(many, inside{fmt.Sprintf("%d.txt", i), "x"})
	}
	bomb := zipOf(t, inside{"zeros", zeros})
	nested := zipOf(t, inside{"x.txt", secret})
	for i := range 20 {
		nested = zipOf(t, inside{fmt.Sprintf("%d.zip", i), nested})
	}
	for _, h := range []struct {
		name, content, path string
		limits              Limits
		problem             Problem
	}{
		{"ratio", bomb, "1!x", Limits{}, TooBig},
		{"ratio of gzip", gzipOf(t, zeros), "1!x", Limits{}, TooBig},
		{"members", zipOf(t, many...), "1!x", Limits{Members: 100}, TooMany},
		{"parts", zipOf(t, many...), "1!x", Limits{Parts: 100}, TooMany},
		{"members of tar", tarOf(t, many...), "1!x", Limits{Members: 100}, TooMany},
		{"a member's bytes", zipOf(t, inside{"a", "0123456789"}), "1!x!a", Limits{PartBytes: 5 << 10, Ratio: 1}, ""},
		{"bytes of a part", zipOf(t, inside{"a", strings.Repeat("0", 20<<10)}), "1!x!a", Limits{PartBytes: 10 << 10}, TooBig},
		{"bytes of the mail", zipOf(t, inside{"a", strings.Repeat("0", 20<<10)}), "1!x", Limits{MailBytes: 10 << 10}, TooBig},
		{"depth", nested, "1!x!19.zip!18.zip!17.zip", Limits{Depth: 3}, TooDeep},
		{"memory", packed(t, secret, func(w io.Writer) (io.WriteCloser, error) {
			return lzma.WriterConfig{DictCap: 1 << 27, Size: -1}.NewWriter(w)
		}), "1!x", Limits{}, TooBig},
	} {
		t.Run(h.name, func(t *testing.T) {
			c := readNamed(t, "x", h.content, h.limits)
			if p := c.known[h.path]; p == nil || p.Problem != h.problem {
				t.Errorf("want %q at %s, got\n%.500s", h.problem, h.path, c.tree())
			}
			for _, s := range c.texts {
				if s.text.Len() > 70<<20 {
					t.Errorf("%d bytes of text", s.text.Len())
				}
			}
		})
	}
}

func TestTheMailGoesOnBehindABadContainer(t *testing.T) {
	for name, content := range map[string]string{
		"a bomb":     zipOf(t, inside{"zeros", strings.Repeat("\x00", 80<<20)}),
		"a torn zip": zipOf(t, inside{"x", strings.Repeat("abc", 1000)})[:40],
		"a torn 7z":  "7z\xbc\xaf'\x1c\x00\x04" + strings.Repeat("\xff", 100),
		"a torn rar": "Rar!\x1a\x07\x01\x00" + strings.Repeat("\xff", 100),
		"a torn xz":  "\xfd7zXZ\x00" + strings.Repeat("\xff", 100),
	} {
		mail := "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/zip; name=x.zip\nContent-Transfer-Encoding: base64\n\n" +
			b64(content) + "\n--b\n\n" + secret + "\n--b--\n"
		_, c := read(t, mail, Limits{}, 0)
		if p := c.known["1!x.zip"]; p == nil || p.Problem == "" || !c.has(secret) {
			t.Errorf("%s:\n%s", name, c.tree())
		}
	}
}

// fake is a format of nothing, registered for one test.
func fake(t *testing.T, read format) {
	t.Helper()
	before := formats["application/x-bplist"]
	formats["application/x-bplist"] = read
	t.Cleanup(func() { formats["application/x-bplist"] = before })
}

const fakeFile = "bplist00\x00\x01\x02\x03\x04\x05"

func TestAParserThatPanicsIsMalformed(t *testing.T) {
	fake(t, func(c *container) error {
		w, err := c.Text("sheet")
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, secret); err != nil {
			return err
		}
		panic("index out of range")
	})
	c := readNamed(t, "x", fakeFile, Limits{})
	if c.tree() != "1!x!sheet text/plain\n1!x application/x-bplist malformed\n" || !c.has(secret) {
		t.Errorf("got\n%s", c.tree())
	}
	fake(t, func(c *container) error { return c.Member("m", panicking{}) })
	c = readNamed(t, "x", fakeFile, Limits{})
	if c.known["1!x!m"].Problem != Malformed || c.known["1!x"].Problem != Malformed {
		t.Errorf("got\n%s", c.tree())
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("boom") }

func TestAPanicOfTheSinkIsNotTheParsers(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the panic was lost")
		}
	}()
	r := NewReader(t.Context(), Limits{}, panickingSink{})
	_ = ReadFile(r, "", strings.NewReader(zipOf(t, inside{"x", secret})))
}

type panickingSink struct{ failingSink }

func (panickingSink) Text(*Part, Where) Stream { panic("sink") }

func TestAParserThatReadsForeverIsStopped(t *testing.T) {
	fake(t, func(c *container) error {
		for {
			if _, err := c.ReadAt(make([]byte, 1), 0); err != nil {
				return err
			}
		}
	})
	c := readNamed(t, "x", fakeFile, Limits{PartTime: 5 * time.Millisecond})
	if c.known["1!x"].Problem != TimedOut {
		t.Errorf("got\n%s", c.tree())
	}
	c = readNamed(t, "x", zipOf(t, inside{"m", fakeFile}), Limits{MailTime: 5 * time.Millisecond})
	if c.known["1!x"].Problem != TimedOut || c.known["1!x!m"].Problem != TimedOut {
		t.Errorf("got\n%s", c.tree())
	}
}

func TestCancellingStopsAContainerAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	fake(t, func(c *container) error {
		cancel()
		w, err := c.Text("")
		if err == nil {
			_, err = io.WriteString(w, secret)
		}
		return err
	})
	c := newCollector(t)
	r := NewReader(ctx, Limits{}, c)
	if err := ReadFile(r, "x", strings.NewReader(fakeFile)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	c.check()
	if c.has(secret) {
		t.Error("text was read after the end")
	}
}

func TestNothingIsLeftOfASpool(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	big := rawZipOf("", stored("filler", strings.Repeat("x", 3<<20)), stored("x.txt", secret))
	c := newCollector(t)
	r := NewReader(t.Context(), Limits{}, c)
	if err := ReadFile(r, "x.zip", strings.NewReader(big)); err != nil {
		t.Fatal(err)
	}
	if !c.has(secret) {
		t.Errorf("not read from the file\n%s", c.tree())
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 || r.held != 0 {
		t.Errorf("left: %v, %d bytes, error %v", left, r.held, err)
	}
	t.Setenv("TMPDIR", "/nonexistent")
	if err := ReadFile(NewReader(t.Context(), Limits{}, newCollector(t)), "x.zip", strings.NewReader(big)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a place for the file: %v", err)
	}
}
