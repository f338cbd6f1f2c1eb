package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Options says how a Log is kept. The zero value is the usual one.
type Options struct {
	// Samples puts masked samples of what was found into the records.
	Samples bool
	// Failed is called when a record that was queued could not be written; it
	// must not call the Log.
	Failed func(error)
}

// maxQueued bounds the records that wait for the disk.
const maxQueued = 1000

// Errors of Write and Queue that have nothing to do with the file.
var (
	errFull   = errors.New("audit file: too many records wait for the disk")
	errClosed = errors.New("audit file: closed")
)

// Log appends records to a file, from one goroutine of its own, so that a slow
// disk delays no mail that need not wait for it. It is safe for concurrent use.
// A nil Log keeps no records.
type Log struct {
	path    string
	options Options
	queue   chan job
	writer  chan struct{} // closed when the writer has ended

	mu     sync.RWMutex // guards closed against a send on queue
	closed bool

	file *os.File // the writer's own
	torn bool     // the last write was cut short: a line stands there unended
}

// job is a line to write, or, without one, an order to open the file anew.
type job struct {
	line []byte
	done chan<- error // nil: nobody waits
}

// Open opens a file for appending and creates it, readable by its owner and
// group, if it is not there.
func Open(path string, options Options) (*Log, error) {
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	l := &Log{path: path, options: options, queue: make(chan job, maxQueued), writer: make(chan struct{}), file: file}
	go l.run()
	return l, nil
}

func open(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("audit file: %w", err)
	}
	return file, nil
}

// Write writes a record and returns when it stands in the file. It waits for the
// disk as long as ctx lasts.
func (l *Log) Write(ctx context.Context, e Entry) error {
	if l == nil {
		return nil
	}
	line, err := l.line(e)
	if err != nil {
		return err
	}
	return l.wait(ctx, line)
}

// Queue hands a record over to be written soon. It never waits; an error says
// that too many records wait already.
func (l *Log) Queue(e Entry) error {
	if l == nil {
		return nil
	}
	line, err := l.line(e)
	if err != nil {
		return err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return errClosed
	}
	select {
	case l.queue <- job{line: line}:
		return nil
	default:
		return errFull
	}
}

// Reopen opens the file anew, after it was renamed by a rotation. What was
// queued before goes to the old file. If the file cannot be opened, the Log
// keeps to the old one. It waits for a disk that does not answer for some
// seconds only; the file is then opened anew when the disk does.
func (l *Log) Reopen() error {
	if l == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), diskWait)
	defer cancel()
	return l.wait(ctx, nil)
}

// diskWait bounds how long Reopen and Close wait for the disk.
const diskWait = 5 * time.Second

// Close writes what is queued and closes the file. What the disk has not taken
// within some seconds is lost, and the error says so.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	close(l.queue)
	l.mu.Unlock()
	select {
	case <-l.writer:
		return l.file.Close()
	case <-time.After(diskWait):
		return fmt.Errorf("audit file %q: the disk does not take %d records", l.path, len(l.queue)+1)
	}
}

func (l *Log) line(e Entry) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(record(e, l.options.Samples)); err != nil {
		return nil, fmt.Errorf("audit record: %w", err)
	}
	return line.Bytes(), nil
}

func (l *Log) wait(ctx context.Context, line []byte) error {
	done := make(chan error, 1)
	if err := l.enqueue(ctx, job{line, done}); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("audit file %q: %w", l.path, ctx.Err())
	}
}

func (l *Log) enqueue(ctx context.Context, j job) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return errClosed
	}
	select {
	case l.queue <- j:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("audit file %q: %w", l.path, ctx.Err())
	}
}

func (l *Log) run() {
	defer close(l.writer)
	for j := range l.queue {
		var err error
		if j.line == nil {
			err = l.reopen()
		} else {
			err = l.append(j.line)
		}
		switch {
		case j.done != nil:
			j.done <- err
		case err != nil && l.options.Failed != nil:
			l.options.Failed(err)
		}
	}
}

// append writes one line. A line that a full disk cut short before is ended
// first, so that it costs no more than itself.
func (l *Log) append(line []byte) error {
	if l.torn {
		line = append([]byte{'\n'}, line...)
	}
	n, err := l.file.Write(line)
	if err != nil {
		l.torn = l.torn && n == 0 || n > 0
		return fmt.Errorf("audit file: %w", err)
	}
	l.torn = false
	return nil
}

func (l *Log) reopen() error {
	file, err := open(l.path)
	if err != nil {
		return err
	}
	err = l.file.Close()
	l.file, l.torn = file, false
	if err != nil {
		return fmt.Errorf("audit file: %w", err)
	}
	return nil
}
