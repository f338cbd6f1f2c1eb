package notice

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// gateEvery is how often quiet periods and hours are looked at.
const gateEvery = 5 * time.Second

// The bounds of a gate.
const (
	maxRepeats = 10_000 // things that are quiet
	maxRefs    = 10     // references that a repeat lists
	maxByRule  = 200    // rules that a digest lists
)

// gate holds back what an officer was told already, and what is too much. It
// belongs to one goroutine.
type gate struct {
	options *Options
	Repeats map[string]*repeat `json:"repeats"` // by what makes two events the same
	Hours   map[string]*hour   `json:"hours"`   // by officer
	dirty   bool
}

// repeat is a thing that was told; More counts how often it happened again.
type repeat struct {
	First Event     `json:"first"`
	Until time.Time `json:"until"`
	More  int       `json:"more"`
	Refs  []string  `json:"refs"`
}

// hour counts what one officer was told in an hour.
type hour struct {
	To     []string       `json:"to"`
	Until  time.Time      `json:"until"`
	Told   int            `json:"told"`
	Extra  int            `json:"extra"`
	ByRule map[string]int `json:"by_rule"`
}

func newGate(o *Options) *gate {
	return &gate{options: o, Repeats: map[string]*repeat{}, Hours: map[string]*hour{}}
}

// pass returns the letter for an event, if it is to be told now.
func (g *gate) pass(e *Event) []letter {
	g.dirty = true
	same := e.same()
	if r := g.Repeats[same]; r != nil { // one that has just ended is told with the next look
		r.More++
		if len(r.Refs) < maxRefs {
			r.Refs = append(r.Refs, e.Ref)
		}
		return nil
	}
	if len(g.Repeats) < maxRepeats {
		g.Repeats[same] = &repeat{First: *e, Until: g.options.now().Add(g.options.Quiet)}
	}
	if !g.room(e.To, e.rules(), 1) {
		return nil
	}
	return []letter{{
		to: e.To, subject: fmt.Sprintf("[postern] %s: mail %s (%s)", e.Ref, e.outcome(), strings.Join(e.rules(), ", ")), text: e.text(),
	}}
}

// room reports whether an officer may be told one thing more in this hour; if
// not, so many mails go to its digest.
func (g *gate) room(to, rules []string, mails int) bool {
	officer := strings.Join(to, " ")
	h := g.Hours[officer]
	if h == nil {
		h = &hour{To: to, Until: g.options.now().Add(time.Hour), ByRule: map[string]int{}}
		g.Hours[officer] = h
	}
	if h.Told < g.options.PerHour {
		h.Told++
		return true
	}
	h.Extra += mails
	for _, r := range rules {
		if _, known := h.ByRule[r]; known || len(h.ByRule) < maxByRule {
			h.ByRule[r] += mails
		}
	}
	return false
}

// due returns the letters of quiet periods and hours that have ended.
func (g *gate) due() []letter {
	now := g.options.now()
	var letters []letter
	for _, officer := range slices.Sorted(maps.Keys(g.Hours)) {
		if h := g.Hours[officer]; !now.Before(h.Until) {
			delete(g.Hours, officer)
			g.dirty = true
			if h.Extra > 0 {
				letters = append(letters, h.digest())
			}
		}
	}
	for _, same := range slices.Sorted(maps.Keys(g.Repeats)) {
		r := g.Repeats[same]
		if now.Before(r.Until) {
			continue
		}
		g.dirty = true
		if r.More == 0 {
			delete(g.Repeats, same)
			continue
		}
		if g.room(r.First.To, r.First.rules(), r.More) {
			letters = append(letters, r.letter())
		}
		r.More, r.Refs, r.Until = 0, nil, now.Add(g.options.Quiet)
	}
	return letters
}

// letter tells how often a thing happened again.
func (r *repeat) letter() letter {
	e := &r.First
	var b strings.Builder
	fmt.Fprintf(&b, "The same happened %d more times since the notice about %s.\n", r.More, e.Ref)
	list(&b, "References", r.Refs)
	if more := r.More - len(r.Refs); more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	b.WriteString("\nThe first one:\n\n" + e.text())
	return letter{to: e.To, subject: fmt.Sprintf("[postern] %s: %d more mails %s (%s)", e.Ref, r.More, e.outcome(), strings.Join(e.rules(), ", ")), text: b.String()}
}

// digest tells what went beyond the number of notices an hour.
func (h *hour) digest() letter {
	var b strings.Builder
	fmt.Fprintf(&b, "In the hour up to %s there were %d mails more than notices are sent in an hour.\nThe audit file tells of each of them.\n", h.Until.UTC().Format(time.RFC1123), h.Extra)
	var lines []string
	for _, rule := range slices.Sorted(maps.Keys(h.ByRule)) {
		lines = append(lines, fmt.Sprintf("%s: %d", rule, h.ByRule[rule]))
	}
	list(&b, "By rule", lines)
	return letter{to: h.To, subject: fmt.Sprintf("[postern] %d more mails in an hour", h.Extra), text: b.String()}
}

// state is what restore takes, nil if nothing changed since the last time.
func (g *gate) state() []byte {
	if !g.dirty {
		return nil
	}
	g.dirty = false
	data, err := json.Marshal(g)
	if err != nil {
		return nil
	}
	return data
}

func (g *gate) restore(data []byte) {
	old := newGate(g.options)
	if json.Unmarshal(data, old) != nil {
		return
	}
	if old.Repeats != nil && old.Hours != nil {
		g.Repeats, g.Hours = old.Repeats, old.Hours
	}
}
