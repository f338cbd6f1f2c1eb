package extract

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

const benchHeader = "Received: from a by b\r\nFrom: A <a@example.org>\r\nTo: b@example.org\r\nSubject: Quarterly figures\r\n" +
	"Date: Mon, 1 Jun 2026 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"

var prose = strings.Repeat("The quick brown fox jumps over the lazy dog, and the - rather lazy - dog does not mind at all.\r\n", 11000)

// benchBase64 is a mail with a text attachment in base64 of some bytes.
func benchBase64(size int) []byte {
	var b bytes.Buffer
	b.WriteString(benchHeader + "Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b\r\n\r\nsee\r\n--=_b\r\n" +
		"Content-Type: text/csv; charset=utf-8; name=a.csv\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(prose, size/len(prose)+1)[:size]))
	for len(encoded) > 76 {
		b.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	b.WriteString(encoded + "\r\n--=_b--\r\n")
	return b.Bytes()
}

func benchHTML(size int) []byte {
	var b bytes.Buffer
	b.WriteString(benchHeader + "Content-Type: text/html; charset=utf-8\r\n\r\n<html><head><style>p.MsoNormal{margin:0cm}</style></head><body><table>\r\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "<tr style=\"height:15.0pt\"><td width=64 class=\"xl65\" style='width:48pt'><p class=MsoNormal>Row %d &amp; some words of text&nbsp;here</p></td>"+
			"<td align=\"right\"><span style=\"font-family:Calibri\">%d</span></td></tr>\r\n<p>A paragraph of <b>some</b> length that a newsletter may have, "+
			"with <a href=\"https://example.org/%d\">a link</a> in it.</p>\r\n", i, i*i, i)
	}
	b.WriteString("</table></body></html>\r\n")
	return b.Bytes()
}

func BenchmarkMail(b *testing.B) {
	quoted := strings.ReplaceAll(strings.ReplaceAll(prose, "=", "=3D"), "the ", "the=20")
	for _, m := range []struct {
		name string
		mail []byte
	}{
		{"plain-4KiB", []byte(benchHeader + "\r\n" + prose[:4<<10])},
		{"html-64KiB", benchHTML(64 << 10)},
		{"base64-10MiB", benchBase64(10 << 20 * 3 / 4)},
		{"quoted-printable-1MiB", []byte(benchHeader + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted)},
		{"latin1-1MiB", []byte(benchHeader + "Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + strings.ReplaceAll(prose, "dog", "d\xf6g"))},
		{"parts-2000", []byte(benchHeader + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n", 1990) + "--b--\r\n")},
	} {
		b.Run(m.name, func(b *testing.B) {
			b.SetBytes(int64(len(m.mail)))
			b.ReportAllocs()
			for b.Loop() {
				r := NewReader(b.Context(), Limits{}, discardSink{})
				if err := ReadMail(r, bytes.NewReader(m.mail)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type discardSink struct{}

func (discardSink) Field(string, string, string) {}
func (discardSink) Text(*Part, Where) Stream     { return discardSink{} }
func (discardSink) Part(*Part)                   {}
func (discardSink) Write(b []byte) (int, error)  { return len(b), nil }
func (discardSink) Mark(bool)                    {}
func (discardSink) Close() error                 { return nil }
