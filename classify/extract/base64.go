package extract

import (
	"bytes"
	"encoding/base64"
)

// base64Block is how much text is decoded at a time: small enough to stay in
// the first cache together with its result.
const base64Block = 8 << 10

// base64Decoder decodes base64 as the most forgiving client does: it skips what
// is not of the alphabet, starts afresh after padding, and needs none at the end.
// Lines that hold foreign characters go to stray as well, as text: a list footer
// below the data is read by some clients.
type base64Decoder struct {
	r     *Reader
	next  stage
	stray *lazyText
	buf   []byte // text without line ends, a multiple of lines or base64Block
	ends  []int  // where the lines of buf end
	out   []byte
	cr    bool // a CR was seen and held back
	input bool // something that is not white space was seen
	done  int64
	quiet bool // what is odd about it is not told: nobody said that it is base64
}

func newBase64(r *Reader, next stage, stray *lazyText) *base64Decoder {
	return &base64Decoder{r: r, next: next, stray: stray}
}

func (d *base64Decoder) write(b []byte) {
	if d.cr && len(b) > 0 {
		d.cr = false
		if b[0] != '\n' {
			d.append(crlf[:1])
		}
	}
	for len(b) > 0 {
		line, rest, ended := b, b[len(b):], false
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line, rest, ended = b[:i], b[i+1:], true
		}
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line, d.cr = line[:n-1], !ended
		}
		d.append(line)
		if ended && len(d.buf) > 0 {
			d.ends = append(d.ends, len(d.buf))
			if len(d.ends) == base64Block { // empty lines must not grow it
				d.decode()
			}
		}
		b = rest
	}
}

// append adds a piece of a line, decoding whenever a block is full.
func (d *base64Decoder) append(line []byte) {
	for len(line) > 0 {
		n := min(len(line), base64Block-len(d.buf))
		d.buf = append(d.buf, line[:n]...)
		if len(d.buf) == base64Block {
			d.decode()
		}
		line = line[n:]
	}
}

// decode takes what is in buf and leaves at most three characters there.
func (d *base64Decoder) decode() {
	whole := len(d.buf) / 4 * 4
	if len(d.out) < whole {
		d.out = make([]byte, min(2*whole, base64Block))
	}
	n, err := base64.StdEncoding.Decode(d.out, d.buf[:whole])
	if err != nil {
		d.decodeSlowly()
		return
	}
	d.emit(d.out[:n])
	d.input = d.input || whole > 0
	d.buf = d.buf[:copy(d.buf, d.buf[whole:])]
	d.ends = d.ends[:0]
}

// base64Value gives the value of an alphabet character; the others are >= 64.
var base64Value = func() (t [256]byte) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range t {
		t[i] = foreign
	}
	for i := range alphabet {
		t[alphabet[i]] = byte(i)
	}
	t['='] = padding
	for _, c := range " \t\r\n\f\v\x00" {
		t[c] = blank
	}
	return t
}()

const (
	padding = 64
	blank   = 65
	foreign = 66
)

func (d *base64Decoder) decodeSlowly() {
	d.strayLines()
	out, group := d.out[:0], d.buf[:0]
	var acc uint32
	for _, c := range d.buf {
		v := base64Value[c]
		switch {
		case v < 64:
			d.input = true
			acc = acc<<6 | uint32(v)
			if group = append(group, c); len(group) == 4 {
				out = append(out, byte(acc>>16), byte(acc>>8), byte(acc))
				group, acc = group[:0], 0
			}
		case v == padding:
			d.input = true
			out = appendTorn(out, acc, len(group))
			group, acc = group[:0], 0
		case v == foreign:
			d.input = true
			d.r.anomalies.add(badBase64)
		}
	}
	d.emit(out)
	d.buf, d.ends = group, d.ends[:0]
}

// appendTorn decodes a group of fewer than four characters.
func appendTorn(out []byte, acc uint32, n int) []byte {
	switch n {
	case 2:
		return append(out, byte(acc>>4))
	case 3:
		return append(out, byte(acc>>10), byte(acc>>2))
	}
	return out
}

// strayLines hands the lines of buf that hold foreign characters to stray.
func (d *base64Decoder) strayLines() {
	start := 0
	for i := 0; i <= len(d.ends); i++ {
		end := len(d.buf)
		if i < len(d.ends) {
			end = d.ends[i]
		}
		for _, c := range d.buf[start:end] {
			if base64Value[c] == foreign {
				d.stray.write(d.buf[start:end])
				d.stray.write(crlf[1:])
				break
			}
		}
		start = end
	}
}

func (d *base64Decoder) emit(b []byte) {
	if len(b) > 0 {
		d.done += int64(len(b))
		d.next.write(b)
	}
}

func (d *base64Decoder) close() {
	d.decode()
	d.decodeSlowly() // the last characters, should they be no base64
	if len(d.buf) > 0 {
		if !d.quiet {
			d.r.anomalies.add(badBase64)
		}
		var acc uint32
		for _, c := range d.buf {
			acc = acc<<6 | uint32(base64Value[c])
		}
		d.emit(appendTorn(nil, acc, len(d.buf)))
	}
	d.stray.close()
	d.next.close()
}

// barren reports whether there was text, yet none of it decoded to anything.
func (d *base64Decoder) barren() bool { return d.input && d.done == 0 }
