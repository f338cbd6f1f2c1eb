package milter

import (
	"context"
	"time"

	"github.com/emersion/go-milter"

	"github.com/postern-mail/postern/rules"
)

// maxTakenIn is how much of a mail is taken in before its reading begins. Most
// mails are shorter: those are read at once when they are complete, and until
// then cost no more than their own bytes, however slow the MTA is.
const maxTakenIn = 32 << 10

// transaction is one mail of a Session, from MAIL to its verdict.
type transaction struct {
	session    *Session
	env        rules.Envelope
	began      time.Time
	engine     engine
	open       bool        // in scope, and the MTA shows it
	taken      [][2]string // fields, until the reading begins
	body       []byte
	takenBytes int
	share      *share // of the budget, while it is read
	inspection inspection
	shadow     *shadow
	cancel     context.CancelFunc
	fields     fieldCount
	known      knowledge
	cause      error           // of a fault, if there is one to tell
	final      milter.Response // once set, the answer to whatever still comes
}

// field takes a header field in. A fault ends the mail, here and below.
func (tx *transaction) field(name, value string) fault {
	if tx.inspection == nil {
		if n := len(name) + len(value); tx.takenBytes+n <= maxTakenIn {
			tx.taken = append(tx.taken, [2]string{name, value})
			tx.takenBytes += n
			return ""
		}
		if bad := tx.begin(); bad != "" {
			return bad
		}
	}
	tx.inspection.Field(name, value)
	tx.shadow.field(name, value)
	return ""
}

// write takes the next bytes of the body in.
func (tx *transaction) write(b []byte) fault {
	if tx.inspection == nil {
		if tx.takenBytes+len(b) <= maxTakenIn {
			tx.body = append(tx.body, b...)
			tx.takenBytes += len(b)
			return ""
		}
		if bad := tx.begin(); bad != "" {
			return bad
		}
	}
	return tx.read(b)
}

// begin waits for a share of the budget and begins to read the mail, with what
// was taken in so far.
func (tx *transaction) begin() fault {
	server := tx.session.server
	share, ok := server.budget.enter(server.base)
	if !ok {
		return faultOverload
	}
	tx.share = share
	ctx, cancel := context.WithTimeout(server.base, server.MailTime)
	tx.cancel = cancel
	tx.inspection = tx.engine.Inspect(ctx, &tx.env, share)
	tx.shadow = tx.session.openShadow(ctx)
	for _, f := range tx.taken {
		tx.inspection.Field(f[0], f[1])
		tx.shadow.field(f[0], f[1])
	}
	body := tx.body
	tx.taken, tx.body = nil, nil
	if len(body) == 0 {
		return ""
	}
	return tx.read(body)
}

// read has the next bytes of the body read.
func (tx *transaction) read(b []byte) fault {
	if !tx.share.read(tx.session.server.base, len(b)) {
		return faultOverload
	}
	if _, err := tx.inspection.Write(b); err != nil {
		return tx.faultOf(err)
	}
	tx.shadow.write(b)
	return ""
}

// release ends the inspection. One that was not finished is cancelled first and
// then finished, so that it lets go of what it holds open; its result is
// nobody's any more.
func (tx *transaction) release() {
	if tx.cancel != nil {
		tx.cancel()
		tx.cancel = nil
	}
	tx.taken, tx.body = nil, nil
	defer tx.share.leave()
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
