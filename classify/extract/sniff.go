package extract

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify/extract/database"
	"github.com/postern-mail/postern/classify/extract/office"
)

// sniffBytes is how many bytes of a part are looked at to tell its type.
const sniffBytes = 1024

// family says what is done with a type.
type family uint8

const (
	plainText   family = iota
	htmlText           // text after the markup is read
	mailText           // a mail of its own
	silent             // holds no text: image, audio, video, font, signature
	unsupported        // could hold text, cannot be read
	encrypted          // could hold text, is not for us
	cmsData            // S/MIME, to be opened
	pgpData            // OpenPGP packets, to be opened
	appleFile          // AppleSingle or AppleDouble, to be opened
	macBinary          // MacBinary, to be opened
	opaque             // nothing that is known, and no text
)

// magic is a type that its first bytes tell.
type magic struct {
	at     int
	prefix string
	media  string
	family family
}

var magics = []magic{
	{0, "\x89PNG\r\n\x1a\n", "image/png", silent},
	{0, "\xff\xd8\xff", "image/jpeg", silent},
	{0, "GIF87a", "image/gif", silent},
	{0, "GIF89a", "image/gif", silent},
	{0, "II*\x00", "image/tiff", silent},
	{0, "MM\x00*", "image/tiff", silent},
	{0, "\x00\x00\x01\x00", "image/vnd.microsoft.icon", silent},
	{0, "8BPS\x00\x01", "image/vnd.adobe.photoshop", silent},
	{0, "\x00\x00\x00\x0cjP  \r\n", "image/jp2", silent},
	{0, "\xff\x0a", "image/jxl", silent},
	{0, "\xd7\xcd\xc6\x9a", "image/wmf", silent},
	{40, " EMF", "image/emf", silent},
	{8, "WEBPVP8", "image/webp", silent},
	{4, "ftypheic", "image/heic", silent},
	{4, "ftypheix", "image/heic", silent},
	{4, "ftypmif1", "image/heif", silent},
	{4, "ftypavif", "image/avif", silent},
	{4, "ftypM4A", "audio/mp4", silent},
	{4, "ftypqt", "video/quicktime", silent},
	{4, "ftyp", "video/mp4", silent},
	{4, "moov", "video/quicktime", silent},
	{0, "ID3", "audio/mpeg", silent},
	{0, "\xff\xfb", "audio/mpeg", silent},
	{0, "\xff\xf3", "audio/mpeg", silent},
	{0, "\xff\xf2", "audio/mpeg", silent},
	{0, "\xff\xf1", "audio/aac", silent},
	{0, "\xff\xf9", "audio/aac", silent},
	{0, "OggS", "audio/ogg", silent},
	{0, "fLaC", "audio/flac", silent},
	{0, "#!AMR", "audio/amr", silent},
	{0, "MThd", "audio/midi", silent},
	{0, "\x1aE\xdf\xa3", "video/x-matroska", silent},
	{0, "0&\xb2u\x8ef\xcf\x11", "video/x-ms-asf", silent},
	{0, "\x00\x00\x01\xba", "video/mpeg", silent},
	{0, "\x00\x00\x01\xb3", "video/mpeg", silent},
	{0, "FLV\x01", "video/x-flv", silent},
	{0, "OTTO\x00", "font/otf", silent},
	{0, "\x00\x01\x00\x00\x00", "font/ttf", silent},
	{0, "true\x00", "font/ttf", silent},
	{0, "ttcf\x00", "font/collection", silent},
	{0, "wOFF", "font/woff", silent},
	{0, "wOF2", "font/woff2", silent},
	{0, "PK\x03\x04", "application/zip", unsupported},
	{0, "PK\x05\x06", "application/zip", unsupported},
	{0, "PK\x07\x08", "application/zip", unsupported},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", unsupported},
	{0, "\x1f\x8b", "application/gzip", unsupported},
	{0, "\x1f\x9d", "application/x-compress", unsupported},
	{0, "BZh", "application/x-bzip2", unsupported},
	{0, "\xfd7zXZ\x00", "application/x-xz", unsupported},
	{0, "(\xb5/\xfd", "application/zstd", unsupported},
	{0, "\x04\"M\x18", "application/x-lz4", unsupported},
	{0, "\x02!L\x18", "application/x-lz4", unsupported},
	{0, "7z\xbc\xaf'\x1c", "application/x-7z-compressed", unsupported},
	{0, "Rar!\x1a\x07", "application/vnd.rar", unsupported},
	{0, "MSCF\x00\x00\x00\x00", "application/vnd.ms-cab-compressed", unsupported},
	{0, "!<arch>\n", "application/x-archive", unsupported},
	{0, lzipMagic + "\x01", "application/x-lzip", unsupported},
	{0, "\x89LZO\x00\r\n\x1a\n", "application/x-lzop", unsupported},
	{0, "\xed\xab\xee\xdb", "application/x-rpm", unsupported},
	{0, "xar!\x00\x1c", "application/x-xar", unsupported},
	{0, "MSWIM\x00\x00\x00", "application/x-ms-wim", unsupported},
	{0, "ITSF\x03\x00\x00\x00", "application/vnd.ms-htmlhelp", unsupported},
	{2, "-lh0-", "application/x-lzh-compressed", unsupported},
	{2, "-lh4-", "application/x-lzh-compressed", unsupported},
	{2, "-lh5-", "application/x-lzh-compressed", unsupported},
	{2, "-lh6-", "application/x-lzh-compressed", unsupported},
	{2, "-lh7-", "application/x-lzh-compressed", unsupported},
	{0, "\x60\xea", "application/x-arj", unsupported},
	{0, "PAR1", "application/vnd.apache.parquet", unsupported},
	{0, "Obj\x01", "application/avro", unsupported},
	{0, "\x00\x01\x00\x00Standard Jet DB\x00", "application/vnd.ms-access", unsupported},
	{0, "\x00\x01\x00\x00Standard ACE DB\x00", "application/vnd.ms-access", unsupported},
	{0, oneNoteMagic, "application/onenote", unsupported},
	{0, "\x78\x9f\x3e\x22", "application/ms-tnef", unsupported},
	{0, "\x09\x00\x04\x00", "application/vnd.ms-excel", unsupported},
	{0, "\x09\x02\x06\x00", "application/vnd.ms-excel", unsupported},
	{0, "\x09\x04\x06\x00", "application/vnd.ms-excel", unsupported},
	{0, "\x09\x08\x08\x00", "application/vnd.ms-excel", unsupported},
	{0, "\x09\x08\x10\x00", "application/vnd.ms-excel", unsupported},
	{0, "\x00\x05\x16\x00", "application/applefile", appleFile},
	{0, "\x00\x05\x16\x07", "application/applefile", appleFile},
	{0, "SQLite format 3\x00", "application/vnd.sqlite3", unsupported},
	{0, "!BDN", "application/vnd.ms-outlook-pst", unsupported},
	{0, "\x7fELF", "application/x-elf", unsupported},
	{0, "MZ", "application/vnd.microsoft.portable-executable", unsupported},
	{0, "bplist00", "application/x-bplist", unsupported},
}

// sniffed is what the first bytes of a part say.
type sniffed struct {
	media  string
	family family
	wide   string // the UTF-16 or UTF-32 that the text is in
	hinted string // a charset that the text names itself
	zip    bool   // it is a zip file, whatever else

	program bool // an archive may stand behind it
}

// sniff tells the type of a part. declared is the media type that the mail
// claims, name the file name; both decide only what the bytes leave open.
func sniff(head []byte, declared, name string) sniffed {
	if s, ok := sniffCMS(head, declared); ok {
		return s
	}
	looks := looksText(head)
	if s, ok := sniffDocument(head, looks); ok {
		return s
	}
	wide := wideCharset(head)
	if wide != "" && hasMagic(head) { // pixels and samples may look like UTF-16
		wide = ""
	}
	if wide == "" && !looks && !(isTextual(declared) && textWithNULs(head)) {
		s := sniffBinary(head, declared)
		if s.family == opaque && strings.HasSuffix(strings.ToLower(name), ".iso") { // nothing stands at its beginning
			s = sniffed{media: isoMedia, family: unsupported}
		}
		return s
	}
	text := head
	if !looks {
		text = bytes.ReplaceAll(head, []byte{0}, nil)
	}
	if wide != "" {
		text = bytes.TrimLeft(text, "\xff\xfe")
	}
	s := sniffText(text, declared, name)
	s.wide = wide
	return s
}

// sniffDocument tells the documents whose beginning may look like text.
func sniffDocument(head []byte, looksText bool) (sniffed, bool) {
	trimmed := bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n\x00")
	switch {
	case bytes.HasPrefix(trimmed, []byte("{\\rt")): // as much as Word asks for
		return sniffed{media: "application/rtf", family: unsupported}, true
	case len(trimmed) > 0 && trimmed[0] == '<' && office.FlatType(trimmed) != "":
		return sniffed{media: office.FlatType(trimmed), family: unsupported}, true
	case bytes.HasPrefix(trimmed, []byte("%PDF-")):
		return sniffed{media: "application/pdf", family: unsupported}, true
	case bytes.HasPrefix(trimmed, []byte("-----BEGIN PGP MESSAGE-----")):
		return sniffed{media: "application/pgp-encrypted"}, true
	case bytes.HasPrefix(trimmed, []byte("-----BEGIN PKCS7")), bytes.HasPrefix(trimmed, []byte("-----BEGIN PKCS #7")), bytes.HasPrefix(trimmed, []byte("-----BEGIN CMS-----")):
		return sniffed{media: "application/pkcs7-mime"}, true
	case bytes.HasPrefix(trimmed, []byte("(This file must be converted with BinHex")):
		return sniffed{media: "application/mac-binhex40"}, true
	case bytes.Contains(head, []byte("=ybegin line=")), bytes.Contains(head, []byte("=ybegin part=")):
		return sniffed{media: "application/x-yenc"}, true
	case bytes.HasPrefix(head, []byte("!<arch>\n")):
		return sniffed{media: "application/x-archive", family: unsupported}, true
	case isCpio(head):
		return sniffed{media: "application/x-cpio", family: unsupported}, true
	case isTar(head):
		return sniffed{media: "application/x-tar", family: unsupported}, true
	case len(head) > 8 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "*M\x18": // a frame to skip, before others
		if next := 8 + int64(binary.LittleEndian.Uint32(head[4:])); next+4 <= int64(len(head)) && string(head[next:next+4]) == "\x04\"M\x18" {
			return sniffed{media: "application/x-lz4", family: unsupported}, true
		}
		return sniffed{media: "application/zstd", family: unsupported}, true
	case isLZMA(head):
		return sniffed{media: "application/x-lzma", family: unsupported}, true
	}
	// Readers of PDF look for its header in the first 1,024 bytes.
	if !looksText && bytes.Contains(head, []byte("%PDF-")) && !hasMagic(head) {
		return sniffed{media: "application/pdf", family: unsupported}, true
	}
	return sniffed{}, false
}

func hasMagic(head []byte) bool {
	for _, m := range magics {
		if len(head) > m.at && bytes.HasPrefix(head[m.at:], []byte(m.prefix)) {
			return true
		}
	}
	return false
}

func sniffBinary(head []byte, declared string) sniffed {
	for _, m := range magics {
		if len(head) > m.at && bytes.HasPrefix(head[m.at:], []byte(m.prefix)) {
			if m.media == "application/zip" {
				return sniffZip(head)
			}
			return sniffed{media: m.media, family: m.family, program: strings.HasSuffix(m.media, "-elf") || strings.HasSuffix(m.media, "-executable")}
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("RIFF")) && len(head) > 12:
		switch string(head[8:12]) {
		case "WEBP":
			return sniffed{media: "image/webp", family: silent}
		case "WAVE":
			return sniffed{media: "audio/wav", family: silent}
		case "AVI ":
			return sniffed{media: "video/x-msvideo", family: silent}
		}
	case bytes.HasPrefix(head, []byte("BM")) && len(head) > 14 && bytes.Equal(head[6:10], make([]byte, 4)):
		return sniffed{media: "image/bmp", family: silent}
	case database.IsDBase(head):
		return sniffed{media: "application/x-dbf", family: unsupported}
	case sniffMacBinary(head):
		return sniffed{media: "application/macbinary", family: macBinary}
	case sniffPGP(head):
		return sniffed{media: "application/pgp-encrypted", family: pgpData}
	}
	return sniffed{media: "application/octet-stream", family: opaque}
}

// Object identifiers of RFC 5652 and RFC 5083, as DER writes them.
var (
	oidPKCS7 = []byte(oidPKCS7Prefix)
	oidSMIME = []byte(oidSMIMEPrefix)
)

// sniffCMS tells what kind of S/MIME object a part is.
func sniffCMS(head []byte, declared string) (sniffed, bool) {
	if len(head) == 0 || head[0] != 0x30 {
		return sniffed{}, false
	}
	start := head[:min(len(head), 40)]
	if i := bytes.Index(start, oidSMIME); i >= 0 {
		switch next := head[i+len(oidSMIME):]; {
		case len(next) > 0 && (next[0] == 0x02 || next[0] == 0x09 || next[0] == 0x17):
			return sniffed{media: "application/pkcs7-mime", family: cmsData}, true
		}
	}
	i := bytes.Index(start, oidPKCS7)
	if i < 0 || i+len(oidPKCS7) >= len(head) {
		return sniffed{}, false
	}
	s := sniffed{media: "application/pkcs7-mime", family: cmsData}
	if head[i+len(oidPKCS7)] == 2 && strings.HasSuffix(declared, "pkcs7-signature") {
		s.media = "application/pkcs7-signature"
	}
	return s, true
}

// sniffZip tells Office documents from other zip files by the names of their
// first members. All members are looked at when the file is read.
func sniffZip(head []byte) sniffed {
	s := sniffed{media: "application/zip", family: unsupported, zip: true}
	const office = "application/vnd.openxmlformats-officedocument."
	switch {
	case len(head) > 38 && string(head[30:38]) == "mimetype":
		if media, _, _ := bytes.Cut(head[38:], []byte("PK")); len(media) < 100 && looksText(media) {
			s.media = string(bytes.TrimSpace(media))
		}
	case bytes.Contains(head, []byte("word/")):
		s.media = office + "wordprocessingml.document"
	case bytes.Contains(head, []byte("xl/")):
		s.media = office + "spreadsheetml.sheet"
	case bytes.Contains(head, []byte("ppt/")):
		s.media = office + "presentationml.presentation"
	}
	return s
}

// controlTable holds 1 for control characters that text has no use for.
var controlTable = func() (t [256]uint8) {
	for c := range 0x20 {
		t[c] = 1
	}
	for _, c := range "\t\n\r\f\x1a\x1b" {
		t[c] = 0
	}
	t[0x7f] = 1
	return t
}()

// looksText reports whether bytes are text of some charset: next to no control
// characters. NUL bytes count as such.
func looksText(head []byte) bool {
	controls := 0
	for _, c := range head {
		controls += int(controlTable[c])
	}
	if controls == 0 {
		return !bytes.HasPrefix(head, []byte("\xff\xd8\xff"))
	}
	return controls*50 <= len(head) && !hasMagic(head) || controls*10 <= len(head) && mostlyASCII(head)
}

// textWithNULs reports whether only NUL bytes keep a text from looking so.
func textWithNULs(head []byte) bool {
	return bytes.IndexByte(head, 0) >= 0 && !hasMagic(head) && looksText(bytes.ReplaceAll(head, []byte{0}, nil))
}

// mostlyASCII reports whether a text that holds some control characters is
// plainly ASCII otherwise, as none of the binary formats is.
func mostlyASCII(head []byte) bool {
	high := 0
	for _, c := range head {
		if c >= 0x80 {
			high++
		}
	}
	return high*20 <= len(head) && !hasMagic(head)
}

// htmlStarts are tags that begin a document, or a fragment, of HTML.
var htmlStarts = []string{
	"<!doctype html", "<html", "<head", "<body", "<meta", "<title", "<style", "<script", "<table", "<div", "<p>", "<p ", "<span", "<font",
	"<h1", "<h2", "<h3", "<br", "<b>", "<a ", "<img", "<ul", "<ol", "<iframe", "<center", "<!--[if", "<tr", "<td", "<form",
}

func sniffText(text []byte, declared, name string) sniffed {
	s := sniffed{media: "text/plain"}
	trimmed := bytes.TrimLeft(text, "\xef\xbb\xbf \t\r\n\x00")
	lower := strings.ToLower(string(trimmed[:min(len(trimmed), 512)]))
	html := strings.HasPrefix(lower, "<") && slices.ContainsFunc(htmlStarts, func(start string) bool { return strings.HasPrefix(lower, start) })
	if !html && (strings.HasPrefix(lower, "<?xml") || strings.HasPrefix(lower, "<!--")) {
		html = strings.Contains(lower, "<html") || strings.Contains(lower, "<!doctype html")
	}
	if strings.HasPrefix(lower, "<?xml") {
		s.hinted = xmlEncoding(lower)
	}
	switch {
	case html || declared == "text/html" || declared == "application/xhtml+xml" || !isTextual(declared) && namedHTML(name):
		s.media, s.family = "text/html", htmlText
		if meta := metaCharset(strings.ToLower(string(text))); meta != "" {
			s.hinted = meta
		}
	case declared == "text/enriched" || declared == "text/richtext":
		s.media, s.family = declared, htmlText
	case strings.HasPrefix(lower, "<svg") || strings.HasPrefix(lower, "<?xml") && strings.Contains(lower, "<svg"):
		s.media, s.family = "image/svg+xml", htmlText
	case strings.HasPrefix(lower, "-----begin pgp signature"):
		s.media, s.family = "application/pgp-signature", silent
	case declared == "text/rfc822-headers" || declared == "message/rfc822-headers":
		s.media, s.family = "text/rfc822-headers", mailText
	case (!isTextual(declared) || strings.HasPrefix(declared, "message/")) && looksMail(text, name),
		declared == "text/plain" && name != "" && mailFields(text) >= 4:
		s.media, s.family = "message/rfc822", mailText
	case isTextual(declared):
		s.media = declared
	case strings.HasPrefix(lower, "<?xml"):
		s.media = "application/xml"
	case opensJSON(lower):
		s.media = "application/json"
	case strings.HasPrefix(lower, "begin:vcalendar"):
		s.media = "text/calendar"
	case strings.HasPrefix(lower, "begin:vcard"):
		s.media = "text/vcard"
	case strings.HasPrefix(lower, "%!ps"):
		s.media = "application/postscript"
	case strings.HasSuffix(strings.ToLower(name), ".csv"):
		s.media = "text/csv"
	case strings.HasSuffix(strings.ToLower(name), ".json"):
		s.media = "application/json"
	}
	return s
}

// namedHTML reports whether a file name is that of an HTML file.
func namedHTML(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".html") || strings.HasSuffix(name, ".htm") || strings.HasSuffix(name, ".xhtml")
}

// opensJSON reports whether text begins with an object, or a list of them or
// of strings.
func opensJSON(text string) bool {
	rest := strings.TrimLeft(text, "{[ \t\r\n")
	return len(rest) < len(text) && strings.HasPrefix(rest, "\"")
}

// isTextual reports whether a media type is text by its name.
func isTextual(media string) bool {
	if strings.HasPrefix(media, "text/") || strings.HasPrefix(media, "message/") {
		return true
	}
	_, sub, _ := strings.Cut(media, "/")
	switch sub {
	case "json", "xml", "javascript", "x-javascript", "ecmascript", "yaml", "x-yaml", "sql", "csv", "x-csv", "x-sh",
		"ics", "edifact", "edi-x12", "x-ndjson", "toml", "x-httpd-php", "x-subrip", "x-www-form-urlencoded", "pgp-encrypted", "svg+xml":
		return true
	}
	return strings.HasSuffix(sub, "+json") || strings.HasSuffix(sub, "+xml")
}

// xmlEncoding finds the encoding that the declaration of XML names.
func xmlEncoding(lower string) string {
	declaration, _, _ := strings.Cut(lower, "?>")
	_, rest, _ := strings.Cut(declaration, "encoding")
	rest = strings.TrimLeft(rest, "= \t\r\n\"'")
	if end := strings.IndexAny(rest, "\"' "); end >= 0 {
		return rest[:end]
	}
	return ""
}

// metaCharset finds the charset that HTML names in its head.
func metaCharset(lower string) string {
	_, rest, _ := strings.Cut(lower, "charset=")
	rest = strings.TrimLeft(rest, "\"' ")
	if end := strings.IndexAny(rest, "\"'>; /"); end >= 0 {
		return rest[:end]
	}
	return ""
}

func looksMail(text []byte, name string) bool {
	return IsMail(text) || strings.HasSuffix(strings.ToLower(name), ".eml") && mailFields(text) > 0
}

// mailNames are the fields that tell a mail from other text.
var mailNames = []string{"from", "to", "subject", "date", "received", "message-id", "mime-version", "return-path", "content-type"}

// mailFields counts the different fields of mailNames in the header block that
// text begins with; 0 if it begins with something else.
func mailFields(text []byte) int {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	seen := uint(0)
	for first := true; len(text) > 0; first = false {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		switch {
		case len(line) == 0 && whole:
			return bits.OnesCount(seen)
		case first && bytes.HasPrefix(line, []byte("From ")):
		case !first && len(line) > 0 && (line[0] == ' ' || line[0] == '\t'):
		default:
			name, ok := fieldName(line)
			if !ok {
				if !whole && !first {
					return bits.OnesCount(seen) // the opening ends within this line
				}
				return 0
			}
			for i, n := range mailNames {
				if isNamed(name, n) {
					seen |= 1 << i
				}
			}
		}
		text = rest
	}
	return bits.OnesCount(seen)
}

// isNamed reports whether a field has that name, which is in lower case.
func isNamed(name []byte, lower string) bool {
	return equalLower(name, lower)
}

// fieldName returns the name of the field that a line begins, white space
// before the colon allowed.
func fieldName(line []byte) ([]byte, bool) {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return nil, false
	}
	name := bytes.TrimRight(line[:colon], " \t")
	for _, c := range name {
		if c <= ' ' || c == 0x7f {
			return nil, false
		}
	}
	return name, len(name) > 0
}

// looksBase64 reports whether text is base64 from its first byte on: several
// whole lines of one length of at least 40 characters, or one of 200.
func looksBase64(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	lines, length := 0, 0
	for len(head) > 0 {
		line, rest, whole := bytes.Cut(head, []byte("\n"))
		line = bytes.TrimRight(line, "\r ")
		classes := 0
		for i, c := range line {
			v := base64Value[c]
			if v > padding || v == padding && i < len(line)-2 {
				return false
			}
			classes |= charClass(c)
		}
		switch {
		case length == 0:
			if length = len(line); length < 40 || classes&7 != 7 {
				return false
			}
		case len(line) == 0:
			return lines > 1
		case len(line) < length && whole:
			return true
		}
		lines++
		head = rest
	}
	return lines > 1 || length >= 200
}

// couldBeBase64 reports whether text that claims to be base64 is nothing else.
func couldBeBase64(head []byte) bool {
	for _, c := range head {
		if base64Value[c] == foreign {
			return false
		}
	}
	return true
}

func charClass(c byte) int {
	switch {
	case 'a' <= c && c <= 'z':
		return 1
	case 'A' <= c && c <= 'Z':
		return 2
	case '0' <= c && c <= '9':
		return 4
	}
	return 0
}
