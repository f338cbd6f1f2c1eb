package detect

import (
	"math/bits"

	"github.com/postern-mail/postern/classify/anchor"
)

// hasDigits reports whether there are digits in [from,to), as far as they are marked.
func (t *text) hasDigits(from, to int64) bool {
	for block := int(from-t.base) / anchor.BlockBytes; block < len(t.marks); block++ {
		at := t.base + int64(block*anchor.BlockBytes)
		if at >= to {
			break
		}
		if digits := t.marks[block].Digits; digits != 0 && between(digits, from-at, to-at) != 0 {
			return true
		}
	}
	return false
}

// hasSix reports whether six digits in one run, or three pairs of them, begin in
// [from,to), as far as they are marked.
func (t *text) hasSix(from, to int64) bool {
	for block := int(from-t.base) / anchor.BlockBytes; block < len(t.marks); block++ {
		at := t.base + int64(block*anchor.BlockBytes)
		if at >= to {
			break
		}
		pairs, six := t.sixIn(block)
		if found := pairs | six; found != 0 && between(found, from-at, to-at) != 0 {
			return true
		}
	}
	return false
}

// hasPairs reports whether three pairs of digits with hyphens between them begin in
// [from,to), as far as they are marked.
func (t *text) hasPairs(from, to int64) bool {
	for block := int(from-t.base) / anchor.BlockBytes; block < len(t.marks); block++ {
		at := t.base + int64(block*anchor.BlockBytes)
		if at >= to {
			break
		}
		pairs, _ := t.sixIn(block)
		for pairs = between(pairs, from-at, to-at); pairs != 0; pairs &= pairs - 1 {
			s := t.buf[block*anchor.BlockBytes+bits.TrailingZeros64(pairs):]
			if s[2] == '-' && s[5] == '-' {
				return true
			}
		}
	}
	return false
}

// sixIn marks where in a block three joined pairs of digits begin, and six digits.
func (t *text) sixIn(block int) (pairs, six uint64) {
	m := &t.marks[block]
	if m.Digits == 0 {
		return 0, 0
	}
	var next anchor.Digits
	if block+1 < len(t.marks) {
		next = t.marks[block+1]
	}
	two, more := m.Digits&(m.Digits>>1|next.Digits<<63), next.Digits&(next.Digits>>1)
	six = two & (two>>2 | more<<62) & (two>>4 | more<<60)
	if pairs = two & (two>>3 | more<<61) & (two>>6 | more<<58); pairs != 0 {
		pairs &= (m.Joints>>2 | next.Joints<<62) & (m.Joints>>5 | next.Joints<<59)
	}
	return pairs, six
}

// between leaves of marks those from one bit to another, either of which may lie outside.
func between(marks uint64, from, to int64) uint64 {
	marks &= ^uint64(0) << max(from, 0)
	if to < anchor.BlockBytes {
		marks &= 1<<max(to, 0) - 1
	}
	return marks
}
