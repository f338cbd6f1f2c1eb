package extract

import (
	"strings"
	"testing"
)

// readHTML returns what is visible of an HTML part, and the rest.
func readHTML(t *testing.T, markup string) (visible, aside string) {
	t.Helper()
	mail := "Content-Type: text/html; charset=utf-8\r\n\r\n" + markup
	_, c := read(t, mail, Limits{}, 0)
	for _, s := range c.texts {
		if s.part.Path != "1" {
			continue
		}
		// The aside may be opened first; it is lines, each ended.
		if text := s.text.String(); visible == "" && !strings.HasSuffix(text, "\n") {
			visible = text
		} else {
			aside += text
		}
	}
	invariant(t, mail, Limits{})
	return visible, aside
}

func TestHTMLReadsAsItIsShown(t *testing.T) {
	for _, h := range []struct{ name, markup, want string }{
		{"inline tags do not split words", "<b>078</b>-05-<i>1123</i>", "078-05-1123"},
		{"comments do not split words", "078<!-- x -->-05-1123", "078-05-1123"},
		{"entities are characters", "&#48;&#x37;8&ndash;05&hyphen;1123 &lt;&AMP;&copy;&nosuch; &amp", "078–05‐1123 <&©&nosuch; &"},
		{"numeric entities without a semicolon", "&#48&#55;&#56-05", "078-05"},
		{"references to Windows-1252 are mended", "&#150;&#0;&#x110000;", "–\ufffd"},
		{"white space is one space", " a \r\n\t b\n", "a b"},
		{"a line break in the source is a space", "078\n05 1123", "078 05 1123"},
		{"paragraphs are lines", "<p>a</p>\n<p>b<br>c</p><div>d</div>e", "a\nb\nc\nd\ne"},
		{"two breaks are a blank line", "a<br><br/>b", "a\n\nb"},
		{"lists and headings are lines", "<h1>a</h1><ul><li>b<li>c</ul>d", "a\nb\nc\nd"},
		{"preformatted text keeps its white space", "<pre>a  b\n c</pre>d", "a  b\n c\nd"},
		{
			"a table is rows of cells with clean delimiters",
			"x<table>\n<thead><tr>\n <th> Name </th>\n <th>SSN</th></tr></thead>\n<tr><td>A B</td>\n<td>\n<p>078051123</p>\n</td></tr>\n</table>y",
			"x\nName\tSSN\nA B\t078051123\ny",
		},
		{"one column under a header cell is a column", "<table><tr><th>SSN</th></tr><tr><td>078051123</td></tr><tr><td>a</td></tr></table>b", "SSN\t\n078051123\t\na\t\nb"},
		{"a header cell over two columns is no column of its own", "<table><tr><th colspan=2>Staff</th></tr><tr><th>Name</th><th>SSN</th></tr><tr><td>a</td><td>b</td></tr></table>", "Staff\nName\tSSN\na\tb"},
		{"empty cells keep the columns", "<table><tr><td></td><td>b</td><td></td></tr><tr><td>a<td><td>c</table>", "\tb\t\na\t\tc"},
		{"cells without end tags", "<table><tr><th>a<th>b<tr><td>c<td>d</table>", "a\tb\nc\td"},
		{"a break within a short cell is a space", "<table><tr><th>Social<br>Security</th><th>x<br>y</th></tr><tr><td>a</td><td>b<br>c</td></tr></table>", "Social Security\tx y\na\tb c"},
		{"a table in a cell is a table of its own", "<table><tr><td><table><tr><td>a<td>b</tr><tr><td>c<td>d</table></td></tr><tr><td>e</table>", "a\tb\nc\td\ne"},
		{"a layout cell keeps its lines", "<table><tr><td><p>a</p><p>b</p></td></tr></table>", "a\nb"},
		{"hidden text is text", "<div style='display:none'>a</div><p hidden>b", "a\nb"},
		{"a less-than sign in text", "a < b <3 <", "a < b <3 <"},
		{"attributes without quotes or with a greater-than sign", "<a href=x>a</a><i title=\"a>b\">c</i><b title='\"'>d", "acd"},
		{"a tag that another one interrupts", "a<b<i>c</i>", "ac"},
		{"scripts and styles are not shown", "a<script>if (a<b) '</b>'</script>b<STYLE>p{}</STYLE >c", "abc"},
		{"conditional comments are read as Outlook does", "a<!--[if mso]><p><b>078</b>-05</p><![endif]-->b<!--[if !mso]><!-->c<!--<![endif]-->", "a\n078-05\nbc"},
		{"CDATA is text", "a<![CDATA[b]]>", "ab]]>"},
		{"declarations and instructions are not shown", "<!DOCTYPE html><?xml version='1.0'?><html><head><title>t</title></head><body>a", "t\na"},
		{"short and odd comments", "a<!-->b<!--->c<!---->d<!--x--!>e<!>f</>g</ x>h", "abcdefgh"},
		{"text of options and buttons", "<select><option>a<option>b</select><button>c</button>", "a\nb\nc"},
		{"no-break spaces stay", "078&nbsp;05&nbsp;1123", "078\u00a005\u00a01123"},
		{"broken UTF-8 passes on", "a\xffb", "a\xffb"},
		{"unknown elements are inline", "<o:p>078</o:p><x-y>-05</x-y>", "078-05"},
	} {
		t.Run(h.name, func(t *testing.T) {
			if got, _ := readHTML(t, h.markup); got != h.want {
				t.Errorf("%s\nreads %q\nwant  %q", h.markup, got, h.want)
			}
		})
	}
}

func TestNothingInHTMLIsLost(t *testing.T) {
	for name, markup := range map[string]string{
		"an alt text":                       `<img alt="078-05-1123">`,
		"a title":                           `a<b title='x 078-05-1123'>b`,
		"a link":                            `<a href=mailto:x?body=078-05-1123>b</a>`,
		"the value of a form field":         `<input name=ssn value="078-05-1123">`,
		"an entity in an attribute":         `<img alt="078&#45;05-1123">`,
		"a description":                     `<meta name=description content="078-05-1123">`,
		"a comment":                         `a<!-- 078-05-1123 -->`,
		"a comment without an end":          `a<!-- 078-05-1123`,
		"a script":                          `<script>x="078-05-1123"</script>`,
		"a script without an end":           `<script>x="078-05-1123"`,
		"a style":                           `<style>p:after{content:"078-05-1123"}</style>`,
		"a declaration":                     `<!foo 078-05-1123>`,
		"a tag without an end":              `a <b and 078-05-1123`,
		"a tag that is text":                `a <b and 078-05-1123> c`,
		"an attribute":                      `<a 078-05-1123=x>`,
		"an attribute with nothing":         `<a 078-05-1123=>`,
		"a quote without an end":            `<p class="x>078-05-1123`,
		"a quote that ends too late":        `<p class="x>078-05-1123</p><p class="y">`,
		"a long style attribute":            `<p style="` + strings.Repeat("x", 300) + `078-05-1123">`,
		"a tag name without an end":         `<a078-05-1123`,
		"a long tag name":                   `<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 078-05-1123 >b`,
		"an entity without an end":          `078-05-1123&amp`,
		"a text area":                       `<textarea>078-05-1123</textarea>`,
		"a noscript element":                `<noscript>078-05-1123</noscript>`,
		"an svg title":                      `<svg><title>078-05-1123</title></svg>`,
		"text behind the end":               `</body></html>078-05-1123`,
		"a marked section without an end":   `<![CDATA[078-05-1123`,
		"a condition without an end":        `<!--[if x]>078-05-1123`,
		"a processing instruction":          `<?php 078-05-1123 ?>`,
		"an end tag with attributes":        `</p title="078-05-1123">`,
		"a tag that ends with the document": `<a title="078-05-1123`,
	} {
		visible, aside := readHTML(t, markup)
		if !strings.Contains(visible+aside, secret) {
			t.Errorf("%s is lost: visible %q, aside %q", name, visible, aside)
		}
	}
}

func TestAttributeValuesStandOnLinesOfTheirOwn(t *testing.T) {
	_, aside := readHTML(t, `<a href="http://a/?x=1&amp;y" class=c title=T>b</a><img alt=""><input name="ssn" value=536904399>`)
	if want := "http://a/?x=1&y\nT\nssn\n536904399\n"; aside != want {
		t.Errorf("aside %q, want %q", aside, want)
	}
}

func TestHTMLIsReadAsItIsSeenToo(t *testing.T) {
	for name, markup := range map[string]string{
		"hidden text within a number":        `number 078<span style="display:none">xx</span>-05-1123 is`,
		"hidden, with blanks and capitals":   `078-<i STYLE="Color:red; Display : None !important">9</i>05-1123`,
		"text of no size":                    `078-05-<font style='font-size:0px'>44</font>1123`,
		"invisible text":                     `078-05-1<b style="visibility:hidden">44</b>123`,
		"hidden text with markup in it":      `078-05-<span style="display:none">4<span>4</span><br>4</span>1123`,
		"an element that is hidden":          `078-05-<span hidden>44</span>1123`,
		"a class that is hidden":             `<style>p{color:red} .a, span.x9 { display: none }</style>078<span class="b x9">1</span>-05-1123`,
		"hidden characters, many":            `0<s style="display:none">1</s>7<s style="display:none">1</s>8<s style="display:none">1</s>-05-1123<p>x`,
		"hidden text that some clients show": `078-<span style="display:none">05</span>-1123`,
		"soft hyphens and joiners":           "078-05-<!-- -->11<wbr>23",
		"a number from right to left":        "is &#8238;3211-50-870&#8236; ok",
		"a file in an image":                 `<img src="data:image/svg+xml;base64,` + b64("<svg><text>"+secret+"</text></svg>") + `">`,
		"a file in a link":                   `<a href="data:text/html,%3Cb%3E078%3C/b%3E-05-1123">x</a>`,
		"a file without a type":              `<a href='data:,078%2D05-1123'>x</a>`,
		"a file in base64 that is escaped":   `<a href="data:text/plain;base64,` + strings.ReplaceAll(b64(secret+" it is"), "=", "%3D") + `">x</a>`,
		"a large file in an unquoted value":  `<object data=data:text/plain;base64,` + b64(strings.Repeat("lorem ", 9000)+secret) + `>x</object>`,
		"what only looks like a file":        `<a href="data:` + strings.Repeat("x", 400) + secret + `">x</a>`,
		"text in SVG":                        `<svg><text>078<tspan>-05</tspan>-1123</text><text>x</text></svg>`,
		"the value of a field":               `<input type=text name=n value=078-05-1123>`,
		"a link that says something else":    `<a href="https://example.org/?n=078-05-1123">click</a>`,
	} {
		mail := "Content-Type: text/html; charset=utf-8\r\n\r\n" + markup
		r, c := read(t, mail, Limits{}, 0)
		if !c.has(secret) {
			t.Errorf("%s: the secret is in no text:\n%s", name, c.dump(r))
		}
		if len(r.Anomalies()) > 0 {
			t.Errorf("%s: anomalies %q", name, r.Anomalies())
		}
		invariant(t, mail, Limits{})
	}
}
