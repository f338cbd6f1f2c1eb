// Package facts remembers who has written to whom, and how much of what.
//
// Open a Store on a folder. First and Volumes tell what is known of a sender
// before a mail is decided, Note adds the mail once it has been let go. None of them
// waits for anything but memory; the folder is written beside.
//
// # What is kept
//
// For each pair of sender and recipient a keyed hash and the day of the last mail;
// for each pair of sender and recipient's domain a keyed hash and, by the hour, how
// many values of which detector were sent. No address, no value, nothing of a mail.
// The key lies in the folder: whoever has both can ask whether two people have
// written to each other, and nobody else can.
//
// # Bounds
//
// Pairs are bounded; those go first that were silent the longest. Volumes end with
// Options.Window, contacts after a year of silence. What was noted in the seconds
// before a crash is lost. A damaged file is begun anew: everybody is a first contact
// again, which is the stricter way.
package facts
