package detect

import (
	"slices"

	"github.com/postern-mail/postern/classify/anchor"
)

// beside is a set of the sorts of bytes that can stand beside a run of digits. The
// zero value is any of them.
type beside uint16

const (
	onOther    beside = 1 << iota // what is none of the others, and the edge of the text
	onLetter                      // an ASCII letter
	onSpace                       // ' '
	onBreak                       // a tab or a line break
	onHyphen                      // '-'
	onStop                        // '.'
	onSlash                       // '/'
	onCurrency                    // '$' and what is not ASCII
	onOpen                        // '+' and '('
	edgeKinds  = iota
)

// edgeOf is the sort of each byte, as a bit number.
var edgeOf = func() (of [256]uint8) {
	kinds := map[beside]string{onSpace: " ", onBreak: "\t\r\n", onHyphen: "-", onStop: ".", onSlash: "/", onCurrency: "$", onOpen: "+("}
	for c := range of {
		kind := onOther
		if isLetter(byte(c)) {
			kind = onLetter
		} else if c >= 0x80 {
			kind = onCurrency
		}
		for k, chars := range kinds {
			if slices.Contains([]byte(chars), byte(c)) {
				kind = k
			}
		}
		for n := range edgeKinds {
			if kind == 1<<n {
				of[c] = uint8(n)
			}
		}
	}
	return of
}()

// maxRun is the length from which on runs of digits are not told apart.
const maxRun = anchor.ManyDigits

// runs makes the set of lengths that a detector's first run of digits can have.
func runs(lengths ...int) uint32 {
	var set uint32
	for _, n := range lengths {
		set |= 1 << n
	}
	return set
}

// runsFrom makes the set of lengths of at least n.
func runsFrom(n int) uint32 { return ^uint32(0) << n }

// looks tells for each surroundings of a run of digits which detectors want to
// look there, so that most runs cost one lookup.
type looks struct {
	lists []lookers
	at    [edgeKinds][maxRun + 1][edgeKinds]uint16 // index into lists
}

// lookers are the detectors that want to look at one place: those that find
// nothing without a keyword, and the others.
type lookers struct{ free, needy []uint16 }

func newLooks(detectors []*Detector, needy []bool) *looks {
	l := &looks{lists: []lookers{{}}}
	for before := range edgeKinds {
		for run := range maxRun + 1 {
			for after := range edgeKinds {
				var list lookers
				for i, d := range detectors {
					switch {
					case d.find == nil || !d.wants(before, run, after):
					case needy[i]:
						list.needy = append(list.needy, uint16(i))
					default:
						list.free = append(list.free, uint16(i))
					}
				}
				l.at[before][run][after] = l.intern(list)
			}
		}
	}
	return l
}

func (d *Detector) wants(before, run, after int) bool {
	return (d.runs == 0 || d.runs>>run&1 == 1) &&
		(d.before == 0 || d.before>>before&1 == 1) && (d.after == 0 || d.after>>after&1 == 1)
}

func (l *looks) intern(list lookers) uint16 {
	for i, known := range l.lists {
		if slices.Equal(known.free, list.free) && slices.Equal(known.needy, list.needy) {
			return uint16(i)
		}
	}
	l.lists = append(l.lists, list)
	return uint16(len(l.lists) - 1)
}

// of returns the detectors that may want to look at the run of so many digits
// at p.
func (l *looks) of(t *text, p int64, run uint8) *lookers {
	if run == maxRun { // what follows is far
		return &l.lists[l.at[edgeOf[t.at(p-1)]][run][0]]
	}
	return &l.lists[l.at[edgeOf[t.at(p-1)]][run][edgeOf[t.at(p+int64(run))]]]
}
