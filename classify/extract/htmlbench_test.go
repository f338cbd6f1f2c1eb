package extract

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// htmlPages write pieces of pages as programs write them for mail.
var htmlPages = []struct {
	name  string
	head  string
	piece func(b *bytes.Buffer, r *rand.Rand, i int)
}{
	{"newsletter", newsletterHead + strings.Repeat(newsletterRule, 60) + newsletterBody, newsletter},
	{"word", wordHead, wordHTML},
	{"plain", "<html><body><div dir=\"ltr\">\r\n", plainHTML},
	{"entities", "<html><body>\r\n", entityHTML},
	{"numbers", "<html><body><table border=1 cellspacing=0>\r\n", numberTable},
	{"reply", "<html><body>\r\n", replyHTML},
}

var benchWords = strings.Fields("the of and to in for is on that by this with you it not or be are from at as your all have new more an was we will can us about if page my has " +
	"search free but our one other do no information time they site he up may what which their news out use any there see only so his when contact here business who web also now help")

func words(b *bytes.Buffer, r *rand.Rand, n int) {
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(benchWords[r.IntN(len(benchWords))])
	}
}

const newsletterHead = "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\r\n" +
	"<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\" />" +
	"<style type=\"text/css\">\r\n#outlook a{padding:0;}\r\n.ReadMsgBody{width:100%;} .ExternalClass{width:100%;}\r\n" +
	"@media only screen and (max-width: 480px){.mobile{display:none !important;} td[class=full]{width:100% !important;}}\r\n"

const newsletterRule = ".mcnTextContent a, #templateHeader .mcnTextContent p a {\r\n\t\tcolor:#007C89;\r\n\t\tfont-weight:normal;\r\n\t\ttext-decoration:underline;\r\n\t\tfont-size:16px;\r\n\t\tline-height:150%;\r\n\t}\r\n"

const newsletterBody = "</style></head>" +
	"<body style=\"margin:0;padding:0;background-color:#f4f4f4;\">\r\n<span style=\"display:none;font-size:0;\">What is new this week</span>\r\n"

func newsletter(b *bytes.Buffer, r *rand.Rand, i int) {
	fmt.Fprintf(b, "<table width=\"100%%\" border=\"0\" cellspacing=\"0\" cellpadding=\"0\" style=\"border-collapse:collapse;mso-table-lspace:0pt;mso-table-rspace:0pt;\">\r\n"+
		"  <tr>\r\n    <td align=\"center\" valign=\"top\" bgcolor=\"#ffffff\" style=\"padding:%dpx 20px 10px 20px;font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:24px;color:#333333;\">\r\n"+
		"      <table width=\"600\" class=\"full\" border=\"0\" cellspacing=\"0\" cellpadding=\"0\"><tbody><tr><td width=\"280\" style=\"padding:0 10px;\">"+
		"<a href=\"https://click.example.com/track/%x?u=%d&amp;l=%d&amp;utm_source=news&amp;utm_medium=email&amp;utm_campaign=week\" target=\"_blank\" style=\"color:#0066cc;text-decoration:none;\">"+
		"<img src=\"https://img.example.com/c/%d/banner.jpg\" width=\"280\" height=\"160\" alt=\"", i%7*5, r.Uint64(), r.IntN(1e6), i, i)
	words(b, r, 4)
	b.WriteString("\" border=\"0\" style=\"display:block;border:0;outline:none;\" /></a></td>\r\n<td style=\"padding:0 10px;vertical-align:top;\"><h2 style=\"margin:0 0 10px 0;font-size:20px;font-weight:bold;color:#111111;\">")
	words(b, r, 6)
	b.WriteString("</h2><p style=\"margin:0;font-size:14px;line-height:20px;\">")
	words(b, r, 45)
	b.WriteString("</p></td></tr></tbody></table>\r\n    </td>\r\n  </tr>\r\n</table>\r\n")
}

const wordHead = "<html xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns:w=\"urn:schemas-microsoft-com:office:word\" xmlns=\"http://www.w3.org/TR/REC-html40\">\r\n" +
	"<head><meta name=Generator content=\"Microsoft Word 15 (filtered medium)\"><!--[if !mso]><style>v\\:* {behavior:url(#default#VML);}</style><![endif]--><style><!--\r\n" +
	"/* Font Definitions */\r\n@font-face\r\n\t{font-family:\"Cambria Math\";\r\n\tpanose-1:2 4 5 3 5 4 6 3 2 4;}\r\n/* Style Definitions */\r\np.MsoNormal, li.MsoNormal, div.MsoNormal\r\n" +
	"\t{margin:0cm;\r\n\tfont-size:11.0pt;\r\n\tfont-family:\"Calibri\",sans-serif;}\r\n@page WordSection1\r\n\t{size:612.0pt 792.0pt;\r\n\tmargin:72.0pt 72.0pt 72.0pt 72.0pt;}\r\n--></style>" +
	"<!--[if gte mso 9]><xml>\r\n<o:shapedefaults v:ext=\"edit\" spidmax=\"1026\" />\r\n</xml><![endif]--></head><body lang=EN-GB link=\"#0563C1\" vlink=\"#954F72\" style='word-wrap:break-word'><div class=WordSection1>\r\n"

func wordHTML(b *bytes.Buffer, r *rand.Rand, i int) {
	switch i % 4 {
	case 0:
		b.WriteString("<p class=MsoNormal><span style='font-size:10.0pt;font-family:\"Arial\",sans-serif;color:black;mso-fareast-language:EN-US'>")
		words(b, r, 40)
		b.WriteString("<o:p></o:p></span></p>\r\n<p class=MsoNormal><o:p>&nbsp;</o:p></p>\r\n")
	case 1:
		fmt.Fprintf(b, "<p class=MsoListParagraph style='margin-left:36.0pt;text-indent:-18.0pt;mso-list:l%d level1 lfo%d'><![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp; </span></span></span><![endif]>", i%9, i%5)
		words(b, r, 18)
		b.WriteString("<b><span lang=EN-US>")
		words(b, r, 3)
		b.WriteString("</span></b><o:p></o:p></p>\r\n")
	case 2:
		b.WriteString("<table class=MsoNormalTable border=0 cellspacing=0 cellpadding=0 width=604 style='width:453.0pt;border-collapse:collapse'>")
		for range 3 {
			b.WriteString("<tr style='height:15.0pt'>")
			for range 4 {
				b.WriteString("<td width=151 nowrap valign=bottom style='width:113.0pt;border:solid windowtext 1.0pt;border-left:none;padding:0cm 5.4pt 0cm 5.4pt;height:15.0pt'>" +
					"<p class=MsoNormal align=right style='text-align:right'><span style='color:black;mso-fareast-language:EN-GB'>")
				fmt.Fprintf(b, "%d", r.IntN(1e6))
				b.WriteString("<o:p></o:p></span></p></td>")
			}
			b.WriteString("</tr>\r\n")
		}
		b.WriteString("</table>\r\n")
	default:
		fmt.Fprintf(b, "<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><a href=\"mailto:a%d@example.org\"><span style='color:#0563C1'>a%d@example.org</span></a> ", i, i)
		words(b, r, 25)
		b.WriteString("<br>")
		words(b, r, 20)
		b.WriteString("<o:p></o:p></p></div></div>\r\n")
	}
}

func plainHTML(b *bytes.Buffer, r *rand.Rand, _ int) {
	b.WriteString("<div>")
	words(b, r, 30)
	b.WriteString("<br></div><div><br></div><div>")
	words(b, r, 12)
	b.WriteString(" <b>")
	words(b, r, 2)
	b.WriteString("</b> ")
	words(b, r, 14)
	b.WriteString("<br></div>\r\n")
}

func entityHTML(b *bytes.Buffer, r *rand.Rand, _ int) {
	entities := []string{"&nbsp;", "&uuml;", "&auml;", "&ouml;", "&szlig;", "&#8217;", "&amp;", "&eacute;", "&#xE8;", "&quot;", "&mdash;", "&#8211;", "&lt;", "&euro;"}
	b.WriteString("<p>")
	for range 40 {
		words(b, r, 1+r.IntN(4))
		b.WriteString(entities[r.IntN(len(entities))])
	}
	b.WriteString("</p>\r\n")
}

func numberTable(b *bytes.Buffer, r *rand.Rand, i int) {
	fmt.Fprintf(b, "<tr><td>%d</td>", i)
	for range 10 {
		fmt.Fprintf(b, "<td align=\"right\">%d.%02d</td>", r.IntN(1e5), r.IntN(100))
	}
	b.WriteString("</tr>\r\n")
}

func replyHTML(b *bytes.Buffer, r *rand.Rand, i int) {
	fmt.Fprintf(b, "<div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Mon, %d Jun 2026 at 10:%02d, A B &lt;<a href=\"mailto:a%d@example.org\" target=\"_blank\">a%d@example.org</a>&gt; wrote:<br></div>"+
		"<blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex\"><div><p>", i%28+1, i%60, i, i)
	words(b, r, 40)
	b.WriteString("</p><p>")
	words(b, r, 25)
	b.WriteString("<br>\r\n")
	words(b, r, 25)
	b.WriteString("</p></div></blockquote></div>\r\n")
}

func htmlPage(name string, size int) []byte {
	var b bytes.Buffer
	b.WriteString(benchHeader + "Content-Type: text/html; charset=utf-8\r\n\r\n")
	for _, p := range htmlPages {
		if p.name == name {
			b.WriteString(p.head)
			r := rand.New(rand.NewPCG(7, 7))
			for i := 0; b.Len() < size; i++ {
				p.piece(&b, r, i)
			}
		}
	}
	return b.Bytes()
}

// BenchmarkHTML is the reading of pages, without detectors.
func BenchmarkHTML(b *testing.B) {
	for _, p := range htmlPages {
		b.Run(p.name, func(b *testing.B) {
			mail := htmlPage(p.name, 256<<10)
			b.SetBytes(int64(len(mail)))
			b.ReportAllocs()
			for b.Loop() {
				r := NewReader(b.Context(), Limits{}, discardSink{})
				if err := ReadMail(r, bytes.NewReader(mail)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
