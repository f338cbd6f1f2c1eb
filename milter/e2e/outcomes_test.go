//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

var reference = regexp.MustCompile(`P-[0-9A-HJKMNP-TV-Z]{10}`)

func TestOutcomes(t *testing.T) {
	w := newWorld(t, options{})

	t.Run("a mail that no rule minds is delivered as it was sent", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("clean", "none")+"Zeile mit Ünïcode\n.dot\n", "pat@plain.example")
		got := w.arrives(w.plain, "clean")
		if want := "Nothing of interest.\r\nZeile mit Ünïcode\r\n.dot\r\n"; got.Body() != want {
			t.Errorf("body is %q, want %q", got.Body(), want)
		}
	})
	t.Run("a refused mail is answered with the rule's text", func(t *testing.T) {
		w := w.in(t)
		reply := w.submit(550, mail("refused", "refuse"), "pat@plain.example")
		if len(reply.Lines) > 3 || !strings.HasPrefix(reply.Lines[0], "5.7.1 ") ||
			!reference.MatchString(reply.Lines[0]) || !strings.Contains(reply.Text(), "must not be sent at all") {
			t.Errorf("reply is %q", reply.Lines)
		}
		w.nowhere("refused")
		if queued, _ := w.postfix.Queued(); len(queued) > 0 {
			t.Errorf("queue holds %v", queued)
		}
	})
	t.Run("a mail with a Social Security number is refused without saying it", func(t *testing.T) {
		w := w.in(t)
		reply := w.submit(550, mail("number", "none")+"SSN: 536-90-4399\n", "pat@plain.example")
		if strings.Contains(reply.Text(), "4399") || strings.Contains(reply.Text(), "536") {
			t.Errorf("reply tells the number: %q", reply.Lines)
		}
		w.nowhere("number")
	})
	t.Run("a deferred mail is answered with 451", func(t *testing.T) {
		w := w.in(t)
		reply := w.submit(451, mail("deferred", "later"), "pat@plain.example")
		if !strings.HasPrefix(reply.Lines[0], "4.7.1 ") || !strings.Contains(reply.Text(), "Not just now") {
			t.Errorf("reply is %q", reply.Lines)
		}
		w.nowhere("deferred")
	})
	t.Run("a held mail waits in the hold queue with its reference until it is released", func(t *testing.T) {
		w := w.in(t)
		id := lab.QueueID(w.submit(250, mail("held", "look-at-it"), "pat@plain.example"))
		text := w.held(id)
		field := regexp.MustCompile(`(?m)^X-Postern-Ref: (P-[0-9A-HJKMNP-TV-Z]{10})$`).FindStringSubmatch(text)
		if field == nil {
			t.Fatalf("held mail has no reference:\n%s", text)
		}
		if !strings.Contains(readFile(t, w.postern.Audit), field[1]) {
			t.Errorf("the audit file does not know %s", field[1])
		}
		w.nowhere("held")
		if err := w.postfix.Release(id); err != nil {
			t.Fatal(err)
		}
		w.arrives(w.plain, "held")
	})
	t.Run("mail of a local program is judged too", func(t *testing.T) {
		w := w.in(t)
		if err := w.postfix.Sendmail(mail("local", "refuse"), "-f", "ann@agency.example", "pat@plain.example"); err != nil {
			t.Fatal(err)
		}
		w.bounced("local")
		w.nowhere("local")
	})
	t.Run("mail by the relay of inside hosts is judged too", func(t *testing.T) {
		w := w.in(t)
		reply, err := w.postfix.Relay("ann@agency.example", []string{"pat@plain.example"}, mail("relayed", "refuse"))
		if err != nil || reply.Code != 550 {
			t.Errorf("reply is %q, %v; want 550", reply, err)
		}
	})
	t.Run("each mail has a line in the audit file with its queue id", func(t *testing.T) {
		w := w.in(t)
		id := lab.QueueID(w.submit(250, mail("audited", "none"), "pat@plain.example"))
		w.arrives(w.plain, "audited")
		found := false
		for line := range strings.Lines(readFile(t, w.postern.Audit)) {
			if !json.Valid([]byte(line)) {
				t.Errorf("no JSON in the audit file: %q", line)
			}
			found = found || strings.Contains(line, `"`+id+`"`)
		}
		if !found {
			t.Errorf("no line with queue id %s", id)
		}
	})
}

func TestClients(t *testing.T) {
	w := newWorld(t, options{main: "smtpd_recipient_restrictions = check_recipient_access inline:{ gone@plain.example=REJECT }\n"})

	dial := func(t *testing.T) *lab.Client {
		t.Helper()
		c, err := lab.Dial(w.postfix.Address + ":587")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if r, err := c.Login("ann"); err != nil || r.Code != 235 {
			t.Fatalf("login: %q %v", r, err)
		}
		return c
	}
	say := func(t *testing.T, c *lab.Client, code int, command string) {
		t.Helper()
		if r, err := c.Say("%s", command); err != nil || r.Code != code {
			t.Fatalf("%s: %q %v, want %d", command, r, err, code)
		}
	}
	send := func(t *testing.T, c *lab.Client, code int, text string, to ...string) {
		t.Helper()
		if r, err := c.Send("ann@agency.example", to, text); err != nil || r.Code != code {
			t.Fatalf("reply is %q %v, want %d", r, err, code)
		}
	}

	t.Run("mails on one connection do not know of each other", func(t *testing.T) {
		w, c := w.in(t), dial(t)
		send(t, c, 550, mail("one", "refuse"), "pat@plain.example")
		send(t, c, 250, mail("two", "none"), "pat@plain.example")
		send(t, c, 550, mail("three", "none")+"SSN: 536-90-4399\n", "pat@plain.example")
		send(t, c, 250, mail("four", "over-tls"), "pat@partner.example")
		send(t, c, 250, mail("five", "none"), "pat@partner.example")
		send(t, c, 451, mail("six", "later"), "pat@plain.example")
		send(t, c, 250, mail("seven", "none"), "pat@plain.example")
		w.arrives(w.plain, "two")
		w.overTLS(w.partner, "four")
		w.arrives(w.partner, "five")
		w.arrives(w.plain, "seven")
		for _, token := range []string{"one", "three", "six"} {
			w.nowhere(token)
		}
	})
	t.Run("a recipient refused in mid-transaction leaves the others judged", func(t *testing.T) {
		w, c := w.in(t), dial(t)
		for _, outcome := range []string{"none", "refuse"} {
			say(t, c, 250, "MAIL FROM:<ann@agency.example>")
			say(t, c, 250, "RCPT TO:<pat@plain.example>")
			say(t, c, 554, "RCPT TO:<gone@plain.example>")
			say(t, c, 250, "RCPT TO:<sam@plain.example>")
			say(t, c, 354, "DATA")
			want := map[string]int{"none": 250, "refuse": 550}[outcome]
			if r, err := c.Text(mail("mid-"+outcome, outcome)); err != nil || r.Code != want {
				t.Errorf("reply is %q %v, want %d", r, err, want)
			}
		}
		if got := w.arrives(w.plain, "mid-none"); len(got.To) != 2 {
			t.Errorf("recipients are %q", got.To)
		}
		w.nowhere("mid-refuse")
	})
	t.Run("RSET forgets the mail that was begun", func(t *testing.T) {
		w, c := w.in(t), dial(t)
		say(t, c, 250, "MAIL FROM:<ann@agency.example>")
		say(t, c, 250, "RCPT TO:<reset@plain.example>")
		say(t, c, 250, "RSET")
		send(t, c, 250, mail("after-reset", "none"), "pat@plain.example")
		if got := w.arrives(w.plain, "after-reset"); len(got.To) != 1 || strings.Contains(got.To[0], "reset") {
			t.Errorf("recipients are %q", got.To)
		}
		if strings.Contains(readFile(t, w.postern.Audit), "reset@plain.example") {
			t.Error("the audit file names a recipient of the mail that was reset")
		}
	})
	t.Run("a second EHLO after STARTTLS leaves mails judged as before", func(t *testing.T) {
		w, c := w.in(t), dial(t) // Login has said EHLO twice
		say(t, c, 250, "EHLO again.example")
		send(t, c, 550, mail("ehlo", "refuse"), "pat@plain.example")
		send(t, c, 250, mail("ehlo-clean", "none"), "pat@plain.example")
		w.arrives(w.plain, "ehlo-clean")
	})
	t.Run("a client that goes away in the body leaves nothing behind", func(t *testing.T) {
		w, c := w.in(t), dial(t)
		say(t, c, 250, "MAIL FROM:<ann@agency.example>")
		say(t, c, 250, "RCPT TO:<pat@plain.example>")
		say(t, c, 354, "DATA")
		if err := c.Raw("Subject: gone\r\n\r\n" + strings.Repeat("half a mail\r\n", 10000)); err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
		w.submit(250, mail("next", "none"), "pat@plain.example")
		w.arrives(w.plain, "next")
		w.nowhere("gone")
	})
	t.Run("a mail of 20 MB passes, and is read to its end", func(t *testing.T) {
		w := w.in(t)
		if _, err := w.postfix.Run("postconf", "-e", "message_size_limit=60000000"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.postfix.Run("postfix", "reload"); err != nil {
			t.Fatal(err)
		}
		long := strings.Repeat(strings.Repeat("lorem ipsum ", 6)+"\n", 280000)
		w.submit(250, mail("long", "none")+long, "pat@plain.example")
		w.arrives(w.plain, "long")
		w.submit(550, mail("long-number", "none")+long+"SSN: 536-90-4399\n", "pat@plain.example")
	})
}

func TestSwaks(t *testing.T) {
	w := newWorld(t, options{})
	swaks := func(t *testing.T, token, outcome string, more ...string) string {
		t.Helper()
		args := append([]string{
			"--server", w.postfix.Address + ":2525", "--from", "ann@agency.example", "--to", "pat@plain.example",
			"--header", "Subject: " + token, "--header", "X-Case: " + outcome, "--timeout", "30s",
		}, more...)
		cmd := exec.Command("swaks", args...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		var refused *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &refused) {
			t.Fatalf("swaks: %v", err)
		}
		return out.String()
	}
	t.Run("swaks sees the acceptance", func(t *testing.T) {
		if out := swaks(t, "swaks-clean", "none"); !strings.Contains(out, "250 2.0.0 Ok: queued as") {
			t.Errorf("swaks says:\n%s", out)
		}
		w.in(t).arrives(w.plain, "swaks-clean")
	})
	t.Run("swaks sees the refusal", func(t *testing.T) {
		if out := swaks(t, "swaks-refused", "refuse"); !regexp.MustCompile(`<\*\* 550[- ]5\.7\.1 .*` + reference.String()).MatchString(out) {
			t.Errorf("swaks says:\n%s", out)
		}
	})
	t.Run("an attachment that swaks encodes is read", func(t *testing.T) {
		name := t.TempDir() + "/list.txt"
		if err := os.WriteFile(name, []byte("Social Security Number: 536-90-4399\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		out := swaks(t, "swaks-attached", "none", "--body", "see attachment", "--attach-type", "text/plain", "--attach", "@"+name)
		if !strings.Contains(out, "550") {
			t.Errorf("swaks says:\n%s", out)
		}
	})
}

func TestObserveModeChangesNothing(t *testing.T) {
	w := newWorld(t, options{observe: true})
	w.submit(250, mail("watched", "refuse", "X-Postern-Route: tls"), "pat@plain.example")
	if got, ok := w.plain.Wait("Subject: watched\r\n", patience); !ok {
		t.Error("the mail did not arrive")
	} else if !strings.Contains(got.Header(), "X-Postern-Route: tls\r\n") || strings.Contains(got.Header(), "X-Postern-Ref") {
		t.Errorf("header is not as it was sent:\n%s", got.Header())
	}
	if audit := readFile(t, w.postern.Audit); !strings.Contains(audit, `"refuse"`) {
		t.Errorf("the audit file does not tell what enforce mode would do:\n%s", audit)
	}
	if err := w.postern.Kill(); err != nil {
		t.Fatal(err)
	}
	w.submit(250, mail("unwatched", "refuse"), "pat@plain.example")
	if _, ok := w.plain.Wait("Subject: unwatched\r\n", patience); !ok {
		t.Error("without postern the mail did not arrive")
	}
}

func TestListeners(t *testing.T) {
	ipv6, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Fatalf("this machine has no IPv6: %v", err)
	}
	_ = ipv6.Close()
	t.Run("Postfix reaches postern by IPv6", func(t *testing.T) {
		w := newWorld(t, options{config: strings.Replace(config, "@LISTEN@", "inet:[::1]:0", 1)})
		w.submit(550, mail("six", "refuse"), "pat@plain.example")
		w.submit(250, mail("six-clean", "none"), "pat@plain.example")
		w.arrives(w.plain, "six-clean")
	})
	t.Run("Postfix reaches postern by a Unix socket in its queue directory", func(t *testing.T) {
		w := newWorld(t, options{noDaemon: true, milter: "unix:postern.sock"})
		socket := w.postfix.Queue + "/postern.sock"
		w.startDaemon(options{config: strings.Replace(config, `"@LISTEN@"`, `"unix:`+socket+`"`+"\n"+`socket_group = "postfix"`, 1)})
		w.submit(550, mail("unix", "refuse"), "pat@plain.example")
		w.submit(250, mail("unix-clean", "none"), "pat@plain.example")
		w.arrives(w.plain, "unix-clean")
	})
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	// The line of a mail may be written a moment after its verdict.
	time.Sleep(100 * time.Millisecond)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
