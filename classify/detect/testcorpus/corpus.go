// Package testcorpus makes texts to measure and test the scanner with: the same
// bytes for the same seed, on every machine.
//
// [Build] makes a text of a kind of mail with values planted in it, and says
// where they stand; a scanner that did its work found these and nothing else.
// [Hostile] makes texts that are meant to be slow, [Mail] a whole mail, [Terms]
// words and phrases for a lexicon.
//
// # Promises
//
// All is made up: the Social Security numbers are of areas that were never given
// out before 2011, the other values random. Nothing in a text but its plants is a
// value of a core detector: long numbers fail the check of a card, and what a
// label nearby could make a value of keeps its distance from the plants.
//
// The package is for tests and benchmarks; postern does not contain it.
package testcorpus

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Plant is a value that stands in a text on purpose.
type Plant struct {
	Detector   string // its id
	Start, End int    // bytes [Start,End) of the text
}

// Text is a generated text.
type Text struct {
	Kind   string
	Bytes  []byte
	Plants []Plant // in the order of Start
}

// Core are the detectors whose values are planted, in equal numbers.
var Core = []string{"us-ssn", "payment-card", "uk-nino", "mo-dcn"}

// Kinds are the kinds of text that Build makes: running text of letters; logs
// and tables; the source of HTML mail; attachments in base64, as they stand in
// an undecoded mail.
var Kinds = []string{"prose", "numbers", "html", "base64"}

// PlantEvery is how many bytes of text come to one plant.
const PlantEvery = 4 << 10

// Build makes a text of a kind, of at most size bytes, that ends with a line. An
// unknown kind is a mistake of the caller, and panics.
func Build(kind string, size int, seed uint64) Text {
	blocks := map[string]func(*writer){"prose": prose, "numbers": numbers, "html": html, "base64": encoded}
	block, ok := blocks[kind]
	if !ok {
		panic(fmt.Sprintf("internal error: kind of text %q, want one of %q", kind, Kinds))
	}
	w := newWriter(kind, size, seed)
	for len(w.buf) < size {
		block(w)
	}
	return w.text(kind)
}

// writer writes a text by lines; whoever writes one calls line behind it, where
// a plant is put if its time has come.
type writer struct {
	buf    []byte
	size   int
	rand   *rand.PCG
	plants []Plant
	frame  string // how a plant's line looks, with one %s
	next   int    // where the next plant is due
	last   int    // where the last one ended
}

func newWriter(kind string, size int, seed uint64) *writer {
	return &writer{
		buf:   make([]byte, 0, size+4<<10),
		size:  size,
		rand:  rand.NewPCG(seed, uint64(len(kind))),
		frame: "%s\n",
		next:  PlantEvery / 2,
		last:  -quietBytes,
	}
}

// quietBytes is more than any window reaches: so far from a plant a number of
// eight or nine digits is nobody's.
const quietBytes = 700

// below is a number from 0 to n-1. The method of math/rand/v2 may change with
// Go; the bits of a PCG do not.
func (w *writer) below(n int) int { return int(w.rand.Uint64() % uint64(n)) }

func pick[T any](w *writer, from []T) T { return from[w.below(len(from))] }

func (w *writer) printf(format string, args ...any) { w.buf = fmt.Appendf(w.buf, format, args...) }

// line ends a line, and puts a plant behind it if one is due.
func (w *writer) line(end string) {
	w.buf = append(w.buf, end...)
	if len(w.buf) >= w.next && len(w.buf)+quietBytes < w.size {
		w.plant()
	}
}

// plant writes a sentence with a value in the frame of the text.
func (w *writer) plant() {
	detector := Core[len(w.plants)%len(Core)]
	form := pick(w, forms[detector])
	value := form.value(w)
	sentence := fmt.Sprintf(w.frame, form.before+"\x00"+form.behind)
	start := len(w.buf)
	for i := range len(sentence) {
		if sentence[i] != 0 {
			w.buf = append(w.buf, sentence[i])
			continue
		}
		start = len(w.buf)
		w.buf = append(w.buf, value...)
	}
	w.last = start + len(value)
	w.plants = append(w.plants, Plant{detector, start, w.last})
	w.next += PlantEvery
}

// digits is a number of n digits that is no value of a core detector: it fails
// the check of a card, and near a plant it has not the length of the others.
func (w *writer) digits(n int) string {
	if n >= 8 && n <= 10 && (len(w.buf)-w.last < quietBytes || w.next-len(w.buf) < quietBytes) {
		n = 7
	}
	number := w.rawDigits(n)
	if n >= 12 && luhn(number) {
		number[n-1] = '0' + (number[n-1]-'0'+1)%10
	}
	return string(number)
}

// rawDigits is a number of n digits that does not begin with 0.
func (w *writer) rawDigits(n int) []byte {
	number := make([]byte, n)
	for i := range number {
		number[i] = '0' + byte(w.below(10))
	}
	if number[0] == '0' {
		number[0] = '1' + byte(w.below(9))
	}
	return number
}

// text is what was written, cut behind the last whole line.
func (w *writer) text(kind string) Text {
	cut := w.buf[:min(w.size, len(w.buf))]
	for len(cut) > 0 && cut[len(cut)-1] != '\n' {
		cut = cut[:len(cut)-1]
	}
	return Text{kind, slices.Clip(cut), w.plants}
}
