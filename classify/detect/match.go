package detect

import (
	"fmt"
	"strings"
)

// Confidence says how sure a Match is. The zero value is "not found".
type Confidence uint8

// The levels of confidence, about 65, 75 and 85 of 100.
const (
	None Confidence = iota
	Low
	Medium
	High
)

var confidences = [...]string{"none", "low", "medium", "high"}

func (c Confidence) String() string { return confidences[c] }

// MarshalText writes low, medium or high.
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads low, medium or high.
func (c *Confidence) UnmarshalText(b []byte) error {
	for i, s := range confidences[1:] {
		if s == string(b) {
			*c = Confidence(i + 1)
			return nil
		}
	}
	return fmt.Errorf("confidence %q is not low, medium or high", b)
}

// Match is one verified occurrence of sensitive data in a stream of text. It
// holds the secret and must not leave package classify.
type Match struct {
	Detector   int    // index into Set.Detectors
	Start, End int64  // byte offsets [Start,End) into the stream's UTF-8 text
	Value      string // canonical form
	Confidence Confidence
	Context    []string // the keywords that spoke for it, as the table spells them
	Score      int      // of a lexicon: the sum of its terms
	// Rival tells of a candidate (None) whose text another detector took: the index of
	// that in Set.Detectors, plus one. 0 is nobody.
	Rival int
	Age   Age
}

// Age says how it is known whether a match stands in new or in quoted text.
type Age uint8

// The ages. ByPlace is that of the text at the match's Start. What comes at the
// end of a text, whatever its Start, is Whole where it speaks of all of the text,
// else New or Quoted, as Stream.Quoted said.
const (
	ByPlace Age = iota
	Whole
	New
	Quoted
)

// vault keeps the values of matches, many in one piece of memory.
type vault struct{ piece strings.Builder }

// valueBytes is how much memory is taken at once for values.
const valueBytes = 512

// keep returns a value as a string.
func (v *vault) keep(value []byte) string {
	if v.piece.Cap()-v.piece.Len() < len(value) {
		v.piece = strings.Builder{}
		v.piece.Grow(valueBytes)
	}
	from := v.piece.Len()
	v.piece.Write(value)
	return v.piece.String()[from:]
}
