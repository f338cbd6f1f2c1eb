package extract

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Reader reads one mail as it arrives and hands its parts and text to a Sink.
type Reader struct {
	ctx       context.Context
	limits    Limits
	sink      Sink
	top       stage   // takes the bytes
	mail      *walker // top, if this is a mail
	inBody    bool    // Write was called
	leaves    []*leaf // open ones, outermost first
	parts     int
	decoded   int64
	expanded  int64          // bytes made out of containers
	held      int64          // bytes of memory that containers take
	opened    int            // containers that are being read, one in another
	rarTurn   bool           // an archive of RAR before 5 is being read
	paths     map[string]int // those of members, and how often each was wanted
	waited    time.Duration  // for turns
	spent     time.Duration
	entered   time.Time // when reading went on, while it does
	anomalies anomalySet
	line      []byte  // a header field as text
	ocr       OCR     // nil: pictures are unscannable
	memory    Memory  // nil: each mail for itself
	problem   Problem // why reading stopped, if it did
	err       error
	closed    bool
}

// NewReader returns a Reader for one mail. Limits that are zero are those of
// DefaultLimits. Reading stops when ctx ends: what is left has the problem
// TimedOut if the deadline passed, and Close returns ctx.Err() if ctx was
// cancelled. An error of the Sink's streams stops it as well.
func NewReader(ctx context.Context, limits Limits, sink Sink) *Reader {
	r := &Reader{ctx: ctx, limits: limits.orDefault(), sink: sink}
	r.mail = newWalker(r, 0)
	r.mail.head = newMailHeader(r, "", false)
	r.top = r.mail
	return r
}

// Field takes one field of the mail's header, in order, as the MTA hands it over:
// value may hold folds (CRLF or LF followed by white space) and 8-bit bytes.
// Fields behind the first Write are ignored.
func (r *Reader) Field(name, value string) {
	if !r.inBody && r.alive() {
		r.mail.head.field(name, unfold(value))
	}
}

// Write takes the next bytes of the mail's body, cut anywhere. The first call
// ends the header. It fails only when the Reader's context was cancelled, or a
// stream of the Sink failed.
func (r *Reader) Write(b []byte) (int, error) {
	if !r.inBody && r.alive() {
		r.inBody = true
		r.mail.endHeader()
	}
	return r.feed(b)
}

// maxBlock is how much is read between two looks at context and clock.
const maxBlock = 64 << 10

func (r *Reader) feed(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 && r.alive() {
		block := b[:min(len(b), maxBlock)]
		b = b[len(block):]
		r.entered = time.Now()
		r.top.write(block)
		r.leave()
	}
	if r.err != nil {
		return n - len(b), r.err
	}
	return n, nil
}

// clock is the time that reading took: not the time that the sender took, which
// is why no deadline can stand for it.
func (r *Reader) clock() time.Duration {
	if r.entered.IsZero() {
		return r.spent
	}
	return r.spent + time.Since(r.entered)
}

func (r *Reader) leave() {
	r.tick()
	r.spent, r.entered = r.clock(), time.Time{}
}

// tick holds the limits of time. What stands in a part that is out of time is
// out of time as well.
func (r *Reader) tick() {
	now := r.clock()
	if now > r.limits.MailTime {
		r.halt(TimedOut)
	}
	late := false
	for _, l := range r.leaves {
		if late = late || now-l.begun > r.limits.PartTime; late {
			l.late = true
			l.stop(TimedOut)
		}
	}
}

// alive looks at the context and reports whether reading goes on.
func (r *Reader) alive() bool {
	if r.halted() {
		return false
	}
	switch err := r.ctx.Err(); {
	case err == nil:
		return true
	case errors.Is(err, context.DeadlineExceeded):
		r.halt(TimedOut)
	default:
		r.fail(err)
	}
	return false
}

// halt stops reading: what is open has the problem, what follows is not read.
func (r *Reader) halt(p Problem) {
	if r.problem == "" {
		r.problem = p
	}
}

// fail stops reading with an error.
func (r *Reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.halt(TimedOut)
}

// allow counts decoded bytes, and returns those that Limits.MailBytes allows.
func (r *Reader) allow(b []byte) []byte {
	r.decoded += int64(len(b))
	if over := r.decoded - r.limits.MailBytes; over > 0 {
		b = b[:max(int64(len(b))-over, 0)]
	}
	return b
}

// haltIfFull stops reading once the mail has passed Limits.MailBytes.
func (r *Reader) haltIfFull() {
	if r.decoded > r.limits.MailBytes {
		r.halt(TooBig)
	}
}

func (r *Reader) halted() bool { return r.problem != "" }

func (r *Reader) tellPart(p *Part) { r.sink.Part(p) }

// Close ends the mail: what is open is flushed and told to the Sink.
func (r *Reader) Close() error {
	if r.closed {
		return r.err
	}
	r.closed = true
	r.alive()
	r.entered = time.Now()
	r.top.close()
	r.entered = time.Time{}
	return r.err
}

// Anomalies lists what is odd about the mail's form: names of AnomalyNames,
// sorted, each once. It is complete after Close.
func (r *Reader) Anomalies() []string { return r.anomalies.names() }

// ReadMail feeds a whole mail, header block and body, to a Reader and closes it.
// The separator line of an mbox file may stand before the header.
func ReadMail(r *Reader, mail io.Reader) error { return r.readAll(mail) }

// ReadFile feeds something that is no mail: one attachment named name, of the
// type that its bytes say, with the path "1". It closes the Reader.
func ReadFile(r *Reader, name string, file io.Reader) error {
	e := &entity{root: true, disposition: "attachment"}
	if name != "" {
		e.names = []string{name}
	}
	w := r.mail
	w.head, r.mail = nil, nil
	p := w.newPart(e, e.leafPath())
	l := newLeaf(w, e, p)
	l.tell = func() { w.tellNames(e, p) }
	r.top = l
	return r.readAll(file)
}

// ReadText feeds UTF-8 text as the body of a mail that has nothing else, with
// no reading of markup or quoting: offsets are those of the text. It closes the
// Reader.
func ReadText(r *Reader, text io.Reader) error {
	r.mail = nil
	p := &Part{Path: "1", Declared: "text/plain", Detected: "text/plain", Where: Body}
	r.top = &textPart{textStream: *newTextStream(r, p, Body)}
	return r.readAll(text)
}

// textPart is a part that is one text and nothing else.
type textPart struct{ textStream }

func (t *textPart) write(b []byte) {
	if room := min(t.r.limits.PartBytes, t.r.limits.MailBytes) - t.part.Bytes; int64(len(b)) > room {
		b, t.part.Problem = b[:room], TooBig
	}
	t.part.Bytes += int64(len(b))
	t.textStream.write(b)
}

func (t *textPart) close() {
	if p := t.r.problem; p != "" {
		t.part.Problem = p
	}
	t.textStream.close()
	t.r.tellPart(t.part)
}

var blocks = sync.Pool{New: func() any { return new([maxBlock]byte) }}

// readAll feeds everything and closes the Reader. A source that fails leaves the
// rest unread, which is the caller's error.
func (r *Reader) readAll(src io.Reader) error {
	pooled := blocks.Get().(*[maxBlock]byte)
	defer func() {
		clear(pooled[:])
		blocks.Put(pooled)
	}()
	buf := pooled[:]
	for {
		n, err := src.Read(buf)
		if _, failed := r.feed(buf[:n]); failed != nil {
			break
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			r.halt(Malformed)
			_ = r.Close()
			return err
		}
	}
	return r.Close()
}

// IsMail reports whether the opening bytes of a file are those of a mail: a
// block of header fields holding two of From, To, Subject, Date, Received,
// Message-ID, MIME-Version, Return-Path and Content-Type.
func IsMail(opening []byte) bool { return mailFields(opening) >= 2 }
