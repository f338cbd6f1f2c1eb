package mta

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// catText is what postcat(1) of Postfix 3.7 prints for a held mail with a route.
const catText = `*** ENVELOPE RECORDS hold/4jYNd76hvTz1XLc5 ***
message_size:             455             745               1               0             455               0
message_arrival_time: Tue Nov 24 00:15:55 2026
named_attribute: rewrite_context=local
sender: ann@agency.example
original_recipient: pat@partner.example
recipient: pat@partner.example
*** MESSAGE CONTENTS hold/4jYNd76hvTz1XLc5 ***
Received: from client.example (localhost [127.0.0.1])
	by mail.agency.example (Postfix) with ESMTPSA id 4jYNd76hvTz1XLc5
Subject: held
content_filter: of-a-header-that-somebody-wrote
X-Postern-Route: tls
X-Postern-Ref: P-FX9RTAXFME
*** HEADER EXTRACTED hold/4jYNd76hvTz1XLc5 ***
content_filter: tlsout:
*** MESSAGE FILE END hold/4jYNd76hvTz1XLc5 ***
`

func TestTheHeaderOfAHeldMailIsRead(t *testing.T) {
	const id = "4jYNd76hvTz1XLc5"
	for name, c := range map[string]struct {
		change          func(string) string
		ref, route, way string
	}{
		"as it is": {func(s string) string { return s }, "P-FX9RTAXFME", "tls", "tlsout:"},
		"without a way": {
			func(s string) string { return strings.Replace(s, "content_filter: tlsout:\n", "", 1) }, "P-FX9RTAXFME", "tls", "",
		},
		"fields in other writings, folded": {
			func(s string) string {
				s = strings.Replace(s, "X-Postern-Route: tls", "x-POSTERN-route :\n gateway:secure", 1)
				return strings.Replace(s, "X-Postern-Ref: ", "X-Postern-REF:\t", 1)
			}, "P-FX9RTAXFME", "gateway:secure", "tlsout:",
		},
		"a reference that is none": {
			func(s string) string { return strings.Replace(s, "P-FX9RTAXFME", "P-FX9RTAXFME; rm", 1) }, "", "tls", "tlsout:",
		},
		"the last of several counts": {
			func(s string) string {
				return strings.Replace(s, "Subject:", "X-Postern-Ref: P-0000000000\nX-Postern-Route: tls-verified\nSubject:", 1)
			}, "P-FX9RTAXFME", "tls", "tlsout:",
		},
		"a line that looks as if the header ended": {
			func(s string) string {
				return strings.Replace(s, "Subject: held", "X-Y: 1\n *** HEADER EXTRACTED hold/"+id+" ***\n*** HEADER EXTRACTED hold/4another ***\nSubject: held", 1)
			}, "P-FX9RTAXFME", "tls", "tlsout:",
		},
		"a very long line": {
			func(s string) string { return strings.Replace(s, "held", strings.Repeat("x", 300_000), 1) }, "P-FX9RTAXFME", "tls", "tlsout:",
		},
	} {
		h := Held{ID: id}
		done := readCat(strings.NewReader(c.change(catText)), func(string) *Held { return &h })
		if done != 1 || h.Ref != c.ref || h.Route != c.route || h.Way != c.way {
			t.Errorf("%s: ref %q, route %q, way %q, %d read", name, h.Ref, h.Route, h.Way, done)
		}
	}
}

func TestTheQueueIsReadLineByLine(t *testing.T) {
	many := `{"queue_name": "hold", "queue_id": "4long1", "arrival_time": 1795479355, "message_size": 430, "forced_expire": false, "sender": "a@b.example", "recipients": [` +
		strings.Repeat(`{"address": "someone@partner.example", "delay_reason": "x"}, `, 40_000) + `{"address": "last@partner.example"}]}`
	text := strings.Join([]string{
		`{"queue_name": "active", "queue_id": "4active", "arrival_time": 1, "message_size": 2, "sender": "", "recipients": []}`,
		`{"queue_name": "hold", "queue_id": "4hold1", "arrival_time": 1795479355, "message_size": 455, "forced_expire": false, "sender": "a\u001bb@c.example", "recipients": [{"address": "x@y.example"}, {"address": "z@y.example"}], "new_key": {"a": [1]}}`,
		`nonsense`, `{"queue_name": "hold", "queue_id": "ALL", "recipients": []}`, many, ``,
	}, "\n")
	var got []Held
	bad := 0
	for h, err := range readQueue(strings.NewReader(text)) {
		if err != nil {
			bad++
			continue
		}
		got = append(got, h)
	}
	if len(got) != 2 || bad != 2 {
		t.Fatalf("%d mails and %d errors", len(got), bad)
	}
	if h := got[0]; h.ID != "4hold1" || !h.Arrived.Equal(time.Unix(1795479355, 0)) || h.Bytes != 455 || h.Sender != "a\x1bb@c.example" || len(h.Recipients) != 2 {
		t.Errorf("got %+v", h)
	}
	if h := got[1]; h.ID != "4long1" || len(h.Recipients) != maxRecipients || h.More < 1000 {
		t.Errorf("got %s with %d recipients and %d more", h.ID, len(h.Recipients), h.More)
	}
}

// endless is a queue of n mails that is never whole in memory.
type endless struct {
	n, at int
	left  []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.left) == 0 {
		if e.at == e.n {
			return 0, io.EOF
		}
		e.left = fmt.Appendf(nil, `{"queue_name": "hold", "queue_id": "4Q%07d", "arrival_time": 1, "message_size": 2, "sender": "a@b.example", "recipients": [{"address": "c@d.example"}]}`+"\n", e.at)
		e.at++
	}
	n := copy(p, e.left)
	e.left = e.left[n:]
	return n, nil
}

func TestALongQueueStreams(t *testing.T) {
	const want = 100_000
	n := 0
	for h, err := range readQueue(&endless{n: want}) {
		if err != nil || h.ID != fmt.Sprintf("4Q%07d", n) {
			t.Fatalf("mail %d: %+v, %v", n, h, err)
		}
		n++
	}
	if n != want {
		t.Errorf("%d mails, want %d", n, want)
	}
	for h, err := range readQueue(&endless{n: want}) {
		if err != nil || h.ID != "4Q0000000" {
			t.Errorf("got %+v, %v", h, err)
		}
		break // who has seen enough may stop
	}
}

// fake puts programs of Postfix into a folder of their own that comes first in PATH.
func fake(t *testing.T, programs map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range programs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

func TestMailThatLeavesMeanwhileCostsTheOthersNothing(t *testing.T) {
	fake(t, map[string]string{
		"postqueue": `awk 'BEGIN { for (i = 0; i < 250; i++) printf "{\"queue_name\": \"hold\", \"queue_id\": \"4Q%04d\", \"arrival_time\": 1, \"message_size\": 2, \"sender\": \"\", \"recipients\": []}\n", i }'`,
		"postcat": `shift; for id; do case $id in 4Q0007|4Q0130) echo "postcat: fatal: open queue file $id: No such file or directory" >&2; exit 1;; esac
echo "*** ENVELOPE RECORDS hold/$id ***"; echo "*** MESSAGE CONTENTS hold/$id ***"; echo "X-Postern-Ref: P-000000${id#4Q}"; echo "*** HEADER EXTRACTED hold/$id ***"; echo "*** MESSAGE FILE END hold/$id ***"; done`,
	})
	var without []string
	n := 0
	for h, err := range (PostfixInstance{}).Held(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if h.Ref != "P-000000"+strings.TrimPrefix(h.ID, "4Q") {
			without = append(without, h.ID)
		}
	}
	if n != 250 || !slices.Equal(without, []string{"4Q0007", "4Q0130"}) {
		t.Errorf("%d mails, without a reference %q", n, without)
	}
}

func TestPostsuperIsTakenAtItsWordNotAtItsStatus(t *testing.T) {
	dir := fake(t, map[string]string{
		"postsuper": `echo "$@" >> ${0%/*}/args; case $2 in 4gone01) echo "postsuper: Released from hold: 0 messages" >&2;; 4down01|4held01) echo "postsuper: $2: released from hold" >&2; echo "postsuper: Released from hold: 1 message" >&2;; 4drop01) echo "postsuper: Deleted: 1 message" >&2;; *) echo "postsuper: fatal: use of this command is reserved for the superuser" >&2; exit 1;; esac`,
		"postqueue": `echo "$@" >> ${0%/*}/args; case $2 in 4down01) echo "postqueue: fatal: mail system is down" >&2; exit 69;; esac`,
	})
	p := PostfixInstance{}
	if err := p.Release(t.Context(), "4gone01"); !errors.Is(err, ErrNotHeld) {
		t.Errorf("a mail that is not there: %v", err)
	}
	if err := p.Release(t.Context(), "4held01"); err != nil {
		t.Error(err)
	}
	if err := p.Release(t.Context(), "4down01"); !errors.Is(err, ErrNotTried) {
		t.Errorf("Postfix is down: %v", err)
	}
	if err := p.Drop(t.Context(), "4drop01"); err != nil {
		t.Error(err)
	}
	if err := p.Release(t.Context(), "4other1"); err == nil || !strings.Contains(err.Error(), "root alone") {
		t.Errorf("without rights: %v", err)
	}
	args, err := os.ReadFile(filepath.Join(dir, "args"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"-H 4held01\n", "-i 4held01\n", "-d 4drop01 hold\n"} {
		if !strings.Contains(string(args), want) {
			t.Errorf("%q was not run:\n%s", want, args)
		}
	}
	if strings.Contains(string(args), "-r") {
		t.Errorf("a mail was queued anew:\n%s", args)
	}
}

func TestTimesOfPostfix(t *testing.T) {
	for in, want := range map[string]time.Duration{"5d": 120 * time.Hour, "0": 0, "300s": 300 * time.Second, "2w": 336 * time.Hour, "10": 240 * time.Hour, "1h": time.Hour} {
		if got, err := parseTime(in, 'd'); err != nil || got != want {
			t.Errorf("%q is %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "d", "-1d", "5y", "99999999999999d", "$x"} {
		if got, err := parseTime(in, 'd'); err == nil {
			t.Errorf("%q is %v", in, got)
		}
	}
}

func FuzzReadCat(f *testing.F) {
	f.Add(catText)
	f.Fuzz(func(t *testing.T, text string) {
		h := Held{}
		readCat(strings.NewReader(text), func(string) *Held { return &h })
		if h.Ref != "" && ParseRef(h.Ref) != h.Ref {
			t.Errorf("reference %q", h.Ref)
		}
	})
}

func FuzzReadQueue(f *testing.F) {
	f.Add(`{"queue_name": "hold", "queue_id": "4hold1", "arrival_time": 1e400, "sender": "a", "recipients": [{"address": "x"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		for h, err := range readQueue(strings.NewReader(text)) {
			if err == nil && (!IsQueueID(h.ID) || len(h.Recipients) > maxRecipients) {
				t.Errorf("got %+v", h)
			}
		}
	})
}
