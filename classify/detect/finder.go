package detect

import "math/bits"

// The reach of context, in characters of the folded view.
const (
	windowChars   = 300
	labelChars    = 40
	negativeChars = 20
)

// finder judges candidates one after the other, in the order of their first
// digit. What it remembers between them is bounded.
type finder struct {
	set     *Set
	text    *text
	pending *overlap
	search  *search
	columns columns
	token   token
	noAt    span // where no '@' is
	lists   []list

	// found holds the keywords of each detector around the present place, in the
	// order of their start.
	found   [][]hit
	scratch []hit
	read    int64  // up to here the text was searched for keywords
	reads   []span // by detector: the stretch that was searched for its own
	heralds heralds
	against opponents
	around  reach

	detector int
	c        candidate
	groups   groups
	card     int64 // end of the last PAN, reported or not

	kind    Kind
	quoted  func(offset int64) bool
	subject span   // where the Subject stands in the text
	halves  []half // by detector: a half of a pair that may find the other
	taken   taken
	scorers []scorer
	rows    []int64 // by detector: behind the beginning of the last line that it counted
	nearby  hearing // who has a keyword or list around
	behind  hearing // who has a label or list before
	coming  []speaker
	come    int    // so many of them are in sight
	past    int    // so many of them begin before the present place
	said    uint64 // the seekers that had a keyword since the last blank line
	silent  silent
	saidAt  []int64 // by detector: where the last one in sight begins
	hush    int64   // the last blank line, for said
	spoken  spoken
	silence int64 // up to here no keyword is in reach, if not all of the text is searched
	pans    pans
	limit   int64 // up to here the text may be searched for keywords
	vault   vault
}

// span is a stretch of the view.
type span struct{ from, to int64 }

// reach is how far the context of one candidate reaches, as positions.
type reach struct {
	known    bool
	from, to int64 // the window; its end is 0 before it is read
	chars    int   // on either side of it
	label    int64 // a keyword that ends here or later is a label
	negative int64 // likewise a negative one
}

// list remembers the last value of a detector that could go on to be a list.
type list struct {
	end     int64
	keyword int32 // that labelled it
	label   bool
	column  bool // the label is that of its column
}

func (f *finder) reset(s *Stream) {
	f.set, f.text, f.pending, f.kind = s.set, &s.text, &s.pending, s.kind
	f.search = &s.search
	f.columns.reset()
	f.token, f.noAt = token{}, span{}
	f.read, f.card = 0, -1
	f.heralds.from, f.heralds.read = 0, 0
	f.heralds.titles.reset()
	for i := range f.found {
		f.found[i] = f.found[i][:0]
	}
	f.against = opponents{found: f.against.found[:0]}
	clear(f.lists)
	clear(f.reads)
	clear(f.halves)
	f.taken = taken{}
	clear(f.rows)
	for i := range f.saidAt {
		f.saidAt[i] = -1
	}
	f.silent = silent{}
	f.nearby.reset()
	f.behind.reset()
	f.coming, f.come, f.past, f.said, f.hush, f.silence = f.coming[:0], 0, 0, 0, 0, -1
	f.spoken = spoken{from: -1}
	f.columns.keyed = s.set.everywhere
	f.pans.read, f.pans.found = 0, f.pans.found[:0]
	f.subject = span{}
	for i := range f.scorers {
		f.scorers[i].reset()
	}
}

// look lets the seekers that want a place propose their candidates there, the first
// digit of a run, but for those that find nothing without a keyword and have none.
func (f *finder) look(p int64, wanted uint64) {
	if shy := wanted & f.set.shy; shy != 0 && p <= f.silence {
		wanted &^= shy
	}
	if needy := wanted & f.set.needy; needy != 0 {
		heard := f.spokenFor(p, needy)
		if alone := needy &^ heard & f.set.partnered; alone != 0 {
			heard |= f.partnered(p, alone)
		}
		wanted = wanted&^needy | heard
	}
	for ; wanted != 0; wanted &= wanted - 1 {
		s := &f.set.seekers[bits.TrailingZeros64(wanted)]
		if f.detector = s.detector; !f.set.everywhere && wanted&-wanted&f.set.needy != 0 {
			f.readKeywords(p, min(f.text.forth(p, windowChars+maxCandidate)+1, f.text.end()))
		}
		s.find(f, p)
	}
}

// stands judges the candidate in f.c: it drops one with the wrong surroundings,
// weighs the context of the others and keeps what is worth a level. It reports
// whether the surroundings were right.
func (f *finder) stands(p int64) bool {
	d, c := f.set.Detectors[f.detector], &f.c
	f.around.known = false
	if !d.Apart && f.touched(c) {
		return false
	}
	if f.hopeless(p) {
		return true
	}
	if f.columns.place = p; d.OnceARow {
		f.columns.advance(f.text, p)
	}
	if !f.bounded(c) || !d.Apart && f.enclosed(c, p) || d.Alone && !f.alone(c) {
		return false
	}
	var where context
	f.weigh(d, c, &where)
	if c.sep != 0 && c.sep != '-' && !d.crowded && !where.labelled() && f.crowd(c) {
		return false
	}
	if level := d.grades[c.form].level(where.kind); (level != None || f.set.bare[f.detector]) && !(d.OnceARow && f.again(level, &where)) {
		f.report(c, level, f.names(d, c, &where), where.distance(c))
	}
	return true
}

// report keeps a candidate as a match.
func (f *finder) report(c *candidate, level Confidence, context []string, distance int64) {
	f.reportValue(c, f.vault.keep(c.value[:c.size]), level, context, distance)
}

func (f *finder) reportValue(c *candidate, value string, level Confidence, context []string, distance int64) {
	h := f.pending.add(c)
	h.Match = Match{
		Detector:   f.detector,
		Start:      f.text.rawStart(c.start),
		End:        f.text.rawEnd(c.end),
		Value:      value,
		Confidence: level,
		Context:    context,
	}
	d := f.set.Detectors[f.detector]
	h.distance, h.apart, h.own = distance, d.Apart, d.own()
}

// hopeless reports at little cost that the candidate in f.c is worth nothing: its
// form would need a keyword, and none of the detector's is anywhere near. Most
// numbers in most texts are such, so a detector may ask before it checks digits.
func (f *finder) hopeless(p int64) bool {
	d, c := f.set.Detectors[f.detector], &f.c
	if !d.needs(c.form) || f.lists[f.detector].label || f.set.bare[f.detector] {
		return false
	}
	return f.remote(p)
}

// level picks the level of a context.
func (g *grade) level(k contextKind) Confidence {
	switch k {
	case backed:
		if g.backed != None {
			return g.backed
		}
		return g.label
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
	if where.keyword >= 0 && where.cue < 0 && c.context == "" {
		return f.set.names[where.keyword]
	}
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

// survey works out how far the candidate's context reaches and reads the
// keywords that may label it; most values have a label, and no other matters then.
func (f *finder) survey(c *candidate) {
	if f.around.known {
		return
	}
	t := f.text
	window := windowChars
	if own := f.set.Detectors[f.detector].window; own > 0 {
		window = own
	}
	f.around = reach{known: true, from: t.back(c.start, window), chars: window}
	reach := labelChars
	if own := f.set.Detectors[f.detector].labelReach; own > 0 {
		reach = own
	}
	line := t.lineStart(c.start, c.start-t.back(c.start, reach))
	f.around.label = min(line, f.emptyBefore(c.start))
	f.around.negative = max(line, t.back(c.start, negativeChars))
	if f.set.everywhere {
		f.readWindow(c)
	} else {
		f.readOwn(f.around.label-f.set.own[f.detector].longest, c.start)
	}
}

// readWindow reads the keywords in the window of a candidate that was surveyed.
func (f *finder) readWindow(c *candidate) {
	if f.around.to == 0 {
		f.around.to = f.text.forth(c.end, f.around.chars)
		f.readKeywords(c.start, f.around.to+1)
	}
}

// emptyBefore is how far before p nothing stands that separates a label from its
// value.
func (f *finder) emptyBefore(p int64) int64 {
	for p > f.around.from {
		if !separatesLabel(f.text.at(p - 1)) {
			break
		}
		p--
	}
	return p
}

// emptyFrom reports whether nothing stands in [from,to) but what separates a label from
// its value. No negative keyword ends in that.
func (f *finder) emptyFrom(from, to int64) bool {
	for _, c := range f.text.slice(from, to) {
		if !separatesLabel(c) {
			return false
		}
	}
	return true
}

// separatesLabel reports whether a character may stand between a label and a value
// on another line.
func separatesLabel(b byte) bool { return isSpace(b) || b == ':' || b == '#' || b == '=' }

// readKeywords makes f.found hold all keywords that begin in [from,to), as far
// as they are needed. Places are visited in order, so each stretch of text is
// searched once; all of it is if lexicons and phrases count wherever they are.
func (f *finder) readKeywords(from, to int64) {
	if !f.set.everywhere {
		f.readOwn(f.text.back(from-nearReach, windowChars)-f.set.own[f.detector].longest, to)
		return
	}
	if to <= f.read {
		return
	}
	f.see(from, from)
	to = max(to, min(f.read+readAtOnce, f.limit))
	f.scratch = f.set.words.find(f.text, f.read, to, f.scratch[:0])
	f.read = to
	asking := f.detector
	for _, h := range f.scratch {
		word := &f.set.words.kinds[h.word]
		switch of := int(word.detector); word.role {
		case triggers:
			f.set.Detectors[of].trigger(f, h)
		case term:
			f.scorers[of].add(f, h, word.term)
		default:
			if word.role.speaks() {
				f.speak(&h, of, word.role)
			}
			if list := f.found[of]; len(list) == cap(list) {
				f.found[of] = forget(list, from-f.set.left-windowReach)
			}
			f.found[of] = append(f.found[of], h)
		}
	}
	f.detector = asking
}

// readOwn makes f.found hold the keywords of one detector that begin in [from,to). What
// lies far from what was searched before is begun anew.
func (f *finder) readOwn(from, to int64) {
	own, read, list := &f.set.own[f.detector], &f.reads[f.detector], f.found[f.detector]
	switch {
	case from < read.from || from > read.to:
		*read, list = span{from, from}, list[:0]
	case to <= read.to:
		return
	default:
		to = max(to, min(read.to+readAround, f.limit))
	}
	if len(list) == cap(list) {
		read.from = max(read.from, from-windowReach)
		list = forget(list, read.from)
	}
	known := len(list)
	list = own.find(f.text, read.to, to, list)
	for i := known; i < len(list); i++ {
		list[i].word += own.first
	}
	read.to, f.found[f.detector] = to, list
}

// readAtOnce is how much text is searched for keywords at once, if candidates may
// follow in it: where all of the text is searched, and where only what is around
// candidates.
const (
	readAtOnce = 4096
	readAround = 512
)

// forget drops the keywords before from.
func forget(list []hit, from int64) []hit {
	n := 0
	for n < len(list) && list[n].start < from {
		n++
	}
	return list[:copy(list, list[n:])]
}
