package main

import (
	"bytes"
	"testing"
	"time"
)

func TestProgressSaysHowFarItIs(t *testing.T) {
	p := &progress{files: 3, done: 30 << 20}
	if got, want := p.line(time.Minute), "3 files, 30 MiB"; got != want {
		t.Errorf("before the total is known: got %q, want %q", got, want)
	}
	p.expect(120<<20, true)
	if got, want := p.line(time.Minute), "[======                  ]  25 %, 3 files, 30 MiB of 120 MiB, 3m0s left"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestProgressShowsNothingOfShortWorkNorWithoutATerminal(t *testing.T) {
	var out bytes.Buffer
	if newProgress(&out) != nil {
		t.Error("a buffer is taken for a terminal")
	}
	p := &progress{out: &out, begun: time.Now()}
	p.did(1)
	p.clear()
	if out.Len() > 0 {
		t.Errorf("work that has just begun shows %q", &out)
	}
	p.begun = p.begun.Add(-time.Minute)
	p.did(1)
	if !bytes.Contains(out.Bytes(), []byte("2 files, 2 B")) {
		t.Errorf("after a minute it shows %q", &out)
	}
	out.Reset()
	p.clear()
	if out.Len() == 0 {
		t.Error("the line is not taken away")
	}
}
