// Package audit is the notebook: one JSON line for each mail that was read.
//
// [Open] the file, [Log.Write] or [Log.Queue] an [Entry] for each mail,
// [Log.Reopen] it after a rotation, [Log.Close] it at the end. [Parse] reads a line
// back, and [Record.Input] is what the mail was judged by, to be decided anew.
//
// # Format
//
// A line is a [Record]. Its schema is version 1; within a version fields are
// added but never renamed, and a field with nothing to say is present and empty.
// docs/audit.md describes it. What a person did with a held mail is a line of its
// own, a [Handling], written by [Note].
//
// # What is never written
//
// No value that was found, no subject, no text, no name of a file, an archive's
// member or a sheet, no reply text. A part stands with its number and with the
// type that its bytes have. Masked samples are written only if asked for,
// fingerprints only if there is a key. Addresses, client and login are written
// as they are.
//
// # Promises
//
// A record is one write to a file opened for appending. It is handed to the
// operating system, not forced to disk: it survives the daemon, not the machine.
package audit
