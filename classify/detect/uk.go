package detect

import (
	"strings"

	"github.com/postern-mail/postern/classify/anchor"
)

// ukNINO is the UK National Insurance number, given by HMRC and DWP: two
// letters, six digits, a suffix from A to D. It has no check digit. The letters
// have rules; lists of allocated prefixes age and are not asked. Administrative
// prefixes (CR, MW, NC, PP) pass: they still name a person.
//
// Look-alikes: passports (two letters, seven digits), postcodes, vehicle marks,
// part numbers, abbreviated git hashes, HMRC's temporary reference numbers.
var ukNINO = &Detector{
	ID:    "uk-nino",
	Title: "UK National Insurance number",
	Finds: "Two letters, six digits and a suffix A to D. The first letter is none of D F I Q U V, the second none of D F I O Q U V, the two are not BG, GB, KN, NK, NT, TN or ZZ. " +
		"Without its suffix a number is found only under a label.",
	Forms:   []string{"LLNNNNNNS", "LL NN NN NN S", "LL-NN-NN-NN-S", "LLNNNNNN"},
	Sources: []string{"HMRC, National Insurance Manual NIM39110"},
	Mask:    maskNINO, Masking: "last two digits and the suffix",
	Fingerprint: true,
	keywords: []keywordGroup{{strong, []string{
		"national insurance{| number| numbers| no.| num.}", "nat. ins.", "nino{|s}", "ni {number|numbers|num.|no.|#}",
	}}},
	places: []anchor.Want{
		{Digits: 6, Runs: runs(6), Lettered: true},
		{Digits: 6, Runs: grouped(2, 2, 2), Lettered: true},
		{Digits: 6, Runs: grouped(2, 4, 0), Lettered: true},
		{Digits: 6, Runs: grouped(4, 2, 0), Lettered: true},
	},
	find: findNINO,
	grades: []grade{
		ninoUpper:  {"upper case, with or without separators", High, High, None, Medium, Low, None},
		ninoLower:  {"lower case, no separators", High, High, None, Low, None, None},
		ninoHex:    {"lower case, no separators, all characters hexadecimal", High, High, None, None, None, None},
		ninoSpaced: {"lower case with separators", High, None, None, None, None, None},
		ninoShort:  {"no suffix", Medium, None, None, None, None, None},
	},
	accounts: true,
}

const (
	ninoUpper = iota
	ninoLower
	ninoHex
	ninoSpaced
	ninoShort
)

func findNINO(f *finder, p int64) {
	t := f.text
	c := candidate{start: p - 2}
	if b := t.at(p - 1); b == ' ' || b == '-' {
		c.sep, c.start = b, p-3
	}
	first, second := t.at(c.start), t.at(c.start+1)
	if !validPrefix(first&^0x20, second&^0x20) || isAlnumByte(t.at(c.start-1)) {
		return
	}
	c.put(first&^0x20, second&^0x20)
	end, ok := readPairs(t, p, &c)
	if !ok {
		return
	}
	upper, lower := isUpper(first) && isUpper(second), !isUpper(first) && !isUpper(second)
	if suffix, at := readSuffix(t, end, &c, upper, lower); at > 0 {
		c.end = at
		c.put(suffix &^ 0x20)
		c.form = formNINO(t, &c, upper && isUpper(suffix))
		f.c = c
		if f.stands(p) {
			return
		}
		c.size--
	}
	if followedByMore(t, end) {
		return
	}
	c.end, c.form, c.loose = end, ninoShort, true
	f.c = c
	f.stands(p)
}

// validPrefix applies the rules of NIM39110.
func validPrefix(first, second byte) bool {
	return isUpper(first) && isUpper(second) && prefixes[first-'A']>>(second-'A')&1 == 1
}

// prefixes are the second letters by the first one: bit n is the n-th.
var prefixes = func() (of [26]uint32) {
	for first := range of {
		if strings.IndexByte("DFIQUV", 'A'+byte(first)) < 0 {
			of[first] = 1<<26 - 1
			for _, second := range "DFIOQUV" {
				of[first] &^= 1 << (second - 'A')
			}
		}
	}
	for _, pair := range []string{"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"} {
		of[pair[0]-'A'] &^= 1 << (pair[1] - 'A')
	}
	return of
}()

// readPairs reads three pairs of digits at p, between which one and the same
// separator may stand.
func readPairs(t *text, p int64, c *candidate) (int64, bool) {
	for pair := range 3 {
		if b := t.at(p); pair > 0 && (b == ' ' || b == '-') && (c.sep == 0 || c.sep == b) {
			c.sep = b
			p++
		}
		if t.digits(p, 2) != 2 {
			return 0, false
		}
		c.put(t.at(p), t.at(p+1))
		p += 2
	}
	return p, true
}

// readSuffix reads the suffix at p, behind the separator if there is one; the
// position behind it is 0 if there is none.
func readSuffix(t *text, p int64, c *candidate, upper, lower bool) (byte, int64) {
	b := t.at(p)
	apart := (b == ' ' || b == '-') && (c.sep == 0 || c.sep == b)
	if apart {
		p++
	}
	suffix := t.at(p)
	if (suffix&^0x20)-'A' >= 4 {
		return 0, 0
	}
	if apart {
		// "AB123456 a" goes on with an article, "10 30 45 a.m." with a clock.
		if upper && !isUpper(suffix) || lower && isUpper(suffix) || t.at(p+1) == '.' && t.at(p+2)|0x20 == 'm' {
			return 0, 0
		}
		c.sep = b
	}
	return suffix, p + 1
}

func formNINO(t *text, c *candidate, upper bool) int {
	switch {
	case upper:
		return ninoUpper
	case c.sep != 0:
		return ninoSpaced
	}
	for p := c.start; p < c.end; p++ {
		if !isHex(t.at(p)) {
			return ninoLower
		}
	}
	return ninoHex
}

// followedByMore reports whether what follows a number without its suffix looks
// like more of it: a digit, or a single letter that is no suffix.
func followedByMore(t *text, p int64) bool {
	if b := t.at(p); b != ' ' && b != '-' {
		return isDigit(b)
	}
	return isDigit(t.at(p+1)) || isLetter(t.at(p+1)) && !t.wordAfter(p+2)
}
