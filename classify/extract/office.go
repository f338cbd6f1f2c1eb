package extract

import "github.com/postern-mail/postern/classify/extract/office"

func init() {
	register(readOffice,
		"application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.", "application/vnd.sun.xml.",
		office.FlatWord, office.FlatExcel, office.FlatPackage)
}

// readOffice reads an Office Open XML or OpenDocument file.
func readOffice(c *container) error {
	if media := office.Type(c, c.Size()); media != "" {
		c.is(media)
	}
	return failure[office.Encrypted](office.Read(c, c.Size(), c), office.ErrMalformed, office.ErrUnsupported)
}
