package anchor

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainDigits and plainLayout say what the marks must be, byte by byte.
func plainDigits(block []byte) (m Digits) {
	for i, c := range block {
		if isDigit(c) {
			m.Digits |= 1 << i
		}
		if bytes.IndexByte([]byte("-. "), c) >= 0 {
			m.Joints |= 1 << i
		}
	}
	if m.Digits == 0 {
		m.Joints = 0
	}
	return m
}

func plainLayout(block []byte) (m Layout) {
	for i, c := range block {
		if bytes.IndexByte([]byte("\r\n"), c) >= 0 {
			m.Breaks |= 1 << i
		}
		if bytes.IndexByte([]byte("\t|;,\""), c) >= 0 {
			m.Cells |= 1 << i
		}
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			m.Letters |= 1 << i
		}
	}
	return m
}

// checkMarks holds all ways to mark a text against each other.
func checkMarks(t *testing.T, text []byte) {
	t.Helper()
	wide := bytes.IndexFunc(text, func(r rune) bool { return r >= 0x80 })
	if wide < 0 {
		wide = len(text)
	}
	if got := ASCII(text); got != wide {
		t.Fatalf("ASCII(%q) is %d, want %d", text, got, wide)
	}
	if whole := text[:len(text)&^(BlockBytes-1)]; wideBlockGeneric(whole) != min(wide, len(whole))&^(BlockBytes-1) {
		t.Fatalf("the generic run of ASCII of %q is %d, want %d", whole, wideBlockGeneric(whole), wide)
	}
	n := len(text) / BlockBytes
	digits, layout := make([]Digits, n), make([]Layout, n)
	for i := range n {
		digits[i], layout[i] = plainDigits(text[i*BlockBytes:][:BlockBytes]), plainLayout(text[i*BlockBytes:][:BlockBytes])
	}
	gotDigits, gotLayout := make([]Digits, n), make([]Layout, n)
	markDigitsGeneric(text, gotDigits)
	markLayoutGeneric(text, gotLayout)
	if !slices.Equal(gotDigits, digits) || !slices.Equal(gotLayout, layout) {
		t.Fatalf("the generic marks of %q are\n%x %x, want\n%x %x", text, gotDigits, gotLayout, digits, layout)
	}
	clear(gotDigits)
	clear(gotLayout)
	MarkDigits(text, gotDigits)
	MarkLayout(text, gotLayout)
	if !slices.Equal(gotDigits, digits) || !slices.Equal(gotLayout, layout) {
		t.Fatalf("the marks of %q are\n%x %x, want\n%x %x", text, gotDigits, gotLayout, digits, layout)
	}
}

func TestMarksOfEveryByteInEveryPlace(t *testing.T) {
	for c := range 256 {
		for _, rest := range []byte{0, '0', ' ', 0x7F, 0x80, 0xFF, byte(c)} {
			for at := range BlockBytes {
				text := bytes.Repeat([]byte{rest}, 2*BlockBytes)
				text[at], text[BlockBytes+at] = byte(c), byte(c)
				checkMarks(t, text)
			}
		}
	}
}

func TestMarksOfRandomTextsOnEveryAlignment(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		room := make([]byte, 10*BlockBytes)
		for i := range room {
			room[i] = byte(random.Uint32())
		}
		for from := range BlockBytes {
			checkMarks(t, room[from:])
		}
	}
}

func FuzzMarks(f *testing.F) {
	f.Add(bytes.Repeat([]byte("12-34.56 78,\"x\"\t\r\n|;@`[{/:"), 9))
	f.Fuzz(func(t *testing.T, text []byte) {
		for from := range min(len(text), BlockBytes) {
			checkMarks(t, text[from:])
		}
	})
}

func TestNoTextIsNoMarks(t *testing.T) {
	MarkDigits(nil, nil)
	MarkLayout(nil, nil)
}

func BenchmarkMarks(b *testing.B) {
	for name, line := range map[string]string{
		"prose":   "The quick brown fox jumps over the lazy dog; on a day in May it did so twice.\n",
		"numbers": "2024-05-06,536904399,4711.00,24036805\n",
	} {
		text := bytes.Repeat([]byte(line), 1+1<<15/len(line))
		digits, layout := make([]Digits, len(text)/BlockBytes), make([]Layout, len(text)/BlockBytes)
		for how, mark := range map[string]func(){
			"digits":         func() { MarkDigits(text, digits) },
			"digits generic": func() { markDigitsGeneric(text, digits) },
			"layout":         func() { MarkLayout(text, layout) },
			"layout generic": func() { markLayoutGeneric(text, layout) },
		} {
			b.Run(fmt.Sprint(name, " ", how), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					mark()
				}
			})
		}
	}
}
