package audit

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/extract"
	"github.com/postern-mail/postern/rules"
)

// Version is that of the schema.
const Version = 1

// Entry is what a Record is made of. Report and Decision are nil if the mail got
// no verdict; then Fault says why.
type Entry struct {
	Envelope    *rules.Envelope
	Report      *classify.Report
	Decision    *rules.Decision
	Mode        string // observe or enforce
	Fault       string
	PolicyID    string
	Checksum    string
	MessageTime time.Duration // from MAIL to the verdict
	VerdictTime time.Duration // from the end of the mail to the verdict
	Shadow      *Shadow       // nil if no second policy looked on
}

// Shadow is what a second policy that only looked on decided.
type Shadow struct {
	Decision *rules.Decision
	Differs  bool
	PolicyID string
	Checksum string
}

// Record is one line of the file.
type Record struct {
	V            int                       `json:"v"`
	Time         time.Time                 `json:"time"`
	Ref          string                    `json:"ref"`
	QueueID      string                    `json:"queue_id"`
	Kind         string                    `json:"kind"` // "mail"; a Handling has others
	Mode         string                    `json:"mode"`
	Fault        string                    `json:"fault"`
	Action       string                    `json:"action"`
	Direction    string                    `json:"direction"`
	PerRecipient bool                      `json:"per_recipient"`
	Reply        Reply                     `json:"reply"`
	Envelope     Envelope                  `json:"envelope"`
	Recipients   []Outcome                 `json:"recipients"`
	Rules        []string                  `json:"rules"`
	Labels       []string                  `json:"labels"`
	Edits        []Edit                    `json:"edits"`
	Counts       map[string]classify.Count `json:"counts"`
	Report       Report                    `json:"report"`
	Samples      []Sample                  `json:"samples"`
	Fingerprints []Fingerprint             `json:"fingerprints"`
	// FingerprintsTruncated says that the mail holds more values than fingerprints.
	FingerprintsTruncated bool         `json:"fingerprints_truncated"`
	Policy                Policy       `json:"policy"`
	Shadow                ShadowRecord `json:"shadow"`
	Seconds               Seconds      `json:"seconds"`
}

// Reply is the code of the reply, without its text; zero if the mail was taken.
type Reply struct {
	Code     int    `json:"code"`
	Enhanced string `json:"enhanced"`
}

// Envelope is the envelope as the MTA told it.
type Envelope struct {
	Sender     string            `json:"sender"`
	Recipients []rules.Recipient `json:"recipients"`
	User       string            `json:"user"`
	Client     string            `json:"client"`
	Helo       string            `json:"helo"`
	Daemon     string            `json:"daemon"`
	Pickup     bool              `json:"pickup"`
	TLS        rules.TLS         `json:"tls"`
	SMTPUTF8   bool              `json:"smtputf8"`
	Direction  string            `json:"direction"` // empty but where a tool settled it
	Facts      Facts             `json:"facts"`
}

// Facts is what was known of sender and recipients before the mail.
type Facts struct {
	FirstContact map[string]bool           `json:"first_contact"`
	Reply        map[string]bool           `json:"reply"`
	TLS          map[string]string         `json:"tls"`
	Volume       map[string]map[string]int `json:"volume"`
}

// Outcome is the decision for one recipient.
type Outcome struct {
	Address   string   `json:"address"`
	Direction string   `json:"direction"`
	Action    string   `json:"action"`
	Route     string   `json:"route"`
	Rules     []string `json:"rules"`
}

// Edit is one change of the mail, without the value.
type Edit struct {
	Op   string `json:"op"`
	Name string `json:"name"`
}

// Report is the content without content: enough to decide again.
type Report struct {
	Tallies   map[string]*classify.Tally `json:"tallies"`
	Named     map[string]*classify.Tally `json:"named"`
	Answers   map[string]classify.Answer `json:"answers"`
	Parts     []Part                     `json:"parts"`
	Unread    int                        `json:"unread"`
	Anomalies []string                   `json:"anomalies"`
	Bytes     int64                      `json:"bytes"`
	Unable    string                     `json:"unable"` // why no statement could be added
	Asked     []string                   `json:"asked"`  // digests of what was asked of the mail
}

// Part is one part of the mail: its number and what its bytes are.
type Part struct {
	Part        string `json:"part"`
	Type        string `json:"type"`
	Bytes       int64  `json:"bytes"`
	Encrypted   bool   `json:"encrypted"`
	Cipher      string `json:"cipher"`
	Weak        bool   `json:"weak"`
	Unscannable bool   `json:"unscannable"`
	Problem     string `json:"problem"`
	// Attachment says that rules take it for an attachment, not for a text or frame.
	Attachment     bool `json:"attachment"`
	HiddenLinks    int  `json:"hidden_links"`
	ConcealedLinks int  `json:"concealed_links"`
	// Tallies are the part's own, of the detectors that a label asks for by part.
	Tallies map[string]*classify.Tally `json:"tallies"`
}

// Sample is a finding with its masked value.
type Sample struct {
	Detector   string `json:"detector"`
	Masked     string `json:"masked"`
	Confidence string `json:"confidence"`
	Part       string `json:"part"`
}

// Fingerprint stands for a value under the site's key.
type Fingerprint struct {
	Detector    string `json:"detector"`
	Fingerprint string `json:"fingerprint"`
	Older       string `json:"older"` // under the key before; empty unless keys overlap
}

// Policy names the policy that decided.
type Policy struct {
	ID       string `json:"id"`
	Checksum string `json:"checksum"`
}

// ShadowRecord is the decision of the shadow policy; empty if there was none.
type ShadowRecord struct {
	Policy     Policy    `json:"policy"`
	Differs    bool      `json:"differs"`
	Action     string    `json:"action"`
	Recipients []Outcome `json:"recipients"`
	Rules      []string  `json:"rules"`
}

// Seconds tells how long the mail took.
type Seconds struct {
	Message float64 `json:"message"`
	Verdict float64 `json:"verdict"`
}

// record makes a Record. It names every field that it takes, so that a field
// added to a Report later does not end up in the file unseen.
func record(e Entry, samples bool) Record {
	r := Record{
		V: Version, Time: e.Envelope.Time.UTC(), Ref: e.Envelope.Ref, QueueID: e.Envelope.QueueID, Kind: KindMail,
		Mode: e.Mode, Fault: e.Fault, Envelope: envelope(e.Envelope),
		Recipients: []Outcome{}, Rules: []string{}, Labels: []string{}, Edits: []Edit{},
		Counts: map[string]classify.Count{}, Samples: []Sample{}, Fingerprints: []Fingerprint{},
		Report: Report{
			Tallies: map[string]*classify.Tally{}, Named: map[string]*classify.Tally{}, Answers: map[string]classify.Answer{},
			Parts: []Part{}, Anomalies: []string{}, Asked: []string{},
		},
		Policy:  Policy{e.PolicyID, e.Checksum},
		Seconds: Seconds{e.MessageTime.Seconds(), e.VerdictTime.Seconds()},
	}
	r.Shadow = ShadowRecord{Recipients: []Outcome{}, Rules: []string{}}
	if e.Decision != nil {
		r.decision(e.Decision)
	}
	if e.Shadow != nil {
		d := e.Shadow.Decision
		r.Shadow = ShadowRecord{
			Policy: Policy{e.Shadow.PolicyID, e.Shadow.Checksum}, Differs: e.Shadow.Differs,
			Action: d.Action.String(), Recipients: outcomes(d), Rules: fired(d),
		}
	}
	if e.Report != nil {
		r.report(e.Report, samples)
	}
	return r
}

func envelope(env *rules.Envelope) Envelope {
	e := Envelope{
		Sender: env.Sender, Recipients: append([]rules.Recipient{}, env.Recipients...),
		User: env.User, Helo: env.Helo, Daemon: env.Daemon, Pickup: env.Pickup,
		TLS: env.TLS, SMTPUTF8: env.SMTPUTF8, Direction: string(env.Direction), Facts: facts(env.Facts),
	}
	if env.Client.IsValid() {
		e.Client = env.Client.String()
	}
	return e
}

func facts(f *rules.Facts) Facts {
	all := Facts{map[string]bool{}, map[string]bool{}, map[string]string{}, map[string]map[string]int{}}
	if f != nil {
		maps.Copy(all.FirstContact, f.FirstContact)
		maps.Copy(all.Reply, f.Reply)
		maps.Copy(all.TLS, f.TLS)
		maps.Copy(all.Volume, f.Volume)
	}
	return all
}

func (r *Record) decision(d *rules.Decision) {
	r.Action, r.Direction, r.PerRecipient = d.Action.String(), string(d.Direction), d.PerRecipient
	if d.Action == rules.Reject || d.Action == rules.TempFail {
		r.Reply = Reply{d.Reply.Code, d.Reply.Enhanced}
	}
	r.Recipients, r.Rules = outcomes(d), fired(d)
	r.Labels = append(r.Labels, d.Labels...)
	for _, e := range d.Edits {
		r.Edits = append(r.Edits, Edit{string(e.Op), e.Name})
	}
}

func outcomes(d *rules.Decision) []Outcome {
	all := []Outcome{}
	for _, o := range d.Recipients {
		all = append(all, Outcome{
			o.Address, string(o.Direction), o.Action.String(), string(o.Route), append([]string{}, o.Rules...),
		})
	}
	return all
}

func fired(d *rules.Decision) []string {
	ids := []string{}
	for _, rule := range d.Rules {
		if rule.Fired {
			ids = append(ids, rule.ID)
		}
	}
	return ids
}

func (r *Record) report(report *classify.Report, samples bool) {
	for id, t := range report.Tallies {
		r.Report.Tallies[id] = t
		r.Counts[id] = t.Count()
	}
	maps.Copy(r.Report.Named, report.Named)
	for id, a := range report.Answers {
		r.Report.Answers[id] = classify.Answer{Yes: a.Yes, Near: a.Near}
	}
	for i := range report.Parts {
		p := part(&report.Parts[i])
		if i < len(report.ByPart) {
			maps.Copy(p.Tallies, report.ByPart[i])
		}
		r.Report.Parts = append(r.Report.Parts, p)
	}
	r.Report.Unread = len(report.Unread())
	for _, a := range report.Anomalies {
		if anomalyName.MatchString(a) {
			r.Report.Anomalies = append(r.Report.Anomalies, a)
		}
	}
	r.Report.Bytes = report.Bytes
	if slices.Contains(rules.Unables(), report.Unable) {
		r.Report.Unable = report.Unable
	}
	for _, d := range report.Asked {
		if digest.MatchString(d) {
			r.Report.Asked = append(r.Report.Asked, d)
		}
	}
	for _, f := range report.Findings {
		if samples {
			r.Samples = append(r.Samples, Sample{f.Detector, f.Masked, f.Confidence.String(), number(f.Part)})
		}
	}
	for _, f := range report.Fingerprints {
		r.Fingerprints = append(r.Fingerprints, Fingerprint{f.Detector, f.Fingerprint, f.Older})
	}
	r.FingerprintsTruncated = report.FingerprintsTruncated
}

func part(p *extract.Part) Part {
	problem := string(p.Problem)
	if problem != "" && !slices.Contains(extract.Problems(), p.Problem) {
		problem = string(extract.Unsupported)
	}
	return Part{
		Part: number(p.Path), Type: word(p.Detected, mediaType), Bytes: p.Bytes,
		Encrypted: p.Encrypted, Cipher: word(p.Cipher, cipherName), Weak: p.Weak,
		Unscannable: p.Unscannable, Problem: problem, Tallies: map[string]*classify.Tally{},
		Attachment: rules.IsAttachment(p), HiddenLinks: p.HiddenLinks, ConcealedLinks: p.ConcealedLinks,
	}
}

// number is the number of the part in the mail. What follows the first "!" are
// names that the sender chose.
func number(path string) string {
	path, _, _ = strings.Cut(path, "!")
	return word(path, partNumber)
}

var (
	partNumber  = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,4})*$`)
	mediaType   = regexp.MustCompile(`^[a-z]+/[a-z0-9.+-]{1,100}$`)
	cipherName  = regexp.MustCompile(`^[A-Za-z0-9 ._/+-]{1,40}$`)
	digest      = regexp.MustCompile(`^[0-9a-f]{8}$`)
	anomalyName = regexp.MustCompile(`^[a-z][a-z-]{1,60}$`)
)

// word lets through what has the form of a term from a closed set. It is the
// second lock on a door that the reader keeps shut: a media type or a cipher
// that a mail merely claims must not carry a number into the notebook.
func word(s string, form *regexp.Regexp) string {
	digits := 0
	for i := 0; i < len(s); i++ {
		if '0' <= s[i] && s[i] <= '9' {
			digits++
		}
	}
	if !form.MatchString(s) || (form != partNumber && digits > 5) {
		return ""
	}
	return s
}
