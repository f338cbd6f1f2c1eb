package milter

import (
	"context"
	"io"

	"github.com/postern-mail/postern/rules"
)

// engine is what a Session asks of the loaded policy: *rules.Engine with its
// Inspection seen as an interface, so that a test can speak for a policy.
type engine interface {
	ID() string
	Checksum() string
	Officer() string // whom rules tell; empty: nobody
	OriginInScope(*rules.Envelope) bool
	FactsWanted() rules.FactsWanted
	Outside(*rules.Envelope) []string
	Inspect(context.Context, *rules.Envelope) inspection // nil: nobody in scope
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
			return loaded{e}
		}
		return nil
	}
}

// loaded makes an engine of the real one.
type loaded struct{ *rules.Engine }

func (e loaded) Inspect(ctx context.Context, env *rules.Envelope) inspection {
	if i := e.Engine.Inspect(ctx, env); i != nil {
		return i
	}
	return nil
}
