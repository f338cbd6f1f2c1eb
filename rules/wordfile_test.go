package rules

import (
	"slices"
	"strings"
	"testing"
)

func TestFilesOfWordsAreReadAsTheyAreWritten(t *testing.T) {
	const detector = "[detectors.d]\nfile = 'w.txt'\nnear_misses = ['x']\n[rules.r]\nclause = '1'\nwhen = { found = 'd' }\nrecord = true\n"
	const lexicon = "[lexicons.d]\nfile = 'w.txt'\nthresholds = { low = 1, medium = 1, high = 6 }\nnear_misses = ['x']\n[rules.r]\nclause = '1'\nwhen = { found = 'd', confidence = 'medium' }\nrecord = true\n"
	for _, c := range []struct{ name, policy, file, text, warning string }{
		{"UTF-8", detector, "Müller\n", "Müller", ""},
		{"with a byte order mark and a comment first", detector, "\ufeff# staff\r\nMüller\r\n", "Müller", ""},
		{"in Windows-1252, with the line", detector, "plain\nM\xfcller\n", "Müller", "w.txt\" line 2: detector \"d\": it is not UTF-8, and was read as Windows-1252 (save it as UTF-8)"},
		{"a lexicon in Windows-1252", lexicon, "M\xfcller plan\t6\n", "the müller plan", "line 1: lexicon \"d\": it is not UTF-8"},
		{"accents apart from their letters", detector, "Mu\u0308ller\n", "Müller", ""},
		{"a text with accents apart", detector, "Müller\n", "Mu\u0308ller", ""},
		{"a term in a text with accents apart", lexicon, "zéro day\n", "ze\u0301ro\nday", ""},
		{"a space in place of the TAB", lexicon, "due diligence 6\n", "due diligence 6", `line 1: lexicon "d": there is no TAB, so the term is "due diligence 6" and has the weight 1`},
		{"a number that belongs to the term", lexicon, "form 1040\npublication 17\t6\n", "publication 17", ""},
		{"several TABs and a comment", lexicon, "takeover\t\t6\t# bid\n", "takeover", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := mustEngine(t, c.policy, "w.txt", c.file)
			if fired, _ := decided(t, e, "\n"+c.text+"\n"); len(fired) != 1 {
				t.Errorf("%q is not found", c.text)
			}
			about := slices.DeleteFunc(e.Warnings(), func(m Mistake) bool { return !strings.HasPrefix(m.File, "words") })
			switch {
			case c.warning == "" && len(about) > 0:
				t.Errorf("warned: %v", about)
			case c.warning != "" && (len(about) != 1 || !strings.Contains(about[0].String(), c.warning)):
				t.Errorf("warned %v, want %s", about, c.warning)
			}
		})
	}
}

func TestAFileOfWordsInUTF16IsRefused(t *testing.T) {
	for _, policy := range []string{"[detectors.d]\nfile = 'w.txt'\n", "[lexicons.d]\nfile = 'w.txt'\n"} {
		_, err := engineOf(t, policy, "w.txt", "a\n\x00b\x00\n")
		if err == nil || !strings.Contains(err.Error(), "line 2 holds a zero byte") || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one mistake with the line of the zero byte", err)
		}
	}
}

func TestWhatADefinitionSaysToNoEffectIsAWarning(t *testing.T) {
	const near = "\nnear_misses = ['x']\n"
	for text, want := range map[string]string{
		"[detectors.x]\npattern = 'Q(?P<chk>\\d{9})'\nvalidate = 'luhn'" + near:                                                                            `line 2: detector "x": the group "chk" has no meaning, and validate looks at the whole value`,
		"[detectors.x]\npattern = 'Q(?P<check>\\d{9})'" + near:                                                                                             `line 2: detector "x": the group check has no effect: nothing validates it`,
		"[detectors.x]\npattern = 'Q\\d{9}'\nconfidence = { label = 'high' }" + near:                                                                       "line 3: detector \"x\": confidence.label has no effect: there are no keywords",
		"[detectors.x]\npattern = 'Q\\d{9}'\nwindow = 50" + near:                                                                                           "line 3: detector \"x\": window has no effect",
		"[lexicons.x]\nterms = { qq = 1 }" + near:                                                                                                          `lexicon "x" never finds anything: all its terms together are 1, and low begins at 5`,
		"[lexicons.x]\nterms = { qq = 9 }\ndistinct = 5" + near:                                                                                            `line 3: lexicon "x" never finds anything: distinct wants 5 different terms, and it has 1`,
		"[lexicons.x]\nterms = { qq = 9 }" + near:                                                                                                          "",
		"[lexicons.x]\nterms = { qq = 9 }" + near + "[rules.a]\nclause = '1'\nwhen = { found = 'x' }\nrecord = true\n":                                     `line 6: rule "a": this condition is never met: all terms of lexicon "x" together are 9, and medium begins at 10 (ask for confidence = "low"`,
		"[lexicons.x]\nterms = { qq = 9 }" + near + "[rules.a]\nclause = '1'\nwhen = { found = 'x', confidence = 'low' }\nrecord = true\n":                 "",
		"[lexicons.x]\nterms = { qq = 12 }" + near + "[rules.a]\nclause = '1'\nwhen = { any = [ { found = 'x', confidence = 'high' } ] }\nrecord = true\n": "and high begins at 15",
		"[lexicons.x]\nterms = { qq = 2 }\nup_to = 3\nthresholds = { low = 1, medium = 6 }" + near:                                                         "",
		"[lexicons.x]\nterms = { qq = 12 }\nthresholds = { low = 1 }" + near:                                                                               "",
		"[lexicons.phi-terms]\nterms = { widgetitis = 0 }":                                                                                                 `line 2: lexicon "phi-terms": term "widgetitis" has the weight 0, which takes a term out, and there is none`,
		"[lexicons.phi-terms]\nterms = { surgery = 0, prognoses = 4 }\nthresholds = { high = 30 }":                                                         "",
		"[detectors.x]\npattern = 'Q(?P<check>\\d{9})(?:X)?'\nvalidate = 'luhn'\nkeywords = ['q']" + near:                                                  "",
	} {
		e := mustEngine(t, text+"\n[rules.r]\nclause = '1'\nwhen = { found = 'us-ssn' }\nrecord = true\n")
		w := (&Mistakes{List: e.Warnings()}).Error()
		if want == "" && w != "" || !strings.Contains(w, want) {
			t.Errorf("%s\nwarned %q, want %q", text, w, want)
		}
	}
}
