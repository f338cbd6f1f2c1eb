package main

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// mail is one mail of the demo and what should become of it.
type mail struct {
	title   string
	to      string
	subject string
	body    string // from the first header field of MIME on
	audited bool   // its audit line is shown

	code int    // of the reply
	says string // in the reply, if it is a refusal
	fate fate
}

// fate is where a mail lands.
type fate struct {
	place string // a host, "hold queue", "returned to sender", "nowhere"
	hop   string // "TLS 1.3", "clear", or "" where there was no hop
}

const (
	onHold   = "hold queue"
	returned = "returned to sender"
	nowhere  = "nowhere"
)

// outcome is what became of a mail.
type outcome struct {
	reply lab.Reply
	fate
}

func mails() []mail {
	return []mail{
		{
			title: "a clean mail to anybody", to: "sam@elsewhere.example", subject: "Lunch on Friday",
			body: plain("Shall we meet at one?"),
			code: 250, fate: fate{"mx.elsewhere.example", "clear"},
		},
		{
			title: "an SSN to outside", to: "sam@elsewhere.example", subject: "Your form",
			body: plain("The Social Security number on file is 536-90-4399."),
			code: 550, says: "[encrypt]", fate: fate{nowhere, ""},
		},
		{
			title: "an SSN with [encrypt] in the subject", to: "sam@elsewhere.example", subject: "[encrypt] Your form",
			body: plain("The Social Security number on file is 536-90-4399."),
			code: 250, fate: fate{"gateway.agency.example", "TLS 1.3"},
		},
		{
			title: "a card number to a colleague", to: "bob@agency.example", subject: "Travel",
			body: plain("Please book with my card 4111 1111 1111 1111, expires 12/29."),
			code: 550, says: "card numbers", fate: fate{nowhere, ""},
		},
		{
			title: "a NINO in an attachment to a partner", to: "pat@partner.example", subject: "The list",
			body: attached("text/csv", "list.csv", []byte("name,national insurance number\nDoe,JG103759A\n")), audited: true,
			code: 250, fate: fate{"mx.partner.example", "TLS 1.3"},
		},
		{
			title: "the same to a partner who lost TLS", to: "pat@oldpartner.example", subject: "The list",
			body: attached("text/csv", "list.csv", []byte("name,national insurance number\nDoe,JG103759A\n")),
			code: 250, fate: fate{returned, ""},
		},
		{
			title: "an encrypted archive to outside", to: "sam@elsewhere.example", subject: "Some papers",
			body: attached("application/zip", "papers.zip", lockedArchive()),
			code: 250, fate: fate{onHold, ""},
		},
	}
}

func plain(text string) string { return "\n" + text + "\n" }

func attached(mediaType, name string, content []byte) string {
	encoded := base64.StdEncoding.EncodeToString(content)
	var lines strings.Builder
	for len(encoded) > 76 {
		lines.WriteString(encoded[:76] + "\n")
		encoded = encoded[76:]
	}
	lines.WriteString(encoded + "\n")
	return "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"=demo\"\n\n" +
		"--=demo\nContent-Type: text/plain\n\nSee the attachment.\n\n" +
		"--=demo\nContent-Type: " + mediaType + "; name=\"" + name + "\"\n" +
		"Content-Disposition: attachment; filename=\"" + name + "\"\n" +
		"Content-Transfer-Encoding: base64\n\n" + lines.String() + "--=demo--\n"
}

// lockedArchive is a zip with one member that says it is encrypted.
func lockedArchive() []byte {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	secret := []byte("twelve bytes, then what was encrypted")
	w, err := archive.CreateRaw(&zip.FileHeader{
		Name: "papers.txt", Flags: 0x1, Method: zip.Store,
		CompressedSize64: uint64(len(secret)), UncompressedSize64: uint64(len(secret) - 12),
	})
	if err == nil {
		_, err = w.Write(secret)
	}
	if err = errors.Join(err, archive.Close()); err != nil {
		panic(fmt.Sprintf("internal error: %v", err))
	}
	return out.Bytes()
}

// send submits m as Ann does and waits until it has come to rest.
func (s *stage) send(m mail) (outcome, error) {
	token := fmt.Sprintf("<%d@agency.example>", time.Now().UnixNano())
	text := "From: Ann <ann@agency.example>\nTo: " + m.to + "\nSubject: " + m.subject + "\nMessage-ID: " + token + "\n" + m.body
	reply, err := s.postfix.Submit("ann", "ann@agency.example", []string{m.to}, text)
	if err != nil {
		return outcome{}, err
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if f, ok := s.find(token, lab.QueueID(reply)); ok {
			return outcome{reply, f}, nil
		}
		if reply.Code >= 400 {
			break
		}
	}
	return outcome{reply, fate{place: nowhere}}, nil
}

// find looks where a mail lies: at a mail server, or on hold.
func (s *stage) find(token, id string) (fate, bool) {
	for _, hop := range s.hops {
		d, ok := hop.Find(token)
		switch {
		case !ok:
		case strings.HasPrefix(d.From, "<>"):
			return fate{place: returned}, true
		case d.TLS:
			return fate{hop.Name, d.Proto}, true
		default:
			return fate{hop.Name, "clear"}, true
		}
	}
	queued, _ := s.postfix.Queued()
	for _, q := range queued {
		if q.Queue == "hold" && q.ID == id {
			return fate{place: onHold}, true
		}
	}
	return fate{}, false
}

// right reports whether a mail fared as it should.
func (m mail) right(got outcome) bool {
	return got.reply.Code == m.code && got.fate == m.fate && strings.Contains(got.reply.Text(), m.says)
}

var shown = regexp.MustCompile(`(?m)^postern_(messages_total|recipients_total|rule_matches_total|findings_total|unread_parts_total|message_seconds_(sum|count))\b.*[^0]$`)

// metrics shows the counters that the mails have moved.
func (s *stage) metrics(page *page) error {
	text, err := s.postern.Metrics()
	if err != nil {
		return err
	}
	page.section("From http://" + s.postern.HTTP + "/metrics")
	lines := shown.FindAllString(text, -1)
	if len(lines) == 0 {
		return errors.New("the metrics tell of no mail")
	}
	page.lines(lines)
	return nil
}
