package milter

import (
	"strings"

	"github.com/emersion/go-milter"
)

// macroLists is what postern asks of an MTA that lets it choose. By default
// neither Postfix nor Sendmail tells all of it.
var macroLists = map[milter.Stage][]string{
	milter.StageConnect:  {"j", "v", "{daemon_name}", "{client_addr}"},
	milter.StageHelo:     {"{tls_version}", "{cipher}", "{cipher_bits}"},
	milter.StageMailFrom: {"i", "{auth_type}", "{auth_authen}", "{mail_addr}", "{tls_version}", "{cipher}", "{cipher_bits}"},
	milter.StageRcptTo:   {"i", "{rcpt_addr}", "{rcpt_host}", "{rcpt_mailer}"},
	milter.StageData:     {"i"},
	milter.StageEOH:      {"i"},
	milter.StageEOM:      {"i"},
}

// macroTable holds the macros of a connection and those of its current mail.
// Names are without braces.
type macroTable struct {
	conn  map[string]string // CONNECT and HELO, and the login, which outlives a mail
	mail  map[string]string
	rcpt  map[string]string // of the RCPT that comes next
	fresh bool              // mail holds those of a MAIL yet to come
}

// take merges one macro packet in.
func (t *macroTable) take(stage byte, pairs []byte) {
	into := &t.mail
	switch stage {
	case cmdConnect, cmdHelo:
		into = &t.conn
	case cmdMail:
		// Sendmail sends no ABORT after an accepted mail: this is where the
		// queue id of the mail before must go.
		clear(t.mail)
		t.fresh = true
	case cmdRcpt:
		clear(t.rcpt)
	}
	for len(pairs) > 0 {
		var name, value string
		name, pairs = cut(pairs)
		value, pairs = cut(pairs)
		name = strings.TrimSuffix(strings.TrimPrefix(name, "{"), "}")
		switch {
		case name == "":
		case strings.HasPrefix(name, "auth_"):
			set(&t.conn, name, value)
		case strings.HasPrefix(name, "rcpt_"):
			set(&t.rcpt, name, value)
		default:
			set(into, name, value)
		}
	}
}

// begin starts a mail: what belonged to the mail before is gone.
func (t *macroTable) begin() {
	if !t.fresh {
		clear(t.mail)
	}
	t.fresh = false
	clear(t.rcpt)
}

// reset ends a mail.
func (t *macroTable) reset() {
	clear(t.mail)
	clear(t.rcpt)
	t.fresh = false
}

// get looks a macro up, that of the mail first.
func (t *macroTable) get(name string) string {
	if v, ok := t.mail[name]; ok {
		return v
	}
	return t.conn[name]
}

// maxMacros bounds a table; an MTA sends a dozen.
const maxMacros = 200

func set(m *map[string]string, name, value string) {
	if *m == nil {
		*m = make(map[string]string)
	}
	if _, ok := (*m)[name]; ok || len(*m) < maxMacros {
		(*m)[name] = value
	}
}
