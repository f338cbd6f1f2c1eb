//go:build e2e

package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/postern-mail/postern/contrib/demo/lab"
	"github.com/postern-mail/postern/contrib/postfix"
)

// postfixPage runs docs/postfix.md on a stock Postfix. What it says of addresses
// and folders of the machine is said of the lab's.
type postfixPage struct {
	*world
	fill   *strings.Replacer
	bin    string // a folder of programs that comes first
	folder string // the copy of contrib/postfix
	blocks []pageBlock
}

type pageBlock struct{ kind, text string }

var fenced = regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```")

func TestThePageOfPostfixLeadsFromAStockInstallToRoutesPerRecipient(t *testing.T) {
	w := newWorld(t, options{noDaemon: true, milter: "none", stock: true})
	p := &postfixPage{world: w, folder: t.TempDir()}
	address := w.postfix.Address
	etc := filepath.Join(w.lab.Dir, "etc-postern")
	p.fill = strings.NewReplacer(
		"127.0.0.1", address, "10.0.0.5:25", address+":2525", "/etc/postfix", w.postfix.Config,
		"/etc/postern", etc, "/var/log/postern", w.lab.Dir, "/var/lib/postern", w.lab.Dir, "submission/inet", address+":submission/inet",
		"gateway.agency.example", w.gateway.Name,
	)
	p.copyRecipes()
	p.wrapPostfix()
	p.read()
	if err := os.Mkdir(etc, 0o755); err != nil {
		t.Fatal(err)
	}

	p.shell() // fill in
	config, policy := p.toml(), p.toml()
	write(t, filepath.Join(etc, "policy.toml"), policy)
	p.start(etc, config)
	p.shell() // observe
	p.shell() // a service that is there already
	w.submit(250, p.mail("page-observe", "4111 1111 1111 1111"), "pat@partner.example")
	w.arrives(w.partner, "page-observe")

	p.shell() // enforce
	config = p.toml()
	p.start(etc, config)
	w.submit(550, p.mail("page-refused", "4111 1111 1111 1111"), "pat@partner.example")
	w.submit(250, p.mail("page-partner", "SSN 536-22-1234"), "pat@partner.example")
	w.overTLS(w.partner, "page-partner")
	w.submit(250, p.mail("page-gateway", "SSN 536-22-1234"), "sam@plain.example")
	w.overTLS(w.gateway, "page-gateway")

	p.shell() // partners
	p.shell() // single recipients
	config = strings.Replace(config, "[routes]\n", "[routes]\nper_recipient = true\n", 1)
	p.start(etc, config)
	w.submit(250, p.mail("page-three", "SSN 536-22-1234"), "pat@partner.example", "sam@plain.example", "bob@agency.example")
	w.overTLS(w.partner, "page-three")
	w.overTLS(w.gateway, "page-three")
	w.arrives(w.store, "page-three")

	config = p.secondGateway(etc, config, policy)
	if said := p.shell(); strings.TrimSpace(said) != "0 findings, 0 wrong" {
		t.Errorf("the doctor says %s", said)
	}

	id := lab.QueueID(w.submit(250, p.mail("page-held", "SSN 536-22-1234, SSN 536-22-1235, SSN 536-22-1236"), "pat@partner.example"))
	w.held(id)
	if said := p.shell(); !strings.Contains(said, id) || !strings.Contains(said, "many-are-looked-at") {
		t.Errorf("held list says %s", said)
	}

	if err := os.Mkdir(filepath.Join(w.lab.Dir, "notices"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.start(etc, config+p.toml()) // notices
	w.submit(250, p.mail("page-told", "SSN 536-22-1234, SSN 536-22-1235, SSN 536-22-1236"), "pat@partner.example")
	if got, ok := w.store.Wait("Subject: [postern] P-", patience); !ok || !strings.Contains(got.Data, "many-are-looked-at") {
		t.Errorf("the officer got %q", got.Data)
	}
	if log := w.postern.Log(); strings.Contains(log, "policy warning") {
		t.Errorf("the policy has something in vain:\n%s", log)
	}
	if len(p.blocks) > 0 {
		t.Errorf("not tried: %q", p.blocks)
	}
}

// secondGateway wires cjsm, and sends a mail there that a rule routes to it, and one
// whose recipient alone goes there.
func (p *postfixPage) secondGateway(etc, config, policy string) string {
	p.Helper()
	hop, err := p.lab.StartHop(lab.HopOptions{Name: "cjsm.agency.example"})
	if err != nil {
		p.Fatal(err)
	}
	if said := p.shell(); strings.Count(said, "cjsm:[cjsm.agency.example]:25") != 2 {
		p.Errorf("Postfix says %s", said)
	}
	config = strings.Replace(config, `["secure"]`, `["secure", "cjsm"]`, 1)
	write(p.T, filepath.Join(etc, "policy.toml"), strings.ReplaceAll(policy, "gateway:secure", "gateway:cjsm"))
	p.start(etc, config)
	for token, to := range map[string][]string{"page-second": {"sam@plain.example"}, "page-second-alone": {"sam@plain.example", "bob@agency.example"}} {
		p.submit(250, p.mail(token, "SSN 536-22-1234"), to...)
		p.overTLS(hop, token)
	}
	return config
}

func (p *postfixPage) copyRecipes() {
	p.Helper()
	names, err := fs.Glob(postfix.Files, "*")
	if err != nil {
		p.Fatal(err)
	}
	for _, name := range names {
		text, err := postfix.Files.ReadFile(name)
		if err != nil {
			p.Fatal(err)
		}
		write(p.T, filepath.Join(p.folder, name), string(text))
	}
}

// wrapPostfix keeps services on the lab's own address that a stock install has on
// every one, and has files look old: Postfix's programs wait for a second when they
// read one that may be written to just now.
func (p *postfixPage) wrapPostfix() {
	p.Helper()
	p.bin = p.TempDir()
	script := "#!/bin/sh\nsed -i -E 's/^(submissions?)( +inet )/" + p.postfix.Address + ":\\1\\2/' $MAIL_CONFIG/master.cf\ntouch -d -1min $MAIL_CONFIG/main.cf $MAIL_CONFIG/master.cf\nexec /usr/sbin/postfix \"$@\"\n"
	if err := os.WriteFile(filepath.Join(p.bin, "postfix"), []byte(script), 0o700); err != nil {
		p.Fatal(err)
	}
}

// read takes the blocks of the page but those that need systemd.
func (p *postfixPage) read() {
	p.Helper()
	text, err := os.ReadFile("../../docs/postfix.md")
	if err != nil {
		p.Fatal(err)
	}
	left := 0
	for _, block := range fenced.FindAllStringSubmatch(string(text), -1) {
		if block[1] == "console" {
			left++
			continue
		}
		p.blocks = append(p.blocks, pageBlock{block[1], p.fill.Replace(block[2])})
	}
	if left > 4 {
		p.Errorf("%d blocks are not tried", left)
	}
}

func (p *postfixPage) next(kind string) string {
	p.Helper()
	if len(p.blocks) == 0 || p.blocks[0].kind != kind {
		p.Fatalf("the page goes on otherwise than the test, which wants %s: %q", kind, p.blocks)
	}
	text := p.blocks[0].text
	p.blocks = p.blocks[1:]
	return text
}

func (p *postfixPage) toml() string { p.Helper(); return p.next("toml") }

// shell runs the next block of commands, on the lab's Postfix, and returns what
// they said.
func (p *postfixPage) shell() string {
	p.Helper()
	text := p.next("sh")
	cmd := exec.Command("sh", "-ec", text)
	cmd.Dir = p.folder
	cmd.Env = append(os.Environ(), "MAIL_CONFIG="+p.postfix.Config, "PATH="+p.bin+":"+os.Getenv(built)+":/usr/sbin:"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.Fatalf("%v\n%s\n%s", err, text, out)
	}
	if strings.Contains(text, "reload") {
		if err := p.postfix.Listening(); err != nil {
			p.Fatal(err)
		}
	}
	return string(out)
}

// start starts postern anew with a configuration.
func (p *postfixPage) start(etc, config string) {
	p.Helper()
	if p.postern != nil {
		if err := p.postern.Stop(); err != nil {
			p.Fatal(err)
		}
	}
	write(p.T, filepath.Join(etc, "postern.toml"), config)
	d, err := p.lab.StartDaemon(lab.DaemonOptions{Binary: filepath.Join(os.Getenv(built), "postern"), Config: config})
	if err != nil {
		p.Fatal(err)
	}
	p.postern = d
}

func (p *postfixPage) mail(token, text string) string {
	return strings.Replace(mail(token, "none"), "Nothing of interest.", text, 1)
}
