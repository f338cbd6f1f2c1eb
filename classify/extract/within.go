package extract

import (
	"io"
	"strconv"
	"strings"
)

// member is a file found within a part.
type member struct {
	name      string
	declared  string // a Content-Type value; empty if nothing says what it is
	guessed   bool   // perhaps no file: it is no part if its bytes are of no known kind
	announced bool   // a line says that something encoded follows
	inline    bool   // shown with the part, as its text is: it counts as what the part counts as
}

// within opens a file within the leaf: a part of its own, with a path below that
// of the leaf. It is told as a part when the stage is closed. Past the limits of
// parts and depth there is no member, and the leaf states why.
func (l *leaf) within(m member) stage {
	r := l.r
	switch {
	case r.halted():
		return discard{}
	case r.parts >= r.limits.Parts:
		l.problem(TooMany)
		return discard{}
	case l.w.nesting() >= r.limits.Depth:
		l.problem(TooDeep)
		return discard{}
	}
	r.parts++
	w := newWalker(r, l.w.nesting()+1)
	e := &entity{attached: l.e.attached, disposition: "attachment"}
	if m.declared != "" {
		e.types = []*fieldValue{parseValue(m.declared)}
	}
	if m.name != "" {
		e.names = []string{m.name}
	}
	l.found++
	name := m.name
	if name == "" {
		name = strconv.Itoa(l.found)
	}
	name = strings.ToValidUTF8(name[:min(len(name), maxMemberName)], "\ufffd")
	p := w.newPart(e, r.unused(l.part.Path+"!"+strings.ReplaceAll(name, "!", "%21")))
	if m.inline {
		p.Where = l.part.Where
	}
	in := newLeaf(w, e, p)
	in.member, in.guessed, in.declared = true, m.guessed, m.announced
	if m.name != "" {
		in.tell = func() { in.tellName(m.name) }
	}
	return in
}

// encrypted states that the leaf, or something in it, is encrypted. The first
// cipher that is named stays.
func (l *leaf) encrypted(cipher string, weak bool) {
	l.part.Encrypted, l.part.Problem = true, Encrypted
	if l.part.Cipher == "" {
		l.part.Cipher, l.part.Weak = cipher, weak
	}
}

// copyTo pushes a reader's bytes to a stage, at most until reading stops. What
// expanded counts against the limits of the mail, and of the leaf's ratio if the
// reader is an expander.
func (l *leaf) copyTo(out stage, src io.Reader) error {
	buf := make([]byte, 8<<10)
	for !l.r.halted() && !l.over {
		n, err := src.Read(buf)
		out.write(buf[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return errStopped
}

// expander counts what a decompressor makes: the limits of the mail and of the
// ratio hold for every layer of compression.
type expander struct {
	l    *leaf
	src  io.Reader
	made int64
}

// expandFree is how much may be made of nearly nothing.
const expandFree = 1 << 20

// Read implements io.Reader.
func (x *expander) Read(b []byte) (int, error) {
	r := x.l.r
	if r.alive() {
		r.tick()
	}
	if r.halted() || x.l.over || x.l.late {
		return 0, errStopped
	}
	n, err := x.src.Read(b)
	x.made += int64(n)
	n = len(r.allow(b[:n]))
	r.haltIfFull()
	if x.made > expandFree+x.l.taken*int64(r.limits.Ratio) {
		x.l.stop(TooBig)
		return n, errStopped
	}
	return n, err
}
