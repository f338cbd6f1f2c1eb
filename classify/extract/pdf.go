package extract

import "github.com/postern-mail/postern/classify/extract/pdf"

func init() {
	register(func(c *container) error {
		return failure[pdf.Encrypted](pdf.Read(c, c.Size(), c), pdf.ErrMalformed, pdf.ErrUnsupported)
	}, "application/pdf")
}
