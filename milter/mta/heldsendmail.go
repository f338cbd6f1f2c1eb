package mta

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// SendmailInstance is the quarantine of one Sendmail: the files hf* of its queue
// folders.
type SendmailInstance struct {
	// CF is its sendmail.cf; empty is the usual place.
	CF string
	// Program is its sendmail; empty looks for one in PATH.
	Program string
}

const usualCF = "/etc/mail/sendmail.cf"

func (s SendmailInstance) cf() string {
	if s.CF == "" {
		return usualCF
	}
	return s.CF
}

// Held reads the quarantined files of all queue folders.
func (s SendmailInstance) Held(ctx context.Context) iter.Seq2[Held, error] {
	return func(yield func(Held, error) bool) {
		folders, err := s.folders()
		if err != nil {
			yield(Held{}, err)
			return
		}
		for _, folder := range folders {
			for name, err := range namesOf(folder) {
				if ctx.Err() != nil {
					yield(Held{}, ctx.Err())
					return
				}
				if err != nil {
					if !yield(Held{}, err) {
						return
					}
					continue
				}
				id, ok := strings.CutPrefix(name, "hf")
				if !ok || !IsQueueID(id) {
					continue
				}
				h, err := readControl(folder, id)
				if errors.Is(err, fs.ErrNotExist) {
					continue // it has left meanwhile
				}
				if !yield(h, err) {
					return
				}
			}
		}
	}
}

// namesOf lists a folder, a piece at a time.
func namesOf(folder string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		d, err := os.Open(folder)
		if err != nil {
			yield("", err)
			return
		}
		defer d.Close()
		for {
			names, err := d.Readdirnames(1000)
			for _, name := range names {
				if !yield(name, nil) {
					return
				}
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					yield("", err)
				}
				return
			}
		}
	}
}

// folders are those that hold control files: of the option QueueDirectory, whose
// last asterisk stands for all folders that begin so, and of queue groups; where
// a folder has one named qf, the files are there.
func (s SendmailInstance) folders() ([]string, error) {
	text, err := os.ReadFile(s.cf())
	if err != nil {
		return nil, err
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		path, ok := cfOption(line, "QueueDirectory")
		if !ok {
			path, ok = queueGroup(line)
		}
		if !ok {
			continue
		}
		found := []string{path}
		if rest, many := strings.CutSuffix(path, "*"); many {
			if found, err = startingWith(rest); err != nil {
				return nil, err
			}
		}
		for _, folder := range found {
			if info, err := os.Stat(filepath.Join(folder, "qf")); err == nil && info.IsDir() {
				folder = filepath.Join(folder, "qf")
			}
			all = append(all, folder)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s names no QueueDirectory", s.cf())
	}
	return all, nil
}

// startingWith are the folders whose path begins so.
func startingWith(path string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(path + "x"))
	var all []string
	for _, e := range entries {
		full := filepath.Join(filepath.Dir(path+"x"), e.Name())
		if info, err := os.Stat(full); err == nil && info.IsDir() && strings.HasPrefix(full, path) {
			all = append(all, full)
		}
	}
	return all, err
}

// cfOption reads "O Name=value", the long form of an option.
func cfOption(line, name string) (string, bool) {
	rest, ok := strings.CutPrefix(line, "O ")
	if !ok {
		return "", false
	}
	key, value, ok := strings.Cut(rest, "=")
	return strings.TrimSpace(value), ok && strings.EqualFold(strings.TrimSpace(key), name)
}

// queueGroup reads the path of "Qname, P=path, ...".
func queueGroup(line string) (string, bool) {
	if !strings.HasPrefix(line, "Q") {
		return "", false
	}
	for _, equate := range strings.Split(line, ",")[1:] {
		key, value, _ := strings.Cut(equate, "=")
		if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(key)), "P") {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// readControl reads a control file: a letter says what each line is.
func readControl(folder, id string) (Held, error) {
	h := Held{ID: id, OnSendmail: true}
	f, err := os.Open(filepath.Join(folder, "hf"+id))
	if err != nil {
		return h, err
	}
	defer f.Close()
	if info, err := os.Stat(dataFile(folder, id)); err == nil {
		h.Bytes = info.Size()
	}
	lines := bufio.NewReaderSize(f, 64<<10)
	for {
		line, err := firstOfLine(lines)
		if line != "" {
			h.control(line[0], line[1:])
		}
		if err != nil || line == "." {
			break
		}
	}
	h.Ref = strings.TrimPrefix(ourReason.FindString(h.Reason), "postern ")
	return h, nil
}

func (h *Held) control(kind byte, rest string) {
	switch kind {
	case 'T':
		if n, err := strconv.ParseInt(rest, 10, 64); err == nil {
			h.Arrived = time.Unix(n, 0)
		}
	case 'q':
		h.Reason = rest
	case 'S':
		h.Sender = strings.Trim(rest, "<>")
	case 'R':
		_, address, _ := strings.Cut(rest, ":")
		h.addRecipient(strings.Trim(address, "<>"))
	}
}

// dataFile holds the body: beside the control file, or in the folder df where
// control files are in qf.
func dataFile(folder, id string) string {
	if parent, last := filepath.Split(folder); last == "qf" {
		if info, err := os.Stat(filepath.Join(parent, "df")); err == nil && info.IsDir() {
			folder = filepath.Join(parent, "df")
		}
	}
	return filepath.Join(folder, "df"+id)
}

// find is the folder of a quarantined mail.
func (s SendmailInstance) find(id string) (string, error) {
	if !IsQueueID(id) {
		return "", fmt.Errorf("queue id %q: want letters and digits", Cut(id, 60))
	}
	folders, err := s.folders()
	if err != nil {
		return "", err
	}
	for _, folder := range folders {
		_, err := os.Stat(filepath.Join(folder, "hf"+id))
		if err == nil {
			return folder, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", ErrNotHeld
}

// Look returns one quarantined mail.
func (s SendmailInstance) Look(_ context.Context, id string) (Held, error) {
	folder, err := s.find(id)
	if err != nil {
		return Held{ID: id}, err
	}
	return readControl(folder, id)
}

// Lifetime is the option Timeout.queuereturn.
func (s SendmailInstance) Lifetime(context.Context) (time.Duration, error) {
	text, err := os.ReadFile(s.cf())
	if err != nil {
		return 0, err
	}
	lifetime := "5d"
	for line := range strings.Lines(string(text)) {
		if value, ok := cfOption(line, "Timeout.queuereturn"); ok {
			lifetime = value
		}
	}
	return parseTime(lifetime, 'd')
}

// Release takes a mail out of quarantine, then has the queue run for it alone.
func (s SendmailInstance) Release(ctx context.Context, id string) error {
	if _, err := s.find(id); err != nil {
		return err
	}
	if err := s.run(ctx, "-qQ", "-qI"+id, "-Q"); err != nil {
		return err
	}
	if _, err := s.find(id); !errors.Is(err, ErrNotHeld) {
		return errors.Join(errors.New("sendmail has not taken it out of quarantine"), err)
	}
	if err := s.run(ctx, "-qI"+id); err != nil {
		return fmt.Errorf("%w: %w", ErrNotTried, err)
	}
	return nil
}

func (s SendmailInstance) run(ctx context.Context, args ...string) error {
	program := s.Program
	if program == "" {
		var err error
		if program, err = tool("sendmail"); err != nil {
			return err
		}
	}
	if s.CF != "" {
		args = append([]string{"-C" + s.CF}, args...)
	}
	said := &bounded{}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Run(); err != nil {
		return failure("sendmail", said.String(), err)
	}
	return nil
}

// Drop deletes a quarantined mail: Sendmail has no command for it. The lock keeps
// a queue run away meanwhile.
func (s SendmailInstance) Drop(_ context.Context, id string) error {
	folder, err := s.find(id)
	if err != nil {
		return err
	}
	name := filepath.Join(folder, "hf"+id)
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotHeld
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("sendmail works at %s just now: %w", name, err)
	}
	if err := os.Remove(name); err != nil {
		return err
	}
	if err := os.Remove(dataFile(folder, id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
