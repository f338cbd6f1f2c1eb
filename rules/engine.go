// Package rules says what shall be done with a mail.
package rules

import (
	"context"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

// Routes says which recipes the MTA has; a policy that needs another does not
// load in enforce mode.
type Routes struct {
	TLS          bool     `toml:"tls"`
	TLSVerified  bool     `toml:"tls_verified"`
	PerRecipient bool     `toml:"per_recipient"`
	Gateways     []string `toml:"gateways"`
}

// Options is what an Engine needs to know beside its policy.
type Options struct {
	Routes         Routes
	Enforce        bool // undeclared routes are errors
	Limits         extract.Limits
	FingerprintKey []byte
}

// Engine is a Policy with its Scanner: immutable, shared by all sessions,
// replaced whole at a reload.
type Engine struct{}

// Load reads a policy, a shipped pack by its name or a file, and compiles it.
// The empty name is the default policy: all detectors, no rules, unread parts
// of outbound mail are held. The error is a *Mistakes with every mistake found.
func Load(nameOrFile string, opt Options) (*Engine, error) { panic("not built") }

// ID is the policy's id, Checksum a short hash of all that was read for it
// (files, packs, lists).
func (e *Engine) ID() string { panic("not built") }

// Checksum is a short hash over all that was read for the policy.
func (e *Engine) Checksum() string { panic("not built") }

// RuleIDs lists the ids of all rules, sorted.
func (e *Engine) RuleIDs() []string { panic("not built") }

// Summary says in one line what was understood: "3 rules, 4 detectors, …".
func (e *Engine) Summary() string { panic("not built") }

// Detectors returns the detectors that the Engine's Scanner runs.
func (e *Engine) Detectors() []*detect.Detector { panic("not built") }

// Scanner returns the Engine's Scanner.
func (e *Engine) Scanner() *classify.Scanner { panic("not built") }

// OriginInScope reports at MAIL whether a mail of this origin may concern the
// policy at all. If not, the mail is accepted unread. Of the Envelope all but
// the recipients must be filled.
func (e *Engine) OriginInScope(env *Envelope) bool { panic("not built") }

// Inspect opens the inspection of a mail whose envelope is complete. It returns
// nil if no recipient is in scope: the mail is accepted unread.
func (e *Engine) Inspect(ctx context.Context, env *Envelope) *Inspection { panic("not built") }

// Inspection is one mail being read: Field and Write take it as it arrives.
type Inspection struct {
	*classify.Scan
}

// Verdict is what an Inspection ends in.
type Verdict struct {
	Envelope *Envelope
	Report   *classify.Report
	Decision *Decision
}

// Finish ends the mail and decides. The error is that of a cancelled context.
func (i *Inspection) Finish() (*Verdict, error) { panic("not built") }

// Decide is the pure decision over an envelope and a report.
func (e *Engine) Decide(env *Envelope, report *classify.Report) *Decision { panic("not built") }

// Explain is Decide with, for each rule that did not fire, the condition that
// failed and how near it was.
func (e *Engine) Explain(env *Envelope, report *classify.Report) *Decision { panic("not built") }
