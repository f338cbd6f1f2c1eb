package audit

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
	"github.com/postern-mail/postern/rules"
)

func entry(ref string) Entry {
	return Entry{
		Envelope: &rules.Envelope{Ref: ref, Time: time.Date(2026, 11, 23, 19, 0, 0, 0, time.FixedZone("", 3600))},
		Report:   &classify.Report{}, Decision: &rules.Decision{}, Mode: "enforce",
	}
}

func openTemp(t *testing.T, options Options) (*Log, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l, err := Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, path
}

func refs(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(text)) {
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		got = append(got, r.Ref)
	}
	return strings.Join(got, " ")
}

func TestRecordsAreAppendedInOrder(t *testing.T) {
	l, path := openTemp(t, Options{})
	for _, ref := range []string{"a", "b"} {
		if err := l.Queue(entry(ref)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Write(context.Background(), entry("c")); err != nil {
		t.Fatal(err)
	}
	if got := refs(t, path); got != "a b c" {
		t.Errorf("after Write the file holds %q, want a b c", got)
	}
	if err := l.Queue(entry("d")); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := refs(t, path); got != "a b c d" {
		t.Errorf("after Close the file holds %q", got)
	}
	again, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Write(context.Background(), entry("e")); err != nil {
		t.Fatal(err)
	}
	again.Close()
	if got := refs(t, path); got != "a b c d e" {
		t.Errorf("a second daemon wrote over the first: %q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o007 != 0 {
		t.Errorf("the file has mode %v, error %v; others must not read it", info.Mode(), err)
	}
}

func TestReopenAfterARotation(t *testing.T) {
	l, path := openTemp(t, Options{})
	if err := l.Queue(entry("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	if err := l.Write(context.Background(), entry("new")); err != nil {
		t.Fatal(err)
	}
	if old, now := refs(t, path+".1"), refs(t, path); old != "old" || now != "new" {
		t.Errorf("the old file holds %q, the new one %q", old, now)
	}
	// The directory disappears: the old file still serves.
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(filepath.Dir(path), moved); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err == nil {
		t.Error("Reopen did not tell that the file cannot be opened")
	}
	if err := l.Write(context.Background(), entry("later")); err != nil {
		t.Fatal(err)
	}
	if got := refs(t, filepath.Join(moved, "audit.jsonl")); got != "new later" {
		t.Errorf("the old file holds %q", got)
	}
}

func TestALineCutShortCostsOnlyItself(t *testing.T) {
	l, path := openTemp(t, Options{})
	if err := l.Write(context.Background(), entry("a")); err != nil {
		t.Fatal(err)
	}
	l.Close()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(`{"v":1,"ref":"tor`); err != nil {
		t.Fatal(err)
	}
	cut := &Log{path: path, file: file, torn: true}
	if err := cut.append([]byte(`{"v":1,"ref":"b"}` + "\n")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 3 || lines[2] != `{"v":1,"ref":"b"}` {
		t.Errorf("the file holds %q", lines)
	}
}

func TestAFullDiskIsTold(t *testing.T) {
	failed := make(chan error, 10)
	l, err := Open("/dev/full", Options{Failed: func(err error) { failed <- err }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Write(context.Background(), entry("a")); err == nil {
		t.Error("Write did not tell")
	}
	if err := l.Queue(entry("b")); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-failed:
		if !strings.Contains(err.Error(), "no space left") {
			t.Errorf("told %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("a queued record was lost without a word")
	}
}

// stuck makes a Log whose disk never answers.
func stuck(t *testing.T) *Log {
	t.Helper()
	l := &Log{path: "stuck", queue: make(chan job, 1), writer: make(chan struct{})}
	t.Cleanup(func() { close(l.queue) })
	return l
}

func TestASlowDiskDelaysNobodyForEver(t *testing.T) {
	l := stuck(t)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := l.Write(ctx, entry("a")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Write returned %v, want the deadline's error", err)
	}
	if err := l.Queue(entry("b")); !errors.Is(err, errFull) {
		t.Errorf("Queue returned %v, want that the queue is full", err)
	}
	if err := l.Write(ctx, entry("c")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Write to a full queue returned %v", err)
	}
}

func TestAClosedLogRefuses(t *testing.T) {
	l, _ := openTemp(t, Options{})
	l.Close()
	l.Close()
	if err := l.Write(context.Background(), entry("a")); !errors.Is(err, errClosed) {
		t.Errorf("Write returned %v", err)
	}
	if err := l.Queue(entry("a")); !errors.Is(err, errClosed) {
		t.Errorf("Queue returned %v", err)
	}
	if err := l.Reopen(); !errors.Is(err, errClosed) {
		t.Errorf("Reopen returned %v", err)
	}
}

func TestANilLogKeepsNothing(t *testing.T) {
	var l *Log
	if err := errors.Join(l.Write(context.Background(), entry("a")), l.Queue(entry("b")), l.Reopen(), l.Close()); err != nil {
		t.Error(err)
	}
}

func TestManyMailsAtOnce(t *testing.T) {
	l, path := openTemp(t, Options{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if err := l.Write(context.Background(), entry("x")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 5 {
		if err := l.Reopen(); err != nil {
			t.Error(err)
		}
	}
	all.Wait()
	if n := len(strings.Fields(refs(t, path))); n != 400 {
		t.Errorf("%d records, want 400", n)
	}
}

func TestOpenTellsWhatIsWrong(t *testing.T) {
	_, err := Open("/nonexistent/audit.jsonl", Options{})
	if want := "audit file: open /nonexistent/audit.jsonl: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

// full is an entry in which every field says something.
func full() Entry {
	tally := &classify.Tally{Values: nil, AtLeast: true}
	tally.Findings[4][3] = 2
	return Entry{
		Envelope: &rules.Envelope{
			Ref: "P-0123456789", QueueID: "4Q1", Time: time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC),
			Sender: "alice@inside.example", User: "alice", Client: netip.MustParseAddr("2001:db8::7"), Helo: "h", Daemon: "ORIGINATING",
			Pickup: true, TLS: rules.TLS{Version: "TLSv1.3", Cipher: "C", Bits: 256}, SMTPUTF8: true, Direction: rules.Outbound,
			Facts: &rules.Facts{
				FirstContact: map[string]bool{"outside.example": true}, Reply: map[string]bool{"bob@outside.example": false},
				TLS: map[string]string{"outside.example": "none"}, Volume: map[string]map[string]int{"outside.example": {"us-ssn": 3}},
			},
			Recipients: []rules.Recipient{{Address: "bob@outside.example", Canonical: "bob@outside.example", Mailer: "smtp"}},
		},
		Report: &classify.Report{
			Asked: []string{"0badcafe"},
			Findings: []classify.Finding{
				{Detector: "us-ssn", Masked: "***-**-1120", Fingerprint: "a:f1", Older: "b:f0", Confidence: detect.High, Part: "2!a.xlsx!Sheet1"},
				{Detector: "us-ssn", Masked: "***-**-1120", Fingerprint: "a:f1", Older: "b:f0", Confidence: detect.High, Part: "2.0"},
			},
			Fingerprints: []classify.Fingerprint{{Detector: "us-ssn", Fingerprint: "a:f1", Older: "b:f0"}}, FingerprintsTruncated: true,
			Tallies: map[string]*classify.Tally{"us-ssn": tally},
			Answers: map[string]classify.Answer{"tag:encrypt": {Yes: true, Near: true}},
			Parts: []extract.Part{{
				Path: "2!a.zip!b.xlsx", Name: "b.xlsx", Declared: "x/y", Detected: "application/zip", Bytes: 10,
				Encrypted: true, Cipher: "AES-256", Weak: true, Unscannable: false, Problem: extract.Encrypted,
				Where: extract.Attachment, HiddenLinks: 1, ConcealedLinks: 2,
			}},
			Named:     map[string]*classify.Tally{"uk-marking:SECRET": {}},
			ByPart:    []map[string]*classify.Tally{{"cv-resume": {}}},
			Anomalies: []string{"duplicate-content-type"}, Bytes: 99, Unable: "it is signed",
		},
		Decision: &rules.Decision{
			Action: rules.Reject, Direction: rules.Outbound, Reply: rules.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"a text"}},
			Recipients: []rules.Outcome{{Address: "bob@outside.example", Direction: rules.Outbound, Action: rules.Reject, Route: rules.Direct, Rules: []string{"r1"}}},
			Edits:      []rules.Edit{{Op: rules.AddHeader, Name: "X-Tag", Value: "a value"}},
			Rules:      []rules.RuleResult{{ID: "r1", Fired: true, Because: []string{"a reason"}}, {ID: "r2"}},
			Labels:     []string{"phi"},
		},
		Mode: "enforce", Fault: "not-offered", PolicyID: "example", Checksum: "c0ffee",
		MessageTime: 1500 * time.Millisecond, VerdictTime: 250 * time.Millisecond,
	}
}

func TestTheSchema(t *testing.T) {
	want, err := os.ReadFile("testdata/full.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := (&Log{options: Options{Samples: true}}).line(full())
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("the record is no longer that of testdata/full.json:\n%s", got)
	}
}

func TestAFieldWithNothingToSayIsEmptyNotAbsent(t *testing.T) {
	bare := entry("P-1")
	bare.Report, bare.Decision = nil, nil
	for name, e := range map[string]Entry{"a mail without verdict": bare, "a plain mail": entry("P-1")} {
		got, err := json.Marshal(record(e, false))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(got), "null") {
			t.Errorf("%s: null in %s", name, got)
		}
		if !strings.Contains(string(got), `"time":"2026-11-23T18:00:00Z"`) {
			t.Errorf("%s: the time is not UTC in %s", name, got)
		}
	}
}

func TestSamplesAreOnlyWrittenIfAskedFor(t *testing.T) {
	if r := record(full(), false); len(r.Samples) != 0 || len(r.Fingerprints) != 1 {
		t.Errorf("samples %v, fingerprints %v", r.Samples, r.Fingerprints)
	}
	if r := record(full(), true); len(r.Samples) != 2 || r.Samples[0].Part != "2" || r.Samples[1].Part != "2.0" {
		t.Errorf("samples %v", r.Samples)
	}
}

// TestEveryStringOfAReportIsKeptOut puts a value into every string of a Report
// and a Decision, found by reflection so that a new field is not forgotten, and
// looks for it in the record.
func TestEveryStringOfAReportIsKeptOut(t *testing.T) {
	const secret = "Zanzibar 078-05-1120"
	e := full()
	plant(reflect.ValueOf(e.Report), secret)
	for i := range e.Decision.Rules {
		plant(reflect.ValueOf(&e.Decision.Rules[i].Because), secret)
		e.Decision.Rules[i].Nearest = secret
	}
	e.Decision.Reply.Lines[0], e.Decision.Edits[0].Value = secret, secret
	// Detector and fingerprint are the scanner's own words.
	e.Report.Fingerprints = full().Report.Fingerprints
	line, err := json.Marshal(record(e, false))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"Zanzibar", "078-05", "1120"} {
		if strings.Contains(string(line), s) {
			t.Errorf("the record holds %q: %s", s, line)
		}
	}
}

func plant(v reflect.Value, secret string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			plant(v.Elem(), secret)
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString(secret)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			plant(field, secret)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			plant(v.Index(i), secret)
		}
	default: // numbers and the like hold no text
	}
}

func TestWordsThatLookLikeTermsAreCheckedToo(t *testing.T) {
	p := part(&extract.Part{Path: "2.1!x", Detected: "text/078-05-1120", Cipher: "078051120"})
	if p.Type != "" || p.Cipher != "" || p.Part != "2.1" {
		t.Errorf("part is %+v", p)
	}
	for _, s := range []string{
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/x-7z-compressed", "text/plain",
		"application/x-iso9660-image", "application/vnd.ms-excel.sheet.macroenabled.12", "audio/3gpp2",
	} {
		if word(s, mediaType) != s {
			t.Errorf("media type %q was not let through", s)
		}
	}
	for _, s := range []string{"AES-256-CBC", "RC4-40", "3DES", "ZipCrypto", "AES 256"} {
		if word(s, cipherName) != s {
			t.Errorf("cipher %q was not let through", s)
		}
	}
}

// The manual lists every field.
func TestTheManualKnowsEveryField(t *testing.T) {
	manual, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	var walk func(prefix string, typ reflect.Type)
	walk = func(prefix string, typ reflect.Type) {
		for f := range typ.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			path := prefix + name
			if !strings.Contains(string(manual), "`"+path+"`") {
				t.Errorf("docs/audit.md does not tell of `%s`", path)
			}
			inner := f.Type
			if inner.Kind() == reflect.Slice {
				inner, path = inner.Elem(), path+"[]"
			}
			if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]() {
				walk(path+".", inner)
			}
		}
	}
	walk("", reflect.TypeFor[Record]())
	walk("", reflect.TypeFor[Handling]())
}
