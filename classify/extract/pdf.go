package extract

import "github.com/postern-mail/postern/classify/extract/pdf"

func init() {
	register(func(c *container) error {
		err := failure[pdf.Encrypted](pdf.Read(c, c.Size(), c), pdf.ErrMalformed, pdf.ErrUnsupported)
		if c.stopped == "" {
			if behind := c.readBehindPDF(); err == nil || c.stopped != "" {
				err = behind
			}
		}
		return err
	}, "application/pdf")
}

// Pictures reports whether somebody reads pictures.
func (c *container) Pictures() bool { return c.r.ocr != nil }
