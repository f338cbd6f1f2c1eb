package extract

import (
	"bytes"
	"strings"
)

// entityBox takes what was signed, or compressed, as S/MIME has it: a MIME entity
// most often, with its own header; any file, where nobody thought of mail. The
// first bytes tell.
type entityBox struct {
	rd   *reading
	head []byte
	next stage
}

// openEntity opens the content of a part that wraps another one.
func (rd *reading) openEntity() stage { return &entityBox{rd: rd} }

func (x *entityBox) write(b []byte) {
	if x.next == nil {
		n := min(len(b), sniffBytes-len(x.head))
		x.head = append(x.head, b[:n]...)
		if b = b[n:]; len(x.head) < sniffBytes {
			return
		}
		x.decide()
	}
	if len(b) > 0 {
		x.next.write(b)
	}
}

func (x *entityBox) decide() {
	l := x.rd.leaf
	switch {
	case !opensEntity(x.head):
		name := l.part.Name
		if n := len(name) - len(".p7m"); n > 0 && strings.EqualFold(name[n:], ".p7m") {
			name = name[:n]
		}
		if strings.EqualFold(name, "smime") {
			name = ""
		}
		x.next = l.within(member{name: name, inline: name == ""})
	case l.w.nesting() >= l.r.limits.Depth:
		l.problem(TooDeep)
		x.next = discard{}
	default:
		inner := newWalker(l.r, l.w.nesting()+1)
		inner.head = newMailHeader(l.r, l.part.Path, l.e.attached)
		x.next = &meter{r: l.r, next: inner}
	}
	x.next.write(x.head)
	x.head = nil
}

// opensEntity reports whether bytes begin with a field of a MIME header, or with
// the blank line that stands for none.
func opensEntity(head []byte) bool {
	line, _, _ := bytes.Cut(head, crlf[1:])
	if line = bytes.TrimRight(line, "\r"); len(line) == 0 {
		return len(head) > 0
	}
	name, ok := fieldName(line)
	return ok && (hasPrefixFold(string(name), "content-") || opensMail(line))
}

func (x *entityBox) close() {
	if x.next == nil {
		if len(x.head) == 0 {
			return
		}
		x.decide()
	}
	x.next.close()
}
