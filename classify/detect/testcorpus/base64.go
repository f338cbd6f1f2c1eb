package testcorpus

import "encoding/base64"

const boundary = "\r\n------=_NextPart_000_0012_01DC5A3E.7F4B21C0\r\n"

// base64 is n characters of an encoding of random bytes, without those that need
// escapes in a URL.
func (w *writer) base64(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[w.below(62)]
	}
	return string(b)
}

// encoded is an attachment in base64 of some KiB, of what compression left or of
// a text, and the header of a part before it.
func encoded(w *writer) {
	w.frame = boundary + "Content-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n" + boundary + "\r\n"
	w.line(boundary)
	w.line("Content-Type: application/octet-stream; name=\"" + pick(w, special) + ".bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	compressed := w.below(2) == 0
	for range 100 + w.below(400) {
		w.buf = base64.StdEncoding.AppendEncode(w.buf, w.content(compressed))
		w.line("\r\n")
	}
}

// content is what one line of 76 characters holds.
func (w *writer) content(compressed bool) []byte {
	line := make([]byte, 0, 57)
	for compressed && len(line) < 57 {
		line = append(line, byte(w.rand.Uint64()>>32))
	}
	for len(line) < 57 {
		line = append(append(line, w.word()...), ' ')
	}
	return line[:57]
}
