package pdf

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// text decodes a text string, section 7.9.2.2: PDFDocEncoding, UTF-16 or UTF-8,
// with or without a mark that says so.
func text(s str) string {
	switch {
	case strings.HasPrefix(string(s), "\xFE\xFF"):
		return wide(s[2:], false)
	case strings.HasPrefix(string(s), "\xFF\xFE"):
		return wide(s[2:], true)
	case strings.HasPrefix(string(s), "\xEF\xBB\xBF"):
		return strings.ToValidUTF8(string(s[3:]), "")
	case utf8.ValidString(string(s)):
		return string(s)
	}
	out := make([]byte, 0, len(s)+8)
	for i := range len(s) {
		if r := pdfDoc[s[i]]; r != 0 {
			out = utf8.AppendRune(out, r)
		}
	}
	return string(out)
}

func wide(s str, little bool) string {
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		u := uint16(s[i])<<8 | uint16(s[i+1])
		if little {
			u = u<<8 | u>>8
		}
		if u == 0x1B { // QUIRK: the language stands between escapes
			i += 2
			for i+1 < len(s) && (s[i] != 0 || s[i+1] != 0x1B) {
				i += 2
			}
			continue
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

// squeeze keeps letters and digits.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// readable reports whether a string is text and not numbers or digests.
func readable(s string) bool {
	odd, n := 0, 0
	for _, r := range s {
		if n++; n > 4096 {
			break
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == utf8.RuneError || unicode.Is(unicode.Co, r) {
			odd++
		}
	}
	return n > 0 && 8*odd <= n
}

// noText are keys whose strings are names for programs, dates or digests.
var noText = map[name]bool{
	"ID": true, "IDS": true, "O": true, "U": true, "OE": true, "UE": true, "Perms": true, "DA": true, "DS": true, "M": true,
	"CreationDate": true, "ModDate": true, "NM": true, "Lang": true, "Registry": true, "Ordering": true, "Panose": true,
	"CharSet": true, "Cert": true, "CheckSum": true, "Style": true, "FontFamily": true, "Lookup": true, "Limits": true,
	"Differences": true, "ColorSpace": true, "CS": true, "DestOutputProfile": true, "D": true,
	"OutputConditionIdentifier": true, "OutputCondition": true, "RegistryName": true, "Dests": true, "LastModified": true,
}

// inArrays are keys whose arrays hold texts.
var inArrays = map[name]bool{"Opt": true, "V": true, "DV": true, "I": true, "Keywords": true, "TI": true}

// sweeper goes through all objects for strings, and for the streams that hold
// text or files beside the pages: in that way nothing hides in a tree that is
// broken, or in one that nobody thought of.
type sweeper struct {
	*reader
	files  []file
	filed  map[*stream]bool
	seen   map[string]bool // lines
	nested int
}

// file is an attachment.
type file struct {
	name string
	num  int
	st   *stream
}

const maxFiles = 20_000

func (s *sweeper) sweep(nums []int, skip map[int]bool) {
	for _, num := range nums {
		if s.d.stopped != nil || s.p.err != nil {
			return
		}
		if skip[num] || s.dull(num) {
			continue
		}
		s.object(num)
	}
}

func (s *sweeper) object(num int) {
	switch v := s.d.load(num).(type) {
	case *stream:
		s.stream(num, v)
		s.dict(v.dict, 0)
	case dict:
		s.dict(v, 0)
	}
}

// dull reports whether an object can hold no string, by a look at its bytes.
func (s *sweeper) dull(num int) bool {
	e, _ := s.d.entry(num)
	var b []byte
	switch e.kind {
	case inFile:
		b = s.d.view(e.off, 1<<10)
		p := parser{b: b}
		if _, _, ok := p.header(); !ok {
			return false
		}
		b = b[p.i:]
		end := bytes.Index(b, []byte("endobj"))
		if end < 0 || bytes.Contains(b[:end], []byte("stream")) {
			return false
		}
		b = b[:end]
	case inStream:
		if st := s.d.objectStream(int(e.off)); st != nil {
			b = st.bytesOf(int(e.index))
		}
		if b == nil {
			return false
		}
	}
	for i, c := range b {
		switch c {
		case '(', '#':
			return false
		case '<':
			if i+1 < len(b) && b[i+1] != '<' && (i == 0 || b[i-1] != '<') {
				return false
			}
		case 'E':
			if i+1 < len(b) && b[i+1] == 'F' {
				return false
			}
		}
	}
	return true
}

// bytesOf is the object at an index and no other; nil if that cannot be told.
func (s *objectStream) bytesOf(i int) []byte {
	if i < 0 || i >= len(s.offset) {
		return nil
	}
	from, to := s.first+s.offset[i], len(s.data)
	if i+1 < len(s.offset) {
		to = s.first + s.offset[i+1]
	}
	if from < 0 || from > to || to > len(s.data) {
		return nil
	}
	return s.data[from:to]
}

func (s *sweeper) stream(num int, st *stream) {
	kind, sub := s.d.name(st.dict["Type"]), s.d.name(st.dict["Subtype"])
	switch {
	case kind == "EmbeddedFile":
		s.file("", num, st)
	case kind == "Metadata", sub == "XML":
		s.markup(st, true)
	}
}

func (s *sweeper) file(name string, num int, st *stream) {
	if s.filed[st] {
		for i := range s.files {
			if s.files[i].st == st && s.files[i].name == "" {
				s.files[i].name = name
			}
		}
		return
	}
	s.d.damaged = s.d.damaged || len(s.files) >= maxFiles
	if len(s.files) < maxFiles {
		s.filed[st] = true
		s.files = append(s.files, file{name: name, num: num, st: st})
	}
}

// dict tells the strings of a dictionary, the name of a field first.
func (s *sweeper) dict(v dict, depth int) {
	if depth > maxNesting {
		return
	}
	if files := s.d.dict(v["EF"]); files != nil {
		s.attachment(v, files)
	}
	if v["XFA"] != nil {
		s.form(v["XFA"])
	}
	keys := make([]name, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	_, signature := v["ByteRange"]
	var label, value []string
	for _, k := range keys {
		if noText[k] || signature && k == "Contents" {
			continue
		}
		switch w := v[k].(type) {
		case str:
			t := text(w)
			if k == "RC" || k == "RV" {
				t = richText(t)
			}
			if t = strings.TrimSpace(t); !readable(t) || s.appeared[t] && (k == "V" || k == "Contents") {
				continue
			}
			if k == "T" || k == "TU" {
				label = append(label, t)
			} else {
				value = append(value, t)
			}
		case dict:
			s.dict(w, depth+1)
		case array:
			s.array(k, w, depth)
		case ref:
			s.far(k, w)
		}
	}
	s.tell(label, value)
}

// tell makes a line of what belongs together.
func (s *sweeper) tell(label, value []string) {
	line := strings.TrimSpace(strings.Join(append(label, value...), "\t"))
	if line == "" || s.seen[line] {
		return
	}
	if len(s.seen) < maxTold {
		s.seen[line] = true
	}
	for l := range strings.SplitSeq(line, "\r") {
		for l := range strings.SplitSeq(l, "\n") {
			s.p.line([]byte(l))
		}
	}
}

func (s *sweeper) array(k name, a array, depth int) {
	if depth > maxNesting {
		return
	}
	for _, v := range a {
		switch v := v.(type) {
		case str:
			if t := text(v); inArrays[k] && readable(t) && !s.appeared[t] {
				s.tell(nil, []string{t})
			}
		case dict:
			s.dict(v, depth+1)
		case array:
			s.array(k, v, depth+1)
		}
	}
}

// far follows references to strings and to streams of text. Dictionaries are
// swept by themselves.
func (s *sweeper) far(k name, r ref) {
	switch k {
	case "JS", "RC", "RV", "V":
		if st := s.d.stream(r); st != nil {
			s.script(st, k == "RC" || k == "RV")
			return
		}
	}
	if e, ok := s.d.entry(r.num); !ok || s.nested > 8 || e.kind == free {
		return
	}
	if cached, ok := s.d.cache[r.num]; ok {
		switch cached.(type) {
		case str, array:
		default:
			return
		}
	}
	s.nested++
	defer func() { s.nested-- }()
	switch v := s.d.load(r.num).(type) {
	case str:
		t := text(v)
		if k == "RC" || k == "RV" {
			t = richText(t)
		}
		if readable(t) && !s.appeared[t] {
			s.tell(nil, []string{t})
		}
	case array:
		if inArrays[k] && s.nested == 1 {
			s.array(k, v, 0)
		}
	}
}

// script tells a stream of text.
func (s *sweeper) script(st *stream, rich bool) {
	if s.filed[st] {
		return
	}
	s.filed[st] = true
	data, _ := s.d.decode(st, maxPacked)
	t := text(str(data))
	if rich {
		t = richText(t)
	} else if strings.Contains(t, "</") {
		s.markupText([]byte(t), false)
		return
	}
	if readable(t) {
		s.tell(nil, []string{t})
	}
}

func (s *sweeper) attachment(v, files dict) {
	var n string
	for _, key := range []name{"UF", "F", "Unix", "DOS", "Mac"} {
		if t, ok := s.d.str(v[key]); ok && n == "" {
			n = text(t)
		}
	}
	for _, key := range []name{"UF", "F", "Unix", "DOS", "Mac"} {
		r, _ := files[key].(ref)
		if st := s.d.stream(files[key]); st != nil {
			s.file(n, r.num, st)
		}
	}
}

// form tells an XML form, section 12.7.8: a stream, or several in an array.
func (s *sweeper) form(v any) {
	switch v := s.d.get(v).(type) {
	case *stream:
		s.markup(v, false)
	case array:
		for i := range min(len(v), 100) {
			if st := s.d.stream(v[i]); st != nil {
				s.markup(st, false)
			}
		}
	}
}

// markup tells the text of a stream of XML.
func (s *sweeper) markup(st *stream, attributes bool) {
	if s.filed[st] {
		return
	}
	s.filed[st] = true
	data, _ := s.d.decode(st, maxPacked)
	s.markupText(data, attributes)
}

func (s *sweeper) markupText(data []byte, attributes bool) {
	if len(data) > 1 && (data[0] == 0xFE || data[0] == 0xFF) {
		data = []byte(text(str(data)))
	}
	elements(data, attributes, func(label, value string) {
		switch label {
		case "ModifyDate", "CreateDate", "MetadataDate", "DocumentID", "InstanceID", "OriginalDocumentID", "instanceID", "documentID", "when", "format":
			return // dates and numbers that programs give
		}
		s.tell([]string{label}, []string{value})
	})
}

func sortedKeys(d dict) []name {
	keys := make([]name, 0, len(d))
	for k := range d {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func sortInts(n []int) { slices.Sort(n) }
