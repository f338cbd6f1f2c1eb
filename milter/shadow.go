package milter

import (
	"context"

	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/rules"
)

// shadow reads a mail for a second policy. Nothing that it does reaches the
// mail: its decision is compared, counted and noted, and if it fails it is
// forgotten. A nil shadow is none.
type shadow struct {
	server     *Server
	engine     engine
	inspection inspection
}

// shadowEngine is the shadow policy; nil without one.
func (s *Server) shadowEngine() engine {
	if s.shadow == nil {
		return nil
	}
	return s.shadow()
}

// openShadow begins to read the mail for the shadow policy, if there is one.
func (s *Session) openShadow(ctx context.Context) *shadow {
	if s.server.shadow == nil {
		return nil
	}
	e := s.server.shadow()
	if e == nil {
		return nil
	}
	sh := &shadow{server: s.server, engine: e}
	sh.keep(func() {
		if e.InScope(&s.tx.env) {
			sh.inspection = e.Inspect(ctx, &s.tx.env, s.tx.share)
		}
	})
	return sh
}

func (sh *shadow) field(name, value string) {
	if sh != nil && sh.inspection != nil {
		sh.keep(func() { sh.inspection.Field(name, value) })
	}
}

func (sh *shadow) write(chunk []byte) {
	if sh != nil && sh.inspection != nil {
		sh.keep(func() { _, _ = sh.inspection.Write(chunk) }) // a cancelled mail is over anyhow
	}
}

// finish compares the shadow's decision with the active one, and counts a
// difference. A mail that the shadow policy would not have read it accepts.
func (sh *shadow) finish(active *rules.Decision) *audit.Shadow {
	if sh == nil || sh.engine == nil {
		return nil
	}
	decision := acceptAll(active)
	if sh.inspection != nil {
		decision = nil
		sh.keep(func() {
			if v, err := sh.inspection.Finish(); err == nil {
				decision = v.Decision
				v.Close()
			}
		})
		sh.inspection = nil
	}
	if decision == nil {
		return nil
	}
	differs := differ(active, decision)
	if differs {
		sh.server.Metrics.ShadowDiffers(active.Action, decision.Action)
	}
	return &audit.Shadow{Decision: decision, Differs: differs, PolicyID: sh.engine.ID(), Checksum: sh.engine.Checksum()}
}

// release lets go of what an unfinished shadow holds open.
func (sh *shadow) release() {
	if sh != nil && sh.inspection != nil {
		sh.keep(func() { _, _ = sh.inspection.Finish() })
		sh.inspection = nil
	}
}

// keep runs one step. A panic in it costs the shadow, not the mail.
func (sh *shadow) keep(step func()) {
	defer func() {
		if recover() != nil {
			sh.server.Metrics.panics.Inc()
			sh.server.Log.Error("panic in the shadow policy; it skips this mail")
			sh.engine, sh.inspection = nil, nil
		}
	}()
	step()
}

// acceptAll is the decision of a policy that the mail does not concern.
func acceptAll(d *rules.Decision) *rules.Decision {
	accepted := &rules.Decision{Direction: d.Direction}
	for _, o := range d.Recipients {
		accepted.Recipients = append(accepted.Recipients, rules.Outcome{Address: o.Address, Direction: o.Direction, Route: rules.Direct})
	}
	return accepted
}

// differ reports whether two decisions come to another end for any recipient.
func differ(a, b *rules.Decision) bool {
	if a.Action != b.Action || len(a.Recipients) != len(b.Recipients) {
		return true
	}
	for i := range a.Recipients {
		if a.Recipients[i].Action != b.Recipients[i].Action || a.Recipients[i].Route != b.Recipients[i].Route {
			return true
		}
	}
	return false
}
