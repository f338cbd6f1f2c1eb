package extract

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// quoteMarks tells new text from what it quotes, line by line:
//
//   - a line that begins with ">" is quoted, and so is one that begins with "|"
//     or ":" where the line behind "On ... wrote:" began so;
//   - "On ... wrote:", in the languages of mail programs, is quoted; if the line
//     behind it begins with none of these signs, all that follows is;
//   - behind "-----Original Message-----", "Begin forwarded message:" and the
//     head that Outlook puts above an answered mail (From:, Sent:, To:, Subject:)
//     all is quoted.
//
// Lines without a sign between lines with one are answers, and new. Blank lines
// belong to what stands before them.
//
// All of this is a convention: a sender who writes ">" before a new line, or
// "-----Original Message-----" above it, makes it look quoted to his reader and
// to us. A policy that lets quoted text pass trusts senders that far.
type quoteMarks struct {
	out    *textStream
	base   bool        // the markup around says that the text is quoted
	rest   bool        // all that follows is
	sign   byte        // a sign besides ">" that quotes
	after  bool        // the line behind "On ... wrote:" is to come
	last   bool        // what the last line was
	marked bool        // what the stream was told
	line   []byte      // the beginning of a line
	long   bool        // the rest of a line that is too long to be looked at
	held   []byte      // whole lines that may turn out to begin a quotation
	count  int         // how many
	fields uint8       // of a head, if not zero
	seen   *textStream // what overridden tells
	rule   bool        // a line of underscores stands above it
}

// Bounds of what is held to see whether it begins a quotation.
const (
	maxQuoteLine = 1000
	maxQuoteHeld = 4000
	maxQuoteHead = 9 // lines
	maxWroteHead = 4
)

func (q *quoteMarks) write(b []byte) {
	for len(b) > 0 {
		if q.rest {
			q.emit(b, true)
			return
		}
		if n := q.plain(b); n > 0 {
			q.overridden(b[:n])
			q.emit(b[:n], false)
			if b = b[n:]; len(b) == 0 {
				return
			}
		}
		i := bytes.IndexByte(b, '\n') + 1
		switch {
		case q.long:
			if i == 0 {
				i = len(b)
			}
			q.long = b[i-1] != '\n'
			q.emit(b[:i], q.last)
		case i > 0 && len(q.line) == 0 && i <= maxQuoteLine:
			q.take(b[:i])
		default:
			if i == 0 {
				i = len(b)
			}
			i = min(i, maxQuoteLine-len(q.line))
			q.line = append(q.line, b[:i]...)
			if b[i-1] == '\n' || len(q.line) == maxQuoteLine {
				line := q.line
				q.long = b[i-1] != '\n'
				q.line = q.line[:0]
				q.take(line)
			}
		}
		b = b[i:]
	}
}

// plain counts the bytes of the whole lines at the front of b that are new, and
// plainly so: nearly all lines are, and together they are one write.
func (q *quoteMarks) plain(b []byte) int {
	if q.long || q.after || len(q.line) > 0 || len(q.held) > 0 {
		return 0
	}
	n := 0
	for n < len(b) {
		i := bytes.IndexByte(b[n:], '\n')
		if i < 2 || i > maxQuoteLine || !isPlainLine(b[n:n+i]) {
			break
		}
		n += i + 1
	}
	return n
}

// plainStart holds the bytes that begin no line of interest by themselves, no head
// field with a wide colon and no
// "On ... wrote:".
var plainStart = func() (t [256]bool) {
	for i := range t {
		t[i] = i > ' ' && i < 0xe0 && strings.IndexByte(">-_|:*OALEIWD", byte(i)) < 0
	}
	return t
}()

// isPlainLine reports whether a line can be seen at once to be no head field, no
// leading line and nothing with a sign.
func isPlainLine(line []byte) bool {
	if !plainStart[line[0]] && !isWordStart(line) || bytes.IndexByte(line[:min(len(line), 40)], ':') >= 0 {
		return false
	}
	switch line[len(line)-2] {
	case ':', 0x9a, ' ': // 0x9a ends the wide colon
		return false
	}
	switch line[len(line)-1] {
	case ':', 0x9a, ' ':
		return false
	}
	return true
}

// isWordStart reports whether a line begins with a letter that wroteOpenings begin
// with, and with a longer word.
func isWordStart(line []byte) bool {
	if c := line[0]; c < 'A' || c > 'W' || len(line) < 5 {
		return false
	}
	return line[1] > ' ' && line[2] > ' ' && line[2] != 0xc2 && line[3] > ' ' && line[4] > ' '
}

// mark says whether the markup around makes what follows quoted.
func (q *quoteMarks) mark(quoted bool) {
	q.settle()
	q.base, q.after = quoted, false // the markup shows where the quotation is
}

// settle ends the line at hand and gives up what is held.
func (q *quoteMarks) settle() {
	if len(q.line) > 0 {
		line := q.line
		q.line = q.line[:0]
		q.take(line)
	}
	q.release(false)
}

func (q *quoteMarks) close() {
	q.settle()
	if q.seen != nil {
		q.seen.close()
	}
	q.out.close()
}

// emit writes text that is quoted or new. A mark stands right before the first
// visible byte.
func (q *quoteMarks) emit(b []byte, quoted bool) {
	q.last = quoted
	if quoted = quoted || q.base; quoted != q.marked {
		n := len(b) - len(bytes.TrimLeft(b, " \t\r\n"))
		q.out.write(b[:n])
		if b = b[n:]; len(b) == 0 {
			return
		}
		q.marked = quoted
		q.out.mark(quoted)
	}
	q.out.write(b)
}

// release writes what is held.
func (q *quoteMarks) release(quoted bool) {
	if len(q.held) > 0 {
		q.emit(q.held, quoted)
	}
	q.held, q.count, q.fields, q.rule = q.held[:0], 0, 0, false
}

// take takes a line with its end, or the beginning of one that is too long.
func (q *quoteMarks) take(line []byte) {
	text := bytes.TrimSpace(line)
	if !q.long {
		q.overridden(line)
	}
	if len(q.held) > 0 {
		if q.goOn(line, text) {
			return
		}
		q.release(false)
	}
	if len(text) == 0 {
		q.emit(line, q.last)
		return
	}
	c := text[0]
	switch {
	case q.base:
		q.emit(line, false)
	case c == '>':
		q.after = false
		q.emit(line, true)
	case q.sign != 0 && c == q.sign:
		q.emit(line, true)
	case q.after:
		q.after = false
		if q.rest = c != '|' && c != ':'; !q.rest {
			q.sign = c
		}
		q.emit(line, true)
	case q.long || !q.look(line, text):
		q.emit(line, false)
	}
}

// look takes a line that begins a quotation, or may.
func (q *quoteMarks) look(line, text []byte) bool {
	switch c := text[0]; {
	case c == '-' && isDivider(text), c|0x20 >= 'a' && c|0x20 <= 'i' && opensForward(text):
		q.rest = true
		q.emit(line, true)
		return true
	case c == '_':
		if q.rule = len(text) >= 20 && len(bytes.Trim(text, "_")) == 0; q.rule {
			q.hold(line)
		}
		return q.rule
	}
	colon := bytes.IndexByte(text, ':')
	if colon > 0 && headField(text)&fromField != 0 {
		q.fields = fromField
		q.hold(line)
		return true
	}
	if (colon > 0 || bytes.HasSuffix(text, []byte("：")) || opensWrote(text)) && q.wrote(line, text) {
		return true
	}
	return false
}

// wrote takes a line that is "On ... wrote:", or its beginning.
func (q *quoteMarks) wrote(line, text []byte) bool {
	if endsInColon(text) && isWrote(string(text)) {
		q.after = true
		q.emit(line, true)
		return true
	}
	if opensWrote(text) {
		q.hold(line)
		return true
	}
	return false
}

func (q *quoteMarks) hold(line []byte) {
	q.held = append(q.held, line...)
	q.count++
}

// goOn takes a line behind those that are held, and reports whether it is one
// with them.
func (q *quoteMarks) goOn(line, text []byte) bool {
	if len(q.held)+len(line) > maxQuoteHeld || q.long {
		return false
	}
	if q.fields == 0 && !q.rule {
		if len(text) == 0 || text[0] == '>' || q.count >= maxWroteHead {
			return false
		}
		q.hold(line)
		if held := bytes.TrimSpace(q.held); endsInColon(held) && isWrote(string(held)) {
			q.after = true
			q.release(true)
		}
		return true
	}
	if len(text) == 0 {
		if q.fields == 0 || q.fields == fromField { // a blank line above, or HTML's own
			q.hold(line)
			return q.count < maxQuoteHead
		}
		return false
	}
	field := headField(text)
	switch {
	case q.fields == 0 && field&fromField == 0:
		return false
	case field == 0 && (q.fields == fromField || q.count >= maxQuoteHead):
		return false // not even a second field, nor the rest of a long one
	}
	q.fields |= field
	q.hold(line)
	if q.fields&(sentField|subjectField) != 0 && q.fields&toField != 0 || q.fields&sentField != 0 && q.fields&subjectField != 0 {
		q.rest = true
		q.release(true)
	}
	return true
}

// The fields of the head that mail programs put above an answered mail.
const (
	fromField = 1 << iota
	sentField
	toField
	subjectField
	otherField
)

var headFields = map[string]uint8{
	"from": fromField, "von": fromField, "de": fromField, "da": fromField, "van": fromField, "fra": fromField, "från": fromField,
	"od": fromField, "oddi wrth": fromField, "от": fromField, "expéditeur": fromField, "remitente": fromField, "mittente": fromField,
	"lähettäjä": fromField, "feladó": fromField, "kimden": fromField, "发件人": fromField, "寄件者": fromField, "差出人": fromField,

	"sent": sentField, "date": sentField, "gesendet": sentField, "datum": sentField, "envoyé": sentField, "envoyé le": sentField,
	"enviado": sentField, "enviado el": sentField, "enviada em": sentField, "enviado em": sentField, "fecha": sentField, "inviato": sentField, "data": sentField,
	"verzonden": sentField, "sendt": sentField, "skickat": sentField, "anfonwyd": sentField, "dyddiad": sentField,
	"wysłano": sentField, "отправлено": sentField, "дата": sentField, "gesendet am": sentField, "lähetetty": sentField, "elküldve": sentField,
	"odesláno": sentField, "发送时间": sentField, "日期": sentField, "送信日時": sentField, "gönderildi": sentField, "date sent": sentField,

	"to": toField, "an": toField, "à": toField, "a": toField, "para": toField, "aan": toField, "til": toField, "till": toField, "at": toField,
	"do": toField, "komu": toField, "кому": toField, "destinataire": toField, "destinatario": toField, "vastaanottaja": toField,
	"címzett": toField, "收件人": toField, "宛先": toField, "kime": toField,

	"subject": subjectField, "betreff": subjectField, "objet": subjectField, "asunto": subjectField, "oggetto": subjectField,
	"onderwerp": subjectField, "assunto": subjectField, "emne": subjectField, "ämne": subjectField, "pwnc": subjectField, "testun": subjectField,
	"temat": subjectField, "předmět": subjectField, "тема": subjectField, "aihe": subjectField, "tárgy": subjectField, "主题": subjectField, "件名": subjectField, "konu": subjectField,

	"cc": otherField, "bcc": otherField, "kopie": otherField, "copie": otherField, "importance": otherField, "attachments": otherField,
	"reply-to": otherField, "organization": otherField, "when": otherField, "where": otherField,
}

// headField tells which field a line is: its name may stand between asterisks.
func headField(text []byte) uint8 {
	head := text[:min(len(text), 40)] // isPlainLine looks as far
	colon := bytes.IndexByte(head, ':')
	if i := bytes.Index(head, []byte("：")); i >= 0 && (colon < 0 || i < colon) {
		colon = i
	}
	if colon < 1 {
		return 0
	}
	name := strings.Trim(string(head[:colon]), " \t*_\u00a0")
	if len(name) > 30 {
		return 0
	}
	return headFields[strings.ToLower(name)]
}

// dividers are what mail programs write between hyphens above a mail.
var dividers = []string{
	"original message", "forwarded message", "original appointment", "forwarded by", "forwarded mail", "reply message", "ursprüngliche nachricht", "originalnachricht",
	"original-nachricht", "weitergeleitete nachricht", "message d'origine", "message d’origine", "message original", "message transféré", "message transmis", "mensaje original",
	"mensaje reenviado", "messaggio originale", "messaggio inoltrato", "oorspronkelijk bericht", "doorgestuurd bericht", "mensagem original",
	"mensagem encaminhada", "neges wreiddiol", "neges wedi'i hanfon ymlaen", "ursprungligt meddelande", "vidarebefordrat meddelande", "oprindelig meddelelse", "videresendt", "opprinnelig melding",
	"wiadomość oryginalna", "oryginalna wiadomość", "původní zpráva", "alkuperäinen viesti", "eredeti üzenet", "исходное сообщение", "пересылаемое сообщение", "原始邮件", "转发的邮件", "元のメッセージ",
}

// isDivider reports whether a line is one of dividers between hyphens.
func isDivider(text []byte) bool {
	if len(text) > 300 || !bytes.HasPrefix(text, []byte("--")) || !bytes.HasSuffix(text, []byte("--")) {
		return false
	}
	lower := strings.ToLower(string(bytes.Trim(text, "- ")))
	return lower != "" && slices.ContainsFunc(dividers, func(d string) bool { return strings.Contains(lower, d) })
}

// forwards are what mail programs write above a forwarded mail, and a colon.
var forwards = []string{
	"begin forwarded message", "anfang der weitergeleiteten", "beginn der weitergeleiteten", "début du message", "inicio del mensaje reenviado", "inizio messaggio inoltrato",
	"begin doorgestuurd bericht", "início da mensagem", "forwarded message",
}

func opensForward(text []byte) bool {
	if len(text) > 80 || text[len(text)-1] != ':' {
		return false
	}
	lower := strings.ToLower(string(text))
	return slices.ContainsFunc(forwards, func(f string) bool { return strings.HasPrefix(lower, f) })
}

// wroteOpenings begin "On ... wrote:" in the languages that put a date first.
var wroteOpenings = []string{"On ", "Am ", "Le ", "El ", "Il ", "Op ", "Em ", "W dniu ", "Dnia ", "Den ", "Ar ", "Dne ", "On\u00a0", "Le\u00a0"}

// wroteVerbs end it, a name behind them or not.
var wroteVerbs = []string{
	"wrote", "schrieb", "a écrit", "escribió", "ha scritto", "schreef", "escreveu", "skrev", "napisał", "pisze", "ysgrifennodd", "kirjoitti",
	"napsal", "пишет", "написал", "írta", "yazdı", "写道", "寫道", "書きました", "のメール", "a scris",
}

func opensWrote(text []byte) bool {
	return slices.ContainsFunc(wroteOpenings, func(o string) bool { return bytes.HasPrefix(text, []byte(o)) }) && hasDigit(text)
}

func endsInColon(text []byte) bool {
	return len(text) > 0 && text[len(text)-1] == ':' || bytes.HasSuffix(text, []byte("："))
}

// isWrote reports whether text is "On ... wrote:": it ends in a colon, says so in
// some language, and names a date or an address.
func isWrote(text string) bool {
	text, ok := strings.CutSuffix(text, ":")
	if !ok {
		if text, ok = strings.CutSuffix(text, "："); !ok {
			return false
		}
	}
	if !strings.ContainsAny(text, "0123456789@<") {
		return false
	}
	text = strings.TrimRight(text, " \u00a0")
	tail := text[max(0, len(text)-150):]
	for len(tail) > 0 && !utf8.RuneStart(tail[0]) {
		tail = tail[1:]
	}
	tail = strings.ToLower(tail)
	opened := opensWrote([]byte(text))
	for _, v := range wroteVerbs {
		if strings.HasSuffix(tail, v) || strings.HasSuffix(tail, v+"(a)") || opened && strings.Contains(tail, v) {
			return true
		}
	}
	return false
}
