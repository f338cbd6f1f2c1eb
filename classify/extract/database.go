package extract

import "github.com/postern-mail/postern/classify/extract/database"

func init() {
	register(func(c *container) error {
		return failure[database.Encrypted](database.Read(c, c.Size(), c), database.ErrMalformed, database.ErrUnsupported)
	}, "application/vnd.sqlite3", "application/x-dbf")
}
