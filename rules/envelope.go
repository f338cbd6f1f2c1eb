package rules

import (
	"net/netip"
	"time"
)

// Envelope says who sends to whom and how the mail came in. It holds all that a
// decision knows beside content and facts, the time included.
type Envelope struct {
	Ref        string      `json:"ref"`      // "P-" and ten base-32 characters, made at MAIL
	QueueID    string      `json:"queue_id"` // the MTA's; may be empty
	Time       time.Time   `json:"time"`     // of receipt
	Sender     string      `json:"sender"`   // without angle brackets; empty for a bounce
	Recipients []Recipient `json:"recipients"`
	User       string      `json:"user"` // authenticated login, {auth_authen}; empty if none
	// Client is the address that the mail came from; not valid for a local pickup
	// or where the MTA did not tell.
	Client netip.Addr `json:"client"`
	Helo   string     `json:"helo"`
	Daemon string     `json:"daemon"` // {daemon_name}
	Pickup bool       `json:"pickup"` // came by a local submission, not by SMTP
	TLS    TLS        `json:"tls"`
	// Direction, if not empty, is that of every recipient, whatever the addresses
	// and the origin say. Only tools and policy cases set it.
	Direction Direction `json:"direction,omitempty"`
	// SMTPUTF8 says that the client may be answered in UTF-8.
	SMTPUTF8 bool `json:"smtputf8"`
	// Facts is what was known of sender and recipients before the mail; nil: nothing.
	Facts *Facts `json:"facts,omitempty"`
}

// TLS describes the session by which a mail came in. Version is empty in clear.
type TLS struct {
	Version string `json:"version"`
	Cipher  string `json:"cipher"`
	Bits    int    `json:"bits"`
}

// Recipient is one recipient that the MTA accepted.
type Recipient struct {
	// Address is what the client gave at RCPT, without angle brackets.
	Address string `json:"address"`
	// Canonical is the MTA's {rcpt_addr}; empty if it did not tell.
	Canonical string `json:"canonical"`
	// Mailer is the MTA's {rcpt_mailer}: local, virtual, lmtp, smtp, error …
	Mailer string `json:"mailer"`
}
