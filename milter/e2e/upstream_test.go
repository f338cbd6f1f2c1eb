//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/postern-mail/postern/contrib/demo/lab"
)

// A server of one's own that relays through postern makes a bounce of the reply: it
// is all that the sender sees.
func TestTheReplyStandsInTheBounceOfAnUpstreamRelay(t *testing.T) {
	w := newWorld(t, options{})
	upstream, err := w.lab.StartPostfix(lab.PostfixOptions{
		Name: "relay.agency.example", Domain: "agency.example", Store: w.store,
		Main: "relayhost = [" + w.postfix.Address + "]:2525\n",
		// Nobody listens there, and in observe mode that is no matter.
		Recipe: lab.Recipe{Milter: "inet:127.0.0.1:1", Observe: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	reply, err := upstream.Submit("ann", "ann@agency.example", []string{"pat@plain.example"}, mail("upstream", "none")+"SSN: 536-90-4399\n")
	if err != nil {
		t.Fatal(err)
	}
	if reply.Code != 250 {
		t.Fatalf("the upstream relay says %q", reply)
	}
	bounce := strings.Join(strings.Fields(w.bounced("upstream")), " ")
	for _, want := range []string{
		"550 5.7.1", "A Social Security number (US Social Security number (1) in the text) may not leave.",
		"Status: 5.7.1", "Final-Recipient: rfc822; pat@plain.example",
	} {
		if !strings.Contains(bounce, want) {
			t.Errorf("the bounce says nothing of %q:\n%s", want, bounce)
		}
	}
	if !reference.MatchString(bounce) {
		t.Error("the bounce has no reference")
	}
	report, _, _ := strings.Cut(bounce, "Subject: upstream")
	if strings.Contains(report, "4399") {
		t.Errorf("the bounce tells the number before it returns the mail:\n%s", report)
	}
	w.nowhere("upstream")
}
