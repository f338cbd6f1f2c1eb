package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/rules"
)

// The files of a policy are read again when nobody has written to any of them for
// settleQuiet, which is waited for as long as settleMost.
const (
	settleQuiet = 500 * time.Millisecond
	settleMost  = 5 * time.Second
	settleLook  = 25 * time.Millisecond
)

var (
	errUnsettled = errors.New("it is still being written")
	errEnding    = errors.New("the daemon ends")
)

// reload builds whole new engines and puts them in force, or keeps the old ones.
func (s *server) reload() error {
	engine, shadow, err := s.build()
	if err != nil {
		s.metrics.ReloadFailed()
		return err
	}
	s.force(engine, shadow)
	return nil
}

// force puts engines in force.
func (s *server) force(engine, shadow *rules.Engine) {
	old, oldShadow := s.engine.Swap(engine), s.shadow.Swap(shadow)
	s.metrics.PolicyLoaded(engine.ID(), engine.Checksum(), engine.RuleIDs())
	s.metrics.ReloadSucceeded()
	s.tell("policy loaded", engine, old)
	if shadow != nil {
		s.tell("shadow policy loaded", shadow, oldShadow)
	}
	go giveBack()
}

// giveBack gives the memory of what a reload has put out of force back to the system.
// Tables are large and make no work for the collector, so that without it they would
// wait for its next round of two minutes.
func giveBack() { debug.FreeOSMemory() }

// build loads the policy, and the shadow policy if there is one. The shadow
// needs no routes: it sends nothing anywhere.
func (s *server) build() (engine, shadow *rules.Engine, err error) {
	opt, err := s.conf.policyOptions()
	if err != nil {
		return nil, nil, err
	}
	opt.OCR = s.ocr
	name := s.conf.policyName(s.global.policy)
	if engine, err = rules.Load(name, opt); err != nil {
		return nil, nil, err
	}
	switch ruled := len(engine.OwnRules()) > 0; {
	case !s.conf.enforce() || ruled:
	case name == "":
		s.log.Warn("no policy is named: all that can be read is let go, and outbound mail with parts that cannot be read is held")
	default:
		return nil, nil, ruleless(name)
	}
	if s.conf.Policy.Shadow != "" {
		opt.Enforce = false
		shadow, err = rules.Load(s.conf.Policy.Shadow, opt)
	}
	return engine, shadow, err
}

// ruleless is the refusal of a policy without a rule in enforce mode. It would let
// everything go that can be read, and is what is left of a file that was emptied or
// cut short.
func ruleless(name string) error {
	m := &rules.Mistakes{}
	m.Add(fmt.Sprintf("policy %q", name), 0, "write the file whole and put it in place by a rename, use a pack in it, or run in observe mode",
		"there is no rule of its own or of a pack, and enforce mode needs one: the file may be empty or cut short")
	return m
}

// reloadSettled is reload for files that somebody may be writing just now: they are
// read when they have been quiet for a while. What comes from ends cuts the waiting
// short and stays there.
func (s *server) reloadSettled(ends chan os.Signal) error {
	limit := time.Now().Add(settleMost)
	files := policyFiles(s.engine.Load(), s.shadow.Load())
	for {
		before, err := settle(files, limit, ends)
		if err != nil {
			s.metrics.ReloadFailed()
			return err
		}
		engine, shadow, err := s.build()
		if err != nil {
			s.metrics.ReloadFailed()
			go giveBack()
			return err
		}
		// The new policy may name files that the old one did not.
		files = policyFiles(engine, shadow)
		if now := fileStates(files); !within(now, before) {
			continue
		}
		s.force(engine, shadow)
		return nil
	}
}

func policyFiles(engines ...*rules.Engine) []string {
	var files []string
	for _, e := range engines {
		if e != nil {
			files = append(files, e.Files()...)
		}
	}
	return files
}

// fileState is what changes when a file is written; the zero value is that of a
// file that is not there.
type fileState struct {
	size int64
	time time.Time
}

func fileStates(files []string) map[string]fileState {
	states := make(map[string]fileState, len(files))
	for _, name := range files {
		state := fileState{}
		if info, err := os.Stat(name); err == nil {
			state = fileState{info.Size(), info.ModTime()}
		}
		states[name] = state
	}
	return states
}

// within reports whether all of some is in all.
func within(some, all map[string]fileState) bool {
	for name, state := range some {
		if was, ok := all[name]; !ok || was != state {
			return false
		}
	}
	return true
}

// settle waits until no file has changed for settleQuiet, and returns what they are
// like then. The modification time alone does not tell: clocks of file servers
// differ from ours.
func settle(files []string, limit time.Time, ends chan os.Signal) (map[string]fileState, error) {
	states, since := fileStates(files), time.Now()
	for time.Since(since) < settleQuiet {
		if time.Now().After(limit) {
			return nil, fmt.Errorf("%s: %w after %s; reload again when it is whole", changing(states, files), errUnsettled, settleMost)
		}
		select {
		case sig := <-ends:
			select {
			case ends <- sig:
			default: // another one came meanwhile
			}
			return nil, errEnding
		case <-time.After(settleLook):
		}
		if now := fileStates(files); !maps.Equal(now, states) {
			states, since = now, time.Now()
		}
	}
	return states, nil
}

// changing names the file that was written last.
func changing(states map[string]fileState, files []string) string {
	if len(files) == 0 {
		return "policy"
	}
	return fmt.Sprintf("%q", slices.MaxFunc(files, func(a, b string) int { return states[a].time.Compare(states[b].time) }))
}

// hangup is what SIGHUP does.
func (s *server) hangup(ends chan os.Signal) {
	if s.audit != nil {
		if err := s.audit.Reopen(); err != nil {
			s.log.Error("audit file not reopened", "error", err)
		}
	}
	if err := s.reloadSettled(ends); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			s.log.Error("policy not reloaded, the old one stays in force", "error", line)
		}
		s.sandboxHint(err)
	}
	s.watcher.changed()
}

// tell says what was loaded, and what became of the rules that were in force.
func (s *server) tell(message string, e, old *rules.Engine) {
	about := []any{"policy", e.ID(), "checksum", e.Checksum(), "summary", e.Summary()}
	if old != nil {
		is, was := e.OwnRules(), old.OwnRules()
		about = append(about, "rules", len(is), "rules_before", len(was))
		gone := slices.DeleteFunc(was, func(id string) bool { return slices.Contains(is, id) })
		if len(gone) > 0 {
			about = append(about, "rules_gone", strings.Join(gone, ","))
		}
	}
	s.log.Info(message, about...) //nolint:sloglint // one of two constants
	s.warn(e)
}

// warn tells what is odd about a policy, and what it asks for in vain.
func (s *server) warn(e *rules.Engine) {
	for _, w := range e.Warnings() {
		s.log.Warn("policy", "warning", w.String())
	}
	wanted := e.FactsWanted()
	if wanted.TLS && !s.conf.Probe.Enabled {
		s.log.Warn("rules ask what destinations can do, and nobody looks: all are unknown; see [probe]", "policy", e.ID())
	}
	if (wanted.FirstContact || wanted.Volume) && s.conf.Facts.Folder == "" {
		s.log.Warn("rules ask for first contacts or volumes, and nobody remembers them: they are unknown; see [facts]", "policy", e.ID())
	}
	switch {
	case !e.Notifies() || !s.conf.enforce():
	case s.conf.Notices.Folder == "":
		s.log.Warn("rules tell the officer, but nobody is told: [notices] folder is not set", "policy", e.ID())
	case e.Officer() == "":
		s.log.Warn("rules tell the officer, but nobody is told: [officer] address is not set", "policy", e.ID())
	}
}
