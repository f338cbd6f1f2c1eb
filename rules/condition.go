package rules

import "math/bits"

// expr is a compiled condition: a tree over tests. Tests of the whole mail are
// either true or false; tests of recipients hold for a set of them.
type expr struct {
	op   op
	kids []expr
	test int  // number of the test, for the two leaves
	mail bool // no test of recipients below: true or false for the whole mail
}

type op uint8

const (
	opAll op = iota // of no kids: true
	opAny
	opNone
	opMail
	opRecipient
)

// set is a set of recipients by their number, as bits.
type set []uint64

func words(n int) int { return (n + 63) / 64 }

func (s set) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s set) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

func (s set) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s set) and(other set) {
	for i := range s {
		s[i] &= other[i]
	}
}

func (s set) or(other set) {
	for i := range s {
		s[i] |= other[i]
	}
}

func (s set) without(other set) {
	for i := range s {
		s[i] &^= other[i]
	}
}

// each calls f with every member in order.
func (s set) each(f func(i int)) {
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			f(w*64 + bits.TrailingZeros64(word))
		}
	}
}

// all joins conditions that must all hold; one alone stays itself.
func all(kids ...expr) expr {
	if len(kids) == 1 {
		return kids[0]
	}
	return join(opAll, kids)
}

func join(op op, kids []expr) expr {
	e := expr{op: op, kids: kids, mail: true}
	for _, k := range kids {
		e.mail = e.mail && k.mail
	}
	return e
}

// cheap is 1 for a condition on the whole mail.
func (e *expr) cheap() int {
	if e.mail {
		return 1
	}
	return 0
}

// depth counts the sets that evaluating e needs at once.
func (e *expr) depth() int {
	d := 0
	for i := range e.kids {
		d = max(d, e.kids[i].depth())
	}
	return d + 1
}

// holds answers a condition on the whole mail.
func (e *expr) holds(m *mail) bool {
	switch e.op {
	case opMail:
		return m.test(e.test)
	case opAll:
		for i := range e.kids {
			if !e.kids[i].holds(m) {
				return false
			}
		}
		return true
	case opAny, opNone:
		for i := range e.kids {
			if e.kids[i].holds(m) {
				return e.op == opAny
			}
		}
		return e.op == opNone
	}
	panic("internal error: a test of recipients in a condition on the mail")
}

// hopeless reports whether what the mail holds already rules the condition out,
// for any recipient. It looks at no recipients.
func (e *expr) hopeless(m *mail) bool {
	switch {
	case e.mail:
		return !e.holds(m)
	case e.op == opAll:
		for i := range e.kids {
			if e.kids[i].hopeless(m) {
				return true
			}
		}
	case e.op == opAny:
		for i := range e.kids {
			if !e.kids[i].hopeless(m) {
				return false
			}
		}
		return true
	}
	return false
}

// keep leaves in s the recipients for which the condition holds. level numbers
// the scratch sets in use.
func (e *expr) keep(m *mail, s set, level int) {
	if e.mail {
		if !e.holds(m) {
			clear(s)
		}
		return
	}
	switch e.op {
	case opRecipient:
		s.and(m.class(e.test))
	case opAll:
		for i := range e.kids {
			if e.kids[i].keep(m, s, level); s.empty() {
				return
			}
		}
	case opAny, opNone:
		e.keepAny(m, s, level)
	}
}

func (e *expr) keepAny(m *mail, s set, level int) {
	for i := range e.kids {
		if e.kids[i].mail && e.kids[i].holds(m) {
			if e.op == opNone {
				clear(s)
			}
			return
		}
	}
	found, one := m.scratch(2*level), m.scratch(2*level+1)
	clear(found)
	for i := range e.kids {
		if e.kids[i].hopeless(m) {
			continue
		}
		copy(one, s)
		e.kids[i].keep(m, one, level+1)
		found.or(one)
	}
	if e.op == opNone {
		s.without(found)
	} else {
		s.and(found)
	}
}
