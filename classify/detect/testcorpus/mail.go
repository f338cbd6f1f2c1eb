package testcorpus

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const mailHeader = "Received: from client.example.org by mail.example.org; Mon, 1 Jun 2026 10:00:00 +0000\r\n" +
	"From: A <a@example.org>\r\nTo: B <b@example.net>\r\nSubject: Figures of the quarter\r\n" +
	"Date: Mon, 1 Jun 2026 10:00:00 +0000\r\nMessage-ID: <1@client.example.org>\r\nMIME-Version: 1.0\r\n"

// Mails are the mails that Mail makes: plain text, HTML source as the body, and
// tables as an attachment in base64.
var Mails = []string{"text", "html", "base64"}

// Mail makes a whole mail of about size bytes, and says how many values of each
// core detector are planted in it. An unknown name panics.
func Mail(name string, size int, seed uint64) (mail []byte, planted map[string]int) {
	var text Text
	var b strings.Builder
	b.WriteString(mailHeader)
	switch name {
	case "text":
		text = Build("prose", size, seed)
		b.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
		b.Write(text.Bytes)
	case "html":
		text = Build("html", size, seed)
		b.WriteString("Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
		b.Write(text.Bytes)
	case "base64":
		text = Build("numbers", size*3/4, seed)
		b.WriteString("Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b\r\n\r\nAs agreed.\r\n--=_b\r\n" +
			"Content-Type: text/csv; charset=utf-8; name=a.csv\r\nContent-Transfer-Encoding: base64\r\n\r\n")
		for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(text.Bytes)), 76) {
			b.Write(line)
			b.WriteString("\r\n")
		}
		b.WriteString("--=_b--\r\n")
	default:
		panic(fmt.Sprintf("internal error: mail %q, want one of %q", name, Mails))
	}
	planted = make(map[string]int)
	for _, p := range text.Plants {
		planted[p.Detector]++
	}
	return []byte(b.String()), planted
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
