package classify

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// CutTag takes a subject tag such as "[encrypt]" out of a decoded subject, wherever
// it stands and however often: what answers a Tag question with yes, and with near
// too where nearly is set. The rest keeps its letters; found is false where nothing
// was taken out.
func CutTag(tag, subject string, nearly bool) (rest string, found bool) {
	for range maxTags {
		from, to, ok := locateTag(tag, subject, nearly)
		if !ok {
			break
		}
		found = true
		before, after := strings.TrimRight(subject[:from], " \t"), strings.TrimLeft(subject[to:], " \t")
		if before != "" && after != "" {
			before += " "
		}
		subject = before + after
	}
	return subject, found
}

// maxTags is how many tags are taken out of one subject.
const maxTags = 16

// locateTag finds the first tag of a subject, exact ones first.
func locateTag(tag, subject string, nearly bool) (from, to int, ok bool) {
	f := foldSubject(subject)
	tag = squeeze(tag)
	if i := strings.Index(f.text, tag); i >= 0 && tag != "" {
		from, to = f.span(i, i+len(tag))
		return from, to, true
	}
	want := strings.Fields(trimBrackets(tag))
	if len(want) == 0 || !nearly {
		return 0, 0, false
	}
	words := bracketWords(f.text)
	if i, end := meant(want, words); i >= 0 {
		from, to = f.span(f.brackets(words[i].from, words[end-1].to))
		return from, to, true
	}
	return 0, 0, false
}

// foldedSubject is a subject as tags are looked for in it: in lower case, in
// compatible letters, without what is not seen, blanks made one.
type foldedSubject struct {
	text string
	at   []int // by byte of text: where its letter begins in the subject
	end  []int // and where it ends
}

func foldSubject(subject string) *foldedSubject {
	f := &foldedSubject{}
	var b strings.Builder
	for i, r := range subject {
		size := len(string(r))
		if r == unicode.ReplacementChar && (i+size > len(subject) || subject[i:i+size] != string(r)) {
			size = 1
		}
		folded := strings.ToLower(norm.NFKC.String(dropInvisible(string(r))))
		if strings.TrimSpace(folded) == "" && folded != "" {
			if folded = " "; strings.HasSuffix(b.String(), " ") || b.Len() == 0 {
				folded = ""
			}
		}
		b.WriteString(folded)
		for range len(folded) {
			f.at, f.end = append(f.at, i), append(f.end, i+size)
		}
	}
	f.text = b.String()
	return f
}

// span is where a piece of the folded text stands in the subject.
func (f *foldedSubject) span(from, to int) (int, int) { return f.at[from], f.end[to-1] }

// brackets widens a run of words to the brackets around it.
func (f *foldedSubject) brackets(from, to int) (int, int) {
	for from > 0 {
		before := strings.TrimRight(f.text[:from], " ")
		cut := strings.TrimRightFunc(before, opens)
		if cut == before {
			break
		}
		from = len(cut)
	}
	for to < len(f.text) {
		after := strings.TrimLeft(f.text[to:], " ")
		cut := strings.TrimLeftFunc(after, closes)
		if cut == after {
			break
		}
		to = len(f.text) - len(cut)
	}
	return from, to
}
