//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

func TestStatements(t *testing.T) {
	w := newWorld(t, options{})
	const notice = "This message is confidential, for its addressee only: ŵ. Please tell us if it came to you by mistake."

	t.Run("a statement is added, and the next hop sees which charset it is in", func(t *testing.T) {
		w := w.in(t)
		w.submit(250, mail("plain-statement", "statement")+"One line.\n.dot\n", "pat@plain.example")
		got := w.arrives(w.plain, "plain-statement")
		if want := "Nothing of interest.\r\nOne line.\r\n.dot\r\n\r\n" + notice + "\r\n"; got.Body() != want {
			t.Errorf("the body is %q, want %q", got.Body(), want)
		}
		for _, field := range []string{"Content-Type: text/plain; charset=utf-8\r\n", "Content-Transfer-Encoding: 8bit\r\n", "MIME-Version: 1.0\r\n"} {
			if strings.Count(strings.ToLower(got.Data), strings.ToLower(field)) != 1 {
				t.Errorf("%q does not stand once in the header of\n%s", field, got.Data)
			}
		}
	})
	t.Run("every other byte of a big mail stays as it was", func(t *testing.T) {
		w := w.in(t)
		attachment := strings.Repeat("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5\n", 30_000)
		body := "--b\nContent-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n<html><body>gr=FC=DF dich</body></html>\n" +
			"--b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n" + attachment + "--b--\n"
		text := strings.Replace(mail("big-statement", "statement"), "\n\n", "\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n", 1)
		head, _, _ := strings.Cut(text, "\n\n")
		w.submit(250, head+"\n\n"+body, "pat@plain.example")
		got := w.arrives(w.plain, "big-statement").Body()
		before, after, found := strings.Cut(strings.ReplaceAll(body, "\n", "\r\n"), "</body>")
		if !found || !strings.HasPrefix(got, before) || !strings.HasSuffix(got, "</body>"+after) {
			t.Fatalf("other bytes have changed: %.400q", got)
		}
		if added := got[len(before) : len(got)-len("</body>"+after)]; !strings.Contains(added, "addressee only: &#373;.") {
			t.Errorf("added is %q", added)
		}
	})
	t.Run("a signed mail is held instead", func(t *testing.T) {
		w := w.in(t)
		text := strings.Replace(mail("signed-statement", "statement"), "\n\n", "\nContent-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b--\n", 1)
		id := lab.QueueID(w.submit(250, text, "pat@plain.example"))
		w.held(id)
		w.nowhere("signed-statement")
	})
}
