package classify

import (
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// Place is a set of the eight places in which a value can stand: four kinds of
// place, each in new or in quoted text.
type Place uint8

// Places by kind and by age. AnyPlace is all of them.
const (
	InSubject    Place = 0x03
	InHeader     Place = 0x0c
	InBody       Place = 0x30
	InAttachment Place = 0xc0
	InNew        Place = 0x55
	InQuoted     Place = 0xaa
	AnyPlace     Place = 0xff
)

var kinds = [...]extract.Where{extract.Subject, extract.Header, extract.Body, extract.Attachment}

// placeIndex numbers the eight places.
func placeIndex(where extract.Where, quoted bool) int {
	for i, k := range kinds {
		if k == where {
			if quoted {
				return 2*i + 1
			}
			return 2 * i
		}
	}
	panic("internal error: unknown place " + string(where))
}

// signature holds the best level of one value in each of the eight places, two
// bits a place.
type signature uint16

func (s signature) at(i int) detect.Confidence { return detect.Confidence(s >> (2 * i) & 3) }

func (s signature) raise(i int, c detect.Confidence) signature {
	if s.at(i) >= c {
		return s
	}
	return s&^(3<<(2*i)) | signature(c)<<(2*i)
}

// best is the highest level in any of the places.
func (s signature) best(in Place) detect.Confidence {
	best := detect.None
	for i := range 8 {
		if in>>i&1 == 1 {
			best = max(best, s.at(i))
		}
	}
	return best
}

// Tally counts the findings of one detector such that every later question of
// "how many, how sure, where" has an exact answer without the values.
type Tally struct {
	// Findings counts all findings by place and level: [place][level].
	Findings [8][4]int `json:"findings"`
	// Values counts unique values by signature: the levels a value has in each
	// place, two bits a place, subject-new lowest.
	Values map[signature]int `json:"values"`
	// AtLeast says that the set of unique values was full: there may be more.
	AtLeast bool `json:"at_least"`
}

// settle sums up the levels of each unique value.
func (t *Tally) settle(seen map[uint64]signature) {
	t.Values = map[signature]int{}
	for _, sig := range seen {
		t.Values[sig]++
	}
}

// Total counts the findings of at least the given level in any of the places.
func (t *Tally) Total(least detect.Confidence, in Place) int {
	if t == nil {
		return 0
	}
	n := 0
	for i := range 8 {
		if in>>i&1 == 1 {
			for level := least; level <= detect.High; level++ {
				n += t.Findings[i][level]
			}
		}
	}
	return n
}

// Unique counts the unique values of which at least one finding of the given
// level or higher stands in any of the places.
func (t *Tally) Unique(least detect.Confidence, in Place) int {
	if t == nil {
		return 0
	}
	n := 0
	for s, count := range t.Values {
		if s.best(in) >= least {
			n += count
		}
	}
	return n
}

// Count sums the Tally up over all places.
func (t *Tally) Count() Count {
	c := Count{Total: t.Total(detect.Low, AnyPlace), AtLeast: t.AtLeast}
	for s, n := range t.Values {
		c.Unique += n
		switch s.best(AnyPlace) {
		case detect.High:
			c.High += n
		case detect.Medium:
			c.Medium += n
		case detect.Low:
			c.Low += n
		case detect.None:
			panic("internal error: a value without a level")
		}
	}
	return c
}
