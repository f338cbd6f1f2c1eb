package testcorpus

import (
	"bytes"
	"unicode"
)

// numbers is a block of a log or of a table: text that is mostly digits.
func numbers(w *writer) {
	pick(w, []func(*writer){accessLog, systemLog, invoices, readings})(w)
}

func (w *writer) clock() string {
	return string([]byte{'0' + byte(w.below(2)), '0' + byte(w.below(10)), ':', '0' + byte(w.below(6)), '0' + byte(w.below(10)), ':', '0' + byte(w.below(6)), '0' + byte(w.below(10))})
}

func (w *writer) date() string {
	return "2026-0" + string('1'+byte(w.below(9))) + "-1" + string('0'+byte(w.below(10)))
}

func (w *writer) address() string {
	return "10." + w.digits(2) + "." + w.digits(1+w.below(2)) + "." + w.digits(2)
}

// hex is a hexadecimal number that is no decimal one.
func (w *writer) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdef"[w.below(16)]
	}
	if bytes.IndexFunc(b, unicode.IsLetter) < 0 {
		b[n-1] = 'f'
	}
	return string(b)
}

func accessLog(w *writer) {
	for range 20 + w.below(30) {
		w.printf("%s - - [14/Mar/2026:%s +0000] \"GET /api/v2/items/%s?page=%s HTTP/1.1\" 200 %s \"-\" %s.%s",
			w.address(), w.clock(), w.digits(6+w.below(6)), w.digits(1), w.digits(3+w.below(4)), w.digits(1), w.digits(3))
		w.line("\n")
	}
}

func systemLog(w *writer) {
	for range 20 + w.below(30) {
		w.printf("%sT%s.%sZ host%s worker[%s]: level=info ts=1%s.%s req=%s user_id=%s bytes=%s took=%sms seq=%s",
			w.date(), w.clock(), w.digits(6), w.digits(1), w.digits(5), w.digits(9), w.digits(3), w.hex(16),
			w.digits(7), w.digits(4+w.below(5)), w.digits(3), w.digits(12+w.below(7)))
		w.line("\n")
	}
}

func invoices(w *writer) {
	w.line("\ninvoice,date,item,quantity,price,batch,tracking\n")
	for range 20 + w.below(30) {
		w.printf("%s,%s,%s-%s,%s,%s.%s,%s,%s", w.digits(8), w.date(), pick(w, special), w.digits(3), w.digits(2),
			w.digits(2+w.below(3)), w.digits(2), w.digits(9), w.digits(12+w.below(4)))
		w.line("\n")
	}
	w.line("\n")
}

func readings(w *writer) {
	w.line("\ntime;sensor;a;b;c;total\n")
	for range 20 + w.below(30) {
		w.printf("%s %s;%s;%s.%s;-%s.%s;%s;%s", w.date(), w.clock(), w.digits(4), w.digits(3), w.digits(4), w.digits(1), w.digits(6), w.digits(11), w.digits(7))
		w.line("\n")
	}
	w.line("\n")
}
