package statement

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"
	"testing"

	message "github.com/emersion/go-message/textproto"
	"golang.org/x/text/encoding/ianaindex"
)

// welsh has letters that no Latin-1 text can hold.
var welsh = Statement{Plain: "Mae'r neges hon yn gyfrinachol; ŵ ŷ £.\nPeidiwch â'i hanfon ymlaen.\n"}

var plain = Statement{Plain: "This mail is confidential.\n> do not forward\n", HTML: "<p class=\"x\">This mail is confidential.</p>"}

// split takes a mail apart as an MTA hands it over.
func split(t *testing.T, mail string) (*message.Header, string) {
	t.Helper()
	r := bufio.NewReader(strings.NewReader(mail))
	header, err := message.ReadHeader(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return &header, string(body)
}

// apply adds the statement and returns the whole mail with it.
func apply(t *testing.T, mail string, s Statement) (edit *Edit, after string) {
	t.Helper()
	header, body := split(t, mail)
	edit, err := Append(header, strings.NewReader(body), int64(len(body)), s)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := io.ReadAll(edit.Reader(strings.NewReader(body), int64(len(body))))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range edit.Fields {
		header.Set(f.Name, f.Value)
	}
	var out bytes.Buffer
	if err := message.WriteHeader(&out, *header); err != nil {
		t.Fatal(err)
	}
	return edit, out.String() + string(changed)
}

// text decodes a part as a mail program does.
func text(t *testing.T, header textproto.MIMEHeader, body io.Reader) string {
	t.Helper()
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	charset := params["charset"]
	if charset == "" || charset == "us-ascii" {
		if !isASCII(raw) {
			t.Errorf("the text is %q, want ASCII", raw)
		}
		return string(raw)
	}
	enc, err := ianaindex.MIME.Encoding(charset)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := enc.NewDecoder().Bytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(string(decoded), "\ufeff")
}

// read decodes a mail of one part.
func read(t *testing.T, mail string) string {
	t.Helper()
	r := textproto.NewReader(bufio.NewReader(strings.NewReader(mail)))
	header, err := r.ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	return text(t, header, r.R)
}

// encode writes text in a charset and a transfer encoding.
func encode(t *testing.T, s, charset, coding string) string {
	t.Helper()
	raw := []byte(s)
	if charset != "" && charset != "us-ascii" {
		enc, err := ianaindex.MIME.Encoding(charset)
		if err != nil {
			t.Fatal(err)
		}
		if raw, err = enc.NewEncoder().Bytes(raw); err != nil {
			t.Fatal(err)
		}
	}
	switch coding {
	case "base64":
		return string(encodeBase64(nil, raw, 0, "\r\n"))
	case "quoted-printable":
		return string(encodeQuoted(raw, "\r\n"))
	}
	return string(raw)
}

func TestTheStatementFollowsTheTextInAnyCharsetAndEncoding(t *testing.T) {
	texts := map[string]string{
		"us-ascii": "Dear reader,\r\n\r\nall = well.\r\n", "": "a line without an end", "utf-8": "Grüße, ŵ\r\n",
		"iso-8859-1": "Grüße\r\n", "windows-1252": "“Grüße”\r\n", "iso-8859-14": "ŵ\r\n", "koi8-r": "Привет\r\n",
		"shift_jis": "こんにちは\r\n", "iso-2022-jp": "こんにちは\r\n", "gb18030": "你好\r\n", "utf-16le": "Grüße\r\n", "utf-16be": "Grüße\r\n",
	}
	for charset, before := range texts {
		for _, coding := range []string{"7bit", "8bit", "quoted-printable", "base64"} {
			if strings.HasPrefix(charset, "utf-16") && coding != "base64" {
				continue // line ends of two bytes are no line ends of a mail
			}
			for name, s := range map[string]Statement{"English": plain, "Welsh": welsh} {
				for media, before := range map[string]string{
					"text/plain": before, "text/html": "<html><body>\r\n<p>" + before + "</p></BODY>\r\n</html>\r\n",
				} {
					t.Run(fmt.Sprint(media, " ", charset, " ", coding, " ", name), func(t *testing.T) {
						contentType := media
						if charset != "" {
							contentType += "; charset=" + charset
						}
						mail := "Subject: x\r\nContent-Type: " + contentType + "\r\nContent-Transfer-Encoding: " + coding + "\r\n\r\n" +
							encode(t, before, charset, coding)
						edit, after := apply(t, mail, s)
						got := read(t, after)
						check(t, media, before, got, s)
						for line := range strings.SplitSeq(after, "\r\n") {
							if len(line) > 998 || coding == "base64" && len(line) > 80 {
								t.Errorf("a line is %d long", len(line))
							}
						}
						if len(edit.Fields) == 0 && coding != "base64" && strings.Join(pieces(edit, after), "") == "" {
							t.Error("nothing was inserted")
						}
					})
				}
			}
		}
	}
}

func pieces(e *Edit, _ string) (all []string) {
	for _, c := range e.Changes {
		all = append(all, string(c.With))
	}
	return all
}

// check wants the text as before with the statement once, behind it or before the
// end of the body.
func check(t *testing.T, media, before, got string, s Statement) {
	t.Helper()
	if media == "text/plain" {
		end := strings.ReplaceAll(s.Plain, "\n", "\r\n")
		if !strings.HasPrefix(got, before) || !strings.HasSuffix(got, "\r\n"+end) || strings.Count(got, end) != 1 || len(got) > len(before)+len(end)+4 {
			t.Errorf("got the text %q, want %q and then %q", got, before, end)
		}
		return
	}
	markup := strings.ReplaceAll(s.markup(), "\n", "\r\n")
	head, tail, _ := strings.Cut(before, "</BODY>")
	if want := head + "\r\n" + markup + "\r\n</BODY>" + tail; got != want {
		t.Errorf("got the page %q, want %q", got, want)
	}
}

const nested = "From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"mix\"\r\n\r\n" +
	"preamble\r\n--mix\r\nContent-Type: multipart/alternative; boundary=alt\r\n\r\n" +
	"--alt\r\nContent-Type: text/plain;\r\n\tcharset=us-ascii; format=flowed\r\nX-Odd:   kept  as it is\r\n\r\nHello \r\nyou\r\n" +
	"--alt\r\nContent-Type: multipart/related; boundary=rel; start=\"<r@x>\"\r\n\r\n" +
	"--rel\r\nContent-Type: image/png\r\n\r\npicture\r\n--rel\r\nContent-ID: <r@x>\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Hello=\r\n you</p>\r\n--rel--\r\n" +
	"--alt--\r\n\r\n--mix  \r\nContent-Type: text/plain; name=log.txt\r\n\r\n--mixed up\r\nlog\r\n--mix--\r\nepilogue\r\n"

func TestEveryOtherByteStaysAsItWas(t *testing.T) {
	_, body := split(t, nested)
	edit, after := apply(t, nested, plain)
	if len(edit.Changes) != 2 || len(edit.Fields) != 0 {
		t.Fatalf("got %d changes and the fields %v, want two insertions", len(edit.Changes), edit.Fields)
	}
	var rest strings.Builder
	at := int64(0)
	for _, c := range edit.Changes {
		if c.From != c.To || !strings.Contains(string(c.With), "This mail is confidential.") {
			t.Errorf("[%d,%d) becomes %q, want an insertion of the statement", c.From, c.To, c.With)
		}
		rest.WriteString(body[at:c.From])
		at = c.To
	}
	if rest.String()+body[at:] != body {
		t.Error("other bytes have changed")
	}
	parts := leaves(t, after)
	want := []string{
		"Hello \r\nyou\r\n\r\nThis mail is confidential.\r\n > do not forward\r\n", "picture",
		"<p>Hello you</p>\r\n<p class=\"x\">This mail is confidential.</p>\r\n", "--mixed up\r\nlog",
	}
	for i := range want {
		if i >= len(parts) || parts[i] != want[i] {
			t.Errorf("part %d is %q, want %q", i, parts[i], want[i])
		}
	}
}

// leaves decodes all parts of a mail that are no multiparts.
func leaves(t *testing.T, mail string) []string {
	t.Helper()
	r := textproto.NewReader(bufio.NewReader(strings.NewReader(mail)))
	header, err := r.ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	return collect(t, header, r.R)
}

func collect(t *testing.T, header textproto.MIMEHeader, body io.Reader) (found []string) {
	t.Helper()
	media, params, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if !strings.HasPrefix(media, "multipart/") {
		return []string{text(t, header, body)}
	}
	for parts := multipart.NewReader(body, params["boundary"]); ; {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, collect(t, p.Header, p)...)
	}
}

func TestAnAsciiPartThatGetsOtherLettersIsDeclaredUTF8(t *testing.T) {
	edit, after := apply(t, nested, welsh)
	got := leaves(t, after)
	if !strings.Contains(got[0], "ŵ ŷ £") || !strings.Contains(after, "X-Odd:   kept  as it is\r\n") {
		t.Errorf("the plain text is %q", got[0])
	}
	if !strings.Contains(got[2], "&#373; &#375; &#163;") {
		t.Errorf("the page is %q, want character references", got[2])
	}
	if len(edit.Fields) != 0 {
		t.Errorf("the mail's own header changes: %v", edit.Fields)
	}
	edit, after = apply(t, "Subject: x\r\n\r\nhello\r\n", welsh)
	if len(edit.Fields) != 3 || !strings.Contains(read(t, after), "ŵ ŷ £") {
		t.Errorf("a mail without Content-Type becomes %q", after)
	}
}

func TestEmptyPartsGetTheStatementToo(t *testing.T) {
	for _, coding := range []string{"7bit", "base64", "quoted-printable"} {
		mail := "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: " + coding +
			"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n\r\n--b--\r\n"
		_, after := apply(t, mail, plain)
		got := leaves(t, after)
		if len(got) != 2 || !strings.Contains(got[0], "confidential") || !strings.Contains(got[1], "confidential") {
			t.Errorf("%s: the parts are %q", coding, got)
		}
	}
}

func TestLineEndsOfTheMailAreKept(t *testing.T) {
	mail := strings.ReplaceAll(nested, "\r\n", "\n")
	_, after := apply(t, mail, plain)
	_, body := split(t, after)
	if strings.Contains(body, "\r") {
		t.Errorf("a mail with bare line feeds gets other line ends: %q", body)
	}
}

func TestSomeMailIsNotChanged(t *testing.T) {
	multi := func(kind, rest string) string {
		return "Content-Type: multipart/" + kind + "; boundary=b\r\n\r\n" + rest
	}
	const text = "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
	for name, c := range map[string]struct {
		mail string
		want error
	}{
		"signed by S/MIME or OpenPGP":        {multi("signed", text+"--b--\r\n"), ErrSigned},
		"signed inside a list's mail":        {multi("mixed", "--b\r\nContent-Type: multipart/signed; boundary=c\r\n\r\n--b--\r\n"), ErrSigned},
		"encrypted by OpenPGP":               {multi("encrypted", text+"--b--\r\n"), ErrEncrypted},
		"enveloped by S/MIME":                {"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMII=\r\n", ErrEncrypted},
		"signed inside one part":             {"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\nMII=\r\n", ErrSigned},
		"a text that is a signed message":    {"Subject: x\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n", ErrSigned},
		"an encrypted text in base64":        {"Content-Transfer-Encoding: base64\r\n\r\n" + encode(t, "-----BEGIN PGP MESSAGE-----\n", "", "base64"), ErrEncrypted},
		"nothing but a picture":              {"Content-Type: image/png\r\n\r\nx", ErrNoText},
		"a report":                           {multi("report", text+"--b--\r\n"), ErrNoText},
		"a text that is an attachment":       {"Content-Disposition: attachment; filename=a.txt\r\n\r\nx", ErrNoText},
		"a multipart that is not closed":     {multi("mixed", text), ErrForm},
		"a multipart without a boundary":     {"Content-Type: multipart/mixed\r\n\r\nx", ErrForm},
		"two types":                          {"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx", ErrForm},
		"a type that cannot be read":         {"Content-Type: text/plain; charset=\"\r\n\r\nx", ErrForm},
		"an unknown transfer encoding":       {"Content-Transfer-Encoding: rot13\r\n\r\nx", ErrForm},
		"base64 with padding in the middle":  {"Content-Transfer-Encoding: base64\r\n\r\nYQ==YQ==\r\n", ErrForm},
		"an unknown charset":                 {"Content-Type: text/plain; charset=x-none\r\n\r\nx", ErrCharset},
		"UTF-8 that is none":                 {"Content-Type: text/plain; charset=utf-8\r\n\r\n\xff", ErrCharset},
		"a text too big to be held":          {"Subject: x\r\n\r\n" + strings.Repeat("x", maxText+1), ErrTooBig},
		"multiparts nested without an end":   {strings.Repeat(multi("mixed", "--b\r\n"), 30), ErrForm},
		"more parts than anybody writes":     {multi("mixed", strings.Repeat("--b\r\nContent-Type: image/png\r\n\r\n", maxParts+1)+"--b--"), ErrForm},
		"a boundary that stands in its part": {multi("mixed", "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+text+"--b--\r\n--b--\r\n"), ErrForm},
	} {
		t.Run(name, func(t *testing.T) {
			header, body := split(t, c.mail)
			if _, err := Append(header, strings.NewReader(body), int64(len(body)), welsh); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func FuzzAppend(f *testing.F) {
	f.Add("text/plain; charset=utf-8", "base64", encodedHello)
	f.Add("multipart/mixed; boundary=mix", "", nested[strings.Index(nested, "\r\n\r\n")+4:])
	f.Add("text/html", "quoted-printable", "<b>=\r\n</body>=")
	f.Fuzz(func(t *testing.T, contentType, coding, body string) {
		var header message.Header
		header.Set("Content-Type", contentType)
		header.Set("Content-Transfer-Encoding", coding)
		edit, err := Append(&header, strings.NewReader(body), int64(len(body)), welsh)
		if err != nil {
			return
		}
		at := int64(0)
		for _, c := range edit.Changes {
			if c.From < at || c.To < c.From || c.To > int64(len(body)) {
				t.Fatalf("the change [%d,%d) does not lie behind %d and in %d bytes", c.From, c.To, at, len(body))
			}
			at = c.To
		}
	})
}

const encodedHello = "aGVsbG8gdGhlcmU=\r\n"
