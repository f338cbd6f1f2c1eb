package extract

import (
	"bufio"
	"errors"
	"io"
	"strings"

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
	}
	rr, err := rardecode.NewReader(src, rardecode.MaxDictionarySize(maxDictionary))
	if err != nil {
		return rarError(err, locked)
	}
	for {
		h, err := rr.Next()
		if err == io.EOF {
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

// rarContent translates what the library says of a member.
type rarContent struct {
	r      io.Reader
	locked error
}

func (r *rarContent) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	if err != nil && err != io.EOF {
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
