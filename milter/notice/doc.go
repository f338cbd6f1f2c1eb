// Package notice tells an officer by mail what postern did: a masked report for
// each mail that a policy wants told, without any value, subject or text.
//
// Open a Queue on a directory, Start it and Add events to it; Add never waits. The Queue
// writes each notice to the directory and hands it to an SMTP server on this
// machine. What could not be handed over is tried again, at growing intervals and
// across restarts, until Options.MaxAge has passed; then it is given up, counted
// and logged.
//
// # No flood
//
// The same thing (officer, sender, recipients, outcome and rules) is told once in
// Options.Quiet; what repeats within it is told as one number at its end. More than
// Options.PerHour notices an hour to one officer become one digest at the end of
// the hour. These counts survive a restart that is no crash.
//
// # No loop
//
// A notice goes out with the null reverse-path (RFC 5321 section 4.5.5), so it
// causes no bounce, and says Auto-Submitted (RFC 3834), so that it is not
// answered. Its first field, X-Postern-Notice, holds a message authentication code
// over its recipients under a key that lies in the directory: by it Ours tells a
// notice from a mail that pretends to be one, and the milter lets it pass unread.
package notice
