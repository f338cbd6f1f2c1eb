package extract

import (
	"context"
	"io"
)

// Reader reads one mail as it arrives and hands its parts and text to a Sink.
type Reader struct{}

// NewReader returns a Reader for one mail. Reading stops when ctx ends: what is
// left has the problem TimedOut if the deadline passed, and Close returns
// ctx.Err() if ctx was cancelled.
func NewReader(ctx context.Context, limits Limits, sink Sink) *Reader { panic("not built") }

// Field takes one field of the mail's header, in order, as the MTA hands it over:
// value may hold folds (CRLF or LF followed by white space) and 8-bit bytes.
func (r *Reader) Field(name, value string) { panic("not built") }

// Write takes the next bytes of the mail's body, cut anywhere. The first call
// ends the header. It fails only when the Reader's context was cancelled.
func (r *Reader) Write(b []byte) (int, error) { panic("not built") }

// Close ends the mail: what is open is flushed and told to the Sink.
func (r *Reader) Close() error { panic("not built") }

// Anomalies lists what is odd about the mail's form, from a closed set of
// names, sorted, each once. It is complete after Close.
func (r *Reader) Anomalies() []string { panic("not built") }

// ReadMail feeds a whole mail, header block and body, to a Reader and closes it.
func ReadMail(r *Reader, mail io.Reader) error { panic("not built") }

// ReadFile feeds something that is no mail: one attachment named name, of the
// type that its bytes say. It closes the Reader.
func ReadFile(r *Reader, name string, file io.Reader) error { panic("not built") }

// ReadText feeds UTF-8 text as the body of a mail that has nothing else, with
// no reading of markup or quoting. It closes the Reader.
func ReadText(r *Reader, text io.Reader) error { panic("not built") }

// IsMail reports whether the opening bytes of a file are those of a mail: a
// block of header fields holding two of From, To, Subject, Date, Received,
// Message-ID, MIME-Version, Return-Path and Content-Type.
func IsMail(opening []byte) bool { panic("not built") }
