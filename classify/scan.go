package classify

import (
	"hash/maphash"
	"slices"

	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/extract"
)

const (
	// MaxFindings is how many findings a detector are listed in a Report.
	MaxFindings = 1000
	// MaxUnique is how many unique values a detector are told apart.
	MaxUnique = 10000
)

// Scan is one mail being read. Field and Write take it as it arrives, Finish
// ends it. It belongs to one goroutine.
type Scan struct {
	*extract.Reader
	scanner *Scanner
	seed    maphash.Seed
	report  *Report
	seen    []map[uint64]signature // by counter: levels of each unique value
	listed  []int                  // by counter: findings listed
	stamp   stamp
	exacts  exactScan
	parts   byPart
	idle    []*textStream // closed streams, to be used again
	done    bool
}

// Finish closes the mail and returns its Report. The error is that of a
// cancelled context; nothing a mail contains makes an error.
func (s *Scan) Finish() (*Report, error) {
	if !s.done {
		s.done = true
		if err := s.Reader.Close(); err != nil {
			return nil, err
		}
	}
	for _, t := range s.idle {
		s.scanner.streams.Put(t.leave())
	}
	s.idle = nil
	r := s.report
	r.Anomalies = s.Reader.Anomalies()
	for at, seen := range s.seen {
		if seen != nil {
			s.tallies(at)[s.scanner.counterID(at)].settle(seen)
		}
	}
	r.ByPart = s.parts.report(r, s.scanner.counterID)
	r.SafeNames = s.safeNames()
	return r, nil
}

// sink is the Scan as the Reader sees it; it keeps the Scan's own API small.
type sink Scan

// Field answers the questions about header fields.
func (s *sink) Field(path, name, value string) {
	if path != "0" {
		return
	}
	for i := range s.scanner.questions {
		q := &s.scanner.questions[i]
		s.report.Answers[q.ID] = s.report.Answers[q.ID].or(q.ask(name, value))
	}
}

// Part records a complete part.
func (s *sink) Part(p *extract.Part) {
	s.report.Parts = append(s.report.Parts, *p)
	s.report.Bytes += p.Bytes
}

// Text opens a stream whose findings belong to part p.
func (s *sink) Text(p *extract.Part, where extract.Where) extract.Stream {
	var t *textStream
	if n := len(s.idle); n > 0 {
		t = s.idle[n-1]
		s.idle = s.idle[:n-1]
		t.matches.Reset(t.emit)
	} else {
		t = s.scanner.stream()
		t.scan = (*Scan)(s)
	}
	kind := detect.Plain
	if where == extract.Subject {
		kind = detect.Subject
	}
	t.matches.SetKind(kind)
	t.path, t.where = p.Path, where
	t.marks = append(t.marks[:0], mark{})
	t.written, t.fresh = 0, false
	return t
}

// tallies are those that a counter belongs to.
func (s *Scan) tallies(at int) map[string]*Tally {
	if at < s.scanner.counters()-len(s.scanner.named) {
		return s.report.Tallies
	}
	return s.report.Named
}

// count adds a match to the tallies, of the mail and of its part.
func (s *Scan) count(at int, id string, m *detect.Match, path string, place int) {
	t := s.tallies(at)[id]
	if t == nil {
		t = &Tally{}
		s.tallies(at)[id] = t
		s.seen[at] = map[uint64]signature{}
	}
	t.Findings[place][m.Confidence]++
	s.parts.count(at, m, s.seed, path, place)

	values := s.seen[at]
	hash := maphash.String(s.seed, m.Value)
	sig, known := values[hash]
	full := !known && len(values) == MaxUnique
	if !known && at < s.scanner.counters()-len(s.scanner.named) {
		s.sign(id, m, !full)
	}
	if full {
		t.AtLeast = true
		return
	}
	values[hash] = sig.raise(place, m.Confidence)
}

// name counts a match once more if its value is one that is counted by itself.
func (s *Scan) name(id string, m *detect.Match, path string, place int) {
	for i := range s.scanner.named {
		if one := &s.scanner.named[i]; one.Detector == id && one.Value == m.Value {
			s.count(len(s.scanner.set.Detectors)+len(s.scanner.exact)+i, one.ID, m, path, place)
		}
	}
}

// list adds a match to the Findings, as long as there is room.
func (s *Scan) list(at int, id string, m *detect.Match, path string, where extract.Where, quoted bool) {
	if s.listed[at] == MaxFindings {
		s.report.FindingsTruncated = true
		return
	}
	s.listed[at]++
	d := s.scanner.set.Detectors[m.Detector]
	f := Finding{
		Detector: id, Confidence: m.Confidence, Masked: d.Mask(m.Value),
		Part: path, Where: where, Quoted: quoted,
		Offset: m.Start, End: m.End, Context: slices.Clone(m.Context),
	}
	if m.Rival > 0 {
		f.Rival = s.scanner.set.Detectors[m.Rival-1].ID
	}
	f.Fingerprint, f.Older = s.fingerprints(d, m.Value)
	if s.scanner.reveal {
		f.Value = m.Value
	}
	s.report.Findings = append(s.report.Findings, f)
}

// safeNames returns, by part path, the file names that may be shown to a sender:
// short, ASCII, digit runs starred, and holding nothing that a detector knows.
func (s *Scan) safeNames() map[string]string {
	names := map[string]string{}
	hit := false
	sees := func(m detect.Match) { hit = hit || m.Confidence != detect.None }
	var t *textStream
	for i := range s.report.Parts {
		p := &s.report.Parts[i]
		if p.Name == "" {
			continue
		}
		if t == nil {
			t = s.scanner.stream()
			t.marks = append(t.marks[:0], mark{})
			t.matches.SetKind(detect.Plain)
			defer s.scanner.streams.Put(t)
		}
		t.matches.Reset(sees)
		hit = false
		t.matches.Write([]byte(p.Name))
		t.matches.Close()
		if name := safeName(p.Name); name != "" && !hit {
			names[p.Path] = name
		}
	}
	return names
}

// MaxSafeName is how long a file name may be to be shown, in octets.
const MaxSafeName = 40

// safeName stars digit runs of four or more; it is empty for a name that is too
// long or not printable ASCII.
func safeName(name string) string {
	if len(name) > MaxSafeName {
		return ""
	}
	b := []byte(name)
	run := 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && (b[i] < ' ' || b[i] > '~') {
			return ""
		}
		if i < len(b) && b[i] >= '0' && b[i] <= '9' {
			run++
			continue
		}
		if run >= 4 {
			for j := i - run; j < i; j++ {
				b[j] = '*'
			}
		}
		run = 0
	}
	return string(b)
}

// mark says that text is quoted, or new, from an offset on.
type mark struct {
	offset int64
	quoted bool
}

// textStream scans one stream of text of one part.
type textStream struct {
	scan    *Scan
	matches *detect.Stream
	path    string
	where   extract.Where
	written int64
	marks   []mark // by offset; the first covers all matches still to come
	fresh   bool   // some of the text is new
	emit    func(detect.Match)
}

// stream returns a stream, one that an earlier mail used if there is any: to make
// one costs more than to scan a short text with it.
func (s *Scanner) stream() *textStream {
	if t, ok := s.streams.Get().(*textStream); ok {
		t.matches.Reset(t.emit)
		return t
	}
	t := &textStream{}
	t.emit = t.found
	t.matches = s.set.NewStream(t.emit)
	t.matches.SetQuoted(t.quotedAt)
	return t
}

// leave makes a closed stream forget the mail it was of.
func (t *textStream) leave() *textStream {
	t.scan, t.path, t.where = nil, "", ""
	return t
}

// Write scans the next bytes.
func (t *textStream) Write(b []byte) (int, error) {
	t.fresh = t.fresh || len(b) > 0 && !t.marks[len(t.marks)-1].quoted
	n, err := t.matches.Write(b)
	t.written += int64(n)
	t.forget(t.matches.Settled())
	return n, err
}

// Mark notes that the text from here on is quoted, or new.
func (t *textStream) Mark(quoted bool) {
	last := &t.marks[len(t.marks)-1]
	switch {
	case last.quoted == quoted:
	case last.offset == t.written:
		last.quoted = quoted
		if n := len(t.marks); n > 1 && t.marks[n-2].quoted == quoted {
			t.marks = t.marks[:n-1]
		}
	default:
		t.marks = append(t.marks, mark{t.written, quoted})
	}
}

// Close ends the text. The stream must not be used after it.
func (t *textStream) Close() error {
	err := t.matches.Close()
	t.scan.idle = append(t.scan.idle, t)
	return err
}

func (t *textStream) found(m detect.Match) {
	quoted := false
	switch m.Age {
	case detect.ByPlace:
		t.forget(m.Start)
		quoted = t.marks[0].quoted
	case detect.Whole:
		quoted = !t.fresh
	case detect.Quoted:
		quoted = true
	case detect.New:
	}
	if m.Confidence != detect.None { // else a candidate, which is for tables only
		id := t.scan.scanner.set.Detectors[m.Detector].ID
		t.scan.count(m.Detector, id, &m, t.path, placeIndex(t.where, quoted))
		t.scan.list(m.Detector, id, &m, t.path, t.where, quoted)
		t.scan.name(id, &m, t.path, placeIndex(t.where, quoted))
	}
	if len(t.scan.scanner.exact) > 0 {
		t.exact(&m, quoted)
	}
}

// quotedAt reports whether the text at an offset is quoted. The marks before the
// first match to come are forgotten; of those the last one answers.
func (t *textStream) quotedAt(offset int64) bool {
	i := len(t.marks) - 1
	for i > 0 && t.marks[i].offset > offset {
		i--
	}
	return t.marks[i].quoted
}

// forget drops the marks that end before the offset: no match will need them.
func (t *textStream) forget(before int64) {
	n := 0
	for n+1 < len(t.marks) && t.marks[n+1].offset <= before {
		n++
	}
	if n > 0 {
		t.marks = append(t.marks[:0], t.marks[n:]...)
	}
}
