//go:build faulty

package milter

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/postern-mail/postern/classify/extract"
	"github.com/postern-mail/postern/rules"
)

// This build panics where the field X-Panic of a mail says, and its clock is ahead
// by the seconds that the file POSTERN_CLOCK holds. No package that is shipped has it.
func init() {
	wrap = func(e engine) engine { return saboteur{e} }
	timeOfDay = func() time.Time {
		text, _ := os.ReadFile(os.Getenv("POSTERN_CLOCK")) // none: it goes right
		seconds, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		return time.Now().Round(0).Add(time.Duration(seconds) * time.Second)
	}
}

type saboteur struct{ engine }

func (e saboteur) OriginInScope(env *rules.Envelope) bool {
	if strings.HasPrefix(env.Sender, "panic-at-mail") {
		panic("at MAIL")
	}
	return e.engine.OriginInScope(env)
}

func (e saboteur) InScope(env *rules.Envelope) bool {
	if strings.HasPrefix(env.Sender, "panic-in-scope") {
		panic("in scope")
	}
	return e.engine.InScope(env)
}

func (e saboteur) Inspect(ctx context.Context, env *rules.Envelope, memory extract.Memory) inspection {
	return &faultyInspection{inspection: e.engine.Inspect(ctx, env, memory)}
}

type faultyInspection struct {
	inspection
	where string
}

func (i *faultyInspection) Field(name, value string) {
	if name == "X-Panic" {
		i.where = value
	}
	if i.where == "field" {
		panic("in a field")
	}
	i.inspection.Field(name, value)
}

func (i *faultyInspection) Write(b []byte) (int, error) {
	if i.where == "body" {
		panic("in the body")
	}
	return i.inspection.Write(b)
}

func (i *faultyInspection) Finish() (*rules.Verdict, error) {
	if i.where == "finish" {
		panic("at the end")
	}
	v, err := i.inspection.Finish()
	switch {
	case err != nil:
	case i.where == "decision": // what carries it out meets nothing
		v.Decision = nil
	case i.where == "report": // metrics, log and audit do
		v.Report = nil
	case i.where == "edits":
		v.Decision.Edits = append(v.Decision.Edits, rules.Edit{Op: "no-such-edit"})
	}
	return v, err
}
