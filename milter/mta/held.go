package mta

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/rules"
)

// Queue is where an MTA keeps the mail that it holds.
type Queue interface {
	// Held yields each mail on hold, in no order. An error is of one mail or of
	// all; after one, others may follow.
	Held(ctx context.Context) iter.Seq2[Held, error]
	// Look returns the mail with that queue id; ErrNotHeld if it is not on hold.
	Look(ctx context.Context, id string) (Held, error)
	// Lifetime is how long the MTA tries a mail, from its arrival on.
	Lifetime(ctx context.Context) (time.Duration, error)
	// Release lets a mail go by the way that it has, and has it tried soon.
	Release(ctx context.Context, id string) error
	// Drop deletes a mail.
	Drop(ctx context.Context, id string) error
}

// ErrNotHeld says that a mail is not, or no longer, on hold.
var ErrNotHeld = errors.New("it is not on hold")

// maxRecipients is how many recipients of a mail are kept; more are counted.
const maxRecipients = 100

// Held is a mail on hold, as the MTA's queue tells. All but Arrived and Bytes may
// hold whatever a sender chose: print it by Cut.
type Held struct {
	ID         string
	Ref        string // the reference that it bears; others than postern may write one
	Reason     string // why, where the MTA keeps that
	Arrived    time.Time
	Bytes      int64
	Sender     string
	Recipients []string
	More       int    // recipients beyond those
	Route      string // what its X-Postern-Route asks for
	Way        string // where the MTA was told to send it: Postfix's FILTER
	// OnSendmail says whose queue it is: there the access map forces TLS for partners,
	// and only recipients of a gateway have marks.
	OnSendmail bool
}

func (h *Held) addRecipient(address string) {
	if len(h.Recipients) >= maxRecipients {
		h.More++
		return
	}
	h.Recipients = append(h.Recipients, address)
}

// marker is the domain of recipients with a route of their own.
const marker = ".postern.invalid"

// Unmarked are the recipients by their real addresses.
func (h *Held) Unmarked() []string {
	all := make([]string, len(h.Recipients))
	for i, address := range h.Recipients {
		all[i] = address
		if rest, ok := strings.CutSuffix(strings.ToLower(address), marker); ok {
			if dot := strings.LastIndexByte(rest, '.'); dot > strings.LastIndexByte(rest, '@') {
				all[i] = address[:dot]
			}
		}
	}
	return all
}

// Routed returns the route of the mail, or the recipients' own.
func (h *Held) Routed() string {
	if h.Route != "" {
		return h.Route
	}
	if slices.ContainsFunc(h.Recipients, func(a string) bool { return strings.HasSuffix(strings.ToLower(a), marker) }) {
		return "per-recipient"
	}
	return string(rules.Direct)
}

var (
	refForm = regexp.MustCompile(`\bP-[0-9A-HJKMNP-TV-Z]{10}\b`)
	// ourReason is how the reason begins that postern gives to the MTA.
	ourReason = regexp.MustCompile(`^postern P-[0-9A-HJKMNP-TV-Z]{10}\b`)
	// queueID is an id of Postfix, short or long, or of Sendmail. "ALL", which
	// postsuper takes for every mail, is too short.
	queueID = regexp.MustCompile(`^[0-9A-Za-z]{5,40}$`)
	readRef = strings.NewReplacer("O", "0", "I", "1", "L", "1", " ", "")
)

// ParseRef reads a reference as people write it down: in small letters, with an O
// for a zero. It is empty if s is none.
func ParseRef(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if rest, ok := strings.CutPrefix(s, "P-"); ok {
		s = "P-" + readRef.Replace(rest)
	}
	if refForm.FindString(s) != s {
		return ""
	}
	return s
}

// IsQueueID reports whether s has the form of a queue id.
func IsQueueID(s string) bool { return queueID.MatchString(s) }

// By says who holds a mail.
type By string

// Who may hold a mail.
const (
	ByPostern  By = "postern"
	ByOther    By = "other"      // another milter, a table, a person
	Unrecorded By = "unrecorded" // it bears a reference, and no record is known
)

// Explained is a held mail with the record of the decision.
type Explained struct {
	Held
	By     By
	Record *audit.Record // of this very mail; nil if none is known
	Forged string        // the queue id that the record of its reference names, if that is another mail
}

// sameTime is how far the times of a mail may lie apart in the queue and in its
// record; short queue ids are given again, but not so soon.
const sameTime = 24 * time.Hour

// Explain joins a mail with a record that bears its reference or its queue id. A
// reference alone proves nothing: whoever sent the mail may have written it, so
// the record must name the same mail.
func Explain(h Held, record *audit.Record) Explained {
	e := Explained{Held: h, By: ByOther}
	if h.Ref != "" {
		e.By = Unrecorded
	}
	switch {
	case record == nil:
	case record.QueueID == h.ID && (record.Ref == h.Ref || record.Time.Sub(h.Arrived).Abs() < sameTime):
		e.Record, e.By = record, ByOther
		stuck := h.Route != "" && h.Way == ""
		if record.Mode == "enforce" && (record.Action == rules.Hold.String() || stuck) {
			e.By = ByPostern
		}
	case record.Ref == h.Ref:
		e.By, e.Forged = ByOther, record.QueueID
	}
	return e
}

// Danger says why the mail must not be released as it lies there: it would leave
// without a route that the decision gave it. Empty is no danger.
func (e *Explained) Danger() string {
	if e.Route != "" && e.Way == "" {
		return fmt.Sprintf("no line of milter_header_checks took its route %s: it would leave in clear", Cut(e.Route, 60))
	}
	if e.Record == nil {
		return ""
	}
	edits := e.Record.Edits
	wrote := slices.ContainsFunc(edits, func(x audit.Edit) bool {
		return x.Op == string(rules.AddHeader) && x.Name == "X-Postern-Route"
	})
	if wrote && e.Way == "" {
		return "its header X-Postern-Route is gone, and with it its route: it would leave in clear"
	}
	if slices.ContainsFunc(edits, func(x audit.Edit) bool { return x.Op == string(rules.AddRecipient) }) {
		return e.unmarkedRecipient()
	}
	return ""
}

// unmarkedRecipient finds a recipient with a route of its own that stands in the
// queue by its plain address.
func (e *Explained) unmarkedRecipient() string {
	plain := map[string]bool{}
	for i, o := range e.Record.Recipients {
		route := rules.Route(o.Route)
		if route == rules.Direct || e.OnSendmail && (route == rules.TLSForced || route == rules.TLSVerified) {
			continue
		}
		plain[fold(o.Address)] = true
		if i < len(e.Record.Envelope.Recipients) {
			plain[fold(e.Record.Envelope.Recipients[i].Canonical)] = true
		}
	}
	for _, address := range e.Recipients {
		if plain[fold(address)] {
			return fmt.Sprintf("recipient %s has lost the mark of its route: it would leave in clear", Cut(address, 100))
		}
	}
	return ""
}

func fold(address string) string { return strings.ToLower(strings.Trim(address, "<> ")) }

// Cut makes text of unknown origin safe to print, and no longer than limit bytes:
// what moves a cursor or hides is escaped.
func Cut(s string, limit int) string {
	var b strings.Builder
	for i, r := range s {
		var piece string
		switch {
		case r == utf8.RuneError:
			piece = "?"
		case unicode.IsPrint(r):
			piece = string(r)
		default:
			piece = fmt.Sprintf(`\u%04x`, r)
		}
		if b.Len()+len(piece) > limit && i > 0 {
			return b.String() + "..."
		}
		b.WriteString(piece)
	}
	return b.String()
}
