package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/mail"
	"os"
	"time"

	"github.com/postern-mail/postern/rules"
)

// auditLine is a line of an audit file.
type auditLine struct {
	place  mailAt
	text   []byte
	err    error
	broken bool // nothing more comes of this file
}

// maxAuditLine is longer than a record gets. A longer line is passed over.
const maxAuditLine = 32 << 20

// auditLines lists the lines of audit files; "-" is standard input. Compressed
// ones are known by their first bytes.
func auditLines(files []string, stdin io.Reader) iter.Seq[auditLine] {
	return func(yield func(auditLine) bool) {
		for _, file := range files {
			if !auditFile(file, stdin, yield) {
				return
			}
		}
	}
}

func auditFile(file string, in io.Reader, yield func(auditLine) bool) bool {
	broken := func(line int, err error) bool {
		return yield(auditLine{place: mailAt{file, line}, err: err, broken: true})
	}
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return broken(0, err)
		}
		defer f.Close()
		in = f
	}
	lines := bufio.NewReaderSize(in, 64<<10)
	if opening, _ := lines.Peek(2); bytes.Equal(opening, []byte{0x1f, 0x8b}) { // RFC 1952, section 2.3.1
		unpacked, err := gzip.NewReader(lines)
		if err != nil {
			return broken(0, err)
		}
		lines = bufio.NewReaderSize(unpacked, 64<<10)
	}
	for n := 1; ; n++ {
		text, long, err := readLine(lines)
		switch {
		case long:
			if !yield(auditLine{place: mailAt{file, n}, err: fmt.Errorf("longer than %d bytes", maxAuditLine)}) {
				return false
			}
		case len(bytes.TrimSpace(text)) > 0:
			if !yield(auditLine{place: mailAt{file, n}, text: text}) {
				return false
			}
		}
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return broken(n, err)
		}
	}
}

// readLine reads a line; of one that is too long nothing is kept.
func readLine(r *bufio.Reader) (line []byte, long bool, err error) {
	for {
		piece, err := r.ReadSlice('\n')
		if long = long || len(line)+len(piece) > maxAuditLine; long {
			line = nil
		} else {
			line = append(line, piece...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

var errNoRecipient = errors.New("its header names no recipient")

// decide has both policies read a mail.
func (m *mailReplay) decide(ctx context.Context, in input) (old, now *rules.Decision, err error) {
	if in.err != nil {
		return nil, nil, in.err
	}
	data, err := in.open()
	if err != nil {
		return nil, nil, err
	}
	defer data.Close()
	whole, err := io.ReadAll(data)
	if err != nil {
		return nil, nil, err
	}
	env, err := m.envelope(whole)
	if err != nil {
		return nil, nil, err
	}
	decide := func(e *rules.Engine) *rules.Decision {
		v, failed := e.Check(ctx, env, bytes.NewReader(whole))
		if failed != nil {
			err = failed
			return nil
		}
		defer v.Close()
		return v.Decision
	}
	return decide(m.old), decide(m.now), err
}

// envelope is that of the flags, the rest taken from the mail's header.
func (m *mailReplay) envelope(whole []byte) (*rules.Envelope, error) {
	f := m.flags.checkFlags
	if message, err := mail.ReadMessage(bytes.NewReader(whole)); err == nil {
		if f.from == "" {
			f.from = cmp.Or(firstAddress(message.Header, "Return-Path"), firstAddress(message.Header, "From"))
		}
		if len(f.rcpt) == 0 {
			for _, field := range []string{"To", "Cc", "Bcc"} {
				f.rcpt = append(f.rcpt, addresses(message.Header, field)...)
			}
		}
	}
	if len(f.rcpt) == 0 {
		return nil, errNoRecipient
	}
	env, err := f.envelope(time.Now())
	if env != nil {
		env.Facts = m.facts
	}
	return env, err
}

func firstAddress(h mail.Header, field string) string {
	if all := addresses(h, field); len(all) > 0 {
		return all[0]
	}
	return ""
}

// addresses are those of a header field; one that cannot be read has none.
func addresses(h mail.Header, field string) []string {
	var all []string
	for _, value := range h[field] {
		list, err := mail.ParseAddressList(value)
		if err != nil {
			continue
		}
		for _, a := range list {
			all = append(all, a.Address)
		}
	}
	return all
}
