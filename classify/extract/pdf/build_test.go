package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// builder writes a PDF file.
type builder struct {
	bytes.Buffer
	at   map[int]int
	root string
}

func newBuilder() *builder {
	b := &builder{at: map[int]int{}, root: "/Root 1 0 R"}
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	return b
}

func (b *builder) object(num int, body string) {
	b.at[num] = b.Len()
	fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", num, body)
}

func (b *builder) stream(num int, dict, data string) {
	b.object(num, fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(data), data))
}

// finish writes the cross-reference of the objects since the last one.
func (b *builder) finish(extra string) []byte {
	start, top := b.Len(), 0
	b.WriteString("xref\n")
	for num, at := range b.at {
		fmt.Fprintf(b, "%d 1\n%010d 00000 n \n", num, at)
		top = max(top, num)
	}
	fmt.Fprintf(b, "trailer\n<<%s/Size %d%s>>\nstartxref\n%d\n%%%%EOF\n", b.root, top+1, extra, start)
	b.at = map[int]int{}
	return b.Bytes()
}

const helvetica1 = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"

// onePage is a document of one page: its content, what its dictionary and its
// resources have beside a font F1, and further objects from 10 on.
func onePage(content, page, resources string, objects ...string) []byte {
	b := newBuilder()
	b.object(1, "<</Type/Catalog/Pages 2 0 R/AcroForm 10 0 R>>")
	b.object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>")
	b.object(3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>"+resources+">>"+page+">>")
	b.stream(4, "", content)
	b.object(5, helvetica1)
	for i, o := range objects {
		b.object(10+i, o)
	}
	return b.finish("")
}

func streamObject(dict, data string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(data), data)
}

// deflated is data in a zlib envelope.
func deflated(data string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = io.WriteString(w, data)
	_ = w.Close()
	return b.String()
}

// collector is an Out that writes down what it is told.
type collector struct {
	text      strings.Builder
	earlier   strings.Builder
	members   []string
	anomalies []string
	expanded  int
	most      int // that may be expanded
	open      bool
}

var errTooMuch = errors.New("too much")

type collected struct {
	c *collector
	w io.Writer
}

func (w collected) Write(b []byte) (int, error) { return w.w.Write(b) }

func (w collected) Close() error {
	w.c.open = false
	return nil
}

func (c *collector) Text(name string) (io.WriteCloser, error) {
	c.open = true
	if name != "" {
		return collected{c, &c.earlier}, nil
	}
	return collected{c, &c.text}, nil
}

func (c *collector) Member(name string, content io.Reader) error {
	b, err := io.ReadAll(content)
	c.members = append(c.members, name+": "+string(b))
	return err
}

func (c *collector) Expand(n int) error {
	if c.expanded += n; c.expanded > c.most {
		return errTooMuch
	}
	return nil
}

func (c *collector) Anomaly(name string) { c.anomalies = append(c.anomalies, name) }

func readBytes(t testing.TB, file []byte) (*collector, error) {
	t.Helper()
	c := &collector{most: 64<<20 + 200*len(file)}
	err := Read(bytes.NewReader(file), int64(len(file)), c)
	if c.open {
		t.Error("a text was left open")
	}
	return c, err
}

// lzwEncoded is data in LZW.
func lzwEncoded(data string, early int) string {
	var out []byte
	var bits uint64
	have := uint(0)
	width := uint(9)
	emit := func(code int) {
		bits, have = bits<<width|uint64(code), have+width
		for ; have >= 8; have -= 8 {
			out = append(out, byte(bits>>(have-8)))
		}
	}
	var codes map[string]int
	reset := func() {
		emit(lzwClear)
		width, codes = 9, map[string]int{}
		for i := range 256 {
			codes[string([]byte{byte(i)})] = i
		}
	}
	reset()
	next, prefix := 258, ""
	for i := range len(data) {
		if _, ok := codes[prefix+data[i:i+1]]; ok {
			prefix += data[i : i+1]
			continue
		}
		emit(codes[prefix])
		codes[prefix+data[i:i+1]] = next
		if next++; next-1+early >= 1<<width && width < 12 {
			width++
		}
		prefix = data[i : i+1]
		if next >= 4094 {
			emit(codes[prefix])
			prefix = ""
			reset()
			next = 258
		}
	}
	emit(codes[prefix])
	emit(lzwEnd)
	width = 7
	emit(0)
	return string(out)
}
