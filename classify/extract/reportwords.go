package extract

import "bytes"

// reportWords decodes the encoded words in the fields of a report (RFC 3464): its
// blocks of fields are no header, and yet hold such words.
type reportWords struct {
	next stage
	line []byte
}

// maxReportLine is how much of a line is held.
const maxReportLine = 4 << 10

func isReport(media string) bool {
	return media == "message/delivery-status" || media == "message/disposition-notification" || media == "message/feedback-report"
}

func (w *reportWords) write(b []byte) {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n') + 1
		whole := i > 0
		if !whole {
			i = len(b)
		}
		if n := maxReportLine - len(w.line); i > n {
			i, whole = n, false
		}
		w.line = append(w.line, b[:i]...)
		if b = b[i:]; whole || len(w.line) == maxReportLine {
			w.take()
		}
	}
}

func (w *reportWords) take() {
	text := bytes.TrimRight(w.line, "\r\n")
	if bytes.Contains(text, []byte("=?")) {
		decoded, _ := decodeWords(string(text))
		w.next.write([]byte(decoded))
		text = w.line[len(text):]
	} else {
		text = w.line
	}
	w.next.write(text)
	w.line = w.line[:0]
}

func (w *reportWords) close() {
	w.take()
	w.next.close()
}
