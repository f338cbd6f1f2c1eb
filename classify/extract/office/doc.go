// Package office reads the text of Office documents: Office Open XML (Word,
// Excel with its binary workbooks, PowerPoint), OpenDocument, and the
// documents that are one XML file (flat OpenDocument, Word 2003, Excel 2003,
// flat OPC).
//
// Type tells whether a file is one of them, Read reads it.
//
// # Texts
//
// A word-processing document is one text with the name "": its body in order,
// then headers, footers, notes, comments, properties and what else holds text.
// Of a spreadsheet each sheet is a text with its name, of a presentation each
// slide is "Slide 1", "Slide 2" and so on; what belongs to no sheet or slide
// is in the text "". The cells of a row are separated by TAB, paragraphs, rows
// and lines by LF.
//
// The runs of a paragraph are joined as a reader sees them. What stands beside
// the text (text boxes, notes, field codes, alternative texts, targets of
// links) follows it on lines of its own, so that it cuts no word in two. Where
// a line has revisions or hidden text, the line as it was before them, with all
// that is hidden, follows as well.
//
// Numbers are shown as their format shows them, by package numfmt; whole numbers
// never lose digits. Where an OpenDocument cell shows fewer (4.1E+15), all of them
// follow in parentheses. Dates are followed by their ISO form.
//
// # Promises
//
// No input panics. Time is linear in the expanded bytes, each of which Out is
// asked for by Expand. Memory is bounded by 16 MiB of shared strings and
// about 2 MiB besides, whatever a document claims. A damaged document gives what
// can be read of it, and then ErrMalformed.
package office

import (
	"errors"
	"io"
)

// Out takes what Read finds. An error from any of its methods ends the reading
// at once and is returned by Read.
type Out interface {
	// Text opens a text of the document: name is the sheet or slide, "" is the
	// document itself. Only one is open at a time.
	Text(name string) (io.WriteCloser, error)
	// Member hands over an embedded file to be read as a file of its own. Read
	// does not care how much of content is read.
	Member(name string, content io.Reader) error
	// Expand is asked before n more bytes are inflated or held.
	Expand(n int) error
	// Anomaly notes something odd about the document's form.
	Anomaly(name string)
}

// The errors of Read besides *Encrypted and those of Out.
var (
	// ErrMalformed says that the document is damaged: what could be read of it
	// was told.
	ErrMalformed = errors.New("malformed document")
	// ErrUnsupported says that the file is no document of this package.
	ErrUnsupported = errors.New("no office document")
)

// Encrypted is the error for a document that needs a password. What is not
// encrypted in it was told.
type Encrypted struct {
	Cipher string // as people write it: "AES-256", "Blowfish-128"
	Weak   bool   // under 128 bits, or broken
}

func (e *Encrypted) Error() string { return "document is encrypted with " + e.Cipher }

// The anomalies that Read tells.
const (
	anomalyEntities = "entity-expansion" // entities that expand to more than is read
	anomalyMacros   = "macros"           // the document holds macros
)
