package rules

import (
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// testDetectors stand for the shipped ones; a policy knows ids and titles only.
var testDetectors = []*detect.Detector{
	{ID: "us-ssn", Title: "US Social Security number"},
	{ID: "mo-dcn", Title: "Missouri client number"},
	{ID: "uk-nino", Title: "UK National Insurance number"},
	{ID: "payment-card", Title: "payment card number"},
}

var testRoutes = Routes{TLS: true, TLSVerified: true, PerRecipient: true, Gateways: []string{"secure", "other", "cjsm"}}

// policyOf compiles a policy text, with files beside it by name.
func policyOf(t testing.TB, text string, opt Options, beside ...string) *Policy {
	t.Helper()
	p, err := readText(t, text, opt, beside...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func readText(t testing.TB, text string, opt Options, beside ...string) (*Policy, error) {
	t.Helper()
	dir := "."
	if len(beside) > 0 {
		dir = t.TempDir()
	}
	for i := 0; i+1 < len(beside); i += 2 {
		write(t, filepath.Join(dir, beside[i]), beside[i+1])
	}
	return ReadPolicyText(`policy "p.toml"`, []byte(text), dir, testDetectors, opt)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// enforcing has all recipes and refuses what is not declared.
func enforcing() Options { return Options{Routes: testRoutes, Enforce: true} }

var noon = time.Date(2027, 3, 15, 12, 0, 0, 0, time.UTC)

// envelope is a mail of an insider.
func envelope(from string, to ...string) *Envelope {
	env := &Envelope{Ref: "P-0123456789", Time: noon, Sender: from, User: "alice", Client: netip.MustParseAddr("192.0.2.7")}
	for _, a := range to {
		env.Recipients = append(env.Recipients, Recipient{Address: a, Canonical: a, Mailer: "smtp"})
	}
	return env
}

// find is one finding of a report; count of them with different values.
type find struct {
	id     string
	count  int
	level  detect.Confidence
	part   string
	where  extract.Where
	quoted bool
}

// report builds what the scanner would have said.
func report(finds ...find) *classify.Report {
	r := &classify.Report{Tallies: map[string]*classify.Tally{}, Answers: map[string]classify.Answer{}}
	for _, f := range finds {
		r = with(r, f)
	}
	return r
}

// with adds findings to a report. The keys of Tally.Values are of a type that
// only classify knows; converting its zero gives us one of each.
func with(r *classify.Report, f find) *classify.Report {
	if f.where == "" {
		f.where, f.part = extract.Body, "1"
	}
	if f.level == detect.None {
		f.level = detect.High
	}
	if f.count == 0 {
		f.count = 1
	}
	tally := r.Tallies[f.id]
	if tally == nil {
		tally = &classify.Tally{}
		r.Tallies[f.id] = tally
	}
	index := map[extract.Where]int{extract.Subject: 0, extract.Header: 2, extract.Body: 4, extract.Attachment: 6}[f.where]
	if f.quoted {
		index++
	}
	tally.Findings[index][f.level] += f.count
	values(&tally.Values, uint16(f.level)<<(2*index), f.count)
	for range f.count {
		r.Findings = append(r.Findings, classify.Finding{Detector: f.id, Confidence: f.level, Part: f.part, Where: f.where, Quoted: f.quoted})
	}
	return r
}

// values counts n values of a signature.
func values[S ~uint16](all *map[S]int, signature uint16, n int) {
	if *all == nil {
		*all = map[S]int{}
	}
	(*all)[S(signature)] += n
}

// answered sets the answer to a question.
func answered(r *classify.Report, id string, a classify.Answer) *classify.Report {
	r.Answers[id] = a
	return r
}

// cpuTime is the CPU time of the process, which the machine's other work does not
// move.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
