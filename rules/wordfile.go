package rules

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// wordFile is a file of words or terms, one a line; "#" begins a comment.
type wordFile struct {
	*reader
	of    string // whose words they are: `detector "d"`
	title string // as messages begin
	text  string
}

// fileWord is a word of a file, with its line.
type fileWord struct {
	text string
	line int
}

// words reads the file that a detector or lexicon names, nil if it names none or the
// file cannot be read. A file that is not UTF-8 is taken for Windows-1252, as older
// editors and spreadsheets of Windows write it.
func (r *reader) words(s *source, of string, at Pos, file string) *wordFile {
	if file == "" {
		return nil
	}
	path := s.beside(file)
	data, err := r.file(path, maxListFile)
	if err == nil && bytes.IndexByte(data, 0) >= 0 {
		err = fmt.Errorf("line %d holds a zero byte, so it is no text, or one in UTF-16: save it as UTF-8", lineOf(data, bytes.IndexByte(data, 0)))
	}
	if err != nil {
		at.blame("file")
		r.mistakes.Add(s.title, at.At("file"), "", "%s: cannot read %q: %v", of, path, plainError(err))
		return nil
	}
	r.count(of, data)
	f := &wordFile{r, of, fmt.Sprintf("words %q", path), ""}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bad := firstInvalid(data); bad >= 0 {
		r.mistakes.warnings = append(r.mistakes.warnings, Mistake{f.title, lineOf(data, bad), of + ": it is not UTF-8, and was read as Windows-1252", "save it as UTF-8"})
		if data, err = charmap.Windows1252.NewDecoder().Bytes(data); err != nil {
			panic("internal error: " + err.Error()) // it has a letter for every byte
		}
	}
	f.text = string(data)
	return f
}

// firstInvalid is the place of the first byte that is no UTF-8, -1 if there is none.
func firstInvalid(data []byte) int {
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// lineOf is the number of the line of a place.
func lineOf(data []byte, at int) int { return bytes.Count(data[:at], []byte("\n")) + 1 }

// lines calls see with each line that is not empty, without its comment and with the
// white space before it, which may be a TAB that means something.
func (f *wordFile) lines(see func(n int, line string)) {
	n := 0
	for line := range strings.Lines(f.text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimRight(line, " \t\r\n"); strings.TrimSpace(line) != "" {
			see(n, line)
		}
	}
}

// words are the literal values of a detector.
func (f *wordFile) words() []fileWord {
	var all []fileWord
	f.lines(func(n int, line string) { all = append(all, fileWord{strings.TrimSpace(line), n}) })
	return all
}

// terms are those of a lexicon: behind a TAB stands the weight, 1 without.
func (f *wordFile) terms(at Pos) []weighted {
	var all []weighted
	wrong := func(n int, fix, format string, args ...any) {
		at.blame("file")
		f.mistakes.Add(f.title, n, fix, "%s: %s", f.of, fmt.Sprintf(format, args...))
	}
	f.lines(func(n int, line string) {
		text, number, has := strings.Cut(line, "\t")
		text, number = strings.TrimSpace(text), strings.TrimSpace(number)
		weight := 1
		switch {
		case text == "":
			wrong(n, "write the term, a TAB and its weight", "there is no term before the TAB")
			return
		case has:
			var err error
			if weight, err = strconv.Atoi(number); err != nil {
				wrong(n, "", "got %q behind the TAB, wanted a weight", clip(number, 20))
				return
			}
		default:
			f.spaced(n, text)
		}
		all = append(all, weighted{text, weight, f.title, n})
	})
	return all
}

// spaced warns of a term that ends in what looks like a weight.
func (f *wordFile) spaced(n int, text string) {
	at := strings.LastIndexByte(text, ' ')
	if weight, err := strconv.Atoi(text[at+1:]); at < 0 || err != nil || weight < 1 || weight > maxWeight {
		return
	}
	f.mistakes.warnings = append(f.mistakes.warnings, Mistake{
		f.title, n, fmt.Sprintf("%s: there is no TAB, so the term is %q and has the weight 1", f.of, clip(text, 40)),
		"put a TAB before the weight; if the number belongs to the term, put a TAB and 1 behind it",
	})
}
