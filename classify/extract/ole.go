package extract

import (
	"github.com/postern-mail/postern/classify/extract/ole"
	"github.com/postern-mail/postern/classify/extract/rtf"
	"github.com/postern-mail/postern/classify/extract/tnef"
)

func init() {
	register(withBehind(func(c *container) error {
		return failure[ole.Encrypted](ole.Read(c, c.Size(), c), ole.ErrMalformed, ole.ErrUnsupported)
	}, (*container).readBehindDocument), "application/x-ole-storage", "application/vnd.ms-excel")
	register(withBehind(func(c *container) error {
		return failure[rtf.Encrypted](rtf.Read(c, c.Size(), c), rtf.ErrMalformed, rtf.ErrUnsupported)
	}, (*container).readBehindDocument), "application/rtf")
	register(func(c *container) error {
		return failure[tnef.Encrypted](tnef.Read(c, c.Size(), c), tnef.ErrMalformed, tnef.ErrUnsupported)
	}, "application/ms-tnef")
}
