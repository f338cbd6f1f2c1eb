package rules

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp/syntax"
	"slices"
	"time"

	"github.com/postern-mail/postern/classify/detect"
)

// maxWords bounds the words of a detector and the terms of a lexicon.
const maxWords = 50000

// minNearMisses is how many samples of what is not meant a detector should have.
const minNearMisses = 1

// detectorSource is the definition of a detector, with where it stands.
type detectorSource struct {
	source *source
	table  *sourceDetector
}

// collectDetectors compiles the detectors that files define, and tunes those that
// they name. A table that only tunes may stand in any file; the last one wins.
func (c *compiler) collectDetectors() {
	own := map[string]detectorSource{}
	tuning := map[string][]detectorSource{}
	for _, s := range c.sources {
		for i := range s.Detectors {
			t := &s.Detectors[i]
			one := detectorSource{s, t}
			switch first := own[t.ID]; {
			case !validID(t.ID):
				c.mistakes.Add(s.title, t.Line, "letters, digits, - . _", "%q is no usable id of a detector", t.ID)
			case t.tunes():
				tuning[t.ID] = append(tuning[t.ID], one)
			case c.known[t.ID] != nil:
				c.mistakes.Add(s.title, t.Line, "choose another id; keywords_add, negative_add and off tune the shipped one", "detector %q: postern ships one of that id", t.ID)
			case first.table != nil:
				c.mistakes.Add(s.title, t.Line, "choose another id", "detector %q stands in %s line %d already", t.ID, first.source.title, first.table.Line)
			default:
				own[t.ID] = one
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(own)) {
		c.defineDetector(own[id])
	}
	c.collectLexicons()
	for _, id := range slices.Sorted(maps.Keys(tuning)) {
		for _, one := range tuning[id] {
			c.tune(one)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(own)) {
		if d := c.known[id]; d != nil && !c.off[id] {
			c.trySamples(own[id], d)
		}
	}
	c.inUse = slices.DeleteFunc(c.inUse, func(d *detect.Detector) bool { return c.off[d.ID] })
}

func (c *compiler) addDetector(d *detect.Detector) {
	c.known[d.ID] = d
	c.inUse = append(c.inUse, d)
}

// tune applies a table that names a detector which is there.
func (c *compiler) tune(one detectorSource) {
	t, wrong := one.table, c.detectorWrong(one)
	d := c.known[t.ID]
	if d == nil && t.blamed() {
		return // something is wrong that may have made it a detector of one's own
	}
	if d == nil {
		wrong("id", didYouMean(t.ID, c.usable()), "no detector of that id is there to be tuned, and the table has neither pattern nor words")
		return
	}
	if t.Has("off") {
		c.off[t.ID] = t.Off
	}
	if t.ReportSpecimens {
		if t.ID != "us-ssn" {
			wrong("report_specimens", "", "only us-ssn leaves out specimens")
		}
		c.detectOptions.ReportSpecimens = true
	}
	c.detectOption(one, wrong)
	if len(t.KeywordsAdd) == 0 && len(t.NegativeAdd) == 0 {
		return
	}
	tuned, err := detect.Tuned(d, t.KeywordsAdd, t.NegativeAdd)
	if err != nil {
		c.faults(one, nil, err)
		return
	}
	c.known[t.ID] = tuned
	c.inUse[slices.Index(c.inUse, d)] = tuned
}

// detectOption sets what tunes one shipped detector alone.
func (c *compiler) detectOption(one detectorSource, wrong func(key, fix, format string, args ...any)) {
	t := one.table
	for key, of := range map[string]string{"month_first": "dob", "born_until": "dob", "sort_codes": "uk-bank"} {
		if t.Has(key) && t.ID != of {
			wrong(key, "", "%s is for the detector %s", key, of)
		}
	}
	if t.MonthFirst != nil {
		c.detectOptions.MonthFirst = *t.MonthFirst
	}
	if t.Has("born_until") {
		last := t.BornUntil.end.Add(-time.Second)
		c.detectOptions.Today, c.bornUntil = func() time.Time { return last }, last
	}
	if one.source.sortCodes != nil {
		c.detectOptions.SortCodes = one.source.sortCodes
	}
}

func (c *compiler) detectorWrong(one detectorSource) func(key, fix, format string, args ...any) {
	return func(key, fix, format string, args ...any) {
		c.mistakes.Add(one.source.title, one.table.At(key), fix, "detector %q: %s", one.table.ID, fmt.Sprintf(format, args...))
	}
}

// defineDetector compiles a detector of the admin's own. All that is wrong with it is
// told at once.
func (c *compiler) defineDetector(one detectorSource) {
	t, wrong := one.table, c.detectorWrong(one)
	before := len(c.mistakes.List)
	fromFile := one.source.wordsOf[t.ID]
	words := slices.Clone(t.Words)
	for _, w := range fromFile {
		words = append(words, w.text)
	}
	switch {
	case len(words) > maxWords:
		wrong("words", "make two detectors of it", "%d words, more than the %d that a detector takes", len(words), maxWords)
		words = nil
	case t.Has("pattern") && (t.Has("words") || t.Has("file")):
		wrong("pattern", "make two detectors of it", "both an expression and words")
	case t.Pattern == "" && len(words) == 0 && !t.blamed():
		wrong("pattern", "say pattern = '…', words = […] or file = \"…\"", "nothing says what it finds")
	}
	custom := detect.Custom{
		ID: t.ID, Title: cmp.Or(t.Title, t.ID), Pattern: t.Pattern, Words: words, Check: t.Validate,
		Keywords: t.Keywords, Negative: t.Negative, Window: t.Window, Mask: t.Mask, Fingerprint: t.Fingerprint,
		Levels: t.Confidence.levels(len(t.Keywords) > 0),
	}
	for _, of := range []struct {
		key   string
		value *string
		names []string
	}{{"validate", &custom.Check, detect.Checks()}, {"mask", &custom.Mask, detect.Masks()}} {
		if t.Has(of.key) && !t.blamed(of.key) && !slices.Contains(of.names, *of.value) {
			wrong(of.key, didYouMean(*of.value, of.names), "unknown %s %q", of.key, *of.value)
			*of.value = ""
		}
	}
	for _, key := range []string{"report_specimens", "keywords_add", "negative_add"} {
		if t.Has(key) {
			wrong(key, "say keywords and negative", "%s tunes a detector that is there", key)
		}
	}
	for _, key := range []string{"month_first", "born_until", "sort_codes"} {
		if t.Has(key) {
			wrong(key, "", "%s tunes a shipped detector", key)
		}
	}
	d, err := custom.Detector()
	if err == nil {
		d.Apart, d.OnceARow, d.Alone = t.Apart, t.OnceARow, t.Alone
		_, err = detect.Compile([]*detect.Detector{d}, detect.Options{})
	}
	c.faults(one, fromFile, err)
	if len(c.mistakes.List) > before || t.blamed() || t.Confidence.blamed() {
		c.broken[t.ID] = true
		return
	}
	c.addDetector(d)
	if c.opt.Lint && !one.source.pack {
		c.costly(one, d)
	}
	if t.Off {
		c.off[t.ID] = true
	}
	c.vain(one)
}

// faults tells what is wrong with a detector: of a word of a file in that file.
func (c *compiler) faults(one detectorSource, fromFile []fileWord, err error) {
	wrong := c.detectorWrong(one)
	all, ok := errors.AsType[detect.Faults](err)
	if !ok && err != nil {
		wrong("pattern", "", "%v", err)
	}
	for _, f := range all {
		at := f.Index - len(one.table.Words)
		if f.Key != "words" || at < 0 {
			wrong(f.Key, "", "%v", f.Err)
			continue
		}
		title := fmt.Sprintf("words %q", one.source.beside(one.table.File))
		c.mistakes.Add(title, fromFile[at].line, "", "detector %q: %v", one.table.ID, f.Err)
	}
}

// Costs from which an expression is told of, and how much of one is a second for each
// megabyte.
const (
	muchBusy   = 128
	busySecond = 48
)

// costly warns of an expression that a text made for it keeps busy far longer than
// others. Time still grows with the text alone, and part_time bounds it.
func (c *compiler) costly(one detectorSource, d *detect.Detector) {
	if cost := d.Cost(); cost >= muchBusy {
		takes := fmt.Sprintf("about %d seconds", cost/busySecond)
		if cost/busySecond >= 60 {
			takes = "minutes"
		}
		c.warn(one.source.title, one.table.At("pattern"), "put fewer and shorter repetitions into each other, or give many values as words",
			"detector %q: text made for it may take %s of CPU a megabyte, where most expressions take a fifth of one: a mail may use up part_time, and the part then counts as unread", d.ID, takes)
	}
}

// vain warns of what a definition says to no effect.
func (c *compiler) vain(one detectorSource) {
	t := one.table
	warn := func(key, fix, format string, args ...any) {
		c.warn(one.source.title, t.At(key), fix, "detector %q: %s", t.ID, fmt.Sprintf(format, args...))
	}
	if tree, err := syntax.Parse(t.Pattern, syntax.Perl); err == nil {
		names := slices.DeleteFunc(tree.CapNames(), func(name string) bool { return name == "" })
		for _, name := range names {
			if name != "check" {
				warn("pattern", "write (?P<check>…) for the piece that validate looks at, or a group without a name", "the group %q has no meaning, and validate looks at the whole value", name)
			}
		}
		if slices.Contains(names, "check") && (!t.Has("validate") || t.Validate == "none") {
			warn("pattern", `say validate = "…", or take the name out`, "the group check has no effect: nothing validates it")
		}
	}
	if len(t.Keywords) > 0 {
		return
	}
	for _, key := range []string{"label", "context"} {
		if t.Confidence.Has(key) {
			c.warn(one.source.title, t.Confidence.At(key), "say keywords = […], or without = for what a value is worth by itself", "detector %q: confidence.%s has no effect: there are no keywords", t.ID, key)
		}
	}
	if t.Has("window") {
		warn("window", "say keywords = […]", "window has no effect: there are no keywords")
	}
}

// levels are those that the table says; else a value under a label is certain,
// and one without any context counts only if no keywords were given.
func (s *sourceConfidence) levels(keywords bool) detect.Levels {
	l := detect.Levels{Label: detect.High, Window: detect.Medium, Alone: detect.Low}
	if !keywords {
		l.Alone = detect.Medium
	}
	for _, one := range []struct {
		given *level
		into  *detect.Confidence
	}{{s.Label, &l.Label}, {s.Context, &l.Window}, {s.Without, &l.Alone}, {s.Negative, &l.Negative}} {
		if one.given != nil {
			*one.into = one.given.Confidence
		}
	}
	return l
}

// trySamples lets a detector try the samples that belong to its definition. One
// that contradicts them is a mistake. Messages say where, never what.
func (c *compiler) trySamples(one detectorSource, d *detect.Detector) {
	t := one.table
	set := c.alone(d)
	c.samples(one.source, t.Pos, fmt.Sprintf("detector %q", t.ID), trialOf(set), t.Match, t.NearMisses)
	if !one.source.pack {
		c.everyday(one, set)
	}
}

// samples tries samples of what a detector must find and of what it must not.
func (c *compiler) samples(s *source, at Pos, what string, try trial, match, nearMisses Strings) {
	for i, text := range match {
		switch level, _ := try(text); level {
		case detect.None:
			c.mistakes.Add(s.title, at.At("match"), "", "%s: match #%d is not found", what, i+1)
		case detect.Low:
			c.warn(s.title, at.At("match"), `rules count low only with confidence = "low"`, "%s: match #%d is found at low confidence only", what, i+1)
		case detect.Medium, detect.High:
		}
	}
	for i, text := range nearMisses {
		switch level, place := try(text); level {
		case detect.Medium, detect.High:
			c.mistakes.Add(s.title, at.At("near_misses"), "", "%s: near miss #%d is found, at %s confidence, at %s", what, i+1, level, place)
		case detect.Low:
			c.warn(s.title, at.At("near_misses"), "", "%s: near miss #%d is found at low confidence, at %s", what, i+1, place)
		case detect.None:
		}
	}
	if len(nearMisses) < minNearMisses {
		c.warn(s.title, at.Line, `say near_misses = ["…"]: texts that look like it and are not`, "%s: it has no near misses, so nothing tells what it must not find", what)
	}
}

// trial tells the highest level that a detector gives to anything in a text, and
// where that stands.
type trial func(text string) (detect.Confidence, string)

// alone compiles a detector by itself.
func (c *compiler) alone(d *detect.Detector) *detect.Set {
	set, err := detect.Compile([]*detect.Detector{d}, c.detectOptions)
	if err != nil {
		panic("internal error: " + err.Error()) // it was compiled before
	}
	return set
}

func trialOf(set *detect.Set) trial {
	best, place := detect.None, ""
	see := func(m detect.Match) {
		if m.Confidence > best {
			best, place = m.Confidence, fmt.Sprintf("%d-%d", m.Start, m.End)
		}
	}
	stream := set.NewStream(see)
	return func(text string) (detect.Confidence, string) {
		best, place = detect.None, ""
		stream.Reset(see)
		_, _ = stream.Write([]byte(text))
		_ = stream.Close()
		return best, place
	}
}
