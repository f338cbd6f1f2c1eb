package load

import (
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-milter"
)

// session is one connection of the MTA that Run plays.
type session struct {
	*milter.ClientSession
	o    *Options
	sent int
}

// open connects, negotiates and presents the SMTP client.
func (r *runner) open() (*session, error) {
	client, err := r.client.Session()
	if err != nil {
		return nil, err
	}
	s := &session{ClientSession: client, o: &r.Options}
	steps := []func() (*milter.Action, error){
		func() (*milter.Action, error) {
			if err := s.Macros(milter.CodeConn, "j", "mail.agency.example", "{daemon_name}", s.o.Daemon, "v", "Postfix 3.7.11", "{client_addr}", s.o.Client); err != nil {
				return nil, err
			}
			return s.Conn("client.example", milter.FamilyInet, 4711, s.o.Client)
		},
		func() (*milter.Action, error) { return s.Helo("client.example") },
	}
	for _, step := range steps {
		if _, err := step(); err != nil {
			s.drop()
			return nil, err
		}
	}
	return s, nil
}

func (s *session) close() {
	if s != nil {
		_ = s.Close() // all verdicts are in
	}
}

// drop ends a connection that has failed.
func (s *session) drop() { _ = s.Close() }

// mail sends one mail, which was due when it begins, and counts what becomes of it.
func (s *session) mail(m *Mail, began time.Time, result *Result) error {
	early, err := s.envelopeAndContent(m)
	if err != nil {
		return err
	}
	ended := time.Now()
	action, edited, held := early, false, false
	if action == nil {
		var edits []milter.ModifyAction
		if edits, action, err = s.End(); err != nil {
			return err
		}
		for i := range edits {
			held = held || edits[i].Code == milter.ActQuarantine
			edited = edited || edits[i].Code != milter.ActQuarantine
		}
	}
	now := time.Now()
	if err := s.Abort(); err != nil { // as Postfix does after every mail
		return err
	}
	result.Message.Add(now.Sub(began))
	result.Verdict.Add(now.Sub(ended))
	result.Mails++
	result.Bytes += m.Bytes()
	result.Verdicts[verdict(action, held)]++
	if edited {
		result.Edited++
	}
	return nil
}

// envelopeAndContent sends all but the end of a mail. An action other than nil
// is the verdict, which came early.
func (s *session) envelopeAndContent(m *Mail) (*milter.Action, error) {
	if s.o.User != "" {
		if err := s.Macros(milter.CodeMail, "{auth_type}", "PLAIN", "{auth_authen}", s.o.User); err != nil {
			return nil, err
		}
	}
	if action, err := final(s.Mail(s.o.From, []string{fmt.Sprintf("SIZE=%d", m.Bytes())})); action != nil || err != nil {
		return action, err
	}
	for _, to := range s.o.To {
		_, host, _ := strings.Cut(to, "@")
		if err := s.Macros(milter.CodeRcpt, "{rcpt_addr}", to, "{rcpt_host}", host, "{rcpt_mailer}", "smtp"); err != nil {
			return nil, err
		}
		if action, err := final(s.Rcpt(to, nil)); action != nil || err != nil {
			return action, err
		}
	}
	for _, f := range m.Fields {
		if err := s.Macros(milter.CodeHeader, "i", queueID); err != nil {
			return nil, err
		}
		value := f.Value
		if s.ProtocolOption(milter.OptHeaderLeadingSpace) {
			value = " " + value
		}
		if action, err := final(s.HeaderField(f.Name, value)); action != nil || err != nil {
			return action, err
		}
	}
	if err := s.Macros(milter.CodeEOH, "i", queueID); err != nil {
		return nil, err
	}
	if action, err := final(s.HeaderEnd()); action != nil || err != nil {
		return action, err
	}
	return s.body(m.Body)
}

const queueID = "4QxYz1234z9Wz"

func (s *session) body(body []byte) (*milter.Action, error) {
	for len(body) > 0 {
		n := min(len(body), milter.MaxBodyChunk)
		action, err := s.BodyChunk(body[:n])
		if err == nil && action.Code == milter.ActSkip {
			return nil, nil
		}
		if action, err = final(action, err); action != nil || err != nil {
			return action, err
		}
		body = body[n:]
	}
	return nil, s.Macros(milter.CodeEOB, "i", queueID)
}

// final is the action, unless it is to go on.
func final(action *milter.Action, err error) (*milter.Action, error) {
	if err != nil || action.Code == milter.ActContinue {
		return nil, err
	}
	return action, nil
}

// verdict names what becomes of a mail, with the code and class of a reply.
func verdict(a *milter.Action, held bool) string {
	switch a.Code {
	case milter.ActAccept, milter.ActContinue:
		if held {
			return "hold"
		}
		return "accept"
	case milter.ActReject:
		return "reject"
	case milter.ActTempFail:
		return "tempfail"
	case milter.ActDiscard:
		return "discard"
	case milter.ActReplyCode:
		name := "reject"
		if a.SMTPCode < 500 {
			name = "tempfail"
		}
		enhanced, _, _ := strings.Cut(a.SMTPText, " ")
		if strings.Count(enhanced, ".") != 2 {
			enhanced = ""
		}
		return strings.TrimSpace(fmt.Sprintf("%s %d %s", name, a.SMTPCode, enhanced))
	case milter.ActSkip: // is none at the end of a mail
	}
	return fmt.Sprintf("action %q", byte(a.Code))
}
