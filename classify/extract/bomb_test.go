package extract

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// deflatedZeros is what n MiB of zeros become, and their checksum.
func deflatedZeros(t testing.TB, n int) (string, uint32) {
	t.Helper()
	block := make([]byte, 1<<20)
	sum := crc32.NewIEEE()
	packed := packed(t, "", func(w io.Writer) (io.WriteCloser, error) {
		f, err := flate.NewWriter(w, 9)
		for range n {
			_, _ = sum.Write(block)
			if err == nil {
				_, err = f.Write(block)
			}
		}
		return f, err
	})
	return packed, sum.Sum32()
}

// zeroMember is a member of n MiB of zeros.
func zeroMember(t testing.TB, name string, n int) rawZip {
	t.Helper()
	content, crc := deflatedZeros(t, n)
	return rawZip{name: name, method: 8, content: content, crc: crc, packed: uint32(len(content)), size: uint32(n) << 20}
}

// sixteen is a zip file of a content sixteen times.
func sixteen(t testing.TB, content string) string {
	t.Helper()
	var all []inside
	for i := range 16 {
		all = append(all, inside{fmt.Sprintf("lib %x.zip", i), content})
	}
	return zipOf(t, all...)
}

// overlapping is a zip file of n members that share one content, as D. Fifield
// has it in "A better zip bomb": each local header but the last is content of
// those before it, quoted in a stored block.
func overlapping(t testing.TB, n int) string {
	t.Helper()
	kernel, _ := deflatedZeros(t, 4)
	le := binary.LittleEndian
	header := func(i int, packed int) []byte {
		name := fmt.Sprintf("%05d", i)
		b := append([]byte("PK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00\x00\x00"), 0, 0, 0, 0)
		b = le.AppendUint32(le.AppendUint32(b, uint32(packed)), 4<<20)
		b = le.AppendUint16(le.AppendUint16(b, uint16(len(name))), 0)
		return append(b, name...)
	}
	tail := []byte(kernel)
	var sizes []int
	for i := n - 1; i >= 0; i-- {
		sizes = append(sizes, len(tail))
		h := header(i, len(tail))
		if i > 0 {
			quote := le.AppendUint16([]byte{0}, uint16(len(h)))
			h = append(le.AppendUint16(quote, ^uint16(len(h))), h...)
		}
		tail = slices.Concat(h, tail)
	}
	slices.Reverse(sizes)
	b, central, at := tail, []byte(nil), 0
	for i, size := range sizes {
		h := header(i, size)
		central = append(central, "PK\x01\x02\x14\x00"...)
		central = append(central, h[4:30]...)
		central = append(central, make([]byte, 10)...)
		central = le.AppendUint32(central, uint32(at))
		central = append(central, h[30:]...)
		at += len(h) + 5
	}
	end := append(slices.Concat(b, central), "PK\x05\x06\x00\x00\x00\x00"...)
	end = le.AppendUint16(le.AppendUint16(end, uint16(n)), uint16(n))
	return string(append(le.AppendUint32(le.AppendUint32(end, uint32(len(central))), uint32(len(b))), 0, 0))
}

// gzipNest packs a content again and again.
func gzipNest(t testing.TB, content string, n int) string {
	t.Helper()
	for range n {
		content = string(storedGzip([]byte(content)))
	}
	return content
}

// storedGzip is a gzip file that does not compress.
func storedGzip(content []byte) []byte {
	le := binary.LittleEndian
	b := []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")
	for rest := content; ; {
		n := min(len(rest), 65535)
		last := byte(0)
		if n == len(rest) {
			last = 1
		}
		b = le.AppendUint16(le.AppendUint16(append(b, last), uint16(n)), ^uint16(n))
		b = append(b, rest[:n]...)
		if rest = rest[n:]; last == 1 {
			break
		}
	}
	b = le.AppendUint32(b, crc32.ChecksumIEEE(content))
	return le.AppendUint32(b, uint32(len(content)))
}

type bomb struct {
	name, content string
	problem       Problem // of some part
	parts         int     // at most
}

func bombs(t testing.TB) []bomb {
	t.Helper()
	leaf := rawZipOf("", zeroMember(t, "0.dll", 100))
	nested := sixteen(t, sixteen(t, sixteen(t, leaf)))
	huge := stored("huge", "x")
	huge.extra = "\x01\x00\x10\x00" + string(bytes.Repeat([]byte{0, 0, 0, 0, 0, 1, 0, 0}, 2))
	huge.packed, huge.size = 1<<32-1, 1<<32-1
	var many []rawZip
	for range 100000 {
		many = append(many, stored("x", ""))
	}
	headers := strings.Repeat("PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 200000)
	return []bomb{
		{"one member of 300 MiB", rawZipOf("", zeroMember(t, "zeros", 300)), TooBig, 3},
		{"zip files in zip files in zip files", nested, TooBig, 2100},
		{"members that overlap", overlapping(t, 2000), TooBig, 2100},
		{"100,000 members", rawZipOf("", many...), TooMany, 2100},
		{"200,000 local headers and no directory", headers, TooMany, 2100},
		{"a member that claims a terabyte", rawZipOf("", huge), Malformed, 3},
		{"a gzip file of 2,000 layers", gzipNest(t, secret, 2000), TooDeep, 100},
		{"a tar file that claims a terabyte", tarClaim(), Malformed, 3},
		{"signatures without end", strings.Repeat(zipLocal, 1<<20), "", 2100},
		{"ends of directories without end", strings.Repeat(zipEnd, 1<<20), Malformed, 3},
		{"a 7z file of terabytes", "7z\xbc\xaf'\x1c\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00", Malformed, 3},
	}
}

// tarClaim is the header of a file of a terabyte, and no more.
func tarClaim() string {
	b := make([]byte, 1024)
	copy(b, "huge.txt")
	copy(b[100:], "0000600\x00")
	copy(b[124:], "\x80\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00") // base 256
	copy(b[148:], "        ")
	b[156] = '0'
	sum := 0
	for _, c := range b[:512] {
		sum += int(c)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
	return string(b)
}

func TestBombsEndInAProblem(t *testing.T) {
	for _, b := range bombs(t) {
		t.Run(b.name, func(t *testing.T) {
			s := &sizes{paths: map[string]Problem{}}
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			r := NewReader(t.Context(), Limits{}, s)
			if err := ReadFile(r, "x", strings.NewReader(b.content)); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 128<<20 {
				t.Errorf("took %d MiB of memory", grown>>20)
			}
			found := b.problem == ""
			for _, p := range s.paths {
				found = found || p == b.problem
			}
			if !found || len(s.paths) > b.parts {
				t.Errorf("%d parts, none of them %q: %.300v", len(s.paths), b.problem, s.paths)
			}
			if r.expanded > r.limits.MailBytes+maxBlock || r.decoded > 2*r.limits.MailBytes || r.held != 0 {
				t.Errorf("expanded %d, decoded %d, held %d", r.expanded, r.decoded, r.held)
			}
		})
	}
}

func BenchmarkBombs(b *testing.B) {
	for _, h := range bombs(b) {
		b.Run(h.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := &sizes{paths: map[string]Problem{}}
				if err := ReadFile(NewReader(b.Context(), Limits{}, s), "x", strings.NewReader(h.content)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
