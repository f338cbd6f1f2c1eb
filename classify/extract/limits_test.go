package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
)

// repeated is a reader of n copies of a text between a head and a tail, which
// takes no memory of its own.
func repeated(head, s string, n int, tail string) io.Reader {
	return io.MultiReader(strings.NewReader(head), &repeater{s: s, n: n}, strings.NewReader(tail))
}

type repeater struct {
	s   string
	n   int
	off int
}

func (r *repeater) Read(b []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	total := 0
	for len(b) > 0 && r.n > 0 {
		k := copy(b, r.s[r.off:])
		b, total, r.off = b[k:], total+k, r.off+k
		if r.off == len(r.s) {
			r.off, r.n = 0, r.n-1
		}
	}
	return total, nil
}

// sizes is a Sink that keeps counts instead of text.
type sizes struct {
	texts, streams, fields int
	paths                  map[string]Problem
	secret                 bool
}

func (s *sizes) Field(string, string, string) { s.fields++ }
func (s *sizes) Text(*Part, Where) Stream     { s.streams++; return (*sizeStream)(s) }
func (s *sizes) Part(p *Part)                 { s.paths[p.Path] = p.Problem }

type sizeStream sizes

func (s *sizeStream) Write(b []byte) (int, error) {
	s.texts += len(b)
	s.secret = s.secret || strings.Contains(string(b[max(0, len(b)-100):]), secret)
	return len(b), nil
}
func (s *sizeStream) Mark(bool)    {}
func (s *sizeStream) Close() error { return nil }

// readSizes reads with little memory, or fails. What takes more than linear time
// runs into the deadline of the whole test.
func readSizes(t *testing.T, mail io.Reader, limits Limits) *sizes {
	t.Helper()
	s := &sizes{paths: map[string]Problem{}}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if err := ReadMail(NewReader(t.Context(), limits, s), mail); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 64<<20 {
		t.Errorf("took %d MiB of memory", grown>>20)
	}
	return s
}

func TestHostileSizesAreBounded(t *testing.T) {
	const multi = "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	for _, h := range []struct {
		name    string
		mail    io.Reader
		path    string
		problem Problem
	}{
		{"a line of 50 MB", repeated("Subject: x\n\n", strings.Repeat("x", 1000), 50000, "\n"+secret), "1", ""},
		{"a base64 line of 50 MB", repeated("Content-Transfer-Encoding: base64\n\n", strings.Repeat("QUJD", 250), 50000, "\n"), "1", ""},
		{"a quoted-printable line of 50 MB", repeated("Content-Transfer-Encoding: quoted-printable\n\n", strings.Repeat("=41=", 250), 50000, "\n"), "1", ""},
		{"a line of 50 MB of hyphens in a multipart", repeated(multi+"--b\n\n", strings.Repeat("-", 1000), 50000, "\n"), "1", ""},
		{"a million lines of hyphens", repeated(multi+"--b\n\n", "--a\n", 1000000, "\n"), "1", ""},
		{"50 MB of empty lines in base64", repeated("Content-Transfer-Encoding: base64\n\n", "\r\n", 10<<20, "\n"), "1", ""},
		{"100,000 parts", repeated(multi, "--b\n\nx\n", 100000, "--b--\n"+secret), "TEXT", TooMany},
		{"100,000 boundaries that are never closed", repeated(multi, "--b\n", 100000, ""), "TEXT", TooMany},
		{"10,000 nestings of one boundary", repeated("", "Content-Type: multipart/mixed; boundary=b\n\n--b\n", 10000, "\n"+secret), strings.Repeat("1.", 49) + "1", TooDeep},
		{"10,000 nestings of attached mails", repeated("", "Content-Type: message/rfc822\n\n", 10000, "\n"+secret), strings.Repeat("1.", 50) + "1", TooDeep},
		{"a header of 50 MB in one field", repeated("X-Y: ", strings.Repeat("y", 1000), 50000, "\n\n"+secret), "0", TooBig},
		{"a header of 50 MB in folded lines", repeated("X-Y: z\n", " "+strings.Repeat("y", 99)+"\n", 500000, "\n"+secret), "0", TooBig},
		{"a million header fields", repeated("", "X-Y: z\n", 1000000, "\n"+secret), "0", TooBig},
		{"a part's header of 50 MB", repeated(multi+"--b\nX-Y: ", strings.Repeat("y", 1000), 50000, "\n\n"+secret), "1", TooBig},
		{"a boundary of a megabyte", repeated("Content-Type: multipart/mixed; boundary=", "x", 1000000, "\n\n"+secret), "TEXT", Malformed},
		{"a million encoded words", repeated("Subject: ", "=?utf-8?q?a?= ", 70000, "\n\n"+secret), "0", ""},
		{"encoded words that never end", repeated("Subject: ", "=?utf-8?q?", 100000, "\n\n"+secret), "0", ""},
		{"half a million parameters", repeated("Content-Type: text/plain", "; a*0=b", 140000, "\n\n"+secret), "1", ""},
		{"comments in a content type", repeated("Content-Type: ", "()", 500000, "\n\n"+secret), "1", ""},
		{"100,000 uuencoded files", repeated("\n", "begin 644 a\n#0V%T\n`\nend\n", 100000, "\n"+secret), "1", TooMany},
		{"a million lines that begin uuencoded files", repeated("\n", "begin 644 a\n", 1000000, "\n"+secret), "1", ""},
		{"100,000 blocks that may be base64", repeated("\n", strings.Repeat("aB3"+strings.Repeat("x9Zq", 10)+"A==\n", 1)+"\n", 100000, "\n"+secret), "1", ""},
		{"100,000 pieces of yEnc", repeated("\n", "=ybegin line=9 name=a\nabc\n=yend\n", 100000, "\n"+secret), "1", TooMany},
		{"100,000 messages of OpenPGP", repeated("\n", "-----BEGIN PGP MESSAGE-----\n\n0kAB\n-----END PGP MESSAGE-----\n", 100000, "\n"+secret), "1", Encrypted},
		{"a million leading lines", repeated("\n", "On 1 May\n", 1000000, "\n"+secret), "1", ""},
		{"a million heads", repeated("\n", "From: a\n", 1000000, "\n"+secret), "1", ""},
		{"a million dividers", repeated("\n", "----- x -----\n", 1000000, "\n"+secret), "1", ""},
		{"a million overrides", repeated("\n", "a\u202eb", 1000000, "\n"+secret), "1", ""},
		{"soft line breaks without end", repeated("Content-Type: text/plain; format=flowed; delsp=yes\n\n", "x \n", 5000000, "\n"+secret), "1", ""},
		{"a value of a card without end", repeated("Content-Type: text/x-vcard\n\nN;QUOTED-PRINTABLE:", "=41=\n", 5000000, "\n"+secret), "1", ""},
		{"elements within indefinite elements", repeated("Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: 8bit\n\n0\x80\x06\x09*\x86H\x86\xf7\x0d\x01\x07\x02\xa0\x80", "0\x80", 5000000, ""), "1", Malformed},
		{"100,000 files in URIs", repeated("Content-Type: text/html\n\n", "<a href='data:,x'>", 100000, "\n"+secret), "1", TooMany},
		{"a file of 50 MB in a URI", repeated("Content-Type: text/html\n\n<a href='data:;base64,", strings.Repeat("QUJD", 250), 50000, "'>"+secret), "1", ""},
		{"hidden elements without end", repeated("Content-Type: text/html\n\n", "x<b style='display:none'>y</i>", 1000000, "\n"+secret), "1", ""},
		{"100,000 mails in a mailbox", repeated("Content-Type: application/mbox\n\n", "From a Mon May  1 10:00:00 2026\nFrom: a\nTo: b\n\nx\n\n", 100000, ""), "1", TooMany},
		{"HTML of nothing but openings", repeated("Content-Type: text/html\n\n", "<", 4<<20, ""), "1", ""},
		{"HTML nested without end", repeated("Content-Type: text/html\n\n", "<table><tr><td><blockquote>x", 500000, ""), "1", ""},
		{"an HTML attribute of 50 MB", repeated("Content-Type: text/html\n\n<p class=\"", strings.Repeat("x", 1000), 50000, ""), "1", ""},
		{"an HTML tag of 50 MB", repeated("Content-Type: text/html\n\n<p ", strings.Repeat("x", 1000), 50000, ""), "1", ""},
		{"HTML of nothing but entities", repeated("Content-Type: text/html\n\n", "&amp;&#x41;&CounterClockwiseContourIntegral;", 300000, ""), "1", ""},
	} {
		t.Run(h.name, func(t *testing.T) {
			s := readSizes(t, h.mail, Limits{PartTime: time.Hour, MailTime: time.Hour})
			problem, told := s.paths[h.path]
			if !told && h.path != "TEXT" || problem != h.problem {
				t.Errorf("part %q has problem %q, want %q (%d parts)", h.path, problem, h.problem, len(s.paths))
			}
			if len(s.paths) > DefaultLimits.Parts+2*DefaultLimits.Depth {
				t.Errorf("%d parts", len(s.paths))
			}
		})
	}
}

// The text behind what is too much is scanned as it stands.
func TestTextPastLimitsIsStillRead(t *testing.T) {
	multi := "Content-Type: multipart/mixed; boundary=b\n\n"
	for name, mail := range map[string]string{
		"parts":           multi + strings.Repeat("--b\n\nx\n", 30) + secret,
		"depth":           strings.Repeat("Content-Type: multipart/mixed; boundary=b\n\n--b\n", 30) + "\n" + secret,
		"mails":           strings.Repeat("Content-Type: message/rfc822\n\n", 30) + "\n" + secret,
		"header":          "X-Y: " + strings.Repeat("y", 3000) + "\n" + secret + "\n\nx",
		"a part's header": multi + "--b\nX-Y: " + strings.Repeat("y", 3000) + "\n" + secret + "\n\nx",
	} {
		limits := Limits{Parts: 10, Depth: 5, HeaderBytes: 1000}
		_, c := read(t, mail, limits, 0)
		if !c.has(secret) {
			t.Errorf("past the limit of %s the text is not read:\n%s", name, c.tree())
		}
		invariant(t, mail, limits)
	}
}

func TestPartsAndMailsTooBigAreCutShort(t *testing.T) {
	mail := "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + strings.Repeat("0123456789", 20) + "\n--b\n\nnext\n--b--\n"
	_, c := read(t, mail, Limits{PartBytes: 100}, 0)
	if p := c.known["1"]; p.Problem != TooBig {
		t.Errorf("part 1 has problem %q", p.Problem)
	}
	if c.known["2"].Problem != "" || !c.has("next") {
		t.Error("the next part is not read")
	}
	for _, s := range c.texts {
		if s.text.Len() > 100 {
			t.Errorf("a text of %d bytes", s.text.Len())
		}
	}
	invariant(t, mail, Limits{PartBytes: 100})

	_, c = read(t, mail, Limits{MailBytes: 100}, 0)
	if c.known["1"].Problem != TooBig || c.known["TEXT"].Problem != TooBig {
		t.Errorf("parts\n%s", c.tree())
	}
}

func TestPassingTheDeadlineIsAProblem(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	c := newCollector(t)
	r := NewReader(ctx, Limits{}, c)
	r.Field("Subject", "x")
	if n, err := r.Write([]byte("body")); n != 4 || err != nil {
		t.Errorf("Write: %d, %v", n, err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	c.check()
	timedOut := 0
	for _, p := range c.parts {
		if p.Problem == TimedOut {
			timedOut++
		}
	}
	if timedOut == 0 {
		t.Errorf("no part timed out:\n%s", c.tree())
	}
}

func TestTimeIsThatOfReading(t *testing.T) {
	slow := &slowSink{collector: newCollector(t), wait: 20 * time.Millisecond}
	r := NewReader(t.Context(), Limits{PartTime: 10 * time.Millisecond, MailTime: time.Minute}, slow)
	mail := "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n" + strings.Repeat(strings.Repeat("x", 99)+"\n", 3000) + "--b\n\n" + secret + "\n--b--\n"
	if err := ReadMail(r, strings.NewReader(mail)); err != nil {
		t.Fatal(err)
	}
	if slow.known["1"].Problem != TimedOut || !slow.has(secret) {
		t.Errorf("want part 1 timed out and part 2 read, got\n%s", slow.tree())
	}
	r = NewReader(t.Context(), Limits{MailTime: 10 * time.Millisecond}, &slowSink{collector: newCollector(t), wait: 20 * time.Millisecond})
	if err := ReadMail(r, strings.NewReader(mail)); err != nil || r.problem != TimedOut {
		t.Errorf("the mail ends with %v, problem %q", err, r.problem)
	}
}

// slowSink takes its time with texts that begin with "first".
type slowSink struct {
	*collector
	wait time.Duration
}

func (s *slowSink) Text(p *Part, where Where) Stream {
	return &slowStream{s.collector.Text(p, where), s.wait}
}

type slowStream struct {
	Stream
	wait time.Duration
}

func (s *slowStream) Write(b []byte) (int, error) {
	if strings.HasPrefix(string(b), "first") {
		time.Sleep(s.wait)
	}
	return s.Stream.Write(b)
}

func TestCancellingStopsAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := newCollector(t)
	r := NewReader(ctx, Limits{}, c)
	r.Field("Subject", "x")
	if _, err := r.Write([]byte("before " + strings.Repeat("x", 5000))); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := r.Write([]byte("after")); !errors.Is(err, context.Canceled) {
		t.Errorf("Write: %v", err)
	}
	if err := r.Close(); !errors.Is(err, context.Canceled) {
		t.Errorf("Close: %v", err)
	}
	c.check()
	if c.has("after") {
		t.Error("text was read after the end")
	}
}

func TestAStreamThatFailsStopsTheReader(t *testing.T) {
	broken := errors.New("broken")
	r := NewReader(t.Context(), Limits{}, failingSink{broken})
	if err := ReadMail(r, strings.NewReader("Subject: x\n\nbody")); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type failingSink struct{ err error }

func (f failingSink) Field(string, string, string) {}
func (f failingSink) Text(*Part, Where) Stream     { return f }
func (f failingSink) Part(*Part)                   {}
func (f failingSink) Write([]byte) (int, error)    { return 0, f.err }
func (f failingSink) Mark(bool)                    {}
func (f failingSink) Close() error                 { return nil }

func TestASourceThatFailsIsTheCallersError(t *testing.T) {
	broken := errors.New("disk")
	c := newCollector(t)
	err := ReadMail(NewReader(t.Context(), Limits{}, c), io.MultiReader(strings.NewReader("Subject: x\n\nbody"), &brokenReader{broken}))
	if !errors.Is(err, broken) || c.known["1"].Problem == "" {
		t.Errorf("error %v, parts\n%s", err, c.tree())
	}
}

type brokenReader struct{ err error }

func (b *brokenReader) Read([]byte) (int, error) { return 0, b.err }

func TestLimitsHoldWhateverTheyAre(t *testing.T) {
	for _, depth := range []int{1, 2, 3} {
		mail := strings.Repeat("Content-Type: message/rfc822\n\n", 5) + "\nx"
		_, c := read(t, mail, Limits{Depth: depth}, 0)
		deep := fmt.Sprint(strings.Repeat("1.", depth), "1")
		if c.known[deep] == nil || c.known[deep].Problem != TooDeep {
			t.Errorf("depth %d:\n%s", depth, c.tree())
		}
	}
}

func TestLongContainersAreReadInTurn(t *testing.T) {
	for range cap(turns) {
		turns <- struct{}{}
	}
	defer func() {
		for range cap(turns) {
			<-turns
		}
	}()
	short := tarOf(t, inside{"a.txt", secret})
	if c := readNamed(t, "x.tar", short, Limits{}); c.known["1!x.tar!a.txt"] == nil {
		t.Errorf("a short one waits: %s", c.tree())
	}
	long := tarOf(t, inside{"a.txt", secret}, inside{"b.bin", strings.Repeat("\x00\x01", spoolMemory)})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(5*time.Millisecond, cancel)
	if err := ReadFile(NewReader(ctx, Limits{}, discardSink{}), "x.tar", strings.NewReader(long)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while it waits: %v", err)
	}
	r := NewReader(t.Context(), Limits{}, discardSink{})
	time.AfterFunc(200*time.Millisecond, func() { <-turns })
	r.entered = time.Now()
	if r.takeTurn() == nil {
		t.Error("a turn that came was not taken")
	}
	if spent := r.clock(); spent > 100*time.Millisecond {
		t.Errorf("the wait counts as %v of reading", spent)
	}
	c := readNamed(t, "x.tar", long, Limits{WaitTime: 5 * time.Millisecond})
	if p := c.known["1!x.tar"]; p == nil || p.Problem != TimedOut || c.known["1!x.tar!a.txt"] != nil {
		t.Errorf("its turn does not come: %s", c.tree())
	}
}
