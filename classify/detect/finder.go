package detect

// The reach of context, in characters of the folded view.
const (
	windowChars   = 300
	labelChars    = 40
	negativeChars = 20
)

// Bytes that hold so many characters at most, and the keyword beyond them.
const (
	windowBytes = windowChars*4 + maxKeyword
	lineBytes   = labelChars * 4
)

// finder judges candidates one after the other, in the order of their first
// digit. What it remembers between them is bounded.
type finder struct {
	set     *Set
	text    *text
	pending *overlap
	columns columns
	token   token
	hits    []hit // keywords of [from,to), in the order of their start
	from    int64
	to      int64
	lists   []list

	detector int
	c        candidate
	card     int64 // end of the last PAN, reported or not
}

// list remembers the last value of a detector that could go on to be a list.
type list struct {
	end     int64
	keyword int32 // that labelled it
	label   bool
	column  bool // the label is that of its column
}

func (f *finder) reset(s *Stream) {
	f.set, f.text, f.pending = s.set, &s.text, &s.pending
	f.columns.reset()
	f.token = token{}
	f.hits, f.from, f.to, f.card = f.hits[:0], 0, 0, -1
	clear(f.lists)
}

// look lets a detector propose its candidates at p, the first digit of a run.
func (f *finder) look(detector int, p int64) {
	f.detector = detector
	f.set.Detectors[detector].find(f, p)
}

// stands judges the candidate in f.c: it drops one with the wrong surroundings,
// weighs the context of the others and keeps what is worth a level. It reports
// whether the surroundings were right.
func (f *finder) stands(p int64) bool {
	d, c := f.set.Detectors[f.detector], &f.c
	f.readKeywords(c.start-windowBytes, c.end+windowBytes)
	if !f.bounded(d, c) {
		return false
	}
	f.columns.advance(f.text, p)
	if f.enclosed(c, p) {
		return false
	}
	where := f.weigh(d, c)
	if c.sep != 0 && c.sep != '-' && !d.crowded && !where.labelled() && f.crowd(c) {
		return false
	}
	if level := d.grades[c.form].level(where.kind); level != None {
		f.pending.add(Match{
			Detector:   f.detector,
			Start:      f.text.rawStart(c.start),
			End:        f.text.rawEnd(c.end),
			Value:      string(c.value[:c.size]),
			Confidence: level,
			Context:    f.names(d, c, &where),
		}, c, where.distance(c))
	}
	return true
}

// level picks the level of a context.
func (g *grade) level(k contextKind) Confidence {
	switch k {
	case labelled:
		return g.label
	case windowed:
		return g.window
	case hinted:
		return g.weak
	case opposed:
		return g.negative
	}
	return g.alone
}

// names lists what spoke for a match, the nearest first.
func (f *finder) names(d *Detector, c *candidate, where *context) []string {
	var names []string
	if where.kind != opposed {
		if where.keyword >= 0 {
			names = append(names, f.set.words.words[where.keyword].text)
		}
		if where.cue >= 0 {
			names = append(names, f.set.words.words[where.cue].text)
		}
		if c.context != "" {
			names = append(names, c.context)
		}
	}
	return names
}

// readKeywords makes f.hits hold all keywords that begin in [from,to). Places
// are visited in order, so each stretch of text is searched once.
func (f *finder) readKeywords(from, to int64) {
	from = max(from, 0)
	if from > f.to {
		f.hits, f.from, f.to = f.hits[:0], from, from
	}
	if to > f.to {
		f.forgetKeywords(from)
		f.hits = f.set.words.find(f.text, f.to, min(to, f.text.end()), f.hits)
		f.to = max(f.to, min(to, f.text.end()))
	}
}

// forgetKeywords drops the keywords before from, now and then.
func (f *finder) forgetKeywords(from int64) {
	if from-f.from < windowBytes {
		return
	}
	n := 0
	for n < len(f.hits) && f.hits[n].start < from-leftReach {
		n++
	}
	f.hits = f.hits[:copy(f.hits, f.hits[n:])]
	f.from = from - leftReach
}
