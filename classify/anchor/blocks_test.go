package anchor

import (
	"bytes"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainDigits and the others say what the marks must be, byte by byte.
func plainDigits(block []byte) (m Digits) {
	for i, c := range block {
		if isDigit(c) {
			m.Digits |= 1 << i
		}
		if bytes.IndexByte([]byte("-. "), c) >= 0 {
			m.Joints |= 1 << i
		}
	}
	return between(m)
}

// between leaves of the joints those that may stand between two digits.
func between(m Digits) Digits {
	m.Joints &= (m.Digits<<1 | 1) & (m.Digits>>1 | 1<<63)
	if m.Digits == 0 {
		m.Joints = 0
	}
	return m
}

// markedBetween is a way to mark digits that leaves only these joints.
func markedBetween(mark func([]byte, []Digits)) func([]byte, []Digits) {
	return func(text []byte, marks []Digits) {
		mark(text, marks)
		for i, m := range marks {
			marks[i] = between(m)
		}
	}
}

func plainLines(block []byte) (m Lines) {
	for i, c := range block {
		if bytes.IndexByte([]byte("\r\n"), c) >= 0 {
			m.Breaks |= 1 << i
		}
		if c == '\n' {
			m.Feeds |= 1 << i
		}
		if bytes.IndexByte([]byte("\t|;,"), c) >= 0 {
			m.Delims |= 1 << i
		}
	}
	return m
}

func plainCells(block []byte) (m Cells) {
	for i, c := range block {
		if sort := bytes.IndexByte([]byte("\t|;,"), c); sort >= 0 {
			m.Delims[sort] |= 1 << i
		}
		if c == '"' {
			m.Quotes |= 1 << i
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
	room := make([]byte, len(text))
	if n := CopyASCII(room, text); n != wide || !bytes.Equal(room[:n], text[:n]) {
		t.Fatalf("%d bytes of %q are copied as %q, want %d", n, text, room, wide)
	}
	if whole := text[:len(text)&^(BlockBytes-1)]; copyBlocksGeneric(room, whole) != min(wide, len(whole)) {
		t.Fatalf("the generic run of ASCII of %q is %d, want %d", whole, copyBlocksGeneric(room, whole), wide)
	}
	checkLeads(t, text)
	checkOne(t, "digits", text, plainDigits, markedBetween(MarkDigits), markedBetween(markDigitsGeneric))
	checkOne(t, "lines", text, plainLines, MarkLines, markLinesGeneric)
	checkOne(t, "cells", text, plainCells, MarkCells, markCellsGeneric)
	checkRuns(t, text)
}

var testLeads = []Lead{{'s', 's', 'n'}, {'n', 'i'}, {'a'}, {'1', '0', '9'}, {'0', 0, '9'}}

// letterLeads is how many of them, the first, begin with a letter.
const letterLeads = 3

var allLeads, onlyLetters = NewLeads(testLeads), NewLeads(testLeads[:letterLeads])

// checkLeads holds both ways to mark leads against the bytes: all leads are marked, and
// nothing but beginnings of words.
func checkLeads(t *testing.T, text []byte) {
	t.Helper()
	for i, inside := range []bool{false, true, false} {
		wanted, leads := testLeads, allLeads
		if i > 1 {
			wanted, leads = testLeads[:letterLeads], onlyLetters
		}
		before := uint64(0)
		if inside {
			before = 1
		}
		marks := make([]uint64, max(len(text)-LeadsAhead, 0)/BlockBytes)
		digits := make([]Digits, len(marks))
		MarkDigits(text, digits)
		leads.Mark(text, digits, marks, inside)
		checkLeadsMarked(t, wanted, text, inside, marks)
		if len(marks) > 0 {
			clear(marks)
			markLeadsGeneric(leads, text, digits, marks, before)
			checkLeadsMarked(t, wanted, text, inside, marks)
		}
	}
}

func checkLeadsMarked(t *testing.T, leads []Lead, text []byte, inside bool, marks []uint64) {
	t.Helper()
	for i := range len(marks) * BlockBytes {
		marked := marks[i/BlockBytes]>>(i%BlockBytes)&1 == 1
		if i > 0 && isWordByte(text[i-1]) || i == 0 && inside || !isWordByte(text[i]) {
			if marked {
				t.Fatalf("%d of %q is marked, where no word begins", i, text)
			}
			continue
		}
		for _, lead := range leads {
			begins := true
			for j, c := range text[i:][:len(lead)] {
				begins = begins && (j > 0 && c >= 0x80 || lead[j] == 0 || lead[j] == c || isLetter(c) && lead[j] == c|0x20)
			}
			if begins && !marked {
				t.Fatalf("the lead %q at %d of %q is not marked", lead, i, text)
			}
		}
	}
}

// Most words are not marked: of random ones of two letters and more it is one in
// twenty at most, by either way.
func TestLeadsAreFewOfTheWords(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	text := make([]byte, 1000*BlockBytes+LeadsAhead)
	for i := range text {
		if text[i] = byte('a' + random.IntN(26)); i%7 == 6 {
			text[i] = ' '
		}
	}
	leads := NewLeads([]Lead{{'s', 's', 'n'}, {'n', 'i', 'n'}, {'c', 'a', 'r'}, {'m', 'y', ' '}, {'c', 'l', 'i'}})
	for name, mark := range map[string]func(*Leads, []byte, []Digits, []uint64, uint64){"this machine's": markLeads, "plain": markLeadsGeneric} {
		marks := make([]uint64, 1000)
		mark(leads, text, make([]Digits, 1000), marks, 0)
		n := 0
		for _, m := range marks {
			n += bits.OnesCount64(m)
		}
		if words := len(text) / 7; n > words/20 {
			t.Errorf("the %s way marks %d of %d words", name, n, words)
		}
	}
}

// checkOne holds one sort of marks against the bytes.
func checkOne[M comparable](t *testing.T, sort string, text []byte, plain func([]byte) M, mark, generic func([]byte, []M)) {
	t.Helper()
	want := make([]M, len(text)/BlockBytes)
	for i := range want {
		want[i] = plain(text[i*BlockBytes:][:BlockBytes])
	}
	for _, how := range []func([]byte, []M){generic, mark} {
		got := make([]M, len(want))
		if how(text, got); !slices.Equal(got, want) {
			t.Fatalf("the marks of %s of %q are\n%v, want\n%v", sort, text, got, want)
		}
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
	MarkLines(nil, nil)
	MarkCells(nil, nil)
	MarkRuns(nil, nil, nil, false)
}

func BenchmarkMarks(b *testing.B) {
	for name, line := range map[string]string{
		"prose":   "The quick brown fox jumps over the lazy dog; on a day in May it did so twice.\n",
		"numbers": "2024-05-06,536904399,4711.00,24036805\n",
	} {
		text := bytes.Repeat([]byte(line), 1+1<<15/len(line))
		n := len(text) / BlockBytes
		digits, lines, cells, runs := make([]Digits, n), make([]Lines, n), make([]Cells, n), make([]Runs, n)
		for how, mark := range map[string]func(){
			"digits":         func() { MarkDigits(text, digits) },
			"digits generic": func() { markDigitsGeneric(text, digits) },
			"lines":          func() { MarkLines(text, lines) },
			"lines generic":  func() { markLinesGeneric(text, lines) },
			"cells":          func() { MarkCells(text, cells) },
			"cells generic":  func() { markCellsGeneric(text, cells) },
			"runs":           func() { MarkRuns(text, digits, runs, false) },
			"runs generic":   func() { markRunsGeneric(text, digits, runs, 0) },
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
