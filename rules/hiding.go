package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify/detect"
)

// hiding tells of detectors of the admin's own that hide what shipped ones find: of
// two values that overlap the longer counts alone, if it is as sure as the other. A
// rule that asks for the shipped one does not fire then.
func (c *compiler) hiding() {
	own := map[string]detectorSource{}
	for _, s := range c.sources {
		for i := range s.Detectors {
			if t := &s.Detectors[i]; !t.tunes() {
				own[t.ID] = detectorSource{s, t}
			}
		}
	}
	var shipped, all []*detect.Detector
	for _, d := range c.inUse {
		switch one := own[d.ID]; {
		case !d.Rivals():
		case one.table == nil && builtinRivals[d.ID]:
			shipped, all = append(shipped, d), append(all, d)
		case one.table != nil:
			all = append(all, d)
		}
	}
	if len(all) == len(shipped) || len(shipped) == 0 {
		return
	}
	h := &hider{alone: newFound(shipped, c.detectOptions), beside: newFound(all, c.detectOptions), hides: map[string]*hidden{}}
	h.try(keywordsOf(own))
	for _, id := range slices.Sorted(maps.Keys(h.hides)) {
		one, what := own[id], h.hides[id]
		c.warn(one.source.title, one.table.Line, "make it narrower, or say apart = true: then it hides nothing",
			"detector %q: it hides values of %s, as in %q", id, joinedWords(slices.Sorted(maps.Keys(what.of))), what.first)
	}
}

// keywordsOf are some words under which the detectors may find a value.
func keywordsOf(own map[string]detectorSource) []string {
	const most = 16
	all := []string{""}
	for _, id := range slices.Sorted(maps.Keys(own)) {
		for _, k := range own[id].table.Keywords {
			if k, _, _ = strings.Cut(k, "{"); strings.TrimSpace(k) != "" && len(all) < most {
				all = append(all, strings.TrimSpace(k)+" ")
				break
			}
		}
	}
	return all
}

// hider compares what the shipped detectors find alone with what they find beside
// others.
type hider struct {
	alone, beside *found
	hides         map[string]*hidden // by detector
}

// hidden is what one detector hides: of whom, and the first text in which.
type hidden struct {
	of    map[string]bool
	first string
}

// found scans one text after the other.
type found struct {
	set     *detect.Set
	stream  *detect.Stream
	matches []detect.Match
}

func newFound(detectors []*detect.Detector, opt detect.Options) *found {
	set, err := detect.Compile(detectors, opt)
	if err != nil {
		panic("internal error: " + err.Error()) // they were compiled before
	}
	return &found{set: set, stream: set.NewStream(func(detect.Match) {})}
}

func (f *found) in(text string) []detect.Match {
	f.matches = f.matches[:0]
	f.stream.Reset(func(m detect.Match) { f.matches = append(f.matches, m) })
	_, _ = f.stream.Write([]byte(text))
	_ = f.stream.Close()
	return f.matches
}

func (f *found) id(m *detect.Match) string { return f.set.Detectors[m.Detector].ID }

// try tries values of the shipped detectors, with what may stand around them.
func (h *hider) try(keywords []string) {
	for _, value := range shippedValues {
		for _, label := range []string{value.label, ""} {
			for _, keyword := range keywords {
				for _, before := range valuesBegin {
					for _, behind := range valuesEnd {
						h.compare(fmt.Sprintf("%s%s%s%s%s", keyword, label, before, value.text, behind))
					}
				}
			}
		}
	}
}

// compare looks for what is lost in a text.
func (h *hider) compare(text string) {
	before := h.alone.in(text)
	if len(before) == 0 {
		return
	}
	after := h.beside.in(text)
	for i := range before {
		lost := &before[i]
		same := func(m detect.Match) bool {
			return h.beside.id(&m) == h.alone.id(lost) && m.Start == lost.Start && m.End == lost.End
		}
		if lost.Confidence < detect.Medium || slices.ContainsFunc(after, same) {
			continue
		}
		for j := range after {
			by := &after[j]
			if id := h.beside.id(by); by.Start < lost.End && lost.Start < by.End && !builtinRivals[id] {
				if h.hides[id] == nil {
					h.hides[id] = &hidden{map[string]bool{}, text}
				}
				h.hides[id].of[h.alone.id(lost)] = true
			}
		}
	}
}

// What may stand before and behind a value and be taken for a part of it.
var (
	valuesBegin = []string{"", "no. ", "AB ", "#"}
	valuesEnd   = []string{"", " 12/27", "/1", " A", " Smith", ", 1970", " 123"}
)

// shippedValues are values of the shipped detectors: numbers that their issuers print
// as specimens, or that were made up.
var shippedValues = []struct{ label, text string }{
	{"card number ", "4539 1488 0343 6467"},
	{"card ", "4539148803436467"},
	{"card ", "3782 822463 10005"},
	{"IBAN ", "GB29 NWBK 6016 1331 9268 19"},
	{"IBAN ", "DE89370400440532013000"},
	{"SSN ", "536-90-4399"},
	{"SSN ", "536904399"},
	{"ITIN ", "912-90-3456"},
	{"EIN ", "91-1144442"},
	{"NINO ", "AA 12 34 56 B"},
	{"NINO ", "AB123456C"},
	{"NHS number ", "943 476 5919"},
	{"NHS number ", "9434765919"},
	{"MBI ", "1EG4-TE5-MK73"},
	{"sort code ", "20-41-67 account 73829164"},
	{"routing number ", "021000021 account number 8837462910"},
	{"DCN ", "34567812"},
	{"British passport no. ", "987654321"},
	{"driver's license no. ", "C1234567"},
	{"driver license ", "Y520-3703-1205-08"},
	{"phone ", "(573) 555-0142"},
	{"tel. ", "020 7946 0018"},
	{"date of birth ", "12/03/1970"},
	{"diagnosis ", "E11.9"},
	{"", "10 Downing Street, London SW1A 2AA"},
	{"", "12 Oak Street, Rolla, MO 65401"},
}
