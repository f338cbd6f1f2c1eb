package extract

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
)

// FuzzMail holds the promises of the package for any mail: no panic, no limit
// passed, every text in a part that is told, and the same result in any pieces.
func FuzzMail(f *testing.F) {
	for _, seed := range []string{
		"",
		"0000CX00CX00000000000000000000000000a00=",
		"Content-Type: text/html\n\n<iframe srcdoc=\"&lt;p>a\"><a href='?b=%41%2'><p style='x:url(data:,c)'><input value=d>",
		"Content-Type: text/vcard\n\nNOTE;ENCODING=b:QUJD\n QUJD\nX;FMTTYPE=text/html:<p>a\\n<b>\n",
		"Content-Type: text/xml\n\n<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c&d;'><!ENTITY d \"e\">]><a>&b;&d;</a>",
		"Content-Type: text/plain\n\na b\x00c\x00d\x00e\x00f\x00g\x00h\x00i\x00\n",
		"Subject: =?utf-8?B?SGVs?= =?utf-8?Q?lo=?=\n\nbody",
		"Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n\none\n--b junk\nContent-Transfer-Encoding: base64\n\nQUJD*REVG\n--b--\nepi\n--b\n",
		"Content-Type: multipart/mixed\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n--x\nbad line\nContent-Type: text/html\n\n<p class=x>a=\n<b>c\n--x--",
		"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogaW5uZXINCg0KdGV4dCBvZiB0aGUgaW5uZXIgbWFpbA==\n",
		"Content-Type: text/html; charset=utf-16\n\n<\x00p\x00>\x00<!--[if x]>a<![endif]--><table><tr><td>b<td>&#65;<blockquote>q</blockquote>",
		"Content-Type: multipart/digest; boundary=\"a\nb\"; boundary=c\n\n--c\n\nFrom: x\n\n> y\nz\n--c--",
		"\nFrom: a\nSent: b\nbegin 644 a\n#0V%T\n`\nend\n-----Original Message-----\nx",
		"\nOn 1 May A wrote:\n> q\nbegin-base64 644 b\nQUJD\n====\n=ybegin line=64 name=c\nabc=}\n=yend\n",
		"\n-----BEGIN PGP MESSAGE-----\n\nowEBBwD4/8sFYgBhYQ==\n-----END PGP MESSAGE-----\n(This file must be converted with BinHex 4.0)\n:#'#dEh)J:\n",
		"Content-Transfer-Encoding: x-uuencode\n\nx\nbegin 644 a\n#0V%T\n`\nend\ny\n",
		"Content-Type: text/plain; format=flowed; delsp=yes\n\n> a \n> b\nc \n\n-- \nd",
		"Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\nMIAGCSqGSIb3DQEHAaCAJIAEBVg6IHkKBAN6AAAAAAAAAA==\n",
		"Content-Type: text/html\n\n<style>.a{display:none}</style>1<b class=a>2</b>3<a href='data:text/html;base64,PGI+eA=='>x</a>&#8238;ab\n",
		"Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n" + b64("From a Mon May  1 10:00:00 2026\nFrom: a\nTo: b\n\nx\n\nFrom b Mon May  1 10:00:00 2026\nFrom: a\nTo: b\n\ny\n"),
		"Content-Type: text/x-vcard\n\nN;CHARSET=koi8-r;QUOTED-PRINTABLE:=41=\n=42\n",
		"Content-Type: image/gif\nContent-Transfer-Encoding: base64\n\n" + b64("GIF89a\x01\x00\x01\x00\x00\x00\x00!\xfe\x03abc\x00;"),
		"Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B!!\x1b(B078",
	} {
		f.Add([]byte(seed), uint8(1))
		f.Add([]byte(crlfLines(seed)), uint8(3))
	}
	f.Fuzz(func(t *testing.T, mail []byte, cut uint8) {
		limits := Limits{Depth: 4, Parts: 20, HeaderBytes: 2000, PartBytes: 5000, MailBytes: 20000}
		r, c := read(t, string(mail), limits, 0)
		want, full := c.dump(r), c.cutWithin()
		r, c = read(t, string(mail), limits, int(cut%64)+1)
		if got := c.dump(r); got != want && !full && !c.cutWithin() {
			t.Fatalf("in pieces of %d\n%swhole\n%s", int(cut%64)+1, got, want)
		}
		// One part may state that there were too many, at each level.
		if len(c.parts) > limits.Parts+2*limits.Depth {
			t.Fatalf("%d parts", len(c.parts))
		}
		for _, p := range c.parts {
			if strings.Count(p.Path, ".") > limits.Depth+1 {
				t.Fatalf("path %q is too deep", p.Path)
			}
		}
		for _, s := range c.texts {
			if s.text.Len() > 3*5000+4*2000+len(mail)*3 {
				t.Fatalf("a text of %d bytes out of %d", s.text.Len(), len(mail))
			}
		}
	})
}

// FuzzHTML holds that the reader of markup neither panics nor depends on cuts,
// and that it makes at most so much text of its input.
func FuzzHTML(f *testing.F) {
	for _, seed := range []string{
		"<p>a<b>c</b>&amp;&#x41;<!-- x --><script>y</script>",
		"<table><tr><td>a<table><tr><td>b</table><td>c<br>d</table><pre> x\n</pre>",
		"<a href='x\" title=\"&lt\">y</a <b>z<![CDATA[q]]><div class=gmail_quote>r</div>",
	} {
		f.Add(seed, uint8(2))
	}
	f.Fuzz(func(t *testing.T, markup string, cut uint8) {
		parse := func(n int) (string, int) {
			c := newCollector(t)
			r := NewReader(context.Background(), Limits{}, c)
			p := &Part{Path: "1"}
			h := newHTML(newTextStream(r, p, Body), newTextStream(r, p, Attachment))
			for s := markup; s != ""; {
				k := min(n, len(s))
				h.write([]byte(s[:k]))
				s = s[k:]
			}
			h.close()
			var b strings.Builder
			size := 0
			for _, where := range []Where{Body, Attachment} {
				for _, s := range c.texts {
					if s.where == where {
						b.WriteString(s.text.String() + strings.Join(s.marks, " "))
						size += s.text.Len()
					}
				}
			}
			return b.String(), size
		}
		whole, size := parse(len(markup) + 1)
		if got, _ := parse(int(cut%32) + 1); got != whole {
			t.Fatalf("in pieces of %d\n%q\nwhole\n%q", int(cut%32)+1, got, whole)
		}
		if size > 3*len(markup)+10 {
			t.Fatalf("%d bytes of text out of %d", size, len(markup))
		}
	})
}

// Mails put together at random from what matters to the reader meet its states
// far more often than random bytes do.
func TestMailsOfRandomPiecesReadTheSameInAnyCut(t *testing.T) {
	pieces := []string{
		"\r\n", "\n", "\r", "\r\n\r\n", "\n\n", "--b\r\n", "--b--\r\n", "--b", "--bb\n", "--bb--\n", "--", "-", "--b \r", "--bx\n", " ", "\t", ">", "> q\r\n", "x", "=", "=\r\n", "= \n",
		"=4", "=41", "QUJD", "QQ==", "Q", "*", "\x00", "\xff\xfe", "\xc3", "\xa9", "\xe2\x82", "<p>", "<b", "</td>", "<td>", "<table>", "<!--", "-->", "<script>", "</script", ">", "&amp", ";", "&#6", "5",
		"<blockquote>", "</blockquote>", "<a href='", "\"", "'", "<br>", "<pre>", "text 078-05-1123", strings.Repeat("y", 600), strings.Repeat("QUJDREVG", 60) + "\r\n",
		"Content-Type: multipart/mixed; boundary=b\r\n", "Content-Type: multipart/mixed; boundary=\"bb\"\n", "Content-Type: multipart/mixed\n", "Content-Type: text/html\r\n",
		"Content-Type: message/rfc822\r\n", "Content-Type: text/plain; charset=utf-16\r\n", "Content-Type: text/plain; charset=iso-8859-1\r\n", "Content-Type: text/plain; charset=shift_jis\n",
		"Content-Type: application/octet-stream; name=x\n", "Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: quoted-printable\r\n", "Content-Transfer-Encoding: x\r\n",
		"\\u00", "\\n", "\\", "\r\n ", "+", "+ADA", "Content-Type: application/json\r\n", "Content-Type: text/calendar\n", "Content-Type: text/plain; charset=utf-7\n",
		"begin 644 a\n", "#0V%T\n", "`\nend\n", "=ybegin line=64 name=c\n", "=yend\n", "begin-base64 644 b\n", "====\n", "From: x\n", "Sent: y\n", "To: z\n", "On 1 May\n", "A wrote:\n", "| ",
		"-----BEGIN PGP MESSAGE-----\n\n", "owEBBwD4/8sFYgBhYQ==\n", "-----END PGP MESSAGE-----\n", "________________________________\n", "<b hidden>", "<p style='display:none'>", "</p>", "</b>", "<a href=\"data:,a%41", "data:;base64,QUJD",
		"\u202eabc", "\u202c", "Content-Transfer-Encoding: uuencode\r\n", "Content-Type: text/plain; format=flowed; delsp=yes\r\n", "Content-Type: text/xml\r\n", "Content-Type: text/x-vcard\r\n", "N;QUOTED-PRINTABLE:=41=\n", "&#6", "6;",
		"Subject: =?utf-8?q?a?=\r\n", "From: a\r\nTo: b\r\n", "bad line\r\n", " folded\r\n", "X-Y", ":",
	}
	limits := Limits{Depth: 5, Parts: 12, HeaderBytes: 1500, PartBytes: 4000, MailBytes: 9000}
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 1))
		var b strings.Builder
		b.WriteString(pieces[len(pieces)-16+random.IntN(16)])
		for range 3 + random.IntN(40) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		mail := b.String()
		r, c := read(t, mail, limits, 0)
		want := c.dump(r)
		n := 1 + random.IntN(5)
		r, c = read(t, mail, limits, n)
		if got := c.dump(r); got != want || t.Failed() {
			t.Fatalf("seed %d, in pieces of %d the mail %q reads\n%swhole\n%s", seed, n, mail, got, want)
		}
	}
}
