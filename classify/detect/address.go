package detect

import (
	"bytes"
	_ "embed"
	"strings"
	"sync"

	"github.com/postern-mail/postern/classify/anchor"
)

// ukAddress is an address in the UK by its postcode, in one of the shapes that
// Royal Mail gives out.
//
// Look-alikes: part numbers, vehicle marks.
var ukAddress = &Detector{
	ID:    "uk-address",
	far:   true,
	Title: "UK postal address",
	Finds: "A postcode. High under a label, or with a street line (a number, a name, Street or its like) within 100 characters before; by itself only in upper case with its space. " +
		"The first letter is none of Q V X, the second none of I J Z, the last two none of C I K M O V.",
	Forms:   []string{"A9 9AA", "A99 9AA", "AA9 9AA", "AA99 9AA", "A9A 9AA", "AA9A 9AA", "GIR 0AA"},
	Sources: []string{"Royal Mail, Programmers' Guide to the Postcode Address File", "BS 7666"},
	Mask:    maskPostcode, Masking: "the outward half",
	keywords: []keywordGroup{{strong, []string{"post code{|s}", "postal code", "address{|es}"}}},
	places: []anchor.Want{
		inward(anchor.Want{Runs: runs(1), Before: anchor.OnLetter | anchor.OnSpace, Before2: anchor.OnDigit}),
		inward(anchor.Want{Runs: runs(1), Before: anchor.OnSpace, Before2: anchor.OnLetter, Before3: anchor.OnDigit}),
		inward(anchor.Want{Runs: runs(1), Before: anchor.OnLetter | anchor.OnSpace, Before2: anchor.OnLetter, First: begins(0)}), // of Girobank
		inward(anchor.Want{Runs: runs(2, 3), Before: anchor.OnLetter, Before2: ^anchor.OnDigit}),
	},
	find: findPostcode,
	grades: []grade{
		postcodeSpaced: {form: "upper case with its space", label: High, window: Low, alone: Low},
		postcodeOther:  {form: "without its space, or lower case", label: High},
		postcodeStreet: {form: "behind a street line", label: High, window: High, alone: High, negative: High},
	},
	crowded: true,
}

const (
	postcodeSpaced = iota
	postcodeOther
	postcodeStreet
)

// streetReach is how far before a postcode or a city its street can end, maxStreet
// how long its line can be.
const (
	streetReach = 100
	maxStreet   = 100
)

// inward is the place of an inward half, the last digit of a run and two letters.
func inward(w anchor.Want) anchor.Want {
	w.Digits, w.After, w.After2, w.After3 = 1, anchor.OnLetter, anchor.OnLetter, ^onAlnum
	return w
}

// findPostcode finds a postcode by its inward digit, the last of the run at p.
func findPostcode(f *finder, p int64) {
	t := f.text
	p += int64(t.digits(p, 3)) - 1
	if !isInward(t.at(p+1)) || !isInward(t.at(p+2)) || t.wordAfter(p+3) {
		return
	}
	c := candidate{end: p + 3}
	q := p
	if t.at(q-1) == ' ' {
		q, c.sep = q-1, ' '
	}
	n := int64(0)
	for n < 5 && (isLetter(t.at(q-n-1)) || isDigit(t.at(q-n-1))) {
		n++
	}
	c.start = q - n
	for at := c.start; at < q; at++ {
		c.put(upperByte(t.at(at)))
	}
	if !isOutward(c.value[:c.size]) {
		return
	}
	c.put(' ', t.at(p), upperByte(t.at(p+1)), upperByte(t.at(p+2)))
	upper, _ := letterCase(t.slice(c.start, c.end))
	if !upper || c.sep == 0 {
		c.form = postcodeOther
	}
	if _, ok := streetBefore(t, t.back(c.start, streetReach), c.start); ok {
		c.form = postcodeStreet
		c.context = "street"
	}
	f.c = c
	f.stands(p)
}

func isInward(b byte) bool { return inwardLetters[b] }

// inwardLetters are the letters of an inward half, in both cases.
var inwardLetters = func() (is [256]bool) {
	for _, c := range []byte("ABDEFGHJLNPQRSTUWXYZ") {
		is[c], is[c|0x20] = true, true
	}
	return is
}()

// isOutward reports whether s has one of the shapes of an outward half.
func isOutward(s []byte) bool {
	var shape [5]byte
	for i, c := range s {
		if shape[i] = 'A'; isDigit(c) {
			shape[i] = '9'
		}
	}
	switch string(shape[:len(s)]) {
	case "A9", "A99", "A9A":
	case "AA9", "AA99", "AA9A":
		if bytes.IndexByte([]byte("IJZ"), s[1]) >= 0 {
			return false
		}
	default:
		return string(s) == "GIR"
	}
	return bytes.IndexByte([]byte("QVX"), s[0]) < 0
}

func maskPostcode(value string) string {
	out, in, _ := strings.Cut(value, " ")
	return out + " " + stars(in)
}

// usAddress is an address in the US by its last line: city, state and ZIP Code.
//
// Look-alikes: words in capitals before a number (OR 97201, IN 46201).
var usAddress = &Detector{
	ID:    "us-address",
	far:   true,
	Title: "US postal address",
	Finds: "A city, a state (its code or name) and a ZIP Code, high with a street line, a PO box or a rural route before. State and ZIP Code alone are nothing. The value is state and ZIP Code.",
	Forms: []string{"221 E High Street, Jefferson City, MO 65101", "PO Box 2320, Jefferson City, MO 65102-2320", "Madison, WI 53703"},
	Sources: []string{
		"USPS Publication 28, Postal Addressing Standards",
	},
	Mask: maskZIP, Masking: "the state and the first three digits",
	places: []anchor.Want{{Digits: 5, Runs: runs(5), Before: anchor.OnSpace, Before2: anchor.OnSpace | anchor.OnLetter}},
	find:   findZIP,
	grades: []grade{
		{form: "street line, city, state, ZIP Code", label: High, window: High, alone: High, negative: High},
		{form: "city, state, ZIP Code", label: Medium, window: Medium, alone: Medium, negative: Medium},
	},
	crowded: true,
}

//go:embed data/states.txt
var statesData string

// states are the codes by code and by name in lower case.
var states = sync.OnceValue(func() map[string]string {
	codes := map[string]string{}
	for _, line := range dataLines(statesData) {
		code, name, _ := strings.Cut(line, " ")
		codes[code], codes[strings.ToLower(name)] = code, code
	}
	return codes
})

// stateEnds are the last words of what states() knows, as they stand there.
var stateEnds = sync.OnceValue(func() map[string]bool {
	ends := map[string]bool{}
	for name := range states() {
		ends[name[strings.LastIndexByte(name, ' ')+1:]] = true
	}
	return ends
})

// endsState reports whether a word may be the last one of a state.
func endsState(word []byte) bool {
	if len(word) == 2 {
		return stateEnds()[string(word)]
	}
	var lower [maxStateWord]byte
	for i, c := range word {
		lower[i] = c | 0x20
	}
	return stateEnds()[string(lower[:len(word)])]
}

// maxStateWord is longer than any word in the name of a state.
const maxStateWord = 20

// maxStateWords is how many words the name of a state has.
const maxStateWords = 4

// stateBefore finds the state that ends at p.
func stateBefore(t *text, p int64) (string, int64) {
	q := p
	for range maxStateWords {
		from := q
		for isLetter(t.at(from - 1)) {
			from--
		}
		if q-from > maxStateWord || from == q || q == p && !endsState(t.slice(from, q)) {
			return "", 0
		}
		word := string(t.slice(from, p))
		if code := states()[word]; code != "" && q == p && len(word) == 2 {
			return code, from
		}
		if code := states()[strings.ToLower(word)]; code != "" && len(word) > 2 && isUpper(word[0]) {
			if west, ok := states()["west "+strings.ToLower(word)]; ok && hasPrefixFold(t.slice(from-5, from), "west ") {
				return west, from - 5
			}
			return code, from
		}
		if q = t.skipBack(from, 1); q == from {
			return "", 0
		}
	}
	return "", 0
}

// findZIP finds an address by its ZIP Code, at p.
func findZIP(f *finder, p int64) {
	t := f.text
	code, from := stateBefore(t, t.skipBack(p, 3))
	if code == "" {
		return
	}
	c := candidate{end: p + 5}
	c.put([]byte(code + " ")...)
	if t.at(p+5) == '-' && t.digits(p+6, 5) == 4 {
		c.end = p + 10
	}
	c.put(t.slice(p, c.end)...)

	q := t.skipBack(from, 2)
	comma := t.at(q-1) == ','
	if comma {
		q = t.skipBack(q-1, 2)
	}
	city := cityBefore(t, q)
	if city == q || city == 0 && q == 0 {
		return
	}
	limit := t.back(city, streetReach)
	switch start, ok := streetBefore(t, limit, from); {
	case ok:
		c.start, c.context, c.hole = start, "street", span{start, city}
	case comma:
		c.start, c.form = city, 1
	default:
		return
	}
	f.c = c
	f.stands(p)
}

// cityBefore is where the name of a city begins that ends at p: words with a
// capital, a full stop behind "St." and its like; p if there is none.
func cityBefore(t *text, p int64) int64 {
	start := p
	for range 4 {
		q := start
		if q != p {
			if q = t.skipBack(q, 1); q == start {
				break
			}
		}
		end := q
		if t.at(q-1) == '.' {
			q--
		}
		for isLetter(t.at(q-1)) || t.at(q-1) == '\'' || t.at(q-1) == '-' || t.at(q-1) >= 0x80 {
			q--
		}
		if n := end - q; n < 2 || n > 25 || t.wordBefore(q) {
			break
		}
		if first := t.at(q); !isUpper(first) && first < 0x80 {
			break
		}
		if end != p && t.at(end-1) == '.' && end-q > 4 {
			break // a sentence ends here
		}
		start = q
	}
	return start
}

// streetWords are what a street line ends in, by the words as they are written.
var streetWords = func() map[string]bool {
	all := map[string]bool{}
	for w := range strings.FieldsSeq(`street st road rd lane ln avenue ave av close cl way drive dr court ct place pl square sq terrace ter terr crescent cres
		gardens gdns grove gr hill row mews walk park parade green boulevard blvd highway hwy parkway pkwy circle cir trail trl route pike plaza loop
		alley crossing xing expressway expy freeway fwy broadway vale rise view mount quay wharf embankment`) {
		all[w] = true
	}
	return all
}()

// streetBefore finds the last street line, PO box or rural route that begins in
// [from,to), and where it begins.
func streetBefore(t *text, from, to int64) (int64, bool) {
	for p := to - 1; p >= from-maxStreet; p-- {
		if !isDigit(t.at(p)) || isDigit(t.at(p-1)) {
			continue
		}
		if start, ok := boxAt(t, p, from-maxStreet); ok && p >= from {
			return start, true
		}
		if end := isStreet(t, p, to); end >= max(from, 1) {
			if isLetter(t.at(p - 1)) {
				p--
			}
			return p, true
		}
	}
	return 0, false
}

// isStreet reports where a street line ends that begins with the house number at
// p, 0 if none does that ends before to.
func isStreet(t *text, p, to int64) int64 {
	if b := t.at(p - 1); t.wordBefore(p) && ((b != 'N' && b != 'S' && b != 'E' && b != 'W') || t.wordBefore(p-1)) {
		return 0 // the grid numbers of Wisconsin begin with a point of the compass
	}
	if t.at(p-1) == '.' || t.at(p-1) == '/' || t.at(p-1) == '$' {
		return 0
	}
	n := int64(t.digits(p, 7))
	if n > 6 {
		return 0
	}
	q := p + n
	if isLetter(t.at(q)) && !t.wordAfter(q+1) {
		q++ // 221B
	}
	if t.at(q) == ',' || t.at(q) == '-' && isDigit(t.at(q+1)) {
		q += 1 + int64(t.digits(q+1, 7))
	}
	for word := range 6 {
		next := skipWrapped(t, q)
		if next == q {
			return 0
		}
		q = next
		end := q
		for isLetter(t.at(end)) || isDigit(t.at(end)) || t.at(end) == '\'' || t.at(end) == '-' || t.at(end) >= 0x80 {
			end++
		}
		if end == q || end > to {
			return 0
		}
		first := t.at(q)
		if word > 0 && isUpper(first) && streetWords[lower(string(t.slice(q, end)))] {
			return end
		}
		if word == 0 && isUpper(first) && hasPrefixFold(t.slice(q, end), "broadway") {
			return end
		}
		if !isUpper(first) && !isDigit(first) && first < 0x80 {
			return 0
		}
		if t.at(end) == '.' {
			end++
		}
		q = end
	}
	return 0
}

// skipWrapped is the position behind the white space at p, in which a line may
// have been wrapped.
func skipWrapped(t *text, p int64) int64 {
	breaks := 0
	for n := 0; n < 8 && isSpace(t.at(p)); n++ {
		if t.at(p) == '\n' {
			if breaks++; breaks > 1 {
				break
			}
		}
		p++
	}
	return p
}

// boxAt reports whether the number at p is that of a PO box or a rural route, and
// where that begins.
func boxAt(t *text, p, from int64) (int64, bool) {
	q := t.skipBack(p, 2)
	for _, box := range []string{"p.o. box", "po box", "p.o.box", "p o box", "post office box", "p. o. box", "rr", "rural route"} {
		start := q - int64(len(box))
		if start >= from && hasPrefixFold(t.slice(start, q), box) && !t.wordBefore(start) && (len(box) > 2 || string(t.slice(start, q)) == "RR") {
			return start, true
		}
	}
	return 0, false
}

// maskZIP shows the state and the first three digits.
func maskZIP(value string) string {
	shown := min(len("MO 651"), len(value))
	rest := []byte(value[shown:])
	for i, c := range rest {
		if isDigit(c) {
			rest[i] = '*'
		}
	}
	return value[:shown] + string(rest)
}
