package extract

import (
	"strings"
	"testing"
)

// marked returns the text of part 1 with what is quoted between brackets.
func (c *collector) marked() string {
	var b strings.Builder
	for _, s := range c.texts {
		if s.part.Path != "1" {
			continue
		}
		text, at := s.text.String(), 0
		for _, m := range s.marks {
			pos := 0
			num, quoted, _ := strings.Cut(m, ":")
			for _, d := range num {
				pos = pos*10 + int(d-'0')
			}
			b.WriteString(text[at:pos])
			b.WriteString(map[string]string{"true": "[", "false": "]"}[quoted])
			at = pos
		}
		b.WriteString(text[at:])
	}
	return strings.ReplaceAll(b.String(), "\r\n", "\n")
}

func TestQuotedTextIsMarked(t *testing.T) {
	for _, q := range []struct{ name, text, want string }{
		{"signs at the beginning of lines", "new\n> old\n>> older\n\nnew\n> old", "new\n[> old\n>> older\n\n]new\n[> old"},
		{"a text that begins with a quotation", "> old", "[> old"},
		{"a sign within a line", "a > b\nc", "a > b\nc"},
		{"white space before a sign", "  \n > old\nnew", "  \n [> old\n]new"},
		{"answers between quoted lines", "On 1 May 2026 at 10:00, A B <a@b> wrote:\n> one\n\nyes\n\n> two\nno", "[On 1 May 2026 at 10:00, A B <a@b> wrote:\n> one\n\n]yes\n\n[> two\n]no"},
		{"no signs behind the line that leads in", "yes\n\nOn Mon, 1 May 2026 A B wrote:\n\nold\nold\n\nold", "yes\n\n[On Mon, 1 May 2026 A B wrote:\n\nold\nold\n\nold"},
		{"a leading line over two lines", "yes\nOn Fri, Jan 5, 2026 at 10:00 AM Somebody With a Name\n<a@example.org> wrote:\n> old\nnew", "yes\n[On Fri, Jan 5, 2026 at 10:00 AM Somebody With a Name\n<a@example.org> wrote:\n> old\n]new"},
		{"other signs behind a leading line", "On 1 May 2026 A wrote:\n| old\nnew\n| old", "[On 1 May 2026 A wrote:\n| old\n]new\n[| old"},
		{"colons behind a leading line", "A <a@b> wrote:\n: old\nnew\n", "[A <a@b> wrote:\n: old\n]new\n"},
		{"a table is no quotation", "| a | b |\n| c | d |\n", "| a | b |\n| c | d |\n"},
		{"German", "Am 01.05.2026 um 10:00 schrieb A B:\nalt", "[Am 01.05.2026 um 10:00 schrieb A B:\nalt"},
		{"French", "Le ven. 1 mai 2026 à 10:00, A B <a@b> a écrit :\nvieux", "[Le ven. 1 mai 2026 à 10:00, A B <a@b> a écrit :\nvieux"},
		{"Spanish", "El 1 may 2026, a las 10:00, A B <a@b> escribió:\nviejo", "[El 1 may 2026, a las 10:00, A B <a@b> escribió:\nviejo"},
		{"Welsh", "Ar 1 Mai 2026 am 10:00, ysgrifennodd A B:\nhen", "[Ar 1 Mai 2026 am 10:00, ysgrifennodd A B:\nhen"},
		{"Dutch", "Op 1 mei 2026 om 10:00 schreef A B:\noud", "[Op 1 mei 2026 om 10:00 schreef A B:\noud"},
		{"Japanese", "2026年5月1日(金) 10:00 A <a@b>のメール:\n古い", "[2026年5月1日(金) 10:00 A <a@b>のメール:\n古い"},
		{"words that only begin so", "On 3 May we met.\nOn 4 May we parted.\nThe end.\n> old\n", "On 3 May we met.\nOn 4 May we parted.\nThe end.\n[> old\n"},
		{"somebody wrote, no date and no address", "He wrote:\nnew", "He wrote:\nnew"},
		{"a divider of Outlook", "new\n\n-----Original Message-----\nFrom: a\nSent: b\n\nold\n", "new\n\n[-----Original Message-----\nFrom: a\nSent: b\n\nold\n"},
		{"a divider of Gmail", "new\n---------- Forwarded message ---------\nFrom: a\n\nold", "new\n[---------- Forwarded message ---------\nFrom: a\n\nold"},
		{"a divider in Welsh", "new\n----- Neges Wreiddiol -----\nold", "new\n[----- Neges Wreiddiol -----\nold"},
		{"a divider in French", "new\n-----Message d'origine-----\nold", "new\n[-----Message d'origine-----\nold"},
		{"a divider that says something else", "new\n----- cut here -----\nnew", "new\n----- cut here -----\nnew"},
		{"a signature", "new\n-- \nA B\n", "new\n-- \nA B\n"},
		{"Apple's forwarding", "new\nBegin forwarded message:\n\n> From: a\nold", "new\n[Begin forwarded message:\n\n> From: a\nold"},
		{"the head of Outlook", "new\nFrom: a\nSent: b\nTo: c\nSubject: d\n\nold", "new\n[From: a\nSent: b\nTo: c\nSubject: d\n\nold"},
		{"the head below a rule", "new\n________________________________\nFrom: a\nSent: b\nTo: c\nSubject: d\nold", "new\n[________________________________\nFrom: a\nSent: b\nTo: c\nSubject: d\nold"},
		{"the head in bold", "new\n*From:* a\n*Date:* b\n*Subject:* d\n\nold", "new\n[*From:* a\n*Date:* b\n*Subject:* d\n\nold"},
		{"the head in German", "neu\nVon: a\nGesendet: b\nAn: c\nBetreff: d\nalt", "neu\n[Von: a\nGesendet: b\nAn: c\nBetreff: d\nalt"},
		{"the head in French", "neuf\nDe : a\nEnvoyé : b\nÀ : c\nObjet : d\nvieux", "neuf\n[De : a\nEnvoyé : b\nÀ : c\nObjet : d\nvieux"},
		{"the head in Spanish", "De: a\nEnviado el: b\nPara: c\nAsunto: d\nviejo", "[De: a\nEnviado el: b\nPara: c\nAsunto: d\nviejo"},
		{"the head in Welsh", "newydd\nOddi wrth: a\nAnfonwyd: b\nAt: c\nPwnc: d\nhen", "newydd\n[Oddi wrth: a\nAnfonwyd: b\nAt: c\nPwnc: d\nhen"},
		{"a long list of recipients in the head", "From: a\nTo: c;\n d; e\nSent: b\nold", "[From: a\nTo: c;\n d; e\nSent: b\nold"},
		{"one field is no head", "From: here\nto there\nit is far", "From: here\nto there\nit is far"},
		{"a rule is no head", "new\n________________________________\nnew", "new\n________________________________\nnew"},
	} {
		t.Run(q.name, func(t *testing.T) {
			for _, end := range []string{"\n", "\r\n"} {
				mail := "Content-Type: text/plain; charset=utf-8\r\n\r\n" + strings.ReplaceAll(q.text, "\n", end)
				_, c := read(t, mail, Limits{}, 0)
				if got := c.marked(); got != q.want {
					t.Errorf("reads\n%s\nwant\n%s", got, q.want)
				}
				invariant(t, mail, Limits{})
			}
		})
	}
}

func TestQuotationsInHTMLAreMarked(t *testing.T) {
	for _, q := range []struct{ name, text, want string }{
		{"blockquotes", "a<blockquote>b<blockquote>c</blockquote></blockquote>d", "a\n[b\nc\n]d"},
		{"Gmail", "a<div class=\"gmail_quote x\"><div>b</div>c</div><div>d</div>", "a\n[b\nc\n]d"},
		{
			"answers between Gmail's quotations",
			"a<div class=gmail_quote><div class=gmail_attr>On 1 May A wrote:<br></div><blockquote class=gmail_quote>b</blockquote><div>yes</div><blockquote class=gmail_quote>c</blockquote>no</div>",
			"a\n[On 1 May A wrote:\nb\n]yes\n[c\n]no",
		},
		{"a forwarded mail of Gmail", "a<div class=gmail_quote><div class=gmail_attr>---------- Forwarded message ---------<br>From: x</div>b</div>c", "a\n[---------- Forwarded message ---------\nFrom: x\nb\n]c"},
		{"Outlook on the web", "a<hr><div id=\"x_divRplyFwdMsg\">From: b</div><div>c</div>", "a\n[From: b\nc"},
		{"Outlook", "<p>a</p><div style='border-top:solid #E1E1E1 1.0pt'><p><b>From:</b> b<br><b>Sent:</b> c<br><b>To:</b> d<br><b>Subject:</b> e</p></div><p>f</p>", "a\n[From: b\nSent: c\nTo: d\nSubject: e\nf"},
		{"Apple Mail", "a<br><div><blockquote type=cite><div>On 1 May 2026 A wrote:</div><div>b</div></blockquote></div>c", "a\n[On 1 May 2026 A wrote:\nb\n]c"},
		{"a leading line before a blockquote", "a<div>On 1 May 2026, A wrote:</div><blockquote>b</blockquote>c", "a\n[On 1 May 2026, A wrote:\nb\n]c"},
		{"Thunderbird", "a<div class=moz-cite-prefix>On 1 May 2026 A wrote:<br></div><blockquote type=cite cite=mid:x>b</blockquote>c", "a\n[On 1 May 2026 A wrote:\nb\n]c"},
		{"Yahoo", "a<div id=yahoo_quoted_1 class=yahoo_quoted>b</div>c", "a\n[b\n]c"},
	} {
		mail := "Content-Type: text/html; charset=utf-8\r\n\r\n" + q.text
		_, c := read(t, mail, Limits{}, 0)
		if got := c.marked(); !strings.HasPrefix(got, q.want) {
			t.Errorf("%s: reads\n%s\nwant\n%s", q.name, got, q.want)
		}
		invariant(t, mail, Limits{})
	}
}

func TestFlowedLinesAreJoined(t *testing.T) {
	for _, f := range []struct{ name, params, text, want string }{
		{"soft line breaks", "", "the number is 078-05-1123 \nof A \nB.\n\n  two\n", "the number is 078-05-1123 of A B.\n\n two\n"},
		{"a word broken by DelSp", "; delsp=yes", "078- \n05- \n1123\n", "078-05-1123\n"},
		{"quoted lines", "", "> a \n> b\n>> c \n> d\n", "[> a b\n>> c \n> d\n"},
		{"a signature is no soft break", "", "a\n-- \nA B\n", "a\n-- \nA B\n"},
		{"a line before a signature", "", "a \n-- \nA B", "a \n-- \nA B"},
		{"a long line", "", strings.Repeat("x", 1500) + " \ny ", strings.Repeat("x", 1500) + " \ny "},
	} {
		mail := "Content-Type: text/plain; format=flowed" + f.params + "\r\n\r\n" + strings.ReplaceAll(f.text, "\n", "\r\n")
		_, c := read(t, mail, Limits{}, 0)
		if got := c.marked(); got != f.want {
			t.Errorf("%s: reads %q, want %q", f.name, got, f.want)
		}
		invariant(t, mail, Limits{})
	}
}
