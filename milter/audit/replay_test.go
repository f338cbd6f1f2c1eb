package audit

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/edm"
	"github.com/postern-mail/postern/rules"
	"github.com/postern-mail/postern/rules/policytest"
)

// recorded takes a decision to the file and back.
func recorded(t *testing.T, v *rules.Verdict) *Record {
	t.Helper()
	line, err := (&Log{}).line(Entry{Envelope: v.Envelope, Report: v.Report, Decision: v.Decision, Mode: "enforce"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse(line)
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return r
}

// same compares a decision with the one that was made anew from its record. Texts
// are not recorded, nor the fields that adding a statement changes.
func same(was *rules.Decision, is *rules.Replayed) error {
	if len(is.Open) > 0 {
		return fmt.Errorf("recipients are undecidable: %v", is.Open)
	}
	// JSON knows no other bytes than UTF-8.
	text := func(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
	recipients := slices.Clone(was.Recipients)
	for i := range recipients {
		recipients[i].Address = text(recipients[i].Address)
	}
	var changed []rules.Edit
	for i, e := range was.Edits {
		added := slices.ContainsFunc(was.Edits[i:], func(e rules.Edit) bool { return e.Op == rules.ReplaceBody })
		if !added || e.Op != rules.ChangeHeader || slices.Contains(is.Edits, e) {
			changed = append(changed, rules.Edit{Op: e.Op, Name: e.Name, Value: text(e.Value)})
		}
	}
	if len(changed)+len(is.Edits) > 0 && !slices.Equal(changed, is.Edits) {
		return fmt.Errorf("edits are %v, were %v", is.Edits, changed)
	}
	if !slices.Equal(fired(was), fired(is.Decision)) {
		return fmt.Errorf("rules are %v, were %v", fired(is.Decision), fired(was))
	}
	if was.Action != is.Action || was.Direction != is.Direction || !slices.Equal(was.Labels, is.Labels) || !slices.Equal(was.Notify, is.Notify) {
		return fmt.Errorf("%v, %v, labels %v; were %v, %v, labels %v", is.Action, is.Direction, is.Labels, was.Action, was.Direction, was.Labels)
	}
	if !reflect.DeepEqual(recipients, is.Recipients) {
		return fmt.Errorf("recipients are %v, were %v", is.Recipients, recipients)
	}
	return nil
}

func retake(t *testing.T, e *rules.Engine, v *rules.Verdict) *rules.Replayed {
	t.Helper()
	r := recorded(t, v)
	env, report, err := r.Input()
	if err != nil {
		t.Fatal(err)
	}
	return e.Under(r.PerRecipient).Replay(env, report)
}

func TestEveryCaseOfThePacksIsDecidedAlikeFromItsRecord(t *testing.T) {
	var cases []string
	err := filepath.WalkDir("../../rules/packs", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".txtar" {
			cases = append(cases, path)
		}
		return err
	})
	if err != nil || len(cases) < 100 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, path := range cases {
		c, err := policytest.Read(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		v, err := c.Engine.Check(context.Background(), c.Envelope, strings.NewReader(c.Message))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if err := same(v.Decision, retake(t, c.Engine, v)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		v.Close()
	}
}

// dice makes random policies and mails out of a small world, so that most rules
// have a chance to fire.
type dice struct {
	*rand.Rand
	own string // the fingerprint of a sender's own number
}

func (d dice) of(choice ...string) string { return choice[d.IntN(len(choice))] }

// some are those that a throw each lets through.
func (d dice) some(choice ...string) string {
	var b strings.Builder
	for _, c := range choice {
		if d.IntN(3) == 0 {
			b.WriteString(c)
		}
	}
	return b.String()
}

var conditions = []string{
	`{ found = "us-ssn" }`, `{ found = "us-ssn", unique = 2 }`, `{ found = ["us-ssn", "uk-nino"], total = 3 }`,
	`{ found = "uk-nino", confidence = "low", where = "attachment" }`, `{ found = "us-ssn", quoted = false }`,
	`{ found = "payment-card", near = { found = "us-ssn", within = 100 } }`, `{ found = "us-ssn", not_after = { says = "your own" } }`,
	`{ edm = "clients" }`, `{ edm = "clients", unique = 2, where = "attachment" }`, `{ edm = "clients", columns = ["dcn"] }`,
	`{ found = "us-ssn", near = { says = "plan alpha" } }`, `{ found = "us-ssn", not_own = "@mine" }`,
	`{ found = "staff" }`, `{ found = "staff-too", confidence = "low" }`, `{ found = "words" }`, `{ found = "uk-marking", value = "SECRET" }`,
	`{ found = "uk-marking", value = ["SECRET", "OFFICIAL-SENSITIVE"], where = "subject" }`, `{ found = "cv-resume" }`,
	`{ found = "uk-marking", value = "OFFICIAL" }`, `{ found = "uk-marking", value = "OFFICIAL-SENSITIVE" }`,
	`{ says = "plan alpha" }`, `{ says = ["plan beta", "plan gamma"], where = "subject" }`, `{ statement = "note" }`, `{ statement = "standard", quoted = false }`,
	`{ tag = "[encrypt]" }`, `{ tag = "[encrypt]", near = true }`, `{ tag = "[secure]" }`, `{ header = "Sensitivity" }`, `{ header = "X-Any", contains = "b" }`,
	`{ unread = true }`, `{ encrypted = false }`, `{ weak = true }`, `{ unread = ["encrypted"] }`,
	`{ attachment = true }`, `{ attachment = { name = "*.csv" } }`, `{ attachment = { declared = "text/*", count = 2 } }`, `{ attachment = { type = "text/*" } }`,
	`{ attachment = { type = "application/pdf", encrypted = true } }`, `{ attachment = { encrypted = false, count = 2 } }`, `{ attachment = false }`,
	`{ links = "concealed" }`, `{ links = ["hidden", "concealed"] }`, `{ anomaly = "duplicate-content-type" }`,
	`{ label = "personal" }`, `{ label = "rows", parts = 2 }`, `{ label = "rows" }`, `{ label = "named" }`, `{ label = "phi" }`, `{ label = "bulk-records" }`,
	`{ to = "@friends" }`, `{ to = { not = "x.example" } }`, `{ direction = "internal" }`, `{ from = "in.example" }`, `{ authenticated = false }`, `{ user = "alice" }`,
	`{ client = "10.0.0.0/8" }`, `{ incoming_tls = true }`, `{ incoming_tls = { bits = 256 } }`, `{ first_contact = true }`, `{ reply = false }`,
	`{ partner_tls = ["none", "unknown"] }`, `{ volume = { found = "us-ssn", unique = 3 } }`, `{ partner = true }`, `{ look_alike = "@friends" }`,
}

func (d dice) condition(depth int) string {
	if depth > 0 && d.IntN(3) == 0 {
		return fmt.Sprintf("{ %s = [ %s, %s ] }", d.of("any", "all", "none"), d.condition(depth-1), d.condition(depth-1))
	}
	return d.of(conditions...)
}

func (d dice) rule(id string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[rules.%s]\nclause = \"c\"\nwhen = %s\n", id, d.condition(2))
	if d.IntN(3) == 0 {
		fmt.Fprintf(&b, "unless = %s\n", d.condition(1))
	}
	if d.IntN(3) == 0 {
		fmt.Fprintf(&b, "to = %s\n", d.of(`"x.example"`, `"@friends"`, `{ not = "@friends" }`))
	}
	b.WriteString(d.of("reject = true\n", "hold = true\n", "tempfail = true\n", "record = true\n", "route = \"tls\"\n", "route = \"partner\"\nnotify = true\n",
		"route = \"tls-verified\"\nhold = true\n", "route = \"gateway:secure\"\n", "route = \"gateway:other\"\n", "add_header = { X-A = \"b\" }\n",
		"append = \"note\"\n", "append = \"standard\"\nfallback = \"accept\"\n", "append = \"note\"\nfallback = \"reject\"\n"))
	return b.String()
}

// world is what stands around the rules: lists, labels, detectors and statements,
// which differ from one policy to the next too.
func (d dice) world() string {
	return "[policy]\njudges = [\"outbound\", \"internal\", \"inbound\"]\n[inside]\ndomains = [\"in.example\"]\nnetworks = [\"10.0.0.0/8\"]\n" +
		"[lists.friends]\nentries = [\"friend.example\", \"a@y.example\"" + d.some(`, "x.example"`) + "]\n" +
		"[lists.mine]\nentries = [{ entry = \"" + d.own + "\", of = \"s@in.example\" }]\n" +
		"[partners.\"x.example\"]\nmethod = \"" + d.of("tls", "gateway:secure") + "\"\n" +
		"[statements.note]\ntext = \"This note is for the reader alone and must not be passed on" + d.some(" ŵ") + "\"\n" +
		"[statements.standard]\ntext = \"If you are not the one whom this mail is for please delete it\"\n" +
		"[edm.clients]\nfile = \"clients.edm\"\nkey_file = \"clients.key\"\n" +
		"[labels.personal]\nany = [ { found = \"us-ssn\" }, { says = \"plan beta\" } ]\n" +
		"[labels.rows]\nper = \"part\"\nall = [ { found = \"" + d.of("us-ssn", "payment-card", "uk-marking") + "\", unique = " + d.of("1", "2") + " } ]\n" +
		"[labels.named]\nper = \"part\"\nall = [ { found = [\"uk-nino\", \"us-ssn\"] }, { attachment = { name = \"*.csv\" } } ]\n" +
		"[detectors.staff]\npattern = 'EMP-\\d{4}'\n" +
		"[detectors.staff-too]\npattern = '\\d{3}-\\d{2}'\nconfidence = { without = \"low\" }\n" + d.some("keywords = [\"clerk\"]\n", "apart = true\n") +
		"[detectors.words]\nwords = [\"oak\", \"elm\"" + d.some(`, "ash tree"`) + "]\napart = true\n" +
		d.some("[detectors.grabs]\npattern = '(SSN|card) [\\d -]{11,19}'\n", "[detectors.payment-card]\nkeywords_add = [\"plastic\"]\n", "[detectors.iban]\noff = true\n") +
		d.some("[detectors.us-ssn]\nreport_specimens = true\n")
}

func (d dice) policy() string {
	var b strings.Builder
	b.WriteString(d.world())
	for i := range 1 + d.IntN(4) {
		b.WriteString(d.rule(fmt.Sprintf("r%d", i)))
	}
	if d.IntN(3) == 0 {
		fmt.Fprintf(&b, "[exemptions.e]\nto = \"example\"\nlifts = [\"r0\"]\nwhen = %s\n", d.condition(1))
	}
	return b.String()
}

// changed is another policy, or the same with something more or less in it.
func (d dice) changed(text string) string {
	switch d.IntN(4) {
	case 0:
		return d.policy()
	case 1:
		return text + d.rule("added")
	case 2: // the same rules in another world
		return d.world() + text[strings.Index(text, "[rules."):]
	}
	at := strings.LastIndex(text, "[rules.")
	return text[:at] + d.rule("r0x") + strings.ReplaceAll(text[at:], "unique = 2", "unique = 1")
}

func (d dice) text() string {
	return d.some("SSN 219-09-9999\n", "ssn: 457-55-5462\n", "NINO AB123456C\n", "card 4111 1111 1111 1111\n", "plastic 5500 0000 0000 0004\n", "your own SSN 536-22-8726\n", "client 34567812\n", "Nowak 34567813\n",
		"EMP-1234\n", "clerk EMP-9999 219-09\n", "plan alpha is on\n", "plan  beta\n", "PLAN GAMMA\n", "an oak and an elm\n", "an ash tree\n", "OFFICIAL-SENSITIVE\n", "OFFICIAL\n", "SECRET\n",
		"patient diagnosis: E11.9\n", "078-05-1120 SSN\n", "> SSN 321-54-9876\n", "This note is for the reader alone and must not be passed on\n", "employee EMP-7777 SSN 212-33-4455\n") + "done\n"
}

func (d dice) part() string {
	switch d.IntN(5) {
	case 0:
		return "Content-Type: text/csv; name=list.csv\n\n" + d.text()
	case 1:
		return "Content-Type: text/html\n\n<p>" + d.text() + d.some(`<a href="http://evil.example/">http://good.example/</a>`, `<a href="http://far.example/">here</a>`)
	case 2:
		return "Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=a.bin\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString([]byte(d.of("\x00\x01\x02\x03 what is it", "%PDF-1.4\n%%EOF\n", "PK\x03\x04 no archive"))) + "\n"
	case 3:
		return "Content-Type: message/rfc822\n\nFrom: c@far.example\nSubject: " + d.some("SSN 219-09-9999 ", "plan gamma ") + "\nDate: today\n\n" + d.text()
	}
	return "Content-Type: text/plain; charset=" + d.of("utf-8", "us-ascii", "x-none", "utf-16") + "\n\n" + d.text()
}

func (d dice) message() string {
	head := "From: s@in.example\nSubject: " + d.some("[encrypt] ", "(encrypt) ", "plan gamma ", "SSN 219-09-9999 ", "SECRET ") + "\n" +
		d.some("Sensitivity: private\n", "X-Any: a b c\n", "In-Reply-To: <a@b>\n")
	text := head + "MIME-Version: 1.0\nContent-Type: multipart/" + d.of("mixed", "mixed", "mixed", "signed") + "; boundary=b\n\n"
	for range 1 + d.IntN(4) {
		text += "--b\n" + d.part() + "\n"
	}
	text += "--b--\n"
	if d.IntN(3) == 0 {
		text = head + "\n" + d.text()
	}
	return strings.ReplaceAll(text, "\n", "\r\n")
}

func (d dice) envelope() *rules.Envelope {
	env := &rules.Envelope{
		Ref: "P-0123456789", QueueID: "Q", Time: time.Date(2027, 3, 15, 12, 0, 0, 5e6, time.UTC), Sender: d.of("s@in.example", "t@far.example", ""), User: d.of("", "alice", "bob"),
		Daemon: d.of("", "smtpd"), Pickup: d.IntN(9) == 0, SMTPUTF8: d.IntN(2) == 0,
	}
	if d.IntN(2) == 0 {
		env.TLS = rules.TLS{Version: "TLSv1.3", Cipher: "x", Bits: 128 * (1 + d.IntN(2))}
	}
	if d.IntN(8) == 0 {
		env.Direction = rules.Direction(d.of("outbound", "internal", "inbound"))
	}
	_ = env.Client.UnmarshalText([]byte(d.of("10.1.2.3", "192.0.2.1", "2001:db8::1")))
	for range 1 + d.IntN(4) {
		to := d.of("a", "b", `"a b"`, "\xe4") + "@" + d.of("x.example", "y.example", "friend.example", "friends.example", "in.example", "sub.x.example")
		env.Recipients = append(env.Recipients, rules.Recipient{Address: to, Canonical: d.of("", to), Mailer: d.of("smtp", "local")})
	}
	if d.IntN(2) == 0 {
		env.Facts = &rules.Facts{
			FirstContact: map[string]bool{"a@x.example": d.IntN(2) == 0, "y.example": true}, Reply: map[string]bool{"friend.example": true},
			TLS: map[string]string{"x.example": d.of("none", "tls")}, Volume: map[string]map[string]int{"x.example": {"us-ssn": d.IntN(4)}},
		}
	}
	return env
}

// clients writes a table and its key into a folder.
func clients(t *testing.T) string {
	t.Helper()
	dir, key := t.TempDir(), []byte("0123456789abcdef0123")
	columns, err := edm.ParseColumns("dcn:mo-dcn,surname:name")
	if err != nil {
		t.Fatal(err)
	}
	source := "dcn,surname\n34567812,O'Brien\n34567813,Nowak\n"
	if _, err := edm.Build(filepath.Join(dir, "clients.edm"), strings.NewReader(source), edm.Options{Columns: columns, Key: key, Detectors: detect.Builtin()}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "clients.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fingerprint is that of a number that the random texts hold.
func fingerprint(t *testing.T, dir string) string {
	t.Helper()
	e := engineOf(t, dir, "[rules.r]\nclause = \"1\"\nwhen = { found = \"us-ssn\" }\nrecord = true\n", false)
	report, err := e.Scanner().ScanMail(context.Background(), strings.NewReader("Subject: SSN 212-33-4455\r\n\r\n"))
	if err != nil || len(report.Findings) != 1 || report.Findings[0].Fingerprint == "" {
		t.Fatalf("findings %+v, %v", report, err)
	}
	return report.Findings[0].Fingerprint
}

func TestARepeatedNumberHidesNoOther(t *testing.T) {
	e := engineOf(t, clients(t), "[rules.r]\nclause = \"1\"\nwhen = { found = \"us-ssn\" }\nrecord = true\n", false)
	text := "Subject: x\r\n\r\n" + strings.Repeat("SSN 219-09-1234\r\n", classify.MaxFindings) + "SSN 536-90-4399\r\n"
	report, err := e.Scanner().ScanMail(t.Context(), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	one := entry("P-1")
	one.Report = report
	if r := record(one, false); len(r.Fingerprints) != 2 || r.Fingerprints[0] == r.Fingerprints[1] || r.FingerprintsTruncated {
		t.Errorf("fingerprints %v, truncated %v", r.Fingerprints, r.FingerprintsTruncated)
	}
}

func engineOf(t *testing.T, dir, text string, perRecipient bool) *rules.Engine {
	t.Helper()
	keys := []classify.Key{{ID: "k1", Secret: []byte("0123456789abcdef")}}
	e, err := rules.LoadText("a policy", []byte(text), dir, rules.Options{Routes: rules.Routes{PerRecipient: perRecipient}, FingerprintKeys: keys})
	if err != nil {
		t.Fatalf("%v\nin:\n%s", err, text)
	}
	return e
}

func TestRandomDecisionsAreMadeAnewFromTheirRecords(t *testing.T) {
	decided, open := 0, 0
	dir := clients(t)
	own := fingerprint(t, dir)
	for seed := range uint64(100) {
		d := dice{rand.New(rand.NewPCG(seed, 7)), own}
		text := d.policy()
		other := d.changed(text)
		before, after := engineOf(t, dir, text, seed%2 == 0), engineOf(t, dir, other, seed%2 == 0)
		for range 6 {
			env, mail := d.envelope(), d.message()
			check := func(e *rules.Engine) *rules.Verdict {
				v, err := e.Check(context.Background(), env, strings.NewReader(mail))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(v.Close)
				return v
			}
			was := check(before)
			if err := same(was.Decision, retake(t, before, was)); err != nil {
				t.Fatalf("seed %d: the same policy: %v\n%s\n%s", seed, err, text, mail)
			}
			fresh, again := check(after).Decision, retake(t, after, was)
			for i := range fresh.Recipients {
				if len(again.Open[i]) > 0 {
					open++
					continue
				}
				decided++
				if is, want := again.Recipients[i], fresh.Recipients[i]; is.Action != want.Action || is.Route != want.Route {
					t.Fatalf("seed %d: %s: got %v by %s %v, on the mail itself %v by %s %v\nbefore:\n%s\nafter:\n%s\n%s", seed, want.Address,
						is.Action, is.Route, is.Rules, want.Action, want.Route, want.Rules, text, other, mail)
				}
			}
			if len(again.Open) == 0 && again.Action != fresh.Action {
				t.Fatalf("seed %d: the mail: got %v, on the mail itself %v", seed, again.Action, fresh.Action)
			}
		}
	}
	if decided < open {
		t.Errorf("%d outcomes were decided and %d were not", decided, open)
	}
	t.Logf("decided %d, open %d", decided, open)
}

func TestLinesThatAreNoRecords(t *testing.T) {
	for name, line := range map[string]string{
		"a line cut short":         `{"v":1,"ref":"tor`,
		"another version":          `{"v":2}`,
		"no recipients":            `{"v":1,"recipients":[],"envelope":{"recipients":[]}}`,
		"an action of another day": `{"v":1,"recipients":[{"action":"discard"}],"envelope":{"recipients":[{"address":"a"}]}}`,
		"no JSON":                  `hello`,
		"a list":                   `[]`,
	} {
		if _, err := Parse([]byte(line)); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	r, err := Parse([]byte(`{"v":1,"fault":"panic"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Input(); !errors.Is(err, ErrNoVerdict) {
		t.Errorf("a mail without a verdict: %v", err)
	}
}
