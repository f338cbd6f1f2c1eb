package rules

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// Routes says which recipes the MTA has; a policy that needs another does not
// load in enforce mode.
type Routes struct {
	Pos Pos
	// MTA is "postfix" or "sendmail"; empty is Postfix. Sendmail can force TLS for a
	// domain but not for one mail, and it routes each recipient by itself or not at
	// all: TLS and TLSVerified are false there, whatever they say, and PerRecipient
	// is true.
	MTA          string   `toml:"mta"`
	TLS          bool     `toml:"tls"`
	TLSVerified  bool     `toml:"tls_verified"`
	PerRecipient bool     `toml:"per_recipient"`
	Gateways     []string `toml:"gateways"`
	// PartnerTLS says that the tables of Sendmail force TLS for the domains of the
	// partner registry, all their mail.
	PartnerTLS bool `toml:"partner_tls"`
}

// Options is what an Engine needs to know beside its policy.
type Options struct {
	Routes  Routes
	Enforce bool // undeclared routes are errors
	Limits  extract.Limits
	// OCR reads the text in pictures; see classify.Config.
	OCR extract.OCR
	// FingerprintKeys make fingerprints, the newest first; see classify.Config.
	FingerprintKeys []classify.Key
	// Reveal lets the Scanner's findings hold the values; see classify.Config.
	Reveal bool
	// Overlay is TOML that is laid over the policy as the admin's own file is over
	// a pack: lists, settings, inside. Policy cases set it.
	Overlay string
	// Unproved loads a policy whose assertions do not hold; for those who look
	// into why.
	Unproved bool
	// Lint looks for rules and exemptions that have no effect, and takes what is odd
	// for a mistake; see Mistakes.Warnings.
	Lint bool
	// Time is the day by which expired entries are warned of; zero: no warnings.
	Time time.Time
	// Clock tells the day after which nobody is born, unless the policy does; nil:
	// nobody tells.
	Clock func() time.Time
	// AppendBytes bounds the body of a mail that a statement can be added to; 0:
	// DefaultAppendBytes.
	AppendBytes int64
}

// Engine is a Policy with its Scanner: immutable, shared by all sessions,
// replaced whole at a reload.
type Engine struct {
	*Policy
	scanner     *classify.Scanner
	appendBytes int64
}

// Load reads a policy, a shipped pack by its name or a file, and compiles it.
// The empty name is the default policy: all detectors, no rules, unread parts
// of outbound mail are held. The error is a *Mistakes with every mistake found.
// What was loaded never changes: list files are read here and not again.
func Load(nameOrFile string, opt Options) (*Engine, error) {
	policy, err := ReadPolicy(nameOrFile, detect.Builtin(), opt)
	if err != nil {
		return nil, err
	}
	return newEngine(policy, opt)
}

// LoadText is Load for a policy that was read already, as a test case has it.
// title says what it is, as messages begin; dir is where its list files are.
func LoadText(title string, text []byte, dir string, opt Options) (*Engine, error) {
	policy, err := ReadPolicyText(title, text, dir, detect.Builtin(), opt)
	if err != nil {
		return nil, err
	}
	return newEngine(policy, opt)
}

func newEngine(policy *Policy, opt Options) (*Engine, error) {
	if policy.detectOptions.Today == nil {
		policy.detectOptions.Today = opt.Clock
	}
	scanner, err := classify.NewScanner(classify.Config{
		Detectors: policy.inUse, Detect: policy.detectOptions, Exact: policy.exacts, Named: policy.values, ByPart: policy.byPart,
		Questions: policy.questions, Limits: opt.Limits, OCR: opt.OCR, Keys: opt.FingerprintKeys,
		Reveal: opt.Reveal,
	})
	if err != nil {
		return nil, &Mistakes{List: []Mistake{{File: fmt.Sprintf("policy %q", policy.id), Text: err.Error()}}}
	}
	return &Engine{policy, scanner, cmp.Or(opt.AppendBytes, DefaultAppendBytes)}, nil
}

// Summary says in one line what was understood: "3 rules, 4 detectors, …".
func (e *Engine) Summary() string {
	return e.Policy.Summary() + ", " + count(len(e.Detectors()), "detector")
}

// Detectors returns the detectors that the Engine's Scanner runs.
func (e *Engine) Detectors() []*detect.Detector { return e.scanner.Detectors() }

// Scanner returns the Engine's Scanner.
func (e *Engine) Scanner() *classify.Scanner { return e.scanner }

// Inspect opens the inspection of a mail whose envelope is complete. It returns
// nil if no recipient is in scope: the mail is accepted unread.
func (e *Engine) Inspect(ctx context.Context, env *Envelope) *Inspection {
	if !e.InScope(env) {
		return nil
	}
	i := &Inspection{Scan: e.scanner.Begin(ctx), policy: e.Policy, envelope: env, tags: e.tags()}
	if e.appends() {
		i.original = &original{limit: e.appendBytes}
	}
	return i
}

// Check reads a whole mail and decides as Policy.Explain does, whether it is in
// scope or not. Statements are tried, so that the decision has their edits.
func (e *Engine) Check(ctx context.Context, env *Envelope, mail io.Reader) (*Verdict, error) {
	var whole bytes.Buffer
	if e.appends() {
		mail = io.TeeReader(mail, &whole)
	}
	report, err := e.scanner.ScanMail(ctx, mail)
	if err != nil {
		return nil, err
	}
	v := &Verdict{Envelope: env, Report: report, original: readOriginal(whole.Bytes(), e.appendBytes)}
	v.Decision, v.Body, err = e.settle(env, report, v.original, true)
	return v, err
}

// Inspection is one mail being read: Field and Write take it as it arrives. A
// policy that adds statements keeps the body meanwhile.
type Inspection struct {
	*classify.Scan
	policy   *Policy
	envelope *Envelope
	original *original // nil if the policy adds nothing
	subjects []string  // as they came, if the policy changes them
	tags     bool
}

// Field takes a header field.
func (i *Inspection) Field(name, value string) {
	i.Scan.Field(name, value)
	if i.tags && strings.EqualFold(strings.TrimRight(name, " \t"), "Subject") && len(i.subjects) < maxSubjects {
		i.subjects = append(i.subjects, value)
	}
	if i.original != nil {
		i.original.field(name, value)
	}
}

// Write takes the next bytes of the body.
func (i *Inspection) Write(b []byte) (int, error) {
	if i.original != nil {
		_, _ = i.original.Write(b) // Finish tells of what went wrong
	}
	return i.Scan.Write(b)
}

// Verdict is what an Inspection ends in. Body is the mail's new body where the
// decision has the edit ReplaceBody, else nil. It must be read before Close, which
// frees what it is read from.
type Verdict struct {
	Envelope *Envelope
	Report   *classify.Report
	Decision *Decision
	Body     io.Reader
	original *original
}

// Close frees the body. It may be called more than once.
func (v *Verdict) Close() {
	if v.original != nil {
		v.original.free()
	}
}

// Finish ends the mail and decides. The error is that of a cancelled context, or
// of a machine that could not keep the body.
func (i *Inspection) Finish() (*Verdict, error) {
	report, err := i.Scan.Finish()
	v := &Verdict{Envelope: i.envelope, Report: report, original: i.original}
	if err == nil {
		v.Decision, v.Body, err = i.policy.settle(i.envelope, report, i.original, false)
	}
	if err == nil {
		v.Decision.fillSubject(i.subjects)
	}
	if err != nil {
		v.Close()
		return nil, err
	}
	if v.Body == nil {
		v.Close()
	}
	return v, nil
}
