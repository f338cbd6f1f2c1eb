package detect

import (
	"fmt"
	"slices"

	"github.com/postern-mail/postern/classify/anchor"
)

// seeker is a detector that looks at places of one sort.
type seeker struct {
	detector int
	find     func(f *finder, p int64)
}

// seek gives each place that a detector looks at its bit among the anchors.
func (s *Set) seek() error {
	var wants []anchor.Want
	s.seekerOf = make([]uint64, len(s.Detectors))
	for i, d := range s.Detectors {
		if d.find == nil {
			continue
		}
		for at, place := range slices.Concat(d.places, d.backed, d.labelled) {
			if len(wants) == anchor.MaxWants {
				return fmt.Errorf("detector %q: the detectors that look at numbers are too many by it", d.ID)
			}
			bit := uint64(1) << len(wants)
			s.seekerOf[i] |= bit
			// Where little of the text is searched for keywords, it is cheaper to look at
			// a value first.
			backed := s.everywhere && at >= len(d.places)
			labelled := backed && at >= len(d.places)+len(d.backed)
			if (backed || d.labelOnly()) && !s.bare[i] {
				s.needy |= bit
				if labelled || d.labelOnly() && !d.windowed() {
					s.labelled |= bit
				}
				if backed && d.partnered {
					s.partnered |= bit
				}
			}
			if !s.everywhere && !s.bare[i] && d.isShy(at >= len(d.places)) {
				s.shy |= bit
			}
			if d.asks {
				s.asking |= bit
			}
			wants, s.seekers = append(wants, place), append(s.seekers, seeker{i, d.find})
		}
	}
	s.anchors = anchor.New(wants)
	return nil
}

// runs is that the first run of digits of a value has one of these lengths.
func runs(lengths ...int) [3]uint32 {
	var set uint32
	for _, n := range lengths {
		set |= 1 << n
	}
	return [3]uint32{set}
}

// runsFrom is that it has at least n digits.
func runsFrom(n int) [3]uint32 { return [3]uint32{^uint32(0) << n} }

// begins is that a value begins with one of these digits.
func begins(digits ...int) uint16 { return uint16(runs(digits...)[0]) }

// onAlnum are ASCII letters and digits.
const onAlnum = anchor.OnLetter | anchor.OnDigit

// grouped is that the first runs have these lengths; that of 0 may have any.
func grouped(first, second, third int) [3]uint32 {
	var set [3]uint32
	for i, n := range []int{first, second, third} {
		if n > 0 {
			set[i] = 1 << n
		}
	}
	return set
}
