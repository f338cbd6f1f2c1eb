// Package milter is the MTA's door: it turns the packets of Postfix and
// Sendmail into an envelope and a mail, and a decision into packets.
//
// Begin with [Listen] and [NewServer]; [Server.Serve] then takes connections
// until [Server.Shutdown].
//
// # What the MTA can rely on
//
// One Session serves one connection of the MTA, and with it any number of
// mails. Each mail is decided whole before the first modification is sent;
// modifications and verdict leave in one write, so that a crash never leaves a
// mail half changed. A panic inside one mail costs that mail only.
//
// In enforce mode a fault (a panic, a verdict that the MTA offers no means to
// carry out, an audit line that had to be written and could not be) is a
// temporary failure: the client keeps the mail and tries again. In observe mode
// no modification is ever sent and every mail is accepted, faults included;
// both are counted.
//
// # What is never written
//
// Logs and metrics hold no field value, subject, body text or file name, and a
// panic is logged by its type and stack, never by its value.
package milter
