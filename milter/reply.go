package milter

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-milter"

	"github.com/postern-mail/postern/rules"
)

const (
	// maxReplyLines and maxReplyLine bound a reply: Postfix folds nothing, and
	// a relay before us wraps the whole of it into one line of its bounce.
	maxReplyLines = 3
	maxReplyLine  = 400
)

// enhancedCode is an enhanced status code of RFC 3463 that refuses.
var enhancedCode = regexp.MustCompile(`^[45]\.[0-9]{1,3}\.[0-9]{1,3}$`)

// refusal is the reply of a rejected or deferred mail. The classes of action,
// code and enhanced code must agree, else Postfix answers 451 4.3.5 of its own
// ("malformed reply"); where they do not, the usual pair stands in.
func refusal(action rules.Action, r rules.Reply, env *rules.Envelope) milter.Response {
	class, code, enhanced := byte('5'), 550, "5.7.1"
	if action == rules.TempFail {
		class, code, enhanced = '4', 451, "4.7.1"
	}
	if enhancedCode.MatchString(r.Enhanced) && r.Enhanced[0] == class {
		enhanced = r.Enhanced
	}
	if r.Code/100 == int(class-'0') {
		code = r.Code
	}
	lines := r.Lines
	if len(lines) == 0 {
		lines = []string{env.Ref + " this mail was refused by the policy of this site"}
	}
	return milter.NewResponseStr(replyReply, replyText(code, enhanced, lines, env.SMTPUTF8))
}

// deferred is the reply of a mail that got no verdict.
func deferred(ref string, why fault) milter.Response {
	enhanced := "4.3.0"
	if why == faultOverload {
		enhanced = "4.3.2"
	}
	return milter.NewResponseStr(replyReply, replyText(451, enhanced,
		[]string{ref + " this mail could not be checked just now, please try again later"}, false))
}

// refuseMarker is the reply to a client that names a marker recipient.
func refuseMarker() milter.Response {
	return milter.NewResponseStr(replyReply, replyText(550, "5.1.2",
		[]string{"this domain is for internal use and takes no mail"}, false))
}

// replyText builds an SMTP reply of one or more lines. The texts may hold
// anything; what reaches the client is one reply with this code.
func replyText(code int, enhanced string, texts []string, utf8OK bool) string {
	if len(texts) > maxReplyLines {
		texts = texts[:maxReplyLines]
	}
	lines := make([]string, len(texts))
	for i, text := range texts {
		sep := '-'
		if i == len(texts)-1 {
			sep = ' '
		}
		start := fmt.Sprintf("%d%c%s ", code, sep, enhanced)
		text = strings.ReplaceAll(plain(text, utf8OK), "%", "%%")
		lines[i] = strings.TrimRight(start+shorten(text, maxReplyLine-len(start)), " ")
	}
	return strings.Join(lines, "\r\n")
}

// plain makes text safe to stand in one line: whatever could end the line, or
// the packet, or move the reader's cursor becomes a blank, and what is not ASCII
// a question mark unless the client speaks UTF-8.
func plain(text string, utf8OK bool) string {
	safe := func(r rune) rune {
		switch {
		case r >= ' ' && r <= '~':
			return r
		case unicode.IsControl(r), unicode.IsSpace(r):
			return ' '
		case !utf8OK, r == utf8.RuneError, !unicode.IsPrint(r):
			return '?'
		}
		return r
	}
	return strings.TrimSpace(strings.Map(safe, strings.ToValidUTF8(text, "?")))
}

// shorten cuts text to a length in bytes. It cuts neither a letter nor a doubled
// percent sign in two.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const ellipsis = "..."
	end := limit - len(ellipsis)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	text = text[:end]
	if percents := len(text) - len(strings.TrimRight(text, "%")); percents%2 == 1 {
		text = text[:len(text)-1]
	}
	return text + ellipsis
}

// holdReason is what the MTA keeps beside a held mail: the reference and the
// rule that holds it. Postfix drops it, Sendmail shows it in its queue.
func holdReason(d *rules.Decision, ref string) string {
	return shorten(strings.ReplaceAll(plain("postern "+ref+" "+d.By, false), "%", "%%"), 200)
}

// markerDomain is the domain under which postern's recipes re-inject mail for
// single recipients. Nobody else may write to it.
const markerDomain = "postern.invalid"

// isMarker reports whether an address lies in or under the marker domain.
func isMarker(address string) bool {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return false
	}
	domain := strings.ToLower(strings.TrimRight(strings.TrimSpace(address[at+1:]), "."))
	return domain == markerDomain || strings.HasSuffix(domain, "."+markerDomain)
}
