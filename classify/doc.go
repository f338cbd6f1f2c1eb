// Package classify says what is in a mail: it joins the parts and text that
// extract reads with the matches that detect finds, and returns a Report.
//
// A Scanner is compiled once and shared. Begin opens a Scan for one mail; the
// Scan takes header fields and body as they arrive and Finish returns the
// Report. The Scan belongs to one goroutine.
//
// # Secrets
//
// The matched value dies here. A Finding carries where a match stands, how sure
// we are, a masked sample and, if there is a key, a fingerprint. Unique values
// are counted by 64-bit hashes under a random seed that lives as long as the
// Scan. Only a Scanner with Config.Reveal, which the command line offers to a
// person at a terminal, gives values away.
//
// # Tables
//
// Config.Exact asks tables of package edm for the numbers that detectors propose,
// whether or not anything speaks for them, and for what stands around them. What
// they find is counted and listed as a detector's findings are.
//
// # Limits
//
// At most MaxFindings findings a detector are listed, counting goes on. At most
// MaxUnique values a detector are told apart; past it the count is a lower
// bound and says so. The package never logs, counts metrics, or touches the
// network.
package classify
