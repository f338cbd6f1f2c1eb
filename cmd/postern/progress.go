package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress shows on a terminal how far long work has come: on one line that is
// drawn anew, and not before the work has taken a second.
type progress struct {
	mu           sync.Mutex
	out          io.Writer
	begun, drawn time.Time
	shown        bool
	total        int64 // bytes to do
	counted      bool  // total is settled
	done, files  int64
}

// The pace of the line.
const (
	progressAfter = time.Second
	progressEvery = 100 * time.Millisecond
	progressWidth = 24
)

// newProgress returns a line on the terminal, or nil, which shows nothing, if out
// is none.
func newProgress(out io.Writer) *progress {
	if !isTerminal(out) {
		return nil
	}
	return &progress{out: out, begun: time.Now()}
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// expect adds bytes that are to be done; last tells that these were all.
func (p *progress) expect(bytes int64, last bool) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total += bytes
	p.counted = p.counted || last
}

// did tells of a file that is done, of so many bytes.
func (p *progress) did(bytes int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files++
	p.done += bytes
	now := time.Now()
	if now.Sub(p.begun) < progressAfter || now.Sub(p.drawn) < progressEvery {
		return
	}
	p.drawn, p.shown = now, true
	fmt.Fprintf(p.out, "\r%s\x1b[K", p.line(now.Sub(p.begun)))
}

// line says how far it is, and for how long it will go on once that is known.
func (p *progress) line(spent time.Duration) string {
	if !p.counted || p.total == 0 {
		return fmt.Sprintf("%d files, %s", p.files, bytesOf(p.done))
	}
	share := min(float64(p.done)/float64(p.total), 1)
	full := int(share * progressWidth)
	left := ""
	if share > 0 {
		left = fmt.Sprintf(", %s left", time.Duration(float64(spent)*(1-share)/share).Round(time.Second))
	}
	return fmt.Sprintf("[%s%s] %3.0f %%, %d files, %s of %s%s", strings.Repeat("=", full), strings.Repeat(" ", progressWidth-full),
		100*share, p.files, bytesOf(p.done), bytesOf(p.total), left)
}

// clear takes the line away, before something else is printed or at the end.
func (p *progress) clear() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		p.shown = false
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// bytesOf is a number of bytes as a person reads it.
func bytesOf(n int64) string {
	switch {
	case n < 10<<10:
		return fmt.Sprintf("%d B", n)
	case n < 10<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	default:
		return fmt.Sprintf("%d MiB", n>>20)
	}
}
