package detect

// tail is how all keywords go on from a node that go on without a space, as far as they
// do so alike, and the node behind it.
type tail struct {
	text []byte
	to   int32
}

// makeTails makes the tails of a finished dictionary.
func (d *dictionary) makeTails() {
	d.tails = make([]tail, len(d.nodes))
	for at := range d.nodes {
		for to := d.onlyWay(int32(at)); to != nil; to = d.onlyWay(to.to) {
			if last := d.nodes[at]; d.tails[at].to != 0 {
				last = d.nodes[d.tails[at].to]
				if last.end < last.lastEnd || last.gap != 0 {
					break
				}
			}
			d.tails[at].text, d.tails[at].to = append(d.tails[at].text, to.c), to.to
		}
	}
}

// onlyWay is the edge that leads on from a node, but for a space, nil if there is none
// or another one.
func (d *dictionary) onlyWay(at int32) *edge {
	var only *edge
	edges := d.edgesOf(&d.nodes[at])
	for i := range edges {
		if edges[i].c == ' ' {
			continue
		}
		if only != nil || !isASCII(edges[i].c) {
			return nil
		}
		only = &edges[i]
	}
	return only
}

// likeness is how a text compares with a tail.
type likeness uint8

const (
	matches likeness = iota
	differs
	unclear // a character that is not ASCII may be one in lower case
)

// goesOn compares the text at p with a tail, in any case.
func (t *text) goesOn(p int64, tail []byte) likeness {
	text := t.slice(p, p+int64(len(tail)))
	for i, c := range text {
		if want := tail[i]; c != want && (c|0x20 != want || !isLetter(c)) {
			if !isASCII(c) {
				return unclear
			}
			return differs
		}
	}
	if len(text) < len(tail) {
		return differs
	}
	return matches
}
