package mta

import (
	"testing"
	"time"

	"github.com/postern-mail/postern/milter/audit"
	"github.com/postern-mail/postern/rules"
)

func TestAReferenceIsReadAsPeopleWriteIt(t *testing.T) {
	for in, want := range map[string]string{
		"P-7K3M9Q2X4B": "P-7K3M9Q2X4B", " p-7k3m9q2x4b": "P-7K3M9Q2X4B", "P-OIL3M9Q2X4": "P-0113M9Q2X4",
		"P-7K3M9Q2X4": "", "P-7K3M9Q2X4BB": "", "P-UUUUUUUUUU": "", "7K3M9Q2X4B": "", "": "", "P-7K3M9Q2X4B x": "",
	} {
		if got := ParseRef(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// postsuper takes ALL for every mail, and a minus for its standard input.
func TestWhatIsNoQueueIDReachesNoCommand(t *testing.T) {
	for _, id := range []string{"ALL", "-", "", "--", "4jYN d", "../4jYNd7", "-d", "4jYNd77590z1XLc6;", "4jYNd\n"} {
		if IsQueueID(id) {
			t.Errorf("%q is taken for a queue id", id)
		}
		for what, err := range map[string]error{
			"release": PostfixInstance{}.Release(t.Context(), id), "drop": PostfixInstance{}.Drop(t.Context(), id),
			"sendmail release": SendmailInstance{}.Release(t.Context(), id), "sendmail drop": SendmailInstance{}.Drop(t.Context(), id),
		} {
			if err == nil {
				t.Errorf("%s of %q", what, id)
			}
		}
	}
}

func TestHostileTextIsPrintedHarmlessly(t *testing.T) {
	for in, want := range map[string]string{
		"a@b.example":      "a@b.example",
		"a\x1b[2J\nb":      `a\u001b[2J\u000ab`,
		"evil\u202etxt":    `evil\u202etxt`,
		"\xff\xfe":         "??",
		"0123456789012345": "012345678901234...",
		"ŵ":                "ŵ",
	} {
		limit := 60
		if len(want) == 18 {
			limit = 15
		}
		if got := Cut(in, limit); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

var now = time.Date(2027, 3, 15, 9, 0, 0, 0, time.UTC)

func record(change func(*audit.Record)) *audit.Record {
	r := &audit.Record{
		Ref: "P-7K3M9Q2X4B", QueueID: "4jYNd7", Mode: "enforce", Action: "hold", Time: now,
		Recipients: []audit.Outcome{{Address: "Pat@partner.example", Route: "tls"}, {Address: "bob@in.example", Route: "direct"}},
		Envelope:   audit.Envelope{Recipients: []rules.Recipient{{Canonical: "pat@PARTNER.example"}, {Canonical: "bob@in.example"}}},
	}
	if change != nil {
		change(r)
	}
	return r
}

func TestAMailIsJoinedWithItsOwnRecordAlone(t *testing.T) {
	held := Held{ID: "4jYNd7", Ref: "P-7K3M9Q2X4B", Arrived: now}
	stuck := Held{ID: "4jYNd7", Arrived: now, Route: "gateway:x"}
	for name, c := range map[string]struct {
		held   Held
		record *audit.Record
		by     By
		known  bool
		forged string
	}{
		"its own":                                    {held, record(nil), ByPostern, true, ""},
		"none":                                       {held, nil, Unrecorded, false, ""},
		"no reference, no record":                    {Held{ID: "4jYNd7"}, nil, ByOther, false, ""},
		"the reference of another mail":              {held, record(func(r *audit.Record) { r.QueueID = "4other" }), ByOther, false, "4other"},
		"held for a route that no line took":         {stuck, record(func(r *audit.Record) { r.Action = "accept" }), ByPostern, true, ""},
		"accepted by postern, held by another":       {Held{ID: "4jYNd7", Arrived: now}, record(func(r *audit.Record) { r.Action = "accept" }), ByOther, true, ""},
		"a queue id that was given again":            {Held{ID: "4jYNd7", Arrived: now.Add(30 * 24 * time.Hour)}, record(nil), ByOther, false, ""},
		"observe mode holds nothing":                 {held, record(func(r *audit.Record) { r.Mode = "observe" }), ByOther, true, ""},
		"another reference beside the same queue id": {Held{ID: "4jYNd7", Ref: "P-0000000000", Arrived: now}, record(nil), ByPostern, true, ""},
	} {
		if got := Explain(c.held, c.record); got.By != c.by || (got.Record != nil) != c.known || got.Forged != c.forged {
			t.Errorf("%s: by %s, record %v, forged %q", name, got.By, got.Record != nil, got.Forged)
		}
	}
}

func TestAMailThatWouldLeaveWithoutItsRouteIsInDanger(t *testing.T) {
	header := record(func(r *audit.Record) { r.Edits = []audit.Edit{{Op: "add-header", Name: "X-Postern-Route"}} })
	marks := record(func(r *audit.Record) {
		r.Edits = []audit.Edit{{Op: "remove-recipient"}, {Op: "add-recipient"}}
	})
	for name, c := range map[string]struct {
		held   Held
		record *audit.Record
		danger bool
	}{
		"no route":                          {Held{}, record(nil), false},
		"a route that was taken":            {Held{Route: "tls", Way: "tlsout:"}, header, false},
		"a route that no line took":         {Held{Route: "tls"}, header, true},
		"the same without a record":         {Held{Route: "tls"}, nil, true},
		"header and way are gone":           {Held{}, header, true},
		"a mark":                            {Held{Recipients: []string{"Pat@partner.example.tls.postern.invalid", "bob@in.example"}}, marks, false},
		"a mark is gone":                    {Held{Recipients: []string{"pat@partner.example", "bob@in.example"}}, marks, true},
		"a mark is gone in another writing": {Held{Recipients: []string{"<PAT@partner.Example>"}}, marks, true},
		"a partner of Sendmail's access map beside a gateway": {Held{OnSendmail: true, Recipients: []string{"pat@partner.example", "cy@c.example.secure.postern.invalid"}}, marks, false},
		"a gateway's mark is gone on Sendmail": {Held{OnSendmail: true, Recipients: []string{"cy@c.example"}}, record(func(r *audit.Record) {
			r.Edits, r.Recipients = []audit.Edit{{Op: "add-recipient"}}, []audit.Outcome{{Address: "cy@c.example", Route: "gateway:secure"}}
		}), true},
	} {
		e := Explained{Held: c.held, Record: c.record}
		if got := e.Danger(); (got != "") != c.danger {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestMarksAreNotShown(t *testing.T) {
	h := Held{Recipients: []string{"a@b.example.tls.postern.invalid", "a@b.example.SECURE.postern.INVALID", "c@d.example", "x@postern.invalid", "@tls.postern.invalid"}}
	want := []string{"a@b.example", "a@b.example", "c@d.example", "x@postern.invalid", "@tls.postern.invalid"}
	for i, got := range h.Unmarked() {
		if got != want[i] {
			t.Errorf("%q is shown as %q, want %q", h.Recipients[i], got, want[i])
		}
	}
	if h.Routed() != "per-recipient" {
		t.Errorf("route %q", h.Routed())
	}
}
