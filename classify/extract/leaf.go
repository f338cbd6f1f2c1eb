package extract

import (
	"bytes"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// leaf is a part that is no multipart and no attached mail. Its bytes are read
// in one way, or, where the header leaves more than one open, in several.
type leaf struct {
	r        *Reader
	w        *walker
	e        *entity
	part     *Part
	in       stage // takes the bytes: the one decoder, or all of them
	decoders []stage
	readings []*reading
	begun    time.Duration
	over     bool   // nothing more is read
	late     bool   // it has used up its time
	tell     func() // tells fields and names, once the path is settled; then nil
	stray    bool   // text was told before that
	member   bool   // of a container: its path ends in its name
	guessed  bool   // perhaps no file at all: not told if its bytes are of no known kind
	declared bool   // a line said that something encoded follows
	taken    int64  // bytes that were written
	found    int    // files within
}

// maxReadings bounds how often one part is read.
const maxReadings = 4

func newLeaf(w *walker, e *entity, p *Part) *leaf {
	l := &leaf{r: w.r, w: w, e: e, part: p, begun: w.r.clock()}
	w.r.leaves = append(w.r.leaves, l)
	encodings, unknown := w.r.encodingsOf(e)
	for _, encoding := range encodings {
		for _, charset := range charsetsOf(e) {
			if len(l.readings) < maxReadings {
				l.read(encoding, charset)
			}
		}
	}
	if l.in = l.decoders[0]; len(l.decoders) > 1 {
		l.in = &aligned{next: fork(l.decoders)}
	}
	if unknown || isVolume(p.Name) {
		l.problem(Unsupported)
	}
	return l
}

// param returns a parameter of the content type, lower case.
func (e *entity) param(key string) string {
	for _, t := range e.types {
		if v := t.get(key); v != "" {
			return strings.ToLower(v)
		}
	}
	return ""
}

// charsetsOf lists the distinct charsets that an entity declares.
func charsetsOf(e *entity) []string {
	var charsets []string
	for _, t := range e.types {
		for _, c := range t.all("charset") {
			charsets = appendNew(charsets, strings.ToLower(c))
		}
	}
	if len(charsets) == 0 {
		return []string{""}
	}
	return charsets
}

// read adds a way of reading the part.
func (l *leaf) read(encoding, charset string) *reading {
	rd := &reading{leaf: l, charset: charset, first: len(l.readings) == 0, plain: encoding == ""}
	l.readings = append(l.readings, rd)
	switch encoding {
	case "uuencode":
		l.decoders = append(l.decoders, &uuDecoder{next: rd, stray: l.strayText(), leaf: l})
		return rd
	case "base64":
		stray := l.strayText()
		d := newBase64(l.r, rd, stray)
		rd.base64 = d
		l.decoders = append(l.decoders, d)
		return rd
	}
	l.decoders = append(l.decoders, newDecoder(l.r, encoding, rd, nil))
	return rd
}

// strayText takes what stands around encoded data.
func (l *leaf) strayText() *lazyText {
	t := newLazyText(l.r, l.part, l.part.Where)
	t.used = &l.stray
	return t
}

// addName takes the file name that a part's encoding gives it.
func (l *leaf) addName(name string) {
	if slices.Contains(l.e.names, name) || len(l.e.names) == maxNames {
		return
	}
	l.e.names = append(l.e.names, name)
	if l.part.Name == "" {
		l.part.Name = name
	}
	if l.tell == nil {
		l.tellName(name)
	}
}

func (l *leaf) tellName(name string) {
	s := newTextStream(l.r, l.part, Attachment)
	s.write([]byte(name))
	s.close()
}

// problem states why the part is not read whole; the first one stays.
func (l *leaf) problem(p Problem) {
	if l.part.Problem == "" {
		l.part.Problem = p
	}
}

// stop ends the reading of this part alone.
func (l *leaf) stop(p Problem) {
	l.problem(p)
	l.over = true
}

func (l *leaf) write(b []byte) {
	if !l.over {
		l.taken += int64(len(b))
		l.in.write(b)
	}
}

func (l *leaf) close() {
	if p := l.r.problem; p != "" {
		l.stop(p)
	}
	l.in.close()
	l.announce()
	l.settle()
	l.r.leaves = slices.DeleteFunc(l.r.leaves, func(open *leaf) bool { return open == l })
	if l.guessed {
		if f := l.readings[0].found; f.family == opaque || f.family == silent && !strings.HasPrefix(f.media, "image/") && f.media != "application/pgp-keys" {
			l.r.parts--
			delete(l.r.paths, l.part.Path)
			return
		}
		if !l.declared {
			l.r.anomalies.add(undeclaredBase64)
		}
	}
	l.r.tellPart(l.part)
}

// announce tells what is known of the part besides its content.
func (l *leaf) announce() {
	if l.tell != nil {
		l.tell()
		l.tell = nil
	}
}

// settle makes the part's facts out of what its readings found. The first
// reading speaks for the part, unless it makes no sense where another does.
func (l *leaf) settle() {
	best := l.readings[0]
	for _, rd := range l.readings[1:] {
		if best.sense() == 0 && rd.sense() > 0 {
			best = rd
		}
	}
	p := l.part
	p.Detected, p.Bytes = best.found.media, best.size
	for _, rd := range l.readings {
		switch {
		case rd.size == 0 && !rd.decided, rd.container:
		case rd.found.family == encrypted:
			p.Encrypted = true
			p.Problem = Encrypted
		case rd.found.family == unsupported, rd.found.family == opaque && rd == best:
			l.problem(Unsupported)
		}
		if rd.unknown {
			l.problem(UnknownCharset)
		}
		if rd.base64 != nil && rd.base64.barren() && rd == best {
			l.problem(Malformed)
		}
	}
	p.Unscannable = best.found.family == silent && p.Problem == "" && !best.seen
	if p.Detected == "" {
		if p.Detected = p.Declared; p.Detected == "" {
			p.Detected = "text/plain"
		}
	}
}

// reading is one way of reading a leaf: it takes the bytes after transfer
// decoding, tells their type from the first of them, and reads the text.
type reading struct {
	leaf    *leaf
	charset string
	first   bool
	plain   bool // there is no transfer encoding
	base64  *base64Decoder
	alone   bool // base64 from the first byte on: it has a reading of its own
	head    []byte
	decided bool
	found   sniffed
	unknown bool // the charset is
	seen    bool // OCR looks at it
	size    int64
	next    stage

	container bool // the format says what problem there is
}

// sense orders readings by how much of a sense they make.
func (rd *reading) sense() int {
	if rd.size == 0 || rd.found.family == opaque {
		return 0
	}
	return 1
}

func (rd *reading) write(b []byte) {
	l := rd.leaf
	if l.over || l.r.halted() || len(b) == 0 {
		return
	}
	if room := l.r.limits.PartBytes - rd.size; int64(len(b)) > room {
		b = b[:room]
		defer l.stop(TooBig)
	}
	b = l.r.allow(b)
	defer l.r.haltIfFull()
	rd.size += int64(len(b))
	if !rd.decided {
		n := min(len(b), sniffBytes-len(rd.head))
		rd.head = append(rd.head, b[:n]...)
		if b = b[n:]; len(rd.head) < sniffBytes {
			return
		}
		rd.decide()
	}
	if len(b) > 0 {
		rd.next.write(b)
	}
}

// decide settles the type by the first bytes and opens the way to the text.
func (rd *reading) decide() {
	l := rd.leaf
	rd.decided = true
	declared := l.part.Declared
	if declared == "" {
		declared = l.e.defaultType
	}
	for _, t := range l.e.types { // of two text types, HTML is the one that loses nothing
		if t.token == "text/html" {
			declared = t.token
		}
	}
	rd.found = sniff(rd.head, declared, l.part.Name)
	f := rd.found.family
	if l.e.inEncrypted && (f == opaque || f == unsupported) {
		rd.found.family = encrypted
	}
	if mismatched(declared, rd.found) {
		l.r.anomalies.add(typeMismatch)
	}
	if l.guessed && rd.found.family == plainText && rd.found.wide == "" && !sensible(rd.head) {
		rd.found.family, f = opaque, opaque
	}
	rd.alone = rd.plain && f == plainText && looksBase64(rd.head) && len(l.readings) < maxReadings
	rd.next = discard{}
	read := rd.format()
	if f == mailText && isFromLine(firstLine(rd.head)) {
		rd.found.media = "application/mbox"
	}
	if rd.container || f == pgpData || rd.found.media == "application/mbox" {
		rd.nameContainer()
	}
	l.announce()
	switch {
	case f == mailText && l.part.Problem == "" && l.w.nesting() < l.r.limits.Depth:
		if rd.found.media == "application/mbox" {
			rd.next = newMbox(l)
		} else {
			rd.next = rd.openMail()
		}
	case f == plainText || f == htmlText || f == mailText || strings.HasPrefix(declared, "text/"):
		if f == mailText {
			l.problem(TooDeep)
		}
		rd.next = rd.openText()
	case f == silent && strings.HasPrefix(rd.found.media, "image/"):
		var pictured fork
		if image := rd.openImage(); image != nil {
			pictured = append(pictured, image)
		}
		if l.r.ocr != nil && hasOCR(rd.found.media) {
			pictured = append(pictured, rd.openOCR())
		}
		if len(pictured) > 0 {
			rd.next = pictured
		}
	case f == appleFile:
		rd.next = rd.openApple()
	case f == macBinary:
		rd.next = rd.openMacBinary()
	case f == cmsData:
		rd.next = rd.openCMS()
	case f == pgpData:
		rd.next = rd.openPGP()
	case f == opaque, f == unsupported && (read == nil || rd.found.media == "application/onenote"):
		if !rd.found.program && !l.guessed { // what is perhaps no file has no noise either
			rd.next = rd.openSalvage()
		}
	case rd.found.media == "application/pgp-signature", rd.found.media == "application/pgp-encrypted", rd.found.media == "application/rtf":
		rd.next = rd.openText() // text may stand behind or in it
	}
	if read != nil {
		rd.next = rd.openContainer(read, rd.next)
	} else if text := f == plainText || f == htmlText; f == silent || text && (rd.base64 != nil || l.member || l.part.Name != "") {
		if holdsPDF(rd.head) && l.w.nesting() < l.r.limits.Depth {
			rd.next = rd.openContainer(readPDFBehind, rd.next)
		}
		if !text || rd.base64 != nil || l.member {
			rd.next = rd.openBehind(rd.next)
		}
	}
	if rd.alone {
		l.r.anomalies.add(undeclaredBase64)
		n := len(l.decoders)
		l.read("base64", "")
		rd.next = &aligned{next: fork{rd.next, l.decoders[n]}}
		l.decoders = l.decoders[:n]
	}
	rd.next.write(rd.head)
	rd.head = nil
}

// mismatched reports whether a type is of another kind than declared, where
// the declared one is specific.
func mismatched(declared string, found sniffed) bool {
	kind, _, _ := strings.Cut(declared, "/")
	switch kind {
	case "image", "audio", "video", "font":
		return found.family != silent && declared != "image/svg+xml"
	case "text":
		return found.family == silent || found.family == unsupported && found.media != "application/rtf"
	case "application":
		return declared == "application/pdf" && found.media != declared
	}
	return false
}

// openMail reads the part as a mail of its own.
func (rd *reading) openMail() stage {
	l := rd.leaf
	inner := newWalker(l.r, l.w.nesting()+1)
	inner.head = newMailHeader(l.r, l.part.Path, true)
	return inner
}

// format finds what the part can be read as, if it is a container.
func (rd *reading) format() format {
	read := formatOf(rd.found.media)
	switch {
	case rd.found.zip:
		read = readZip
	case rd.found.family != unsupported && rd.found.family != opaque:
		return nil
	}
	search := rd.found.family == opaque || rd.found.program
	if l := rd.leaf; read != nil && l.w.nesting() >= l.r.limits.Depth {
		if !search {
			l.problem(TooDeep)
		}
		return nil
	}
	rd.container = read != nil && !search
	return read
}

// nameContainer gives a container its path: that of the part and its name.
func (rd *reading) nameContainer() {
	if l := rd.leaf; l.member || l.part.Name == "" || l.tell == nil || l.stray {
		return // or the path is known already
	}
	l := rd.leaf
	l.part.Path = l.r.unused(l.part.Path + "!" + strings.ReplaceAll(l.part.Name, "!", "%21"))
}

// openContainer spools the part until it is complete. What is declared as text
// is read as such as well.
func (rd *reading) openContainer(read format, text stage) stage {
	s := newSpool(rd.leaf.r, func(s *spool) { rd.readContainer(read, s) })
	if text == (discard{}) {
		return s
	}
	return fork{text, s}
}

// shown builds the way from characters to the text that a client shows.
func (rd *reading) shown() stage {
	l := rd.leaf
	out := newTextStream(l.r, l.part, l.part.Where)
	var text stage = out
	switch media := rd.found.media; {
	case rd.found.family == htmlText:
		h := newHTML(out, newTextStream(l.r, l.part, l.part.Where))
		h.findBlocks(rd)
		if media == "text/enriched" || media == "text/richtext" { // their lines are lines
			h.page.pre = 1
		}
		h.leaf = l
		text = h
	case isXML(media):
		text = &xmlText{next: out, leaf: l}
	case media == "text/plain":
		text = &quoteMarks{out: out}
		if l.e.param("format") == "flowed" {
			text = &flowed{next: text, delSp: l.e.param("delsp") == "yes"}
		}
		if bytes.Contains(rd.head, []byte(clearSigned)) {
			text = &unescaped{next: text}
		}
	case isReport(media):
		text = &reportWords{next: out}
	case media == "text/css":
		text = fork{out, &sheetFiles{leaf: l}}
	default:
		if e := newEscapes(media, out); e != nil {
			text = e
			if e.fold {
				text = &cardLines{leaf: l, next: e}
			}
		}
	}
	return &dropNUL{r: l.r, next: text}
}

// openText builds the way from decoded bytes to text.
func (rd *reading) openText() stage {
	l := rd.leaf
	name := rd.charset
	if name == "" {
		name = rd.found.hinted
	}
	enc, known := lookupCharset(name)
	if wide := rd.found.wide; wide != "" {
		if rd.charset != "" && !isWide(rd.charset) {
			l.r.anomalies.add(charsetMismatch)
		}
		enc, known = lookupCharset(wide)
	} else if known && isWide(name) && mostlyASCII(rd.head) {
		// Declared as UTF-16, yet plain: read as what it is.
		l.r.anomalies.add(charsetMismatch)
		enc = nil
	}
	if isEBCDIC(enc) && mostlyASCII(rd.head) && hasASCIIWords(rd.head) {
		l.r.anomalies.add(charsetMismatch)
		enc = nil
	}
	if known && enc == nil && opensISO2022JP(rd.head) {
		l.r.anomalies.add(charsetMismatch)
		enc, _ = lookupCharset("iso-2022-jp")
	}
	if !known {
		if rd.charset == "" { // only the markup said so
			known = true
		} else {
			l.r.anomalies.add(unknownCharset)
		}
	}
	rd.unknown = !known
	text := newCharset(enc, rd.shown())
	if rd.found.wide != "" && (!isWide(rd.charset) || plainBehindMark(rd.head)) {
		text = &aligned{next: fork{text, &nulLines{next: newCharset(nil, rd.shown())}}}
	}
	if rd.found.wide == "" && hasBlocks(rd.found.media) {
		text = newBlockFinder(rd, text)
	}
	return text
}

// hasBlocks reports whether text of a media type is looked through for files that
// stand encoded in it.
func hasBlocks(media string) bool {
	switch media {
	case "text/plain", "application/octet-stream", "application/x-yenc", "application/mac-binhex40", "application/pgp-encrypted", "application/pkcs7-mime":
		return true
	}
	return false
}

// isXML reports whether a media type is XML of whatever kind.
func isXML(media string) bool {
	return strings.HasSuffix(media, "/xml") || strings.HasSuffix(media, "+xml") || media == "application/x-plist"
}

// isEBCDIC reports whether a charset has its letters elsewhere than ASCII.
func isEBCDIC(enc encoding.Encoding) bool {
	m, ok := enc.(*charmap.Charmap)
	return ok && m.DecodeByte('A') != 'A'
}

// hasASCIIWords reports whether text is ASCII for the most part: in EBCDIC letters
// and digits are above 0x80.
func hasASCIIWords(head []byte) bool {
	n := 0
	for _, c := range head {
		if isAlnum(c) {
			n++
		}
	}
	return n*2 > len(head)
}

func firstLine(head []byte) []byte {
	line, _, _ := bytes.Cut(head, crlf[1:])
	return bytes.TrimRight(line, "\r")
}

// opensISO2022JP reports whether text holds the sequences that switch to the
// characters of JIS (RFC 1468). Clients know them where nothing is declared.
func opensISO2022JP(head []byte) bool {
	return bytes.Contains(head, []byte("\x1b$B")) || bytes.Contains(head, []byte("\x1b$@"))
}

// sensible reports whether text that nobody calls text is likely some.
func sensible(head []byte) bool {
	cut := head
	for i := 1; i < utf8.UTFMax && i < len(cut); i++ { // a character may be torn at the end
		if c := head[len(head)-i]; utf8.RuneStart(c) {
			if c >= 0x80 {
				cut = head[:len(head)-i]
			}
			break
		}
	}
	return len(head) > 0 && (mostlyASCII(head) || utf8.Valid(cut))
}

func isWide(charset string) bool {
	charset = strings.ToLower(charset)
	return strings.HasPrefix(charset, "utf-16") || strings.HasPrefix(charset, "utf-32") || strings.HasPrefix(charset, "ucs-") || charset == "unicode"
}

func (rd *reading) close() {
	if !rd.decided && len(rd.head) > 0 {
		rd.decide()
	}
	if rd.next != nil {
		rd.next.close()
	}
}
