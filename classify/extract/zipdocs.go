package extract

import (
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// zipReaders read members of documents that are zip files and no more than a
// collection of members otherwise: their text stands in a form of its own.
var zipReaders = map[string]func(c *container, content io.Reader, out io.Writer) error{
	".fpage": readFixedPage,
	".iwa":   readIWA,
}

// zipReader is the reader of a member, by its name; nil for most.
func zipReader(name string) func(*container, io.Reader, io.Writer) error {
	if isVisioPage(name) {
		return readVisioPage
	}
	return zipReaders[strings.ToLower(name[max(strings.LastIndexByte(name, '.'), 0):])]
}

// readAsText gives the text of a member as a text of that name.
func (z *zipFile) readAsText(e *zipEntry, content io.Reader, read func(*container, io.Reader, io.Writer) error) error {
	out, err := z.c.Text(e.name)
	if err != nil {
		return err
	}
	err = read(z.c, content, out)
	if stopped := z.c.check(); stopped != nil {
		return stopped
	}
	if err != nil {
		z.c.missed(problemOf(err))
	}
	return out.Close()
}

// glyphs is a run of characters that a page of XPS shows (ECMA-388 section 12.1).
type glyphs struct {
	text    string
	x, end  float64
	guessed bool // end is
}

// readFixedPage reads a page of XPS: runs of characters, with the place where
// each begins. Those of a line are joined where one ends where the next begins; if
// that is not sure, a line where they are apart follows.
func readFixedPage(_ *container, content io.Reader, out io.Writer) error {
	d := xml.NewDecoder(content)
	d.Strict = false
	var line []glyphs
	baseline := math.NaN()
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return writeGlyphs(out, line)
		}
		if err != nil {
			_ = writeGlyphs(out, line) // the document is malformed, whatever it says
			return errMalformed
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local != "Glyphs" {
			if err := writeTitles(out, start); err != nil {
				return err
			}
			continue
		}
		g, y := glyphsOf(start)
		if y != baseline || len(line) > 1000 {
			if err := writeGlyphs(out, line); err != nil {
				return err
			}
			line, baseline = line[:0], y
		}
		if g.text != "" {
			line = append(line, g)
		}
	}
}

// writeTitles gives the names that a page has for what it shows, and where its
// links lead.
func writeTitles(out io.Writer, start xml.StartElement) error {
	for _, a := range start.Attr {
		switch a.Name.Local {
		case "AutomationProperties.Name", "AutomationProperties.HelpText", "FixedPage.NavigateUri":
			if _, err := io.WriteString(out, a.Value+"\n"); err != nil {
				return err
			}
		}
	}
	return nil
}

func glyphsOf(start xml.StartElement) (g glyphs, y float64) {
	em, indices := 10.0, ""
	for _, a := range start.Attr {
		n, err := strconv.ParseFloat(strings.TrimSpace(a.Value), 64)
		switch known := err == nil; {
		case a.Name.Local == "UnicodeString":
			g.text = strings.TrimPrefix(a.Value, "{}") // an escape, as braces may mean something else
		case a.Name.Local == "Indices":
			indices = a.Value
		case a.Name.Local == "OriginX" && known:
			g.x = n
		case a.Name.Local == "OriginY" && known:
			y = n
		case a.Name.Local == "FontRenderingEmSize" && known && n > 0:
			em = n
		}
	}
	chars, width := 0, 0.0
	for entry := range strings.SplitSeq(indices, ";") {
		fields := strings.SplitN(entry, ",", 3)
		if len(fields) < 2 {
			continue
		}
		if n, err := strconv.ParseFloat(fields[1], 64); err == nil {
			width += n / 100 * em
			chars++
		}
	}
	left := max(len([]rune(g.text))-chars, 0)
	g.guessed = left > 1
	g.end = g.x + width + float64(left)*em/2
	return g, y
}

// writeGlyphs gives a line, and where it is not sure once more, with a TAB
// between all its runs.
func writeGlyphs(out io.Writer, line []glyphs) error {
	if len(line) == 0 {
		return nil
	}
	var joined, apart strings.Builder
	differ := false
	for i, g := range line {
		if i > 0 {
			before := line[i-1]
			gap := g.x - before.end
			em := max((before.end-before.x)/float64(max(len(before.text), 1)), 1)
			switch {
			case gap > 4*em || !before.guessed && gap > 2*em || gap < -8*em && g.x < before.x:
				joined.WriteByte('\t')
			case !before.guessed && gap > em/2:
				joined.WriteByte(' ')
			default:
				differ = true
			}
			apart.WriteByte('\t')
		}
		joined.WriteString(g.text)
		apart.WriteString(g.text)
	}
	text := joined.String() + "\n"
	if differ {
		text += apart.String() + "\n"
	}
	_, err := io.WriteString(out, text)
	return err
}

// hiddenFont undoes what XPS and Office do to the fonts of a document: the first
// 32 bytes are mixed with the name of the file, a GUID (ECMA-388 section 9.1.7.3).
func hiddenFont(name string, content io.Reader) io.Reader {
	name, ok := strings.CutSuffix(strings.ToLower(baseName(name)), ".odttf")
	if !ok {
		return content
	}
	key, err := hex.DecodeString(strings.NewReplacer("-", "", "{", "", "}", "").Replace(name))
	if err != nil || len(key) != 16 {
		return content
	}
	slices.Reverse(key)
	return &mixed{r: content, key: append(key, key...)}
}

type mixed struct {
	r   io.Reader
	key []byte
}

// Read implements io.Reader.
func (m *mixed) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	for i := range min(n, len(m.key)) {
		b[i] ^= m.key[i]
	}
	m.key = m.key[min(n, len(m.key)):]
	return n, err
}
