package milter

import (
	"fmt"

	"github.com/emersion/go-milter"
)

// Commands of the milter protocol, as the MTA sends them.
const (
	cmdOptNeg   = 'O'
	cmdMacro    = 'D'
	cmdConnect  = 'C'
	cmdHelo     = 'H'
	cmdMail     = 'M'
	cmdRcpt     = 'R'
	cmdData     = 'T'
	cmdHeader   = 'L'
	cmdEOH      = 'N'
	cmdBody     = 'B'
	cmdEOM      = 'E'
	cmdAbort    = 'A'
	cmdQuit     = 'Q'
	cmdQuitNC   = 'K'
	cmdUnknown  = 'U'
	replyGoOn   = 'c'
	replyReply  = 'y'
	replyWorkOn = 'p'
)

// newest is the version of the protocol that is spoken with an MTA of today.
const newest = 6

// noReply is the flag of version 6 by which a milter says that it will not answer
// a command; 0: there is none that could be taken.
//
// Taken are those where nothing but "go on" can be meant until the next command
// that is answered. MAIL may be accepted, a recipient refused; the end of the
// header is where a mail is let go that is no concern of the policy, before its
// body is shown. A fault that comes in between ends the mail at the next of these.
// The body has a reply, or else the MTA would be ahead of us by as much as the
// kernel keeps for it.
func noReply(cmd byte) milter.OptProtocol {
	switch cmd {
	case cmdConnect:
		return milter.OptNoConnReply
	case cmdHelo:
		return milter.OptNoHeloReply
	case cmdHeader:
		return milter.OptNoHeaderReply
	}
	return 0
}

// allSilent are all flags of noReply.
const allSilent = milter.OptNoConnReply | milter.OptNoHeloReply | milter.OptNoHeaderReply

// order is how far a connection has come. A command that does not follow is
// refused: the daemon would otherwise judge a mail whose beginning it never saw.
type order uint8

const (
	awaitOffer   order = iota // nothing came yet
	awaitConnect              // options are settled
	idle                      // the client is known, no mail is open
	inMail                    // MAIL was given
	inRcpt                    // at least one RCPT was given
	inHeader                  // at least one field came
	inBody                    // the header is complete
)

func (o order) String() string {
	return [...]string{
		"before negotiation", "before connect", "between mails", "after mail",
		"after rcpt", "in the header", "in the body",
	}[o]
}

// follow returns the order after a command, or an error if it cannot come now.
//
// MAIL and HELO may come at any time after CONNECT and end an open mail, as
// RFC 5321 section 4.1.4 has it for EHLO; libmilter does the same.
func (o order) follow(cmd byte) (order, error) {
	next, ok := o, o > awaitOffer
	switch cmd {
	case cmdOptNeg:
		next, ok = awaitConnect, o == awaitOffer
	case cmdQuit:
		ok = true
	case cmdMacro, cmdUnknown:
	case cmdQuitNC:
		next = awaitConnect
	case cmdConnect:
		next, ok = idle, o == awaitConnect
	case cmdHelo:
		next, ok = idle, o >= idle
	case cmdMail:
		next, ok = inMail, o >= idle
	case cmdRcpt:
		next, ok = inRcpt, o == inMail || o == inRcpt
	case cmdData:
		ok = o == inRcpt
	case cmdHeader:
		next, ok = inHeader, o == inRcpt || o == inHeader
	case cmdEOH:
		next, ok = inBody, o == inRcpt || o == inHeader
	case cmdBody:
		ok = o == inBody
	case cmdEOM:
		next, ok = idle, o == inBody
	case cmdAbort:
		next = min(o, idle)
	default:
		return o, fmt.Errorf("milter command %q is unknown", cmd)
	}
	if !ok {
		return o, fmt.Errorf("milter command %q cannot come %s", cmd, o)
	}
	return next, nil
}
