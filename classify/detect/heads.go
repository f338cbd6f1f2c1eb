package detect

// headBytes is how many bytes of a word tell whether a keyword can begin there.
const headBytes = 3

// The codes of a byte in the beginning of a word: 26 letters, all digits as one,
// all other ASCII as one, and all else as one.
const (
	headDigit = 26
	headOther = 27
	headHigh  = 28
	headBits  = 5
)

var headCode = func() (code [256]uint8) {
	for c := range code {
		switch b := byte(c); {
		case isLetter(b):
			code[c] = (b | 0x20) - 'a'
		case isDigit(b):
			code[c] = headDigit
		case b >= 0x80:
			code[c] = headHigh
		default:
			code[c] = headOther
		}
	}
	return code
}()

// heading reports whether a keyword can begin with s. Most words of most texts
// are done with here, however many keywords there are.
func (d *dictionary) heading(s []byte, code uint8) bool {
	if code == headHigh {
		return d.other
	}
	second, third := uint8(headOther), uint8(headOther)
	if len(s) > 1 {
		second = headCode[s[1]]
	}
	if len(s) > 2 {
		third = headCode[s[2]]
	}
	i := uint(code)<<(2*headBits) | uint(second)<<headBits | uint(third)
	return d.heads[i>>6]>>(i&63)&1 == 1
}

// seal ends the adding of keywords: it notes the beginnings of all.
func (d *dictionary) seal() { d.markHeads(0, 0, 0) }

// markHeads notes the beginnings that go on from a node.
func (d *dictionary) markHeads(at int32, depth int, prefix uint) {
	n := &d.nodes[at]
	if depth == headBytes || len(n.words) > 0 {
		d.markAny(depth, prefix)
		return
	}
	if depth > 0 {
		d.markAny(depth+1, prefix<<headBits|headHigh)
	}
	for _, e := range n.next {
		switch e.c {
		case ' ':
			d.markAny(depth+1, prefix<<headBits|headOther)
			d.markHeads(e.to, depth, prefix)
		case anyBreak[0]:
			d.markAny(depth+1, prefix<<headBits|headOther)
		default:
			d.markHeads(e.to, depth+1, prefix<<headBits|uint(headCode[e.c]))
		}
	}
}

// markAny notes all beginnings with a prefix.
func (d *dictionary) markAny(depth int, prefix uint) {
	rest := headBits * (headBytes - depth)
	for i := prefix << rest; i < (prefix+1)<<rest; i++ {
		d.heads[i>>6] |= 1 << (i & 63)
	}
}

// anyBreak in a keyword is whatever may stand between two words of a text that
// was wrapped, quoted and punctuated anew.
const anyBreak = "\x01"

// maxBreak is how many characters such a break can have.
const maxBreak = 16

// breakAt is the end of the characters at p that are neither letters nor numbers.
func (t *text) breakAt(p int64) (int64, bool) {
	q := p
	for range maxBreak {
		r, n := t.after(q)
		if n == 0 || q >= t.end() || isAlnum(r) {
			break
		}
		q += n
	}
	r, _ := t.after(q)
	return q, q > p && isAlnum(r)
}
