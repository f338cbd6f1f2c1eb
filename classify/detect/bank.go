package detect

import (
	"bytes"
	"math/bits"
	"regexp"
	"strings"

	"github.com/postern-mail/postern/classify/anchor"
)

// ukBank is an account at a UK bank: a sort code of six digits and an account of
// eight. Neither has a check of its own; banks check the pair by weights that
// Pay.UK publishes several times a year, with many exceptions, so a check that
// fails lowers the level and never rejects.
//
// Look-alikes: dates with hyphens (sort codes), client numbers, dates, invoices
// (accounts).
var ukBank = &Detector{
	ID:    "uk-bank",
	far:   true,
	Title: "UK bank account",
	Finds: "A sort code and an account within 100 characters of each other: high with a label before either, medium without one if the sort code has hyphens and 20 characters at most lie between. " +
		"One of the two alone is low under a label of its own. An account of six or seven digits counts only if both have labels, and is filled with zeros. " +
		"With a table of weights, a pair that fails the check or is not in the table is a level lower.",
	Forms:   []string{"NN-NN-NN and NNNNNNNN", "NN NN NN and NNNNNNNN", "NNNNNN and NNNNNNNN"},
	Sources: []string{"Pay.UK (VocaLink), Validating account numbers: UK modulus checking"},
	Mask:    maskAccount(3), Masking: "last three digits of the account",
	Fingerprint: true,
	keywords: []keywordGroup{
		{strong, []string{"sort code{|s}{| number| no.}", "s/c"}},
		{weak, []string{"account{| number| no.| num.| #}", "acct.{| number| no.| #}", "a/c{| number| no.| #}", "acc.{| number| no.| #}"}},
	},
	places: []anchor.Want{
		{Digits: 6, Runs: grouped(2, 2, 2), Before: ^anchor.OnHyphen, After: anchor.OnHyphen},
		{Digits: 6, Runs: grouped(2, 2, 2), Before: anchor.OnHyphen, Before2: ^anchor.OnDigit, After: anchor.OnHyphen},
	},
	backed: []anchor.Want{{Digits: 6, Runs: grouped(2, 2, 2), After: anchor.OnSpace}, {Digits: 6, Runs: runs(6, 7, 8)}},
	find:   findUKBank, pairing: ukPairing, partnered: true, atDigit: true,
	grades: []grade{
		{form: "sort code and account, a label before either", label: High},
		{form: "sort code with hyphens and account", alone: Medium},
		{form: "sort code or account by itself", label: Low},
	},
}

// ukReach is how many characters may stand between a sort code and its account.
const ukReach = 100

var ukPairing = &pairing{
	reach: ukReach, closeBy: 20,
	short: func(account *candidate) bool { return account.end-account.start < 8 },
	loose: looseSortCode,
	value: accountValue,
	read: func(cell string) (string, bool) {
		m := ukCell.FindStringSubmatch(cell)
		if m == nil {
			return "", false
		}
		return m[1] + m[2] + m[3] + "/" + "00"[:8-len(m[4])] + m[4], true
	},
	level: func(f *finder, code, account *half) Confidence {
		switch {
		case code == nil || account == nil:
			return Low
		}
		level := Medium
		if code.labels || account.labels {
			level = High
		}
		if w := f.set.options.SortCodes; w != nil && !w.Valid(string(code.c.value[:code.c.size]), string(account.c.value[:account.c.size])) {
			level--
		}
		return level
	},
}

// looseSortCode reports whether a sort code without a label goes with an account.
// Hyphens and spaces make one before an account; behind an account nothing but
// punctuation may stand between, for "opened 01-02-20" is a date; six digits in
// one run need the account's label right behind them.
func looseSortCode(f *finder, code, account *half) bool {
	if !account.labels && code.c.sep != '-' {
		return false
	}
	if account.c.start < code.c.start {
		gap := f.text.slice(account.c.end, code.c.start)
		return code.c.sep == '-' && len(gap) <= negativeChars && !bytes.ContainsFunc(gap, isAlnum)
	}
	return code.c.sep != 0 || account.c.start-code.c.end <= negativeChars
}

// accountValue is the canonical form of a bank's number and an account, "-" for
// the one that is missing.
func accountValue(code, account *candidate) string {
	first, second := "-", "-"
	if code != nil {
		first = string(code.value[:code.size])
	}
	if account != nil {
		second = string(account.value[:account.size])
	}
	return first + "/" + second
}

// Cells that hold the bank's number and an account.
var (
	ukCell = regexp.MustCompile(`^([0-9]{2})[- ]?([0-9]{2})[- ]?([0-9]{2})[ /,;:-]+([0-9]{6,8})$`)
	usCell = regexp.MustCompile(`^([0-9]{9})[ /,;:-]+([0-9]{4,17})$`)
)

func findUKBank(f *finder, p int64) {
	t := f.text
	c := candidate{start: p}
	code := false
	switch n := int64(t.digits(p, 9)); n {
	case 2:
		c.sep, code = t.at(p+2), true
		if c.sep != '-' && c.sep != ' ' || t.at(p+5) != c.sep || t.digits(p+3, 3) != 2 || t.digits(p+6, 3) != 2 {
			return
		}
		if t.at(p-1) == c.sep && t.digitsBefore(p-1, 1) > 0 {
			return
		}
		c.end = p + 8
		c.put(t.at(p), t.at(p+1), t.at(p+3), t.at(p+4), t.at(p+6), t.at(p+7))
	default:
		c.end, c.bare = p+n, true
		c.put([]byte("00")[:8-max(n, 6)]...)
		c.put(t.slice(p, c.end)...)
	}
	if c.sep != '-' && f.remote(p) && !f.expected(c.start, c.end) {
		return
	}
	if f.arrive(p); f.unlabelled(p) && !f.accompanied(c.start, c.end) {
		return
	}
	f.c = c
	if c.bare && c.end-c.start == 6 {
		// Six digits are either; a label must say which.
		f.c.size = copy(f.c.value[:], t.slice(p, c.end))
		if h, ok := f.weighHalf(p, true); ok && h.labels {
			f.offer(h, ukPairing)
			return
		}
		digits := f.c
		f.c = c
		if h, ok := f.weighHalf(p, false); ok && h.labels {
			f.offer(h, ukPairing)
		} else if ok {
			f.offer(half{c: digits, known: true, code: true}, ukPairing)
		}
		return
	}
	if h, ok := f.weighHalf(p, code); ok && (h.labels || code || c.end-c.start == 8) {
		f.offer(h, ukPairing)
	}
}

// expected reports whether a number that nothing labels can be the account of a
// sort code beside it.
func (f *finder) expected(start, end int64) bool {
	if last := &f.halves[f.detector]; last.known && last.code && last.c.end+maxPairing >= start {
		return true
	}
	t := f.text
	if bytes.IndexByte(t.slice(end, end+23), '-') < 0 {
		return false
	}
	for p := end + 1; p <= end+22; p++ {
		if t.at(p) == '-' && t.at(p+3) == '-' && t.digitsBefore(p, 3) == 2 && t.digits(p+1, 3) == 2 && t.digits(p+4, 3) == 2 {
			return true
		}
	}
	return false
}

// mayPair reports whether any number in [from,to) may be expected.
func (f *finder) mayPair(from, to int64) bool {
	for rest := f.set.partnered; rest != 0; rest &= rest - 1 {
		last := &f.halves[f.set.seekers[bits.TrailingZeros64(rest)].detector]
		if last.known && last.code && last.c.end+maxPairing >= from {
			return true
		}
	}
	return f.text.hasPairs(from, to+expectedReach)
}

// expectedReach is more bytes than lie between the beginning of an account and of the
// sort code that it is expected for.
const expectedReach = 32

// accompanied reports whether a number may belong to another one: to the one that
// waits, or to one that begins soon behind it.
func (f *finder) accompanied(start, end int64) bool {
	last := &f.halves[f.detector]
	return last.known && last.c.end+maxPairing >= start || f.text.hasSix(end, f.text.forth(end, ukReach)+1)
}

// usBank is an account at a US bank: a routing number of the American Bankers
// Association, which has a check digit, and an account of four to seventeen
// digits, which has none. All depends on labels.
//
// Look-alikes: Social Security numbers and EINs (nine digits), orders, phones.
var usBank = &Detector{
	ID:    "us-bank",
	far:   true,
	Title: "US bank account",
	Finds: "A routing number under a label, with a prefix of a Federal Reserve district and a valid check digit, and an account under a label within 100 characters: high. " +
		"The routing number alone is medium, an account that is called a checking or savings account low.",
	Forms:   []string{"NNNNNNNNN and 4 to 17 digits"},
	Sources: []string{"American Bankers Association, ABA Routing Number policy and procedures", "12 CFR 229, appendix A"},
	Mask:    maskAccount(4), Masking: "last four digits of the account",
	Fingerprint: true,
	keywords: []keywordGroup{
		{strong, []string{"routing{| transit}{| number| no.| num.| #}", "aba{| routing}{| transit}{| number| no.| num.| #}", "rtn", "transit{| routing}{| number| no.| #}"}},
		{weak, []string{"account{| number| no.| num.| #}", "acct.{| number| no.| num.| #}", "{checking|savings}{| account| acct.}{| number| no.| num.| #}"}},
	},
	places: []anchor.Want{{Digits: 4, Runs: runsFrom(4)}}, atDigit: true,
	find: findUSBank, pairing: usPairing,
	grades: []grade{
		{form: "routing number and account", label: High},
		{form: "routing number", label: Medium},
		{form: "checking or savings account", label: Low},
	},
}

var usPairing = &pairing{
	reach: 100,
	short: func(*candidate) bool { return false },
	loose: func(*finder, *half, *half) bool { return false },
	value: accountValue,
	read: func(cell string) (string, bool) {
		m := usCell.FindStringSubmatch(cell)
		if m == nil || !validRouting([]byte(m[1])) {
			return "", false
		}
		return m[1] + "/" + m[2], true
	},
	level: func(_ *finder, code, account *half) Confidence {
		switch {
		case code != nil && account != nil:
			if !code.labels || !account.labels {
				return None
			}
			return High
		case code != nil:
			return Medium
		case account.strict:
			return Low
		}
		return None
	},
}

func findUSBank(f *finder, p int64) {
	t := f.text
	n := int64(t.digits(p, 18))
	if n > 17 {
		return
	}
	f.c = candidate{start: p, end: p + n, bare: true}
	f.c.put(t.slice(p, p+n)...)
	if n == 9 && validRouting(f.c.value[:9]) {
		if h, ok := f.weighHalf(p, true); ok && h.labels {
			f.offer(h, usPairing)
			return
		}
	}
	h, ok := f.weighHalf(p, false)
	if !ok || !h.labels || !f.directly(h.at.at, p) {
		return
	}
	h.strict = strings.HasPrefix(h.context, "checking ") || strings.HasPrefix(h.context, "savings ")
	f.offer(h, usPairing)
}

// directly reports whether next to nothing stands between a label and the value
// at p: "account manager 5551234" is no account.
func (f *finder) directly(label, p int64) bool {
	words := 0
	gap := f.text.slice(label, p)
	for i, c := range gap {
		if isLetter(c) && (i == 0 || !isLetter(gap[i-1])) {
			if words++; !isWordAt(gap[i:], "is") && !isWordAt(gap[i:], "ending") && !isWordAt(gap[i:], "no") {
				return false
			}
		}
	}
	return words <= 2
}

// validRouting reports whether nine digits begin with a district of the Federal
// Reserve and pass the check.
func validRouting(digits []byte) bool {
	district := number(digits[:2])
	in := district <= 12 || district >= 21 && district <= 32 || district >= 61 && district <= 72 || district == 80
	return in && mod10Routing(digits) && !sameDigit(digits)
}

// maskAccount shows the last n digits of the account.
func maskAccount(n int) func(string) string {
	return func(value string) string {
		code, account, _ := strings.Cut(value, "/")
		shown := ""
		if len(account) > 2*n || n == 3 && len(account) > 4 {
			shown = account[len(account)-n:]
		}
		return stars(code) + "/" + stars(account[:len(account)-len(shown)]) + shown
	}
}

func stars(s string) string {
	if s == "-" {
		return s
	}
	return strings.Repeat("*", len(s))
}
