package rules

import (
	"strings"
	"testing"
)

// warned are the warnings of a policy with one detector of the admin's own.
func warned(t *testing.T, detector string) string {
	t.Helper()
	return (&Mistakes{List: mustEngine(t, "[detectors.d]\nnear_misses = ['?']\n"+detector+"\n[rules.r]\nclause = '1'\nwhen = { found = 'd' }\nrecord = true\n").Warnings()}).Error()
}

func TestADetectorOfWhatStandsInEveryMailIsToldSo(t *testing.T) {
	for _, c := range []struct{ detector, want string }{
		{`pattern = '\d{5}'`, "bare numbers of 5 digits"},
		{`pattern = '\d{6}'`, "dates without separators"},
		{`pattern = '\d{6,8}'`, "bare numbers of 6 to 8 digits, dates without separators"},
		{`pattern = '\d{7}'`, "bare numbers of 7 digits"},
		{`pattern = '\d{8}'`, `dates without separators ("20260311"`},
		{`pattern = '\d{9}'`, "bare numbers of 9 digits"},
		{`pattern = '\d{10}'`, `since 1970 ("1773230400"`},
		{`pattern = '\d{11}'`, "bare numbers of 11 digits"},
		{`pattern = '\d{12}'`, "bare numbers of 12 digits"},
		{`pattern = '\d{13}'`, "1773230400123"},
		{`pattern = '\d{16}'`, "bare numbers of 16 digits"},
		{`pattern = '\d{9}'` + "\nvalidate = 'luhn'", "one in 11 of all bare numbers of 9 digits"},
		{`pattern = '\d{10}'` + "\nvalidate = 'mod11'", "of all bare numbers of 10 digits"},
		{`pattern = '\d{4} \d{4}'`, "numbers in groups"},
		{`pattern = '\d{3}-\d{3}-\d{4}|\d{3}-\d{4}'`, "telephone numbers"},
		{`pattern = '[0-9a-f]{7,40}'`, "commits"},
		{`pattern = '[0-9a-f]{8}-[0-9a-f-]{27}'`, "UUIDs"},
		{`pattern = '[A-Z]{1,2}\d{4,8}'`, `codes of letters and digits ("A12345"`},
		{`pattern = '[A-Z]{3}\d{7}'`, "INC0012345"},
		{`pattern = '[A-Z0-9]{8,}'`, "bare numbers of 8 to 20 digits"},
		{`pattern = '[A-Z]{6,}'`, `words in capitals ("IMPORTANT", "PLEASE")`},
		{`pattern = '[A-Z][a-z]+ [A-Z][a-z]+'`, "names of people"},
		{`pattern = 'v?\d+\.\d+\.\d+'`, `"12.4.1"`},
		{`pattern = '\d{4}-\d{2}-\d{2}'`, "dates"},
		{`pattern = '(?i)meeting'`, "everyday text"},
		{`words = ["a"]`, `words of every day ("a")`},
		{`words = ["the", "project falcon"]`, `words of every day ("the")`},
		{`words = ["and"]`, "choose words that only your mails have"},
		{`words = ["March"]`, `"march"`},
		{"pattern = '\\d{8}'\nkeywords = ['number']", `the keyword "number" stands beside numbers of every kind`},
		{"pattern = '\\d{8}'\nkeywords = ['staff']\nconfidence = { without = 'medium' }", "bare numbers of 8 digits"},
	} {
		if got := warned(t, c.detector); !strings.Contains(got, c.want) {
			t.Errorf("%s\nwarned %q, want %q", c.detector, got, c.want)
		}
	}
}

func TestADetectorThatIsNarrowEnoughIsNotWarnedOf(t *testing.T) {
	for _, detector := range []string{
		`pattern = 'EMP-?\d{6}'`,
		`pattern = 'AG/\d{4}/\d{5}'`,
		`pattern = '[A-Z]{2}\d{2} \d{4} \d{4} \d{4} \d{4} \d{2}'`,
		"pattern = '\\d{8}'\nkeywords = ['staff number']",
		"pattern = '\\d{4,16}'\nkeywords = ['staff number']\nconfidence = { context = 'low' }",
		"pattern = '\\d{9}'\nvalidate = 'luhn'\nkeywords = ['member']",
		"pattern = '\\d{12}'\nvalidate = 'mod97'",
		`words = ["project falcon", "grey goose", "NEWCO"]`,
		"pattern = '\\d{7}'\nkeywords = ['invoice']", // which it is for
		"pattern = '#[0-9a-f]{6}'\nmatch = ['Colour #ff8800, or 00aaff.']",
	} {
		if got := warned(t, detector); got != "" {
			t.Errorf("%s\nwarned %q", detector, got)
		}
	}
}

func TestALexiconByWhichOrdinaryMailScoresIsToldSo(t *testing.T) {
	const rule = "\n[rules.r]\nclause = '1'\nwhen = { found = 'l' }\nrecord = true\n"
	for text, want := range map[string]string{
		"terms = { please = 6, report = 6 }":           `lexicon "l": ordinary mail reaches medium confidence, as in "Please find attached`,
		"terms = { \"hostile bid\" = 12, please = 1 }": "",
	} {
		w := (&Mistakes{List: mustEngine(t, "[lexicons.l]\nnear_misses = ['x']\n"+text+rule).Warnings()}).Error()
		if want == "" && w != "" || !strings.Contains(w, want) {
			t.Errorf("%s\nwarned %q, want %q", text, w, want)
		}
	}
}
