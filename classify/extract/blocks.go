package extract

import (
	"bytes"
	"strings"
)

// maxBlockLine is how much of a line is looked at at once; what is longer comes
// in pieces.
const maxBlockLine = 4 << 10

// blockFinder finds files that stand encoded within plain text, as they did before
// MIME and do wherever somebody pastes them: uuencode, yEnc, BinHex, base64 and
// OpenPGP armor. Each becomes a member of the part. The lines of a block stay
// text as well: who does not decode them sees them.
type blockFinder struct {
	rd   *reading
	next stage
	held []byte // the beginning of a line
	more bool   // of which pieces were taken
	open block
	wait string // the name of a uuencoded file whose "begin" line was just read
	cand []byte // a line that may begin a block of base64
	pem  bool   // behind a line that says so, as that of a certificate
}

// block is one encoded file, taken line by line. begun is false for the later
// pieces of a long line. It reports whether the block goes on behind the line.
type block interface {
	line(b []byte, begun bool) bool
	close()
}

func newBlockFinder(rd *reading, next stage) *blockFinder { return &blockFinder{rd: rd, next: next} }

func (k *blockFinder) write(b []byte) {
	from := 0 // of what is yet to go on as text
	for at := 0; at < len(b); {
		i := bytes.IndexByte(b[at:], '\n')
		if i >= 0 && i <= maxBlockLine && len(k.held) == 0 {
			line := bytes.TrimSuffix(b[at:at+i], crlf[:1])
			at += i + 1
			if k.idle() && !k.more && !k.begins(line) {
				continue
			}
			// The text goes first: what opens a part comes after it however the
			// input is cut.
			k.next.write(b[from:at])
			from = at
			k.take(line, !k.more)
			k.more = false
			continue
		}
		end := len(b) - at
		if i >= 0 {
			end = i
		}
		n := min(end, maxBlockLine-len(k.held))
		k.held = append(k.held, b[at:at+n]...)
		at += n
		switch {
		case n == end && i >= 0:
			at++
			k.next.write(b[from:at])
			from = at
			k.take(bytes.TrimSuffix(k.held, crlf[:1]), !k.more)
			k.held, k.more = k.held[:0], false
		case len(k.held) == maxBlockLine && at < len(b):
			k.next.write(b[from:at])
			from = at
			k.take(k.held, !k.more)
			k.held, k.more = k.held[:0], true
		}
	}
	k.next.write(b[from:])
}

// idle reports whether a line means nothing but what it says itself.
func (k *blockFinder) idle() bool { return k.open == nil && k.wait == "" && len(k.cand) == 0 }

// begins reports whether a line may begin a block.
func (k *blockFinder) begins(line []byte) bool {
	if len(line) <= 6 {
		return false
	}
	switch line[0] {
	case 'b', '=', '(', '-':
		return true
	case '>', ' ':
		return bytes.HasPrefix(unquoted(line), []byte("-----"))
	}
	return len(line) >= minBase64 && !k.rd.alone && pureBase64(line)
}

func (k *blockFinder) close() {
	if len(k.held) > 0 {
		k.take(bytes.TrimSuffix(k.held, crlf[:1]), !k.more)
	}
	if len(k.cand) >= longBase64 || len(k.cand) >= minBase64 && k.cand[len(k.cand)-1] == '=' {
		k.beginBase64()
	}
	if k.open != nil {
		k.open.close()
	}
	k.next.close()
}

// take takes a line, or a piece of one.
func (k *blockFinder) take(line []byte, begun bool) {
	switch {
	case k.open != nil:
		if !k.open.line(line, begun) {
			k.open.close()
			k.open = nil
		}
		return
	case !begun:
		return
	case k.wait != "":
		name := k.wait
		k.wait = ""
		if uuLine(line) > 0 {
			k.open = newUUBlock(k.rd.leaf.within(member{name: name}))
			k.take(line, true)
			return
		}
	case len(k.cand) > 0:
		if k.afterBase64(line) {
			return
		}
	}
	if len(line) > 6 {
		k.look(line)
	}
}

// look sees whether a line begins a block.
func (k *blockFinder) look(line []byte) {
	l := k.rd.leaf
	switch line[0] {
	case 'b':
		if name, base64, ok := uuBegin(line); ok && base64 {
			k.open = newBase64Lines(l, member{name: name}, "====")
			return
		} else if ok {
			k.wait = name
			return
		}
	case '=':
		if bytes.HasPrefix(line, []byte("=ybegin ")) {
			k.open = newYEnc(l, string(line))
			return
		}
	case '(':
		if bytes.HasPrefix(line, []byte("(This file must be converted with BinHex")) {
			k.open = newBinHex(l)
			return
		}
	case '-', '>', ' ':
		if k.armor(unquoted(line)) {
			return
		}
	}
	if len(line) >= minBase64 && !k.rd.alone && pureBase64(line) {
		if k.cand = append(k.cand[:0], line...); len(line) == maxBlockLine {
			k.beginBase64()
		}
	}
}

// unquoted is a line without the signs of quotation before it. In a signed text,
// hyphens at the beginning of a line are escaped with another one (RFC 9580
// section 7.2).
func unquoted(line []byte) []byte {
	return bytes.TrimPrefix(bytes.TrimLeft(line, "> "), []byte("- "))
}

// armor opens the block that a line of hyphens announces.
func (k *blockFinder) armor(line []byte) bool {
	head, ok := bytes.CutPrefix(line, []byte("-----BEGIN "))
	if !ok {
		if bytes.HasPrefix(line, []byte("-----")) {
			k.pem = false
		}
		return false
	}
	label, rest, _ := bytes.Cut(head, []byte("-----"))
	switch {
	case bytes.HasPrefix(label, []byte("PGP MESSAGE")):
		k.open = newArmor(k.rd)
	case bytes.Equal(label, []byte("CMS")), bytes.HasPrefix(label, []byte("PKCS7")), bytes.HasPrefix(label, []byte("PKCS #7")):
		k.open = newArmoredCMS(k.rd)
	default:
		k.pem = true
		return false
	}
	if len(bytes.TrimSpace(rest)) > 0 && !k.open.line(rest, true) {
		k.open.close()
		k.open = nil
	}
	return true
}

// Blocks of base64 that nothing announces are lines of one length of at least
// minBase64 characters, or one of longBase64.
const (
	minBase64  = 40
	longBase64 = 200
)

// pureBase64 reports whether a line is nothing but base64, and no word: it
// holds capitals, small letters and digits.
func pureBase64(line []byte) bool {
	classes := 0
	for i, c := range line {
		v := base64Value[c]
		if v > padding || v == padding && i < len(line)-2 {
			return false
		}
		classes |= charClass(c)
	}
	return classes == 7
}

// afterBase64 takes the line behind one that may begin a block of base64, and
// reports whether it is of the block.
func (k *blockFinder) afterBase64(line []byte) bool {
	long, padded := len(k.cand) >= longBase64, k.cand[len(k.cand)-1] == '='
	goesOn := !padded && len(line) > 0 && len(line) <= len(k.cand) && onlyBase64(line)
	if goesOn || long || padded {
		k.beginBase64()
	}
	k.cand = k.cand[:0]
	if !goesOn && k.open != nil {
		k.open.close()
		k.open = nil
	}
	if !goesOn {
		return false
	}
	k.take(line, true)
	return true
}

func onlyBase64(line []byte) bool {
	for _, c := range line {
		if base64Value[c] > padding {
			return false
		}
	}
	return true
}

// beginBase64 opens the block that begins with the line held.
func (k *blockFinder) beginBase64() {
	k.open = newBase64Lines(k.rd.leaf, member{guessed: true, announced: k.pem, inline: true}, "")
	if !k.open.line(k.cand, true) {
		k.open.close()
		k.open = nil
	}
	k.cand = k.cand[:0]
}

// base64Lines is a block of base64: an announced one goes on to its end line,
// another one as long as its lines are nothing else and of one length.
type base64Lines struct {
	out    *base64Decoder
	end    string
	length int // of the lines so far
}

func newBase64Lines(l *leaf, m member, end string) *base64Lines {
	out := newBase64(l.r, l.within(m), nil)
	out.quiet = end == ""
	return &base64Lines{out: out, end: end}
}

func (k *base64Lines) line(b []byte, begun bool) bool {
	switch {
	case k.end != "":
		if begun && string(b) == k.end {
			return false
		}
	case !onlyBase64(b):
		return false
	}
	k.out.write(b)
	if k.end != "" {
		return true
	}
	if begun {
		short := len(b) < k.length
		k.length = len(b)
		return len(b) > 0 && !short && b[len(b)-1] != '='
	}
	return true
}

func (k *base64Lines) close() { k.out.close() }

// uuBegin reads the line that begins a uuencoded file: "begin 644 name", or
// "begin-base64 644 name" of POSIX.
func uuBegin(line []byte) (name string, base64, ok bool) {
	if !bytes.HasPrefix(line, []byte("begin")) {
		return "", false, false
	}
	rest := string(line[len("begin"):])
	rest, base64 = strings.CutPrefix(rest, "-base64")
	if !strings.HasPrefix(rest, " ") {
		return "", false, false
	}
	mode, name, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if len(mode) < 3 || len(mode) > 6 || strings.Trim(mode, "01234567") != "" {
		return "", false, false
	}
	name = hybridString([]byte(strings.Trim(name, " \t\"")))
	if name == "" {
		name = "uuencoded"
	}
	return name, base64, true
}

// uuLine returns how many bytes a line of uuencoded data stands for; -1 if it is
// none. Blanks at its end may be lost, for a blank is a zero.
func uuLine(line []byte) int {
	if len(line) == 0 || line[0] < ' ' || line[0] > '`' {
		return -1
	}
	n := int(line[0]-' ') & 63
	want := (n + 2) / 3 * 4
	if len(line)-1 > want+2 { // some add a checksum
		return -1
	}
	for _, c := range line[1:] {
		if c < ' ' || c > '`' {
			return -1
		}
	}
	return n
}

// appendUU decodes a line of n bytes.
func appendUU(out, line []byte, n int) []byte {
	at := func(i int) byte {
		if i < len(line) {
			return (line[i] - ' ') & 63
		}
		return 0
	}
	for i := 1; n > 0; i, n = i+4, n-3 {
		a, b, c, d := at(i), at(i+1), at(i+2), at(i+3)
		group := [3]byte{a<<2 | b>>4, b<<4 | c>>2, c<<6 | d}
		out = append(out, group[:min(n, 3)]...)
	}
	return out
}

// uuBlock is a uuencoded file behind its "begin" line.
type uuBlock struct {
	out stage
	buf []byte
}

func newUUBlock(out stage) *uuBlock { return &uuBlock{out: out} }

// line takes data up to "end", or to a line that is no data.
func (u *uuBlock) line(b []byte, begun bool) bool {
	if !begun || len(b) == 0 {
		return true
	}
	if string(bytes.TrimRight(b, " ")) == "end" {
		return false
	}
	n := uuLine(b)
	if n < 0 {
		return false
	}
	u.buf = appendUU(u.buf[:0], b, n)
	u.out.write(u.buf)
	return true
}

func (u *uuBlock) close() { u.out.close() }

// uuDecoder undoes the transfer encodings uuencode, x-uuencode and uue: what
// stands around the file is text.
type uuDecoder struct {
	next  stage
	stray *lazyText
	held  []byte
	in    bool // between "begin" and "end"
	buf   []byte
	leaf  *leaf
	done  bool // something was decoded
}

func (d *uuDecoder) write(b []byte) {
	for len(b) > 0 {
		line, rest, ended := bytes.Cut(b, crlf[1:])
		n := min(len(line), maxBlockLine-len(d.held))
		d.held = append(d.held, line[:n]...)
		if n < len(line) {
			d.line(d.held)
			d.held, b = d.held[:0], b[n:]
			continue
		}
		if !ended {
			return
		}
		d.line(d.held)
		d.held, b = d.held[:0], rest
	}
}

func (d *uuDecoder) line(b []byte) {
	b = bytes.TrimSuffix(b, crlf[:1])
	if name, _, ok := uuBegin(b); ok {
		d.in = true
		d.leaf.addName(name)
		return
	}
	n := uuLine(b)
	switch {
	case string(bytes.TrimRight(b, " ")) == "end":
		d.in = false
	case n >= 0 && (d.in || len(b) == 1+(n+2)/3*4):
		d.buf = appendUU(d.buf[:0], b, n)
		d.done = d.done || n > 0
		d.next.write(d.buf)
	default:
		d.stray.write(b)
		d.stray.write(crlf[1:])
	}
}

func (d *uuDecoder) close() {
	if len(d.held) > 0 {
		d.line(d.held)
	}
	if !d.done && d.stray.active {
		d.leaf.problem(Malformed)
	}
	d.stray.close()
	d.next.close()
}
