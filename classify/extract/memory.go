package extract

import "errors"

// ErrNoMemory ends the reading of a mail for whose containers there was no memory
// in time. It is a fault of the machine and not of the mail.
var ErrNoMemory = errors.New("no memory is free for the containers of a mail")

// Memory is what several mails share. Take takes n bytes of it, false if they
// are not to be had; if it is told to, it waits for them, as long as it thinks
// fit. Give gives bytes back. Limits.MailMemory bounds each mail beside it.
type Memory interface {
	Take(n int64, wait bool) bool
	Give(n int64)
}

// UseMemory has the memory of containers taken from what is shared. It is called
// before the first Field or Write.
func (r *Reader) UseMemory(m Memory) { r.memory = m }

// hold counts n more bytes as held, if they are to be had; a negative n gives
// them back, which never fails.
func (r *Reader) hold(n int64, wait bool) bool {
	if r.memory != nil {
		switch {
		case n < 0:
			r.memory.Give(-n)
		case n > 0 && !r.memory.Take(n, wait):
			return false
		}
	}
	r.held += n
	return true
}
