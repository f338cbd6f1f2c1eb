// Package load drives a milter as an MTA does, and measures how it answers: to
// size a machine, to compare milters, to see what a change costs.
//
// Run sends mails over some connections at once, for a number of mails or a
// time, and returns what became of them and how long it took. Mails come from
// Parse, or are of one of the Kinds that the package makes itself, the same on
// every machine.
//
// The client is that of package go-milter, over a connection that gathers what
// it writes until it waits for an answer, as an MTA does. It offers no more than
// every milter can take: where a milter speaks protocol 6, all that Postfix
// offers; else version 2.
package load
