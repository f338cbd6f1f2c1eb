package ole

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"sort"
	"strings"
	"testing"
	"unicode/utf16"
)

// collector is an Out that keeps what it is given.
type collector struct {
	texts   []*named8
	members []member
	spent   int
	limit   int // of Expand; 0 is none
}

type named8 struct {
	name string
	bytes.Buffer
}

func (*named8) Close() error { return nil }

type member struct{ name, content string }

var errLimit = errors.New("limit")

func (c *collector) Text(name string) (io.WriteCloser, error) {
	t := &named8{name: name}
	c.texts = append(c.texts, t)
	return t, nil
}

func (c *collector) Member(name string, content io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(content, 1<<20))
	c.members = append(c.members, member{name, string(b)})
	return err
}

func (c *collector) Expand(n int) error {
	if c.spent += n; c.limit > 0 && c.spent > c.limit {
		return errLimit
	}
	return nil
}

func (c *collector) Anomaly(string) {}

// all joins the texts, each behind its name.
func (c *collector) all() string {
	var all []string
	for _, t := range c.texts {
		all = append(all, "["+t.name+"] "+t.String())
	}
	return strings.Join(all, "|")
}

func (c *collector) must(t *testing.T, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(c.all(), want) {
			t.Errorf("%q is not in\n%q", want, c.all())
		}
	}
}

func readFile(t *testing.T, b []byte) (*collector, error) {
	t.Helper()
	c := &collector{}
	return c, Read(bytes.NewReader(b), int64(len(b)), c)
}

// compound builds a compound file of streams by their paths, "a/b" is b in the
// storage a. All lie in sectors of 512 bytes of their own.
func compound(streams map[string]string) []byte {
	type node struct {
		name     string
		content  string
		storage  bool
		children []string
	}
	nodes := map[string]*node{"": {name: "Root Entry", storage: true}}
	order := []string{""}
	paths := make([]string, 0, len(streams))
	for path := range streams {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		parts := strings.Split(path, "/")
		for i := range parts {
			full, parent := strings.Join(parts[:i+1], "/"), strings.Join(parts[:i], "/")
			if nodes[full] == nil {
				nodes[full] = &node{name: parts[i], storage: i+1 < len(parts)}
				nodes[parent].children = append(nodes[parent].children, full)
				order = append(order, full)
			}
		}
		nodes[path].content = streams[path]
	}
	index := map[string]uint32{}
	for i, path := range order {
		index[path] = uint32(i)
	}
	const none = 0xffffffff
	var fat []uint32
	var data bytes.Buffer
	put := func(b []byte) uint32 {
		start := uint32(len(fat))
		for len(b) > 0 {
			sector := make([]byte, 512)
			b = b[copy(sector, b):]
			data.Write(sector)
			fat = append(fat, uint32(len(fat)+1))
		}
		if len(fat) == int(start) {
			return endOfChain
		}
		fat[len(fat)-1] = endOfChain
		return start
	}
	directory := make([]byte, 128*len(order))
	next := map[string]uint32{}
	for _, path := range order {
		for i, c := range nodes[path].children {
			next[c] = none
			if i+1 < len(nodes[path].children) {
				next[c] = index[nodes[path].children[i+1]]
			}
		}
	}
	for i, path := range order {
		n := nodes[path]
		b := directory[128*i:]
		units := utf16.Encode([]rune(n.name))
		for k, u := range units {
			binary.LittleEndian.PutUint16(b[2*k:], u)
		}
		binary.LittleEndian.PutUint16(b[64:], uint16(2*len(units)+2))
		b[66] = typeStream
		if n.storage {
			b[66] = typeStorage
		}
		if path == "" {
			b[66] = typeRoot
		}
		right, first := uint32(none), uint32(none)
		if path != "" {
			right = next[path]
		}
		if len(n.children) > 0 {
			first = index[n.children[0]]
		}
		binary.LittleEndian.PutUint32(b[68:], none)
		binary.LittleEndian.PutUint32(b[72:], right)
		binary.LittleEndian.PutUint32(b[76:], first)
		binary.LittleEndian.PutUint32(b[116:], put([]byte(n.content)))
		binary.LittleEndian.PutUint32(b[120:], uint32(len(n.content)))
	}
	root := put(directory)
	head := make([]byte, 512)
	copy(head, magic)
	binary.LittleEndian.PutUint16(head[26:], 3)
	binary.LittleEndian.PutUint16(head[28:], 0xfffe)
	binary.LittleEndian.PutUint16(head[30:], 9)
	binary.LittleEndian.PutUint16(head[32:], 6)
	binary.LittleEndian.PutUint32(head[48:], root)
	binary.LittleEndian.PutUint32(head[56:], 1)
	binary.LittleEndian.PutUint32(head[60:], endOfChain)
	binary.LittleEndian.PutUint32(head[68:], endOfChain)
	for i := 76; i < 512; i += 4 {
		binary.LittleEndian.PutUint32(head[i:], none)
	}
	sectors := (len(fat) + 128) / 128
	table := make([]byte, 512*sectors)
	for i := range table {
		table[i] = 0xff
	}
	for i := range sectors {
		binary.LittleEndian.PutUint32(head[76+4*i:], uint32(len(fat)+i))
	}
	for i, v := range fat {
		binary.LittleEndian.PutUint32(table[4*i:], v)
	}
	return append(append(head, data.Bytes()...), table...)
}

// utf16le writes text as UTF-16, little endian.
func utf16le(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}
