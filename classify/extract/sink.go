package extract

import "io"

// Sink receives what a Reader finds in one mail, in the order of the mail, on
// the goroutine that calls the Reader.
type Sink interface {
	// Field is one decoded header field: path is the header's Part ("0" for
	// the mail's own), name as it stands in the mail, value unfolded and with
	// encoded words decoded. The field's text comes as a Stream as well.
	Field(path, name, value string)
	// Text opens a stream of text that belongs to part p. Streams never join:
	// each is scanned by itself. Several may be open at once. Of p only Path,
	// Name, Declared and Where are settled yet.
	Text(p *Part, where Where) Stream
	// Part tells that p is complete. It comes once for each Part, after the
	// part's streams were closed.
	Part(p *Part)
}

// Stream takes the text of one part as valid or invalid UTF-8, cut anywhere.
type Stream interface {
	io.Writer
	// Mark says that the text written from now on is quoted from an earlier
	// mail, or new. A stream begins as new. A mark never cuts the text.
	Mark(quoted bool)
	io.Closer
}
