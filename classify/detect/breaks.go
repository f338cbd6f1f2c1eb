package detect

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
