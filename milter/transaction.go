package milter

import (
	"context"
	"time"

	"github.com/emersion/go-milter"

	"github.com/postern-mail/postern/rules"
)

// transaction is one mail of a Session, from MAIL to its verdict.
type transaction struct {
	env        rules.Envelope
	began      time.Time
	engine     engine
	inspection inspection
	shadow     *shadow
	cancel     context.CancelFunc
	fields     fieldCount
	facts      facts
	final      milter.Response // once set, the answer to whatever still comes
}

// release ends the inspection. One that was not finished is cancelled first and
// then finished, so that it lets go of what it holds open; its result is
// nobody's any more.
func (tx *transaction) release() {
	if tx.cancel != nil {
		tx.cancel()
		tx.cancel = nil
	}
	tx.shadow.release()
	if i := tx.inspection; i != nil {
		tx.inspection = nil
		defer func() { _ = recover() }() // it may be the panic's own doing
		_, _ = i.Finish()
	}
}

// maxFieldNames bounds a fieldCount. MTAs bound the header too; Postfix at
// 100 KB a field, but not their number.
const maxFieldNames = 2000

// fieldCount counts the fields of a mail's header by name, whatever their case.
type fieldCount struct {
	index    map[string]int
	counts   []int
	names    []string
	overflow bool
}

// add counts one field. Blanks before the colon are not part of a name.
func (c *fieldCount) add(name string) {
	var buf [64]byte
	key := buf[:0]
	for i := 0; i < len(name); i++ {
		b := name[i]
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		key = append(key, b)
	}
	for len(key) > 0 && (key[len(key)-1] == ' ' || key[len(key)-1] == '\t') {
		key = key[:len(key)-1]
	}
	if i, ok := c.index[string(key)]; ok {
		c.counts[i]++
		return
	}
	if len(c.names) == maxFieldNames {
		c.overflow = true
		return
	}
	if c.index == nil {
		c.index = make(map[string]int, 16)
	}
	c.names = append(c.names, string(key))
	c.index[c.names[len(c.names)-1]] = len(c.counts)
	c.counts = append(c.counts, 1)
}

// count tells how many fields have the name, given in lower case.
func (c *fieldCount) count(name string) int {
	if i, ok := c.index[name]; ok {
		return c.counts[i]
	}
	return 0
}
