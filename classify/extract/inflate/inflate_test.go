package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

func deflated(t testing.TB, level int, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// contents are texts that use all that Deflate has.
func contents() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 200<<10)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	skewed := make([]byte, 300<<10) // rare bytes have codes of up to 15 bits
	for i := range skewed {
		skewed[i] = byte(min(r.ExpFloat64()*12, 255))
	}
	var words bytes.Buffer
	for words.Len() < 300<<10 {
		words.WriteString([]string{"<w:t>", "</w:t>", "amount ", "of ", "and ", "1234 ", "x"}[r.IntN(7)])
		if r.IntN(50) == 0 {
			words.Write(random[:r.IntN(3000)])
		}
	}
	return map[string][]byte{
		"nothing": nil, "one byte": {7}, "zeros": make([]byte, 300<<10), "random": random, "skewed": skewed, "words": words.Bytes(),
		"short period": bytes.Repeat([]byte("abcdefg"), 50000), "far": bytes.Repeat(random[:32<<10], 4),
	}
}

func TestWhatDeflateMadeIsReadAgain(t *testing.T) {
	for name, content := range contents() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 6, 9} {
			packed := deflated(t, level, content)
			for _, src := range []io.Reader{bytes.NewReader(packed), iotest.OneByteReader(bytes.NewReader(packed)), iotest.DataErrReader(bytes.NewReader(packed))} {
				got, err := io.ReadAll(NewReader(src))
				if err != nil || !bytes.Equal(got, content) {
					t.Fatalf("%s, level %d: %d bytes, %v, want %d", name, level, len(got), err, len(content))
				}
			}
		}
	}
}

func TestWhatStandsBehindTheDataIsLeft(t *testing.T) {
	packed := deflated(t, 6, contents()["words"])
	behind := []byte("what stands behind the data")
	src := bytes.NewReader(append(packed, behind...))
	z := NewReader(src)
	if _, err := io.Copy(io.Discard, z); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(io.MultiReader(bytes.NewReader(z.Rest()), src))
	if err != nil || !bytes.Equal(rest, behind) {
		t.Errorf("left %q, %v, want %q", rest, err, behind)
	}
}

// same holds the Reader against the standard library: as many bytes, and an error
// where that has one.
func same(t *testing.T, packed []byte) {
	t.Helper()
	want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), 4<<20))
	got, err := io.ReadAll(io.LimitReader(NewReader(bytes.NewReader(packed)), 4<<20))
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%v, want %v (%d bytes of %d)", err, wantErr, len(got), len(want))
	}
	// Of damaged data the library keeps back what is in its window.
	if n := min(len(got), len(want)); len(got) < len(want) || !bytes.Equal(got[:n], want[:n]) || err == nil && len(got) != len(want) {
		t.Fatalf("%d bytes are not the library's %d", len(got), len(want))
	}
}

func TestDamagedDataGivesWhatStandsBeforeTheDamage(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for name, content := range contents() {
		packed := deflated(t, 6, content[:min(len(content), 20<<10)])
		for range 300 {
			torn := bytes.Clone(packed)
			if len(torn) > 0 && r.IntN(2) == 0 {
				torn = torn[:r.IntN(len(torn))]
			}
			for range r.IntN(3) {
				if len(torn) > 0 {
					torn[r.IntN(len(torn))] ^= 1 << r.IntN(8)
				}
			}
			t.Run(name, func(t *testing.T) { same(t, torn) })
		}
	}
}

func TestAFailingSourceFailsTheReader(t *testing.T) {
	packed := deflated(t, 6, contents()["words"])
	broken := errors.New("broken")
	src := io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), iotest.ErrReader(broken))
	if n, err := io.Copy(io.Discard, NewReader(src)); n == 0 || !errors.Is(err, broken) {
		t.Errorf("%d bytes and %v, want some and %v", n, err, broken)
	}
}

func FuzzReader(f *testing.F) {
	for _, content := range contents() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
			f.Add(deflated(f, level, content[:min(len(content), 2000)]))
		}
	}
	f.Add([]byte(strings.Repeat("\xed\xff", 100)))
	f.Fuzz(func(t *testing.T, packed []byte) { same(t, packed) })
}
