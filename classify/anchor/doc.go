// Package anchor finds the places of a text that are worth a look.
//
// Call New with the byte classes and lengths that the detectors need, then
// [Set.Scan] on each stretch of text. It knows bytes and numbers, not mail: it
// reports too much rather than too little, and verifying what stands at a place
// is the caller's work.
//
// # Promises
//
// Scan reports the same places however the text is cut into stretches, as long
// as [Set.Ahead] bytes behind the stretch are there to be looked at. It takes
// time proportional to the stretch, whatever the bytes are, and allocates only
// when the slice of hits must grow.
package anchor
