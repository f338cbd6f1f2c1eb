//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// ran is what a run of postern said, and its exit status.
type ran struct {
	out, talk string
	code      int
}

// run runs postern with the daemon's configuration beside this Postfix.
func (w *world) run(args ...string) ran {
	w.Helper()
	cmd := exec.Command(filepath.Join(os.Getenv(built), "postern"), append(args, "--config", w.postern.ConfigFile())...)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.Fatal(err)
	}
	return ran{out.String(), talk.String(), cmd.ProcessState.ExitCode()}
}

// desk runs postern held, and wants its exit status.
func (w *world) desk(code int, args ...string) ran {
	w.Helper()
	r := w.run(append([]string{"held", "--mta-config", w.postfix.Config}, args...)...)
	if r.code != code {
		w.Fatalf("postern held %s: exit %d, want %d\n%s%s", strings.Join(args, " "), r.code, code, r.out, r.talk)
	}
	return r
}

// heldMail is what a test looks at of `held list --json`.
type heldMail struct {
	Ref     string   `json:"ref"`
	ID      string   `json:"queue_id"`
	By      string   `json:"held_by"`
	To      []string `json:"recipients"`
	Rules   []string `json:"rules"`
	Route   string   `json:"route"`
	Way     string   `json:"way"`
	Danger  string   `json:"danger"`
	Expired bool     `json:"expired"`
	Counts  map[string]struct {
		Total int `json:"total"`
	} `json:"counts"`
}

// listed finds a mail in what `held list --json` prints.
func (w *world) listed(id string) heldMail {
	w.Helper()
	for line := range strings.Lines(w.desk(0, "list", "--json").out) {
		var h heldMail
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			w.Fatal(err)
		}
		if h.ID == id {
			return h
		}
	}
	w.Fatalf("mail %s is not in the list", id)
	return heldMail{}
}

// hold has a mail held and returns it as the list tells of it.
func (w *world) hold(token, outcome string, to ...string) heldMail {
	w.Helper()
	id := lab.QueueID(w.submit(250, mail(token, outcome), to...))
	w.held(id)
	return w.listed(id)
}

// audited counts the lines of the audit file that hold all of these.
func (w *world) audited(all ...string) int {
	w.Helper()
	text, err := os.ReadFile(w.postern.Audit)
	if err != nil {
		w.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		has := true
		for _, one := range all {
			has = has && strings.Contains(line, one)
		}
		if has {
			n++
		}
	}
	return n
}

func TestHeldMailIsLookedAfter(t *testing.T) {
	w := newWorld(t, options{main: "header_checks = regexp:{ { /^Subject: desk-(other|forged)/ HOLD } }\n"})
	t.Run("a released mail arrives once, over its route, unjudged and recorded", func(t *testing.T) {
		w := w.in(t)
		h := w.hold("desk-tls", "look-at-it over-tls", "pat@partner.example")
		if h.By != "postern" || h.Route != "tls" || h.Way != "tlsout:" || h.Danger != "" || len(h.Rules) != 2 || h.Expired {
			t.Errorf("the list says %+v", h)
		}
		shown := w.desk(0, "show", h.Ref).out
		for _, want := range []string{h.ID, "ann@agency.example", "pat@partner.example", "rules over-tls, wait", "held"} {
			if !strings.Contains(shown, want) {
				t.Errorf("show does not say %q:\n%s", want, shown)
			}
		}
		// As it is read out over the telephone.
		w.desk(0, "release", strings.ToLower(h.Ref), "--because", "the officer agreed")
		got := w.overTLS(w.partner, "desk-tls")
		w.rests()
		if n := count(w.partner, "desk-tls"); n != 1 {
			t.Errorf("it arrived %d times", n)
		}
		if !strings.HasPrefix(got.To[0], "<pat@partner.example>") {
			t.Errorf("recipients are %q", got.To)
		}
		if n := w.audited(h.ID, `"kind":"mail"`); n != 1 {
			t.Errorf("it was judged %d times", n)
		}
		if n := w.audited(h.Ref, h.ID, `"kind":"release"`, `"fault":""`, `"because":"the officer agreed"`, `"user":"root"`, `"route":"tls"`); n != 1 {
			t.Errorf("%d records of the release", n)
		}
		w.desk(2, "release", h.Ref)
		w.desk(2, "show", h.ID)
	})
	t.Run("a dropped mail arrives nowhere", func(t *testing.T) {
		w := w.in(t)
		h := w.hold("desk-drop", "look-at-it", "pat@plain.example")
		for _, args := range [][]string{{"drop", h.Ref}, {"drop", "--yes", h.ID}} {
			if r := w.desk(2, args...); !strings.Contains(r.talk, "--yes and the whole reference") {
				t.Errorf("it says %q", r.talk)
			}
		}
		w.held(h.ID)
		w.desk(0, "drop", "--yes", h.Ref)
		w.nowhere("desk-drop")
		if n := w.audited(h.Ref, `"kind":"drop"`); n != 1 {
			t.Errorf("%d records", n)
		}
		w.desk(2, "show", h.ID)
	})
	t.Run("a mail whose route no line took is not released", func(t *testing.T) {
		w := w.in(t)
		h := w.hold("desk-forgotten", "over-nothing", "pat@plain.example")
		if h.By != "postern" || h.Danger == "" || !strings.HasPrefix(h.Ref, "P-") {
			t.Errorf("the list says %+v", h)
		}
		if r := w.desk(2, "release", h.Ref); !strings.Contains(r.talk, "would leave in clear") {
			t.Errorf("it says %q", r.talk)
		}
		w.held(h.ID)
	})
	t.Run("mail that others hold is shown as theirs, and a forged reference deceives nobody", func(t *testing.T) {
		w := w.in(t)
		ours := w.hold("desk-ours", "look-at-it", "pat@plain.example")
		id := lab.QueueID(w.submit(250, mail("desk-other", "none"), "away@plain.example"))
		// By port 25, unread by postern, and held by the admin's own table.
		forged := w.unread(mail("desk-forged", "none", "X-Postern-Ref: "+ours.Ref), "bob@agency.example")
		for _, one := range []string{id, forged} {
			w.held(one)
			if h := w.listed(one); h.By != "other" {
				t.Errorf("the list says %+v", h)
			}
			w.desk(2, "release", one)
		}
		w.desk(0, "release", ours.Ref)
		w.arrives(w.plain, "desk-ours")
		w.held(forged)
	})
	t.Run("nothing is done that cannot be recorded", func(t *testing.T) {
		w := w.in(t)
		h := w.hold("desk-unrecorded", "look-at-it", "pat@plain.example")
		r := w.desk(2, "release", h.ID, "--audit", filepath.Join(t.TempDir(), "none"))
		if !strings.Contains(r.talk, "could not be recorded") {
			t.Errorf("it says %q", r.talk)
		}
		w.held(h.ID)
	})
}

func TestHeldMailKeepsTheWaysOfItsRecipients(t *testing.T) {
	w := newWorld(t, options{perRecipient: true, main: "maximal_queue_lifetime = 0\n"})
	h := w.hold("desk-ways", "look-at-it four-ways", "pat@partner.example", "cy@citizen.example", "bob@agency.example")
	if h.Route != "per-recipient" || strings.Contains(strings.Join(h.To, " "), "postern.invalid") || !h.Expired {
		t.Errorf("the list says %+v", h)
	}
	if r := w.desk(0, "release", h.Ref); !strings.Contains(r.talk, "bounces if its first delivery fails") {
		t.Errorf("it says %q", r.talk)
	}
	w.overTLS(w.partner, "desk-ways")
	w.overTLS(w.gateway, "desk-ways")
	w.arrives(w.store, "desk-ways")
	if n := w.audited(`"kind":"mail"`); n != 1 {
		t.Errorf("%d mails were judged", n)
	}
}

// unread sends by port 25, where nobody asks postern, and returns the queue id.
func (w *world) unread(text, to string) string {
	w.Helper()
	c, err := lab.Dial(w.postfix.Address + ":25")
	if err != nil {
		w.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Hello(); err != nil {
		w.Fatal(err)
	}
	reply, err := c.Send("x@elsewhere.example", []string{to}, text)
	if err != nil || reply.Code != 250 {
		w.Fatalf("reply is %q, %v", reply, err)
	}
	return lab.QueueID(reply)
}

func count(hop *lab.Hop, token string) int {
	n := 0
	for _, got := range hop.Mails() {
		if strings.Contains(got.Header(), "Subject: "+token+"\r\n") {
			n++
		}
	}
	return n
}
