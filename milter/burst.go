package milter

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-milter"

	"github.com/postern-mail/postern/rules"
)

// ours is how the names of postern's own fields begin, in lower case.
const ours = "x-postern-"

// quarantine is the step that holds a mail; there is no rules.Op for it, for it
// is an Action.
const quarantine rules.Op = "quarantine"

// burst is a decision in the words of the protocol: modifications, then a reply.
type burst struct {
	steps []step
	reply milter.Response
}

// step is one modification. Index counts the fields of a name from 1.
type step struct {
	op          rules.Op
	index       int
	name, value string
	body        io.Reader // of ReplaceBody
}

// plan turns a decision into a burst without sending anything. A fault says that
// the decision cannot be carried out in full; then nothing of it is.
func (s *Session) plan(v *rules.Verdict) (burst, fault) {
	d := v.Decision
	b := burst{reply: milter.RespAccept}
	env := &s.tx.env
	switch {
	case !s.server.Enforce:
		return b, ""
	case d.Action == rules.Reject || d.Action == rules.TempFail:
		b.reply = refusal(d.Action, d.Reply, env)
		return b, ""
	}
	if s.tx.fields.overflow {
		return b, faultTooManyFields
	}
	if s.isOtherMTA(d) {
		return b, faultWrongMTA
	}
	s.removeForged(&b)
	for _, e := range d.Edits {
		if bad := s.planEdit(&b, e, v.Body); bad != "" {
			return b, bad
		}
	}
	if d.Action == rules.Hold {
		b.steps = append(b.steps, step{op: quarantine, value: holdReason(d, env.Ref)})
	}
	for _, st := range b.steps {
		if s.offered&means[st.op] == 0 {
			return b, faultNotOffered
		}
	}
	return b, ""
}

// means is what the MTA must have offered for a step.
var means = map[rules.Op]milter.OptAction{
	rules.AddHeader:       milter.OptAddHeader,
	rules.ChangeHeader:    milter.OptChangeHeader,
	rules.RemoveHeader:    milter.OptChangeHeader,
	rules.AddRecipient:    milter.OptAddRcpt,
	rules.RemoveRecipient: milter.OptRemoveRcpt,
	rules.ReplaceBody:     milter.OptChangeBody,
	quarantine:            milter.OptQuarantine,
}

// removeForged removes what a client sent under our names.
func (s *Session) removeForged(b *burst) {
	for _, name := range s.tx.fields.names {
		if strings.HasPrefix(name, ours) {
			s.removeField(b, name)
		}
	}
}

// removeField removes every field of a name, from the last to the first, so that
// the numbers of those that remain do not change.
func (s *Session) removeField(b *burst, name string) {
	for i := s.tx.fields.count(name); i > 0; i-- {
		b.steps = append(b.steps, step{op: rules.RemoveHeader, index: i, name: name})
	}
}

func (s *Session) planEdit(b *burst, e rules.Edit, body io.Reader) fault {
	switch e.Op {
	case rules.AddHeader, rules.ChangeHeader, rules.RemoveHeader:
		return s.planField(b, e)
	case rules.AddRecipient:
		if !safeAddress(e.Value) {
			return faultUnsafeEdit
		}
		b.steps = append(b.steps, step{op: e.Op, value: e.Value})
		return ""
	case rules.RemoveRecipient:
		return s.planRemoval(b, e.Value)
	case rules.ReplaceBody:
		if body != nil {
			b.steps = append(b.steps, step{op: e.Op, body: body})
			return ""
		}
	}
	return faultUnsafeEdit
}

func (s *Session) planField(b *burst, e rules.Edit) fault {
	if !safeFieldName(e.Name) {
		return faultUnsafeEdit
	}
	name := strings.ToLower(e.Name)
	isOurs := strings.HasPrefix(name, ours)
	switch {
	case e.Op == rules.RemoveHeader:
		if !isOurs { // or else it is gone already
			s.removeField(b, name)
		}
		return ""
	case isOurs && s.onSendmail():
		// Sendmail can neither strip a field on the way out nor route by one.
		// The reference travels in the reason for the quarantine; anything
		// else would promise a route and not give it.
		if name == ours+"ref" {
			return ""
		}
		return faultNotOffered
	}
	value := fieldValue(e.Value, s.tx.env.SMTPUTF8)
	if name == "subject" {
		value = folded(plain(e.Value, s.tx.env.SMTPUTF8))
	}
	if value == "" {
		return faultUnsafeEdit // it would delete the field
	}
	if s.agreed&milter.OptHeaderLeadingSpace != 0 {
		value = " " + value
	}
	b.steps = append(b.steps, step{op: e.Op, index: 1, name: e.Name, value: value})
	return ""
}

// planRemoval removes a recipient in every spelling that the MTA may know it by.
// Postfix finds "a%b@c" only by the client's form, a source route only by the
// canonical one; a recipient that stays behind gets the mail by both ways.
func (s *Session) planRemoval(b *burst, address string) fault {
	spellings := []string{address}
	for _, r := range s.tx.env.Recipients {
		if strings.EqualFold(r.Address, address) || strings.EqualFold(r.Canonical, address) {
			spellings = append(spellings, r.Address, r.Canonical)
		}
	}
	removed := false
	for _, a := range spellings {
		if !safeAddress(a) {
			continue
		}
		removed = true
		st := step{op: rules.RemoveRecipient, value: a}
		if !slices.Contains(b.steps, st) {
			b.steps = append(b.steps, st)
		}
	}
	if !removed {
		return faultUnsafeEdit
	}
	return ""
}

// isOtherMTA reports whether routes were worked out for the other MTA: what makes
// them true on the one may leave the mail in clear on the other.
func (s *Session) isOtherMTA(d *rules.Decision) bool {
	routed := slices.ContainsFunc(d.Recipients, func(o rules.Outcome) bool { return o.Route != rules.Direct && o.Route != "" })
	return routed && s.table.get("v") != "" && s.onSendmail() != s.tx.engine.Routes().OnSendmail()
}

// onSendmail tells the two MTAs apart by macro v, which begins with Sendmail's
// version number and with Postfix's name.
func (s *Session) onSendmail() bool {
	v := s.table.get("v")
	return v != "" && '0' <= v[0] && v[0] <= '9'
}

// send writes the modifications. The guard keeps them back until the reply, so
// that the MTA sees all or nothing.
func (s *Session) send(m *milter.Modifier, b burst) error {
	if len(b.steps) == 0 {
		return nil
	}
	s.guard.hold(true)
	defer s.guard.hold(false)
	for _, st := range b.steps {
		var err error
		if st.op == rules.ReplaceBody {
			err = replaceBody(s.guard, st.body)
		} else {
			err = st.send(m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (st step) send(m *milter.Modifier) error {
	switch st.op {
	case rules.AddHeader:
		return m.AddHeader(st.name, st.value)
	case rules.ChangeHeader:
		return m.ChangeHeader(st.index, st.name, st.value)
	case rules.RemoveHeader:
		return m.ChangeHeader(st.index, st.name, "")
	case rules.AddRecipient:
		return m.AddRecipient(st.value)
	case rules.RemoveRecipient:
		return m.DeleteRecipient(st.value)
	case quarantine:
		return m.Quarantine(st.value)
	case rules.ReplaceBody: // goes past the library
	}
	panic("internal error: no modification " + string(st.op))
}

// maxChunk is the longest piece of a body that every MTA takes.
const maxChunk = 65535

// replaceBody sends a new body in pieces, which the MTA puts together.
//
// QUIRK: it writes the packets itself: go-milter makes bare line feeds of all line
// ends, and what an MTA makes of those is its own affair.
func replaceBody(w io.Writer, body io.Reader) error {
	packet := make([]byte, 5+maxChunk)
	packet[4] = 'b'
	for {
		n, err := io.ReadFull(body, packet[5:])
		if n > 0 {
			binary.BigEndian.PutUint32(packet, uint32(1+n))
			if _, err := w.Write(packet[:5+n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// safeFieldName reports whether a name is one of RFC 5322 section 2.2.
func safeFieldName(name string) bool {
	if name == "" || len(name) > 76 {
		return false
	}
	for i := 0; i < len(name); i++ {
		if name[i] < 33 || name[i] > 126 || name[i] == ':' {
			return false
		}
	}
	return true
}

// fieldValue makes a value one line: a NUL would upset the protocol and a line
// end would begin a line of the client's choosing.
func fieldValue(value string, utf8OK bool) string {
	value = plain(value, utf8OK)
	return strings.TrimSpace(shorten(value, 900))
}

// folded breaks a long value at its blanks (RFC 5322, section 2.1.1).
func folded(value string) string {
	var b strings.Builder
	width := len("Subject: ")
	for i, word := range strings.Split(value, " ") {
		switch {
		case i == 0:
		case width+1+len(word) > 78 && word != "":
			b.WriteString("\n ")
			width = 0
		default:
			b.WriteByte(' ')
		}
		b.WriteString(word)
		width += 1 + len(word)
	}
	return b.String()
}

// safeAddress reports whether an address can stand between "<" and ">". Postfix
// joins what a blank parts: "ext ra@d" would become extra@d.
func safeAddress(address string) bool {
	if address == "" || len(address) > 500 || !utf8.ValidString(address) {
		return false
	}
	return !strings.ContainsFunc(address, func(r rune) bool {
		return r == '<' || r == '>' || unicode.IsSpace(r) || unicode.IsControl(r)
	})
}
