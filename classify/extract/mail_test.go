package extract

import (
	"strings"
	"testing"
)

// mailCase is a mail with the parts and the texts outside header fields that it
// must give. Its name says why it exists.
type mailCase struct {
	name      string
	mail      string // LF stands for CRLF, unless raw
	raw       bool
	tree      string // parts but the mail's header, "path detected problem"
	texts     string // "path where text"; "-" leaves it unchecked
	anomalies string
}

// run reads the mail whole and in pieces, and compares.
func (m mailCase) run(t *testing.T) {
	t.Helper()
	mail := m.mail
	if !m.raw {
		mail = crlfLines(mail)
	}
	r, c := read(t, mail, Limits{}, 0)
	if got, want := strings.TrimPrefix(c.tree(), "0 text/rfc822-headers\n"), m.tree; got != want {
		t.Errorf("parts:\n%swant\n%s", got, want)
	}
	if got := c.bodies(); got != m.texts && m.texts != "-" {
		t.Errorf("texts:\n%swant\n%s", got, m.texts)
	}
	if got := strings.Join(r.Anomalies(), " "); got != m.anomalies {
		t.Errorf("anomalies %q, want %q", got, m.anomalies)
	}
	invariant(t, mail, Limits{})
}

// invariant checks that cutting the input changes nothing.
func invariant(t *testing.T, mail string, limits Limits) {
	t.Helper()
	r, c := read(t, mail, limits, 0)
	want := c.dump(r)
	for _, n := range []int{1, 2, 3, 7, 61} {
		if n == 1 && len(mail) > 64<<10 {
			continue
		}
		r, c := read(t, mail, limits, n)
		if got := c.dump(r); got != want {
			t.Fatalf("in pieces of %d the mail reads\n%swhole it reads\n%s", n, got, want)
		}
	}
}

func TestMailsGiveTheirPartsAndTexts(t *testing.T) {
	for _, m := range []mailCase{
		{
			name: "a mail without MIME has one part", mail: "Subject: x\n\nhello\n",
			tree: "1 text/plain\n", texts: "1 body \"hello\\r\\n\"\n",
		},
		{
			name: "a mail without a body has an empty part", mail: "Subject: x\n",
			tree: "1 text/plain\n",
		},
		{
			name:  "a multipart gives its children numbers and its preamble the path TEXT",
			mail:  "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none\n--b\nContent-Type: text/csv\n\na,b\n--b--\nepilogue\n",
			tree:  "1 text/plain\n2 text/csv\nTEXT multipart/mixed\n",
			texts: "TEXT body \"preamble\"\n1 body \"one\"\n2 body \"a,b\"\nTEXT body \"epilogue\\r\\n\"\n",
		},
		{
			name: "nested multiparts number on",
			mail: "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n\nplain\n" +
				"--bb\nContent-Type: text/html\n\n<p>rich</p>\n--bb--\n--b\nContent-Disposition: attachment\n\nfile\n--b--\n",
			tree:  "1.1 text/plain\n1.2 text/html\n1 multipart/alternative\n2 text/plain\n",
			texts: "1.1 body \"plain\"\n1.2 body \"rich\"\n2 attachment \"file\"\n",
		},
		{
			name:  "an attached mail has a header at .0 and one body at .1",
			mail:  "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee\n--b\nContent-Type: message/rfc822\n\nSubject: inner\n\ninner text\n--b--\n",
			tree:  "1 text/plain\n2.0 text/rfc822-headers\n2.1 text/plain\n2 message/rfc822\n",
			texts: "1 body \"see\"\n2.1 attachment \"inner text\"\n",
		},
		{
			name:  "an attached multipart mail has its children right below",
			mail:  "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=i\n\npre\n--i\n\na\n--i\n\nb\n--i--\n--b--\n",
			tree:  "1.0 text/rfc822-headers\n1.1 text/plain\n1.2 text/plain\n1.TEXT multipart/mixed\n1 message/rfc822\n",
			texts: "1.TEXT attachment \"pre\"\n1.1 attachment \"a\"\n1.2 attachment \"b\"\n",
		},
		{
			name: "a mail that is nothing but an attached mail",
			mail: "Content-Type: message/rfc822\n\nSubject: inner\n\ntext",
			tree: "1.0 text/rfc822-headers\n1.1 text/plain\n1 message/rfc822\n", texts: "1.1 attachment \"text\"\n",
		},
		{
			name: "an attached mail in base64 is read all the same",
			mail: "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogaW5uZXINCg0KdGV4dCBvZiB0aGUgaW5uZXIgbWFpbA==\n",
			tree: "1.0 text/rfc822-headers\n1.1 text/plain\n1 message/rfc822\n", texts: "1.1 attachment \"text of the inner mail\"\n",
			anomalies: "encoded-container",
		},
		{
			name: "an attached mail without a header or a body has both",
			mail: "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n--b--\n",
			tree: "1.0 text/rfc822-headers\n1.1 text/plain\n1 message/rfc822\n",
		},
		{
			name: "the parts of a digest are mails unless they say otherwise",
			mail: "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\ntext\n--b--\n",
			tree: "1.0 text/rfc822-headers\n1.1 text/plain\n1 message/rfc822\n", texts: "1.1 attachment \"text\"\n",
		},
		{
			name: "a mail attached as a file of no type is known by its fields",
			mail: "Content-Type: application/octet-stream; name=old.eml\nContent-Transfer-Encoding: base64\n\nRnJvbTogYUBiCk1lc3NhZ2UtSUQ6IDwxQGI+ClN1YmplY3Q6IHgKCmhlbGxvCg==\n",
			tree: "1.0 text/rfc822-headers\n1.1 text/plain\n1 message/rfc822\n", texts: "1 attachment \"old.eml\"\n1.1 attachment \"hello\\n\"\n",
		},
		{
			name: "a signed mail is read through",
			mail: "Content-Type: multipart/signed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsigned\n--b\nContent-Type: application/pgp-signature\n\n" +
				"-----BEGIN PGP SIGNATURE-----\n\nwsBzBAABCAAdFiEE\n-----END PGP SIGNATURE-----\n--b--\n",
			tree: "1 text/plain\n2 application/pgp-signature\n", texts: "-",
		},
		{
			name: "a PGP mail is encrypted",
			mail: "Content-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\n\n" +
				"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n--b--\n",
			tree: "1 application/pgp-encrypted\n2 application/pgp-encrypted encrypted\n", texts: "-",
		},
		{
			name: "an enveloped S/MIME mail is encrypted",
			mail: "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nMIIBnAYJKoZIhvcNAQcDoIIBjTCCAYkCAQAxggE=\n",
			tree: "1 application/pkcs7-mime encrypted\n", texts: "1 attachment \"smime.p7m\"\n",
		},
		{
			name: "a detached S/MIME signature holds no text and is not unread",
			mail: "Content-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\nMIIBnAYJKoZIhvcNAQcCoIIBjTCCAYkCAQAxggE=\n",
			tree: "1 application/pkcs7-signature\n", texts: "1 attachment \"smime.p7s\"\n",
		},
		{
			name: "a PDF of which only the beginning came is malformed, and its name is text",
			mail: "Content-Type: application/octet-stream\nContent-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjQKJeLjz9MKAAE=\n",
			tree: "1!résumé.pdf application/pdf malformed\n", texts: "1!résumé.pdf attachment \"résumé.pdf\"\n",
		},
		{
			name: "an image is not unread", mail: "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ\n",
			tree: "1 image/png\n",
		},
		{
			name: "text declared as an image is text", mail: "Content-Type: image/png\n\nplain words\n",
			tree: "1 text/plain\n", texts: "1 body \"plain words\\r\\n\"\n", anomalies: "type-mismatch",
		},
		{
			name: "HTML declared as an image is HTML", mail: "Content-Type: image/jpeg; name=x.jpg\n\n<html><b>078</b>-05</html>\n",
			tree: "1 text/html\n", texts: "1 attachment \"x.jpg\"\n1 attachment \"078-05\"\n", anomalies: "type-mismatch",
		},
		{
			name: "text that begins like an image is text", mail: "Content-Type: text/plain\n\nGIF89a 078-05-1123\n",
			tree: "1 text/plain\n", texts: "1 body \"GIF89a 078-05-1123\\r\\n\"\n",
		},
		{
			name: "bytes of no known kind are unsupported, not silence",
			mail: "Content-Type: application/x-thing\nContent-Transfer-Encoding: base64\n\nAAECAwQFBgcICQoLDA0ODw==\n",
			tree: "1 application/octet-stream unsupported\n",
		},
		{
			name: "the escapes of JSON are undone",
			mail: "Content-Type: application/json\n\n{\"a\": \"ssn\\n078\\u002d05\\/1\\ud83d\\ude00\\q\\u00\"}",
			tree: "1 application/json\n", texts: "1 body \"{\\\"a\\\": \\\"ssn\\n078-05/1😀\\\\q\\\\u00\\\"}\"\n",
		},
		{
			name: "the folds and escapes of calendars are undone",
			mail: "Content-Type: text/calendar\n\nSUMMARY:ssn\\n078-\n 05\\,1\nX:\\y\n",
			tree: "1 text/calendar\n", texts: "1 body \"SUMMARY:ssn\\n078-05,1\\r\\nX:\\\\y\\r\\n\"\n",
		},
		{
			name: "an octet-stream of text is text", mail: "Content-Type: application/octet-stream\n\nname;ssn\n",
			tree: "1 text/plain\n", texts: "1 body \"name;ssn\\r\\n\"\n",
		},
		{
			name: "a delivery report is read", mail: "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@b\n",
			tree: "1 message/delivery-status\n", texts: "1 body \"Final-Recipient: rfc822; a@b\\r\\n\"\n",
		},
		{
			name: "a piece of a mail is flagged", mail: "Content-Type: message/partial; id=1; number=2\n\npiece\n",
			tree: "1 message/partial\n", texts: "1 body \"piece\\r\\n\"\n", anomalies: "partial-message",
		},
		{
			name: "content that stands elsewhere is flagged", mail: "Content-Type: message/external-body; access-type=URL\n\nContent-Type: text/plain\n\n",
			tree: "1 message/external-body\n", texts: "-", anomalies: "external-body",
		},
	} {
		t.Run(m.name, m.run)
	}
}

func TestHeaderFieldsBecomeText(t *testing.T) {
	mail := crlfLines("Received: from x by y; 078-05-1123\nSubject: =?utf-8?Q?one=20?=\n =?utf-8?Q?two?= three\nX-SSN: 536-90-4399\n" +
		"Message-ID: <536904399@x>\nDKIM-Signature: v=1; b=078051123\nX-Long: a\n\tb\nContent-Type: text/plain; boundary=secret; name=\"078-05-1123.txt\"\n\nx")
	_, c := read(t, mail, Limits{}, 0)
	var got []string
	for _, s := range c.texts {
		if s.part.Path == "0" {
			got = append(got, string(s.where)+" "+s.text.String())
		}
	}
	want := "subject one two three|header X-SSN: 536-90-4399|header X-Long: a\tb|header Content-Type: text/plain; boundary=; name=\"\""
	if joined := strings.Join(got, "|"); joined != want {
		t.Errorf("texts %q, want %q", joined, want)
	}
	if !strings.Contains(strings.Join(c.fields, "\n"), "0 Message-ID: <536904399@x>") {
		t.Errorf("fields %q lack the Message-ID", c.fields)
	}
	invariant(t, mail, Limits{})
}

func TestFieldsFromAnMTAReadAsTheyDoInAFile(t *testing.T) {
	c := newCollector(t)
	r := NewReader(t.Context(), Limits{}, c)
	r.Field("Subject", " a\r\n b")
	r.Field("Content-Type", "multipart/mixed;\r\n\tboundary=\"b\"")
	for _, b := range []byte(crlfLines("--b\n\none\n--b\n\ntwo\n--b--\n")) {
		if n, err := r.Write([]byte{b}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	c.check()
	rf, cf := read(t, crlfLines("Subject: a\n b\nContent-Type: multipart/mixed;\n\tboundary=\"b\"\n\n--b\n\none\n--b\n\ntwo\n--b--\n"), Limits{}, 0)
	if got, want := c.bodies()+c.tree(), cf.bodies()+cf.tree(); got != want {
		t.Errorf("by fields\n%swant as in a file\n%s", got, want)
	}
	if len(r.Anomalies())+len(rf.Anomalies()) != 0 {
		t.Errorf("anomalies %q and %q in a clean mail", r.Anomalies(), rf.Anomalies())
	}
}

func TestFilesAndTexts(t *testing.T) {
	c := newCollector(t)
	if err := ReadFile(NewReader(t.Context(), Limits{}, c), "a!b.csv", strings.NewReader("ssn,name\n")); err != nil {
		t.Fatal(err)
	}
	c.check()
	if got, want := c.tree()+c.bodies(), "1 text/csv\n1 attachment \"a!b.csv\"\n1 attachment \"ssn,name\\n\"\n"; got != want {
		t.Errorf("file gives %q, want %q", got, want)
	}
	c = newCollector(t)
	const text = "Subject: <b>x</b>\n> not quoted\x00\xff"
	if err := ReadText(NewReader(t.Context(), Limits{}, c), &pieces{s: text, n: 3}); err != nil {
		t.Fatal(err)
	}
	c.check()
	if len(c.texts) != 1 || c.texts[0].text.String() != text || c.texts[0].marks != nil || c.texts[0].where != Body {
		t.Errorf("text gives %q", c.bodies())
	}
	if got := c.tree(); got != "1 text/plain\n" {
		t.Errorf("text gives parts %q", got)
	}
}

func TestOpeningsOfMailAreKnown(t *testing.T) {
	for opening, want := range map[string]bool{
		"From: a\r\nTo: b\r\n\r\nx":                     true,
		"Received: x\n\tby y\nReceived: z\nDate: w\n":   true,
		"From a@b Mon\nSubject: x\nDate: y\n\n":         true,
		"X-Foo: a\nSubject: x\nMessage-I":               false,
		"From: a\nFrom: b\n\n":                          false,
		"Subject: x\n\nTo: b\n":                         false,
		"Dear Bob\nFrom: a\nTo: b\n":                    false,
		"":                                              false,
		"Return-Path : <a>\ncontent-type: text/plain\n": true,
	} {
		if got := IsMail([]byte(opening)); got != want {
			t.Errorf("IsMail(%q) = %v", opening, got)
		}
	}
}
