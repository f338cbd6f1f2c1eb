package testcorpus

import "strings"

const htmlStyle = `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<style><!--
@font-face {font-family:Calibri; panose-1:2 15 5 2 2 2 4 3 2 4;}
p.MsoNormal, li.MsoNormal {margin:0cm; margin-bottom:.0001pt; font-size:11.0pt; font-family:"Calibri",sans-serif; mso-fareast-language:EN-US;}
a:link {mso-style-priority:99; color:#0563C1; text-decoration:underline;}
@page WordSection1 {size:612.0pt 792.0pt; margin:72.0pt 72.0pt 72.0pt 72.0pt;}
--></style></head><body lang="EN-GB" link="#0563C1" vlink="#954F72">
`

// html is a stretch of the source of HTML mail: a word processor's paragraphs,
// a newsletter's nested tables, or a spreadsheet that was pasted in.
func html(w *writer) {
	w.frame = "<p class=\"MsoNormal\"><span style='font-size:11.0pt'>%s<o:p></o:p></span></p>\n"
	if len(w.buf) == 0 {
		w.buf = append(w.buf, htmlStyle...)
	}
	pick(w, []func(*writer){paragraphs, newsletter, sheet})(w)
}

func (w *writer) words(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = w.word()
	}
	return strings.Join(words, " ")
}

func paragraphs(w *writer) {
	for range 3 + w.below(4) {
		w.printf("<p class=\"MsoNormal\" style='margin-bottom:12.0pt;line-height:%s%%'><span lang=\"EN-US\" style='font-size:1%s.0pt;color:#%s'>%s&nbsp;<b>%s</b>, %s.<o:p></o:p></span></p>",
			w.digits(3), w.digits(1), w.hex(6), w.words(12+w.below(20)), w.words(3), w.words(10+w.below(10)))
		w.line("\n")
	}
}

func newsletter(w *writer) {
	w.line("<table width=\"600\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"border-collapse:collapse;mso-table-lspace:0pt;mso-table-rspace:0pt;\">\n")
	for range 2 + w.below(4) {
		w.printf("<tr><td align=\"left\" valign=\"top\" style=\"padding:%spx %spx 1%spx %spx;font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:20px;color:#%s;\">",
			w.digits(1), w.digits(2), w.digits(1), w.digits(2), w.hex(6))
		w.line("\n")
		w.printf("<a href=\"https://links.example.org/ls/click?upn=%s-2B%s&amp;c=%s&amp;utm_id=%s\" target=\"_blank\"><img src=\"https://img.example.org/%s/%s.png\" width=\"%s\" height=\"%s\" alt=\"\"></a>",
			w.base64(60), w.base64(40), w.digits(7), w.hex(12), w.digits(6), w.hex(32), w.digits(3), w.digits(3))
		w.line("\n")
		w.printf("%s.</td></tr>", w.words(20+w.below(25)))
		w.line("\n")
	}
	w.line("</table>\n")
}

func sheet(w *writer) {
	w.line("<table border=0 cellpadding=0 cellspacing=0 width=548 style='border-collapse:collapse;width:411pt'>\n")
	for range 3 + w.below(6) {
		w.printf("<tr height=20 style='height:15.0pt'><td class=xl65 width=64 style='width:48pt'>%s</td><td align=right style='mso-number-format:\"0\\.00\"'>%s.%s</td><td>%s</td></tr>",
			w.words(2), w.digits(1+w.below(5)), w.digits(2), w.date())
		w.line("\n")
	}
	w.line("</table>\n")
}
