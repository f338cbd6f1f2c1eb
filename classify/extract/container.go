package extract

import (
	"errors"
	"io"
	"strings"
)

// format reads one kind of container: its bytes are c.ReadAt, c.Size of them,
// and what it finds it gives to c.Text, c.Member and the like. An error that is
// not c's own says why the container was not read whole: errMalformed, a
// *lockedError, and so on.
type format func(c *container) error

// formats are the containers that can be read, by the media type that sniff
// tells. A key that ends in a full stop is the beginning of a type.
var formats = map[string]format{}

// register adds a format. A parser that lives in a package of its own needs no
// more than one file here, which speaks of it in its init:
//
//	func init() {
//		register(func(c *container) error {
//			return failure[pdf.Encrypted](pdf.Read(c, c.Size(), c), pdf.ErrMalformed, pdf.ErrUnsupported)
//		}, "application/pdf")
//	}
//
// The media type is that of sniff.go, where its first bytes stand. Documents
// that are zip files are told apart by their members in zip.go; a reader of
// theirs that fails before it has told anything leaves them to be read as zip.
func register(read format, media ...string) {
	for _, m := range media {
		if formats[m] != nil {
			panic("internal error: two formats for " + m)
		}
		formats[m] = read
	}
}

// formatOf finds the format of a type; nil if there is none.
func formatOf(media string) format {
	if f := formats[media]; f != nil {
		return f
	}
	for i := len(media); i > 0; i = strings.LastIndexByte(media[:i], '.') {
		if f := formats[media[:i]+"."]; f != nil && i < len(media) {
			return f
		}
	}
	return nil
}

// What a format says of a container that it cannot read whole.
var (
	errMalformed   = errors.New("malformed container")
	errUnsupported = errors.New("unsupported kind of container")
	errTooBig      = errors.New("container takes more than it may")
	errStopped     = errors.New("reading was stopped") // by the container's own methods
)

// lockedError says that content is encrypted.
type lockedError struct {
	Cipher string // as people write it: "AES-256", "ZipCrypto"; empty if unknown
	Weak   bool   // under 128 bits, or broken
}

func (e *lockedError) Error() string { return "encrypted with " + e.Cipher }

// failure makes the error of a parser in a package of its own into one of ours.
func failure[E ~struct {
	Cipher string
	Weak   bool
}, P interface {
	*E
	error
}](err, malformed, unsupported error) error {
	var locked P
	switch {
	case err == nil || errors.Is(err, errStopped):
		return err
	case errors.As(err, &locked):
		e := lockedError(*locked)
		return &e
	case errors.Is(err, unsupported):
		return errUnsupported
	case errors.Is(err, malformed):
		return errMalformed
	}
	return err
}

// problemOf is the Problem that an error of a format stands for. Libraries have
// errors of their own: to them what they cannot read is malformed.
func problemOf(err error) Problem {
	var locked *lockedError
	switch {
	case errors.As(err, &locked):
		return Encrypted
	case errors.Is(err, errUnsupported), errors.Is(err, errors.ErrUnsupported):
		return Unsupported
	case errors.Is(err, errTooBig):
		return TooBig
	}
	return Malformed
}

// ratioFloor is the least size that Limits.Ratio is applied to: of something
// tiny, any number of times is still little.
const ratioFloor = 256 << 10

// container is a part being read by its format, and what the format gives its
// findings to: the one Out of all parsers. Its methods return errStopped once
// reading has to end, and the format then returns at once.
type container struct {
	r        *Reader
	leaf     *leaf
	rd       *reading
	src      *spool
	from     int64  // where in it the container begins
	prefix   string // of its members' paths, if that is not its own
	depth    int    // of what stands in it
	members  int
	expanded int64
	held     int64
	open     []*memberText
	stopped  Problem
	told     bool    // something was found
	unread   Problem // why some of it was not read
	inside   int     // our own stages are at work
	behind   bool    // an archive is read that stands behind a document
	packed   int64
}

// readContainer has a spooled part read by its format.
func (rd *reading) readContainer(read format, s *spool) {
	l := rd.leaf
	c := &container{r: l.r, leaf: l, rd: rd, src: s, depth: l.w.nesting() + 1, packed: max(s.size, ratioFloor)}
	if s.file != nil && l.r.opened == 0 {
		done := l.r.takeTurn()
		if done == nil {
			l.problem(TimedOut)
			return
		}
		defer done()
	}
	l.r.opened++
	defer func() { l.r.opened-- }()
	open := len(l.r.leaves)
	err := c.run(read)
	l.r.leaves = l.r.leaves[:open]
	for len(c.open) > 0 {
		_ = c.open[len(c.open)-1].Close()
	}
	l.r.hold(-c.held, false)
	var locked *lockedError
	switch {
	case errors.As(err, &locked):
		c.locked(locked.Cipher, locked.Weak)
	case c.stopped != "":
		l.problem(c.stopped)
	case err != nil:
		l.problem(problemOf(err))
	}
	if c.unread != "" {
		l.problem(c.unread)
	}
	if l.part.Encrypted {
		l.problem(Encrypted)
	}
}

// run calls the format. A parser that panics has met something malformed; what
// panics in the Sink is none of its doing.
func (c *container) run(read format) (err error) {
	defer func() {
		if c.inside > 0 {
			return
		}
		if p := recover(); p != nil {
			err = errMalformed
		}
	}()
	if err := c.check(); err != nil {
		return err
	}
	return read(c)
}

// Size is how many bytes the container has.
func (c *container) Size() int64 { return c.src.size - c.from }

// ReadAt reads the container's bytes.
func (c *container) ReadAt(b []byte, off int64) (int, error) {
	if err := c.check(); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, errMalformed
	}
	return c.src.ReadAt(b, c.from+off)
}

// stop ends the reading of this container alone.
func (c *container) stop(p Problem) error {
	if c.stopped == "" {
		c.stopped = p
	}
	return errStopped
}

// check looks at the context and the clock.
func (c *container) check() error {
	if c.stopped != "" {
		return errStopped
	}
	r := c.r
	if r.alive() {
		r.tick()
	}
	switch {
	case r.halted():
		return c.stop(r.problem)
	case c.leaf.late:
		return c.stop(TimedOut)
	}
	return nil
}

// Expand allows n more bytes to be made out of the container's. What is given to
// Member and Text counts by itself, too.
func (c *container) Expand(n int) error {
	if err := c.check(); err != nil {
		return err
	}
	c.expanded += int64(n)
	c.r.expanded += int64(n)
	if c.expanded/int64(c.r.limits.Ratio) > c.packed {
		return c.stop(TooBig)
	}
	if c.r.expanded > c.r.limits.MailBytes {
		c.r.halt(TooBig)
		return c.stop(TooBig)
	}
	return nil
}

// hold allows n bytes to be held in memory until the container is read; a
// negative n gives them back.
func (c *container) hold(n int64) error {
	if n > 0 && (n > c.r.limits.MailMemory || c.r.held+n > c.r.limits.MailMemory) {
		return errTooBig
	}
	if !c.r.hold(n, true) {
		c.r.fail(ErrNoMemory)
		return errStopped
	}
	c.held += n
	return nil
}

// Anomaly notes something odd: name is one of AnomalyNames.
func (c *container) Anomaly(name string) {
	for a, known := range anomalyNames {
		if known == name {
			c.r.anomalies.add(anomaly(a))
			return
		}
	}
	panic("internal error: unknown anomaly " + name)
}

// is says what the container turned out to be.
func (c *container) is(media string) { c.rd.found.media = media }

// missed notes that some of the container was not read.
func (c *container) missed(p Problem) {
	if c.unread == "" && p != Encrypted {
		c.unread = p
	}
}

// locked says that some of the container is encrypted. Of several ciphers the
// weak one is told.
func (c *container) locked(cipher string, weak bool) {
	p := c.leaf.part
	if !p.Encrypted || weak && !p.Weak {
		p.Cipher = cipher
	}
	p.Encrypted = true
	p.Weak = p.Weak || weak
}

// file is the container as a reader from its beginning.
func (c *container) file() *io.SectionReader { return io.NewSectionReader(c, 0, c.Size()) }
