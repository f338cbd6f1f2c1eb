package main

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// lines is what a program says.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) tail() string {
	text := l.all()
	return text[max(0, len(text)-2000):]
}

// await waits until the program has said something.
func (l *lines) await(t *testing.T, pattern string) []string {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if found := regexp.MustCompile(pattern).FindStringSubmatch(l.all()); found != nil {
			return found
		}
	}
	t.Fatalf("nothing like %q was said:\n%s", pattern, l.tail())
	return nil
}
