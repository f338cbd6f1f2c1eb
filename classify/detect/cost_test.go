package detect

import (
	"strings"
	"testing"
	"time"
)

func TestCostTellsExpressionsThatStayBusyFromOthers(t *testing.T) {
	for _, c := range []struct {
		pattern string
		costly  bool
	}{
		{`[A-Z]{2}-?\d{6}`, false},
		{`\d{6,40}`, false},
		{`[0-9a-f]{7,40}`, false},
		{`(?i)project [a-z]{3,20}`, false},
		{`(?:[A-Z]{2}\d{2} ?(?:\d{4} ?){3,7})`, false},
		{`[a-z]+@[a-z]+\.com`, false},
		{strings.Repeat("abcde|", 2000) + "x", false},
		{`((a?){100})(a{100})`, true},
		{`(a|aa|aaa){1,80}b`, true},
		{`.{1,200}x`, true},
	} {
		d, err := (&Custom{ID: "x", Pattern: c.pattern, Levels: Levels{Alone: High}}).Detector()
		if err != nil {
			t.Fatal(err)
		}
		if cost := d.Cost(); cost >= 128 != c.costly || !c.costly && cost > 40 {
			t.Errorf("%.40s: cost %d, costly should be %t", c.pattern, cost, c.costly)
		}
	}
	for _, d := range Builtin() {
		if cost := d.Cost(); cost != 0 {
			t.Errorf("%s, which has no expression, costs %d", d.ID, cost)
		}
	}
}

// The estimate itself must not take long, whatever an admin writes.
func TestCostIsBounded(t *testing.T) {
	for _, pattern := range []string{`(.{0,30}x){1,30}`, `([a-z]{0,40}[0-9a-z]{0,20}){1,16}q`, strings.Repeat("(?:a|b?c|dd?){1,9}", 60) + "z", strings.Repeat("[a-z]x|", 20000) + "yy"} {
		d, err := (&Custom{ID: "x", Pattern: pattern, Levels: Levels{Alone: High}}).Detector()
		if err != nil {
			t.Logf("%.30s: %v", pattern, err)
			continue
		}
		begin := time.Now()
		cost := d.Cost()
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%.30s: %v for a cost of %d", pattern, took, cost)
		}
	}
}
