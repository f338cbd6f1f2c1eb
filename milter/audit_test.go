package milter

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/rules"
)

// notebook opens an audit file and returns a function that closes it and reads
// it back.
func notebook(t *testing.T, options audit.Options) (*audit.Log, func() []audit.Record) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l, err := audit.Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, func() []audit.Record {
		t.Helper()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var records []audit.Record
		for line := range strings.Lines(string(text)) {
			var r audit.Record
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("%v in line %q", err, line)
			}
			records = append(records, r)
		}
		return records
	}
}

func TestEachMailThatWasReadIsNoted(t *testing.T) {
	l, records := notebook(t, audit.Options{})
	h := serve(t, &fakeEngine{
		scope: func(env *rules.Envelope) bool { return env.QueueID != "OUT" },
		finish: func(i *fakeInspection) (*rules.Decision, error) {
			if i.env.QueueID == "BAD" {
				panic("x")
			}
			return &rules.Decision{Action: rules.Reject, Direction: rules.Outbound, Reply: rules.Reply{Code: 550, Enhanced: "5.7.1"}}, nil
		},
	}, func(c *Config) { c.Audit = l })
	m := connect(t, h)
	m.mail("Q1", "x", "Subject: hi")
	m.mail("BAD", "x", "Subject: hi")
	m.envelope("OUT")
	m.ask('N', "", "a")
	m.envelope("ABORTED")
	m.conn.Close()
	h.eventually(t, "postern_sessions", "0")

	got := records()
	if len(got) != 2 {
		t.Fatalf("%d records, want those of Q1 and BAD: %+v", len(got), got)
	}
	if r := got[0]; r.QueueID != "Q1" || r.Action != "reject" || r.Reply.Code != 550 || r.Policy.ID != "fake" || r.Mode != "enforce" || r.Fault != "" {
		t.Errorf("first record is %+v", r)
	}
	if r := got[1]; r.QueueID != "BAD" || r.Fault != "panic" || r.Action != "" || r.Policy.Checksum != "c0ffee" {
		t.Errorf("second record is %+v", r)
	}
}

func TestARecordThatMustBeWritten(t *testing.T) {
	for _, tt := range []struct {
		name     string
		required bool
		enforce  bool
		reply    string
	}{
		{"defers the mail if it is not", true, true, "y451 4.3.0 P-"},
		{"defers nothing in observe mode", true, false, "a"},
		{"is only counted where it need not be", false, true, "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, _ := notebook(t, audit.Options{})
			l.Close() // whatever is written from now on fails
			h := serve(t, always(rules.Decision{Edits: []rules.Edit{{Op: rules.AddHeader, Name: "X-Tag", Value: "1"}}}), func(c *Config) {
				c.Audit, c.AuditRequired, c.Enforce = l, tt.required, tt.enforce
			})
			steps, reply := connect(t, h).mail("Q", "x")
			if !strings.HasPrefix(reply, tt.reply) || reply != "a" && len(steps) > 0 {
				t.Errorf("the mail got %q, %q; want %q", steps, reply, tt.reply)
			}
			h.eventually(t, "postern_audit_errors_total", "1")
		})
	}
	t.Run("stands in the file before the verdict", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		l, err := audit.Open(path, audit.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		h := serve(t, &fakeEngine{}, func(c *Config) { c.Audit, c.AuditRequired = l, true })
		m := connect(t, h)
		for i := 1; i <= 20; i++ {
			m.mail("Q", "x")
			if text, err := os.ReadFile(path); err != nil || strings.Count(string(text), "\n") != i {
				t.Fatalf("after mail %d the file holds %d lines, error %v", i, strings.Count(string(text), "\n"), err)
			}
		}
	})
}

// TestNothingOfAMailIsWrittenAnywhere plants values wherever a mail, a report or
// a decision can hold one and looks at every output.
func TestNothingOfAMailIsWrittenAnywhere(t *testing.T) {
	const secret, word = "078-05-1120", "Zanzibar"
	planted := "x " + secret + " " + word
	e := &fakeEngine{report: classify.Report{
		Findings: []classify.Finding{{
			Detector: "us-ssn", Value: planted, Masked: planted, Part: "2!" + planted + ".xlsx", Context: []string{planted},
			Confidence: detect.High, Where: extract.Attachment,
		}},
		Tallies: map[string]*classify.Tally{"us-ssn": {}},
		Parts: []extract.Part{{
			Path: "2!" + planted + ".xlsx", Name: planted, Declared: "text/" + secret, Detected: "text/" + secret, Cipher: planted,
			Problem: extract.Problem(planted),
		}},
		Anomalies: []string{planted, "duplicate-content-type"},
	}}
	e.finish = func(i *fakeInspection) (*rules.Decision, error) {
		d := &rules.Decision{
			Direction: rules.Outbound, Recipients: []rules.Outcome{{Action: rules.Accept, Route: rules.Direct}},
			Rules: []rules.RuleResult{{ID: "r1", Fired: true, Because: []string{planted}, Nearest: planted}},
		}
		switch i.env.QueueID {
		case "REJECT":
			d.Action, d.Reply = rules.Reject, rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{planted}}
		case "PANIC":
			panic(planted)
		case "UNSAFE":
			d.Edits = []rules.Edit{{Op: rules.AddHeader, Name: planted + "\n", Value: planted}, {Op: rules.AddRecipient, Value: planted}}
		case "EDIT":
			d.Edits = []rules.Edit{{Op: rules.AddHeader, Name: "X-Tag", Value: planted}}
		}
		return d, nil
	}
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l, err := audit.Open(path, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := serve(t, e, func(c *Config) { c.Audit = l })
	h.Metrics.PolicyLoaded("p", "c", []string{"r1"})
	m := connect(t, h)
	for _, queueID := range []string{"PLAIN", "REJECT", "PANIC", "UNSAFE", "EDIT"} {
		m.mail(queueID, planted, "Subject: "+planted, planted+": x", "X-Postern-Route: "+planted)
	}
	m.envelope("BROKEN")
	m.say('L', "Subject\x00"+planted+"\x00"+planted+"\x00")
	m.send('x', planted)
	m.gone()
	m2 := connect(t, h)
	m2.send('U', planted)
	m2.next()
	m2.send('E', planted)
	m2.gone()
	h.eventually(t, "postern_sessions", "0")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	notes, err := os.ReadFile(path)
	if err != nil || strings.Count(string(notes), "\n") != 5 {
		t.Fatalf("%d records, error %v", strings.Count(string(notes), "\n"), err)
	}
	for where, text := range map[string]string{"log": h.log.String(), "audit": string(notes), "metrics": h.metrics()} {
		for _, s := range []string{secret, word, "078051120"} {
			if strings.Contains(text, s) {
				i := strings.Index(text, s)
				t.Errorf("the %s holds %q: …%s…", where, s, text[max(0, i-200):min(len(text), i+50)])
			}
		}
	}
}

func TestAMailIsLoggedInOneLine(t *testing.T) {
	e := always(rules.Decision{
		Action: rules.Reject, Direction: rules.Outbound, Reply: rules.Reply{Code: 550, Enhanced: "5.7.1"},
		Recipients: []rules.Outcome{{Route: rules.Direct}, {Route: rules.TLSForced}, {Route: rules.Direct}},
		Rules:      []rules.RuleResult{{ID: "cards-never", Fired: true}, {ID: "quiet"}},
	})
	tally := &classify.Tally{}
	tally.Findings[4][3] = 2
	e.report.Tallies = map[string]*classify.Tally{"us-ssn": tally}
	h := serve(t, e)
	m := connect(t, h)
	m.mail("Q1", "x")
	m.noted()
	for line := range strings.Lines(h.log.String()) {
		if !strings.Contains(line, `"mail read"`) {
			continue
		}
		var got struct {
			Level                               string
			QueueID                             string `json:"queue_id"`
			Ref, Action, Mode, Direction, Error string
			Routes, Rules                       []string
			Recipients, Findings                int
			Unique                              map[string]int
			Seconds                             float64
			Time                                time.Time
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if got.Level != "INFO" || got.QueueID != "Q1" || len(got.Ref) != 12 || got.Action != "reject" || got.Mode != "enforce" ||
			got.Direction != "outbound" || strings.Join(got.Routes, " ") != "direct tls" || strings.Join(got.Rules, " ") != "cards-never" ||
			got.Recipients != 3 || got.Findings != 2 || got.Seconds <= 0 {
			t.Errorf("line is %s", line)
		}
		if !strings.Contains(line, `"msg":"mail read","queue_id":"Q1"`) {
			t.Errorf("the queue id does not come first: %s", line)
		}
		return
	}
	t.Errorf("no line tells of the mail: %s", h.log.String())
}

func TestTheManualKnowsEveryFault(t *testing.T) {
	manual, err := os.ReadFile("../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, why := range faults {
		if why != faultAudit && !strings.Contains(string(manual), "`"+string(why)+"`") {
			t.Errorf("docs/audit.md does not tell of fault %q", why)
		}
	}
}
