package extract

// Bounds of the pieces of text that are taken out of what is not understood.
const (
	salvageLeast = 6   // shorter ones are chance
	salvageMost  = 512 // longer ones come in pieces
)

// salvage takes out of bytes of no known kind what may be text: runs of printable
// characters, of a byte each or, as in UTF-16, with a NUL beside each of them.
// Every run is a line.
type salvage struct {
	next   stage
	narrow run
	wide   run
	half   byte // the last byte, if it may begin a character of UTF-16
}

// run is a run of characters. Once it is long enough they are passed on.
type run struct {
	b    []byte
	long bool
}

func (r *run) add(next stage, c byte) {
	if c < 0x80 {
		r.b = append(r.b, c)
	} else {
		r.b = append(r.b, 0xc0|c>>6, 0x80|c&0x3f)
	}
	if len(r.b) >= salvageMost {
		next.write(r.b)
		r.b, r.long = r.b[:0], true
	}
}

func (r *run) end(next stage) {
	if r.long || len(r.b) >= salvageLeast {
		next.write(append(r.b, '\n'))
	}
	r.b, r.long = r.b[:0], false
}

// openSalvage looks for text in a part that cannot be read otherwise.
func (rd *reading) openSalvage() stage {
	l := rd.leaf
	return &salvage{next: newTextStream(l.r, l.part, l.part.Where)}
}

func (s *salvage) write(b []byte) {
	for _, c := range b {
		printable := c >= ' ' && c < 0x7f || c == '\t'
		if printable {
			s.narrow.add(s.next, c)
		} else if len(s.narrow.b) > 0 || s.narrow.long {
			s.narrow.end(s.next)
		}
		switch {
		case c == 0 && s.half != 0:
			s.wide.add(s.next, s.half)
			s.half = 0
			continue
		case s.half != 0 || !printable && c < 0xa0:
			if len(s.wide.b) > 0 || s.wide.long {
				s.wide.end(s.next)
			}
		}
		s.half = 0
		if printable || c >= 0xa0 {
			s.half = c
		}
	}
}

func (s *salvage) close() {
	s.narrow.end(s.next)
	s.wide.end(s.next)
	s.next.close()
}
