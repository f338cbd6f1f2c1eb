package extract

import (
	"bytes"
	"testing"
)

func TestWhatASpoolHeldInMemoryIsOverwritten(t *testing.T) {
	for name, size := range map[string]int{"in memory": 3 * spoolFirst, "on disk": spoolMemory + 5*spoolBuffer} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(t.Context(), DefaultLimits, nil)
			var held [][]byte
			s := newSpool(r, func(*spool) {})
			for range size / 1024 {
				s.write(bytes.Repeat([]byte("s"), 1024))
				if n := len(held); n == 0 || &held[n-1][0] != &s.mem[:1][0] {
					held = append(held, s.mem[:cap(s.mem)])
				}
			}
			s.close()
			for i, b := range held {
				if bytes.IndexByte(b, 's') >= 0 {
					t.Errorf("the buffer of %d bytes, the %d. of %d, still holds text", len(b), i+1, len(held))
				}
			}
		})
	}
}
