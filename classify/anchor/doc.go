// Package anchor finds the places of a text that are worth a look.
//
// Call [MarkDigits] on the text as it arrives; it says of each block of 64 bytes
// where digits are, one bit for a byte. [New] with what the detectors want, then
// [Set.Scan] on each stretch, finds the places, and says who wants each. Other
// marks, those of [MarkLines], [MarkCells], [MarkRuns] and [Leads.Mark], are for the
// callers' own use and worth making only where they are asked for. The package knows
// bytes and numbers, not mail: it reports too much rather than too little, and
// verifying what stands at a place is the caller's work.
//
// # Promises
//
// Scan reports the same places however the text is cut into stretches, as long
// as the marks of [Ahead] bytes behind the stretch are there to be looked at.
// It takes time proportional to the stretch, whatever the bytes are, and
// allocates only when the slice of hits must grow.
//
// Marks are made with AVX2 where there is such a thing, else, and with the build
// tag purego, in plain Go; they are the same.
package anchor
