package milter

import (
	"context"
	"io"

	"github.com/postern-mail/postern/classify/extract"
	"github.com/postern-mail/postern/rules"
)

// engine is what a Session asks of the loaded policy: *rules.Engine with its
// Inspection seen as an interface, so that a test can speak for a policy.
type engine interface {
	ID() string
	Checksum() string
	Officer() string // whom rules tell; empty: nobody
	Routes() rules.Routes
	OriginInScope(*rules.Envelope) bool
	InScope(*rules.Envelope) bool
	// Inspect begins to read a mail that is in scope; memory is asked for what
	// the reading of containers holds.
	Inspect(ctx context.Context, env *rules.Envelope, memory extract.Memory) inspection
	FactsWanted() rules.FactsWanted
	Outside(*rules.Envelope) []string
}

// inspection is one mail being read.
type inspection interface {
	Field(name, value string)
	io.Writer
	Finish() (*rules.Verdict, error)
}

func adapt(current func() *rules.Engine) func() engine {
	return func() engine {
		if e := current(); e != nil {
			return wrap(loaded{e})
		}
		return nil
	}
}

// wrap is replaced by a build that makes faults for tests.
var wrap = func(e engine) engine { return e }

// loaded makes an engine of the real one.
type loaded struct{ *rules.Engine }

func (e loaded) Inspect(ctx context.Context, env *rules.Envelope, memory extract.Memory) inspection {
	i := e.Engine.Inspect(ctx, env)
	if i == nil {
		panic("internal error: a mail in scope is out of scope")
	}
	i.UseMemory(memory)
	return i
}
