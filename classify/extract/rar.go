package extract

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/nwaples/rardecode/v2"
)

func init() { register(readRar, "application/vnd.rar") }

// rar5 begins the archives of RAR 5; before, it was one byte shorter.
const rar5 = "Rar!\x1a\x07\x01\x00"

// readRar reads RAR files of versions 1.5 to 5. Their members may share one
// stream, so they are read in their order.
func readRar(c *container) error {
	if err := c.hold(min(maxDictionary, c.r.limits.MailMemory/2)); err != nil {
		return err
	}
	src := bufio.NewReaderSize(c.file(), maxBlock/2)
	head, _ := src.Peek(sniffBytes) // a short one is for the library to judge
	locked := &lockedError{Cipher: "AES-128"}
	if strings.Contains(string(head), rar5) {
		locked.Cipher = "AES-256"
	} else {
		if err := c.takeRarTurn(); err != nil {
			return err
		}
		defer c.endRarTurn()
	}
	rr, err := rardecode.NewReader(src, rardecode.MaxDictionarySize(maxDictionary))
	if err != nil {
		return rarError(err, locked)
	}
	for {
		h, err := rr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return rarError(err, locked)
		}
		switch {
		case h.IsDir:
			err = c.Note(h.Name)
		case h.LinkType != 0:
			err = c.Note(strings.TrimSpace(h.Name + " " + h.LinkTarget))
		case h.Encrypted || h.HeaderEncrypted:
			err = c.Unread(h.Name, h.UnPackedSize, locked)
		default:
			err = c.Member(h.Name, c.expanding(&rarContent{rr, locked}))
		}
		if err != nil {
			return err
		}
	}
}

// rarTurn is held by the one archive of RAR before 5 that is being read: its
// text model takes up to 256 MiB if the archive says so, and the library has no
// limit for it.
var rarTurn = make(chan struct{}, 1)

// takeRarTurn waits for the turn, within the time of the part. An archive in
// another one would need it twice.
func (c *container) takeRarTurn() error {
	if c.r.rarTurn {
		return errTooBig
	}
	wait := time.NewTimer(c.r.limits.PartTime)
	defer wait.Stop()
	select {
	case rarTurn <- struct{}{}:
		c.r.rarTurn = true
		return nil
	case <-c.r.ctx.Done():
		_ = c.check() // it sees the end of the context
		return errStopped
	case <-wait.C:
		return c.stop(TimedOut)
	}
}

func (c *container) endRarTurn() {
	c.r.rarTurn = false
	<-rarTurn
}

// rarContent translates what the library says of a member.
type rarContent struct {
	r      io.Reader
	locked error
}

func (r *rarContent) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = rarError(err, r.locked)
	}
	return n, err
}

func rarError(err, locked error) error {
	for _, known := range []struct{ theirs, ours error }{
		{rardecode.ErrArchiveEncrypted, locked},
		{rardecode.ErrArchivedFileEncrypted, locked},
		{rardecode.ErrBadPassword, locked},
		{rardecode.ErrUnknownEncryptMethod, &lockedError{}},
		{rardecode.ErrDictionaryTooLarge, errTooBig},
		{rardecode.ErrMultiVolume, errUnsupported},
		{rardecode.ErrUnknownVersion, errUnsupported},
		{rardecode.ErrUnsupportedDecoder, errUnsupported},
		{rardecode.ErrUnknownDecoder, errUnsupported},
		{rardecode.ErrMultipleDecoders, errUnsupported},
	} {
		if errors.Is(err, known.theirs) {
			return known.ours
		}
	}
	return err
}
