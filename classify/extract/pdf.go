package extract

import (
	"bytes"

	"github.com/postern-mail/postern/classify/extract/pdf"
)

func init() {
	register(withBehind(openPDF, (*container).readBehindPDF), "application/pdf")
}

func openPDF(c *container) error {
	return failure[pdf.Encrypted](pdf.Read(c, c.Size(), c), pdf.ErrMalformed, pdf.ErrUnsupported)
}

// holdsPDF reports whether the header of a PDF stands in the first bytes of
// something else.
func holdsPDF(head []byte) bool {
	i := bytes.Index(head, []byte("%PDF-"))
	return i > 0 && i+7 < len(head) && '0' < head[i+5] && head[i+5] <= '9' && head[i+6] == '.'
}

// readPDFBehind reads a PDF that begins with something else, such as a picture:
// its readers look for its header in the first 1,024 bytes. If it is none, nothing
// is said about that.
func readPDFBehind(c *container) error {
	media := c.rd.found.media
	defer func() { c.is(media) }()
	c.nameMembers()
	if err := openPDF(c); c.told || c.stopped != "" || err != nil && problemOf(err) == Encrypted {
		return err
	}
	return nil
}

// Pictures reports whether somebody reads pictures.
func (c *container) Pictures() bool { return c.r.ocr != nil }
