package rules

import (
	"fmt"
	"strings"
)

// Action is what becomes of a mail, or of a mail for one recipient. They are
// ordered: the strictest wins.
type Action uint8

// Actions from the mildest to the strictest. Nothing is ever discarded.
const (
	Accept Action = iota
	Hold
	TempFail
	Reject
)

var actions = [...]string{"accept", "hold", "tempfail", "reject"}

func (a Action) String() string { return actions[a] }

// MarshalText writes the action's name.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the action's name.
func (a *Action) UnmarshalText(b []byte) error {
	for i, name := range actions {
		if name == string(b) {
			*a = Action(i)
			return nil
		}
	}
	return fmt.Errorf("got %q, wanted one of %s", b, strings.Join(actions[:], ", "))
}

// Direction is that of a mail for one recipient; a mail is outbound if any
// recipient is.
type Direction string

// The directions of a mail.
const (
	Outbound Direction = "outbound"
	Internal Direction = "internal"
	Inbound  Direction = "inbound"
)

// Route is the way a mail must leave: "direct", "tls", "tls-verified" or
// "gateway:NAME", in rising order of strictness.
type Route string

// Routes; a gateway's is GatewayRoute(name).
const (
	Direct      Route = "direct"
	TLSForced   Route = "tls"
	TLSVerified Route = "tls-verified"
)

// GatewayRoute is the route to the encryption gateway of that name.
func GatewayRoute(name string) Route { return Route("gateway:" + name) }

// Op is what an Edit does.
type Op string

// The edits of a mail.
const (
	AddHeader       Op = "add-header"
	ChangeHeader    Op = "change-header"
	RemoveHeader    Op = "remove-header"
	AddRecipient    Op = "add-recipient"
	RemoveRecipient Op = "remove-recipient"
	ReplaceBody     Op = "replace-body"
)

// Edit is one change of a mail. Name and Value are a header field's; of a
// recipient's edit Value is the address and Name is empty.
type Edit struct {
	Op    Op     `json:"op"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Reply is the SMTP reply of a rejected or deferred mail: at most three lines,
// each text only, safe to send after the milter's own escaping.
type Reply struct {
	Code     int      `json:"code"`
	Enhanced string   `json:"enhanced"`
	Lines    []string `json:"lines"`
}

// Outcome is the decision for one recipient.
type Outcome struct {
	Address   string    `json:"address"`
	Direction Direction `json:"direction"`
	Action    Action    `json:"action"`
	Route     Route     `json:"route"`
	Rules     []string  `json:"rules"` // ids of the rules that fired for it
}

// RuleResult tells of one rule whether it fired and why. Because and Nearest of
// rules that did not fire are filled by Policy.Explain only.
type RuleResult struct {
	ID         string   `json:"id"`
	Clause     string   `json:"clause"`
	Fired      bool     `json:"fired"`
	Recipients []string `json:"recipients"`
	Because    []string `json:"because"`
	Nearest    string   `json:"nearest"`
}

// Decision is what shall become of one mail. Edits are complete: they hold the
// route header or the marker recipients that make the routes true, and the
// reference of held mail. The removal of headers that a client forged is the
// milter's own and does not stand here.
//
// The new value of a Subject is the mail's text: only the Decision of a Verdict has
// it, all others leave it empty.
//
// Refused and deferred mail has no edits, since nothing of it goes on.
type Decision struct {
	Action     Action       `json:"action"`
	Direction  Direction    `json:"direction"`
	Reply      Reply        `json:"reply"`
	Reason     string       `json:"reason"` // why a mail is held, on one line of plain ASCII
	Recipients []Outcome    `json:"recipients"`
	Edits      []Edit       `json:"edits"`
	Rules      []RuleResult `json:"rules"`
	Labels     []string     `json:"labels"`
	// By is the rule that the reply or the reason speaks of first; empty if the mail
	// is accepted.
	By string `json:"by"`
	// Append names the statements that the mail lacks and must carry, each with
	// what becomes of a mail that takes none.
	Append []Append `json:"append"`
	// PerRecipient says that the MTA could send each recipient by a route of its own.
	PerRecipient bool `json:"per_recipient"`
	// Notify names the rules that fired of which the officer is told.
	Notify []string `json:"notify"`

	subject subjectEdit
}

// Append is a statement to be added to a mail once. Fallback is what becomes of
// a mail to which nothing can be added, a signed or encrypted one.
type Append struct {
	Statement string `json:"statement"`
	Fallback  Action `json:"fallback"`
}
