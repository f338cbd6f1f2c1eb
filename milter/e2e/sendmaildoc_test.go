//go:build e2e

package e2e

import (
	"encoding/json"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/postern-mail/postern/contrib/sendmail"
)

// manual runs the commands of docs/sendmail.md on a stock Sendmail, section by
// section.
type manual struct {
	*sendmailWorld
	sections map[string][]string
	port     string
}

var (
	heading = regexp.MustCompile(`(?m)^## (.*)$`)
	command = regexp.MustCompile("(?s)```sh\n(.*?)```")
)

func (m *manual) read() {
	m.Helper()
	text := readFile(m.T, "../../docs/sendmail.md")
	m.sections = map[string][]string{}
	at := heading.FindAllStringSubmatchIndex(text, -1)
	for i, h := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		for _, block := range command.FindAllStringSubmatch(text[h[1]:end], -1) {
			m.sections[text[h[2]:h[3]]] = append(m.sections[text[h[2]:h[3]]], block[1])
		}
	}
}

// section runs the blocks of a section and returns what they printed.
func (m *manual) section(name string) string {
	m.Helper()
	if len(m.sections[name]) == 0 {
		m.Fatalf("docs/sendmail.md has no commands in a section %q: %v", name, m.sections)
	}
	printed := ""
	for _, block := range m.sections[name] {
		out, err := m.sendmail.Run("sh", "-ec", "cd /root/sendmail\n"+strings.ReplaceAll(block, "8892", m.port))
		if err != nil {
			m.Fatalf("%s: %v", name, err)
		}
		if strings.Contains(out, "*** ERROR") {
			m.Errorf("%s: %s", name, out)
		}
		printed += out
	}
	delete(m.sections, name)
	return printed
}

// furnish puts postern, its configuration and the recipes where the admin has them.
func (m *manual) furnish() {
	m.Helper()
	put := func(name, text string, mode fs.FileMode) {
		path := filepath.Join(m.sendmail.Root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			m.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			m.Fatal(err)
		}
	}
	names, err := fs.Glob(sendmail.Files, "*")
	if err != nil || len(names) < 6 {
		m.Fatal(names, err)
	}
	for _, name := range names {
		text, err := sendmail.Files.ReadFile(name)
		if err != nil {
			m.Fatal(err)
		}
		put("root/sendmail/"+name, string(text), 0o644)
	}
	put("usr/bin/postern", readFile(m.T, filepath.Join(os.Getenv(built), "postern")), 0o755)
	put("etc/postern/policy.toml", strings.Replace(sendmailPolicy, "gateway:forgotten", "gateway:secure", 1), 0o644)
	fill := strings.NewReplacer("@LISTEN@", "inet:"+m.postern.Milter, "@POLICY@", "/etc/postern/policy.toml", "@AUDIT@", "/etc/postern/audit.jsonl", `, "forgotten"`, "")
	put("etc/postern/postern.toml", fill.Replace(sendmailConfig)+"[mta]\nsendmail_cf = \"/etc/mail/sendmail.cf\"\n", 0o644)
}

// run runs postern inside, where Sendmail is.
func (m *manual) run(args ...string) (string, error) {
	return m.sendmail.Run("postern", append(args, "--config", "/etc/postern/postern.toml")...)
}

func TestTheManualOfSendmailLeadsFromAStockInstallToGateways(t *testing.T) {
	m := &manual{sendmailWorld: newSendmail(t, options{milter: "none"})}
	_, m.port, _ = net.SplitHostPort(m.postern.Milter)
	m.read()
	m.furnish()
	doctor := func(want ...string) {
		t.Helper()
		out, err := m.run("doctor", "--json")
		var got []string
		for line := range strings.Lines(out) {
			var f struct{ Level, Check string }
			if json.Unmarshal([]byte(line), &f) == nil && f.Level == "wrong" {
				got = append(got, f.Check)
			}
		}
		if got = slices.Compact(got); strings.Join(got, " ") != strings.Join(want, " ") || (err == nil) != (len(want) == 0) {
			t.Errorf("doctor: got %q, want %q (%v)\n%s", got, want, err, out)
		}
	}
	// reads waits until the daemon has read its new configuration.
	reads := func(code int, to string) {
		t.Helper()
		m.until("the new configuration", func() bool {
			r, err := m.sendmail.Relay("ann@agency.example", []string{to}, mail("probe", "refuse"))
			return err == nil && r.Code == code
		})
	}

	doctor("filter", "gateway", "registry")
	m.section("1. Observe")
	reads(550, "pat@plain.example")
	m.section("2. Enforce")
	m.until("F=T", func() bool {
		return strings.Contains(readFile(t, filepath.Join(m.sendmail.Root, "etc/mail/sendmail.cf")), "F=T, ")
	})
	m.section("3. Gateways")
	m.until("a way for marks", func() bool {
		_, _ = m.sendmail.Relay("ann@agency.example", []string{"cy@citizen.example"}, mail("by-the-book", "by-gateway"))
		_, ok := m.gateway.Find("Subject: by-the-book\r\n")
		return ok
	})
	m.overTLS(m.gateway, "by-the-book")
	drift := func(want bool) {
		t.Helper()
		const missing = "the access map: TLS_Rcpt:partner.example is missing"
		if out, err := m.run("lint"); strings.Contains(out, missing) != want {
			t.Errorf("lint tells that a partner is missing: want %v: %v\n%s", want, err, out)
		}
	}
	drift(true)
	m.section("4. Partners")
	drift(false)
	reads(550, "pat@plain.example")
	m.section("5. Look whether all is there")
	doctor()
	m.heldMail()
	if len(m.sections) > 0 {
		t.Errorf("no command was tried of %v", m.sections)
	}
}

// heldMail tries postern held on the quarantine.
func (m *manual) heldMail() {
	m.Helper()
	hold := func(token string) (id, ref string) {
		id = queueID(m.relay(250, mail(token, "look-at-it by-gateway"), "cy@citizen.example"))
		ref = reference.FindString(m.sendmail.QueueFile("hf" + id))
		audit := readFile(m.T, m.postern.Audit)
		if err := os.WriteFile(filepath.Join(m.sendmail.Root, "etc/postern/audit.jsonl"), []byte(audit), 0o600); err != nil {
			m.Fatal(err)
		}
		return id, ref
	}
	id, ref := hold("book-held")
	if out := m.section("Held mail"); strings.Count(out, ref) < 2 || !strings.Contains(out, id) {
		m.Errorf("neither list has %s of mail %s:\n%s", ref, id, out)
	}
	if out, err := m.run("held", "show", ref); err != nil || !strings.Contains(out, "cy@citizen.example") || !strings.Contains(out, "wait") || strings.Contains(out, "postern.invalid") {
		m.Errorf("held show: %v\n%s", err, out)
	}
	if out, err := m.run("held", "release", ref, "--because", "looked at"); err != nil {
		m.Errorf("held release: %v\n%s", err, out)
	}
	m.overTLS(m.gateway, "book-held")
	m.until("the quarantine to be empty", func() bool { return len(m.sendmail.Queue("hf")) == 0 })

	id, ref = hold("book-dropped")
	if out, err := m.run("held", "drop", ref, "--yes", "--because", "spam"); err != nil {
		m.Errorf("held drop: %v\n%s", err, out)
	}
	if left := append(m.sendmail.Queue("hf"), m.sendmail.Queue("df"+id)...); len(left) > 0 {
		m.Errorf("after drop there is %v", left)
	}
	m.unheard("book-dropped")
}
