package detect

import (
	"strings"
	"testing"
)

func TestKeptValuesStayWhatTheyAre(t *testing.T) {
	var v vault
	var kept, want []string
	for n := range 2000 {
		value := strings.Repeat(string(rune('a'+n%26)), n%41)
		buf := []byte(value)
		kept, want = append(kept, v.keep(buf)), append(want, value)
		clear(buf)
	}
	for i := range kept {
		if kept[i] != want[i] {
			t.Fatalf("value %d is %q, want %q", i, kept[i], want[i])
		}
	}
}
