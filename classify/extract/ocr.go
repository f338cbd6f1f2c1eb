package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// OCR reads the text in a picture.
type OCR interface {
	// Text writes the text of a picture, as UTF-8, to text. An error wraps
	// errors.ErrUnsupported if pictures cannot be read here at all, and is
	// context.DeadlineExceeded if the picture took too long.
	Text(ctx context.Context, picture io.Reader, text io.Writer) error
}

// UseOCR has the text in pictures read: they are no longer unscannable, and one
// that ocr cannot read has a Problem. It is called before anything is fed.
func (r *Reader) UseOCR(ocr OCR) { r.ocr = ocr }

// hasOCR reports whether pictures of a type are read by OCR.
func hasOCR(media string) bool {
	switch media {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/tiff", "image/bmp":
		return true
	}
	return false
}

// openOCR spools a picture until it is complete.
func (rd *reading) openOCR() stage {
	l := rd.leaf
	rd.seen = true
	return newSpool(l.r, func(s *spool) {
		out := &dropNUL{r: l.r, next: newTextStream(l.r, l.part, l.part.Where)}
		ctx, cancel := context.WithTimeout(l.r.ctx, max(l.r.limits.PartTime-(l.r.clock()-l.begun), 0))
		defer cancel()
		err := l.r.ocr.Text(ctx, io.NewSectionReader(s, 0, s.size), stageWriter{out})
		out.close()
		switch {
		case err == nil:
		case errors.Is(err, errors.ErrUnsupported):
			l.problem(Unsupported)
		case errors.Is(err, context.DeadlineExceeded):
			l.problem(TimedOut)
		case errors.Is(err, errTooBig):
			l.problem(TooBig)
		default:
			l.problem(Malformed)
		}
		l.r.alive()
	})
}

// Tesseract is OCR by the program tesseract: one process for each picture, which
// gets it on its standard input, with limits of time, memory and output. The
// zero values of its fields are those of DefaultTesseract.
type Tesseract struct {
	Program   string        // name or path of the program
	Languages string        // as in "eng+fra"
	Time      time.Duration // for one picture
	Memory    int64         // bytes of address space
	Picture   int64         // bytes of a picture; larger ones are not read
	Output    int64         // bytes of text of one picture; what is more is dropped
	Processes int           // at a time; pictures wait for their turn

	path    string
	workers chan struct{}
}

// DefaultTesseract is what serves where a field of a Tesseract is zero.
var DefaultTesseract = Tesseract{
	Program: "tesseract", Languages: "eng", Time: 10 * time.Second, Memory: 512 << 20, Picture: 32 << 20, Output: 1 << 20, Processes: 1,
}

// NewTesseract looks for the program. It returns a Tesseract in any case: one
// without a program says of every picture that it is unsupported, and the error
// says so once, for the log.
func NewTesseract(t Tesseract) (*Tesseract, error) {
	d := &DefaultTesseract
	fill(&t.Program, d.Program)
	fill(&t.Languages, d.Languages)
	fill(&t.Time, d.Time)
	fill(&t.Memory, d.Memory)
	fill(&t.Picture, d.Picture)
	fill(&t.Output, d.Output)
	fill(&t.Processes, d.Processes)
	t.workers = make(chan struct{}, t.Processes)
	path, err := exec.LookPath(t.Program)
	if err != nil {
		return &t, fmt.Errorf("text in pictures will not be read, and counts as unsupported: %w", err)
	}
	if strings.HasPrefix(t.Languages, "-") {
		return &t, fmt.Errorf("text in pictures will not be read, and counts as unsupported: languages are %q, want codes such as \"eng+fra\"", t.Languages)
	}
	t.path = path
	return &t, nil
}

// Text implements OCR.
func (t *Tesseract) Text(ctx context.Context, picture io.Reader, text io.Writer) error {
	if t.path == "" {
		return errors.ErrUnsupported
	}
	select {
	case t.workers <- struct{}{}:
		defer func() { <-t.workers }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, t.Time)
	defer cancel()
	in := &io.LimitedReader{R: picture, N: t.Picture + 1}
	out := &limitedWriter{w: text, left: t.Output}
	// The shell sets the limit of memory and becomes the program.
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", `ulimit -v "$1" && shift && exec "$@"`, "sh",
		strconv.FormatInt(t.Memory>>10, 10), t.path, "stdin", "stdout", "-l", t.Languages)
	cmd.Env = []string{"OMP_THREAD_LIMIT=1", "LC_ALL=C", "PATH=/usr/local/bin:/usr/bin:/bin"}
	cmd.Dir = "/"
	cmd.Stdin, cmd.Stdout = in, out
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case in.N == 0:
		return errTooBig
	case err != nil:
		return fmt.Errorf("%s: %w", t.Program, err)
	}
	return nil
}

// limitedWriter drops what passes its limit.
type limitedWriter struct {
	w    io.Writer
	left int64
}

func (l *limitedWriter) Write(b []byte) (int, error) {
	n := int64(len(b))
	if _, err := l.w.Write(b[:min(n, l.left)]); err != nil {
		return 0, err
	}
	l.left -= min(n, l.left)
	return int(n), nil
}
