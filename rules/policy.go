package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
)

// Policy is a compiled policy: rules over an envelope and a report. It is
// immutable and safe for concurrent use; its decisions depend on nothing but
// what they are given.
type Policy struct {
	id, checksum  string
	help          string
	officer       string
	statements    map[string]sourceStatement
	coverage      []Clause
	asserts       []assertion
	inside        perimeter
	scope         []Direction // that any rule applies in, or that a file judges
	rules         []rule      // by id
	own           []string    // ids of those that its files or packs give, sorted
	exemptions    []exemption
	labels        []label // by name
	partners      map[string]*partner
	mailTests     []mailTest
	rcptTests     []rcptTest
	counts        int // that tests for findings count
	rolls         int // that recipients are looked up in
	questions     []classify.Question
	detectors     []string           // ids that conditions name
	inUse         []*detect.Detector // that the Scanner runs
	detectOptions detect.Options
	bornUntil     time.Time // by the policy's own word
	exacts        []classify.Exact
	values        []classify.Named
	byPart        []string // ids that labels count by part
	sums          []string // of tables
	files         []string // that it was read from
	keys          []string // and those of them that are keys of tables
	depth         int      // of the deepest condition
	asked         []string // digests of what is asked of a mail, see asked.go
	digests       map[string]string
	noted         map[int]string // ids of answers to mail tests that a record keeps
	routes        Routes
	wanted        FactsWanted
	warnings      []Mistake
}

// rule is a compiled rule.
type rule struct {
	id, clause string
	never      bool
	action     Action
	enhanced   string // status code of a reply
	words      template
	route      Route
	byPartner  bool // the route is that of the partner registry
	ways       ways // or one of these, by what is known of the recipient; nil without a list
	edits      []Edit
	tagged     []string // tags that the subject gets
	stripped   []string // and those that it loses
	statement  string   // to be appended
	fallback   Action
	notify     bool
	parts      []part // direction, to, from, user, when, not unless
	exemptions []int  // that may lift it
}

// part is one of the conditions of a rule, all of which must hold.
type part struct {
	expr
	unless bool   // it must not hold
	key    string // as the rule has it: "to", "when"
}

// exemption lifts rules where it holds.
type exemption struct {
	id      string
	clause  string
	expires date
	expr    expr
}

// label is a class of data that a mail can belong to.
type label struct {
	name string
	test int
}

// partner is an entry of the partner registry.
type partner struct {
	domain  string
	route   Route // of a list the strictest
	ways    ways  // nil without a list
	ref     string
	expires date
	file    string
	line    int
}

// The rules that no policy writes and that none can switch off.
const (
	markerRule   = "postern-marker-recipient" // a recipient already bears one of our marker domains
	gatewaysRule = "postern-two-gateways"     // rules ask for two gateways at once
	separateRule = "postern-send-separately"  // a route of the whole mail would take colleagues along
)

// ReadPolicy reads and compiles a policy as Load does, for the detectors given,
// without building a Scanner. The error is a *Mistakes.
func ReadPolicy(nameOrFile string, detectors []*detect.Detector, opt Options) (*Policy, error) {
	r := newReader()
	return r.compile(r.read(nameOrFile), detectors, opt)
}

// ReadPolicyText compiles a policy that was read already. title says what it is,
// as messages begin; dir is where its list files are.
func ReadPolicyText(title string, text []byte, dir string, detectors []*detect.Detector, opt Options) (*Policy, error) {
	r := newReader()
	return r.compile(r.text(title, "policy", text, dir), detectors, opt)
}

// ReadDetectors reads the detectors of a policy, shipped and its own, and nothing
// else of it: the tables that it names need not be there. The error is a
// *Mistakes.
func ReadDetectors(nameOrFile string, opt Options) ([]*detect.Detector, error) {
	r := newReader()
	sources := r.read(nameOrFile)
	c := newCompiler(sources, detect.Builtin(), opt, r.mistakes)
	c.collectDetectors()
	return c.inUse, r.mistakes.Err()
}

func (r *reader) compile(sources []*source, detectors []*detect.Detector, opt Options) (*Policy, error) {
	if len(sources) == 0 {
		return nil, r.mistakes.Err()
	}
	id := sources[len(sources)-1].Policy.ID
	if opt.Overlay != "" {
		if s := r.source("overlay", "overlay", []byte(opt.Overlay), false); s != nil {
			s.Policy.Judges = nil
			sources = append(sources, s)
		}
	}
	p := newCompiler(sources, detectors, opt, r.mistakes).compile()
	p.id = id
	if err := r.mistakes.Err(); err != nil {
		return nil, err
	}
	p.files = append(r.files, p.files...)
	for _, sum := range p.sums {
		r.count("table", []byte(sum))
	}
	p.checksum = r.checksum()
	return p, nil
}

// ID is the policy's id.
func (p *Policy) ID() string { return p.id }

// Checksum is a short hash over all that was read for the policy.
func (p *Policy) Checksum() string { return p.checksum }

// Files are the files that were read for the policy, by the paths that it names
// them by. Packs, which are in the binary, have none.
func (p *Policy) Files() []string { return slices.Clone(p.files) }

// KeyFiles are those of the Files that hold keys.
func (p *Policy) KeyFiles() []string { return slices.Clone(p.keys) }

// Questions is what the policy asks of content beside the detectors.
func (p *Policy) Questions() []classify.Question { return slices.Clone(p.questions) }

// Warnings tells what is odd about the policy, though it works: expired
// entries, lists that no rule uses, undeclared routes in observe mode.
func (p *Policy) Warnings() []Mistake { return slices.Clone(p.warnings) }

// RuleIDs lists the ids that may stand in a decision, sorted: those of the
// policy, and postern's own.
func (p *Policy) RuleIDs() []string {
	ids := []string{markerRule, gatewaysRule, separateRule}
	for i := range p.rules {
		ids = append(ids, p.rules[i].id)
	}
	slices.Sort(ids)
	return ids
}

// OwnRules lists the ids of the rules that the policy's file gives, or a pack that
// it uses, sorted. A policy without any has but those that hold where nobody wrote
// a rule, as an empty file has.
func (p *Policy) OwnRules() []string { return slices.Clone(p.own) }

// Summary says in one line what was understood.
func (p *Policy) Summary() string {
	s := fmt.Sprintf("%s, %s, %s, judges %s", count(len(p.rules), "rule"), count(len(p.exemptions), "exemption"),
		count(len(p.labels), "label"), joined(p.scope, " and "))
	if len(p.inside.domains) == 0 {
		return s + ", no inside domains named"
	}
	return s + ", " + count(len(p.inside.domains), "inside domain")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func joined(directions []Direction, with string) string {
	names := make([]string, len(directions))
	for i, d := range directions {
		names[i] = string(d)
	}
	return strings.Join(names, with)
}

// OriginInScope reports whether a mail of this origin may concern the policy.
// The recipients of the Envelope are not looked at.
func (p *Policy) OriginInScope(env *Envelope) bool {
	if env.Direction != "" {
		return p.judges(env.Direction)
	}
	if p.inside.insider(env) {
		return p.judges(Outbound) || p.judges(Internal)
	}
	return p.judges(Inbound)
}

// InScope reports whether any recipient of a complete Envelope is in scope. A
// recipient that bears one of our marker domains always is, to be refused.
func (p *Policy) InScope(env *Envelope) bool {
	insider, sender := p.inside.insider(env), parseMailbox(env.Sender)
	for i := range env.Recipients {
		to := &env.Recipients[i]
		if marked(to) || p.judges(p.inside.direction(env, insider, parseMailbox(to.judgedBy()), to.Mailer, sender)) {
			return true
		}
	}
	return false
}

func (p *Policy) judges(d Direction) bool { return slices.Contains(p.scope, d) }

// partner finds the registry's nearest entry for a recipient that is valid.
func (p *Policy) partner(to mailbox, at time.Time) *partner {
	var found *partner
	upwards(to.domain, func(domain string) bool {
		if one := p.partners[domain]; one != nil && !one.expires.expired(at) {
			found = one
		}
		return found == nil
	})
	return found
}
