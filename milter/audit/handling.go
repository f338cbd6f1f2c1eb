package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// Kinds of records.
const (
	KindMail    = "mail"    // a mail and what was decided about it
	KindRelease = "release" // a person let a held mail go
	KindDrop    = "drop"    // a person deleted one
)

// ErrHandling says that a record tells of what a person did, not of a mail.
var ErrHandling = errors.New("a record of what was done with held mail")

// Handling is a line about what a person did with a held mail. It is written
// before it is done; if that fails another one follows, with a fault.
type Handling struct {
	V          int       `json:"v"`
	Time       time.Time `json:"time"`
	Ref        string    `json:"ref"`
	QueueID    string    `json:"queue_id"`
	Kind       string    `json:"kind"`
	Fault      string    `json:"fault"` // empty, or "failed": it was not done
	By         By        `json:"by"`
	Because    string    `json:"because"`
	Sender     string    `json:"sender"`
	Recipients []string  `json:"recipients"`
	Route      string    `json:"route"`
}

// By names who did it: the account that the command ran under, and the login
// behind it where the system tells (su, sudo).
type By struct {
	UID   int    `json:"uid"`
	User  string `json:"user"`
	Login string `json:"login"`
}

// Note appends a line to a file that the daemon writes. It never makes one: the
// file would belong to whoever called, and be closed to the daemon. When it
// returns, the line is on disk.
func Note(path string, h Handling) error {
	h.V, h.Time = Version, h.Time.UTC()
	h.Recipients = append([]string{}, h.Recipients...)
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(h); err != nil {
		return fmt.Errorf("audit record: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("audit file: %w", err)
	}
	_, err = file.Write(whole(file, line.Bytes()))
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("audit file: %w", err)
	}
	return nil
}

// whole sets a line apart from one that was cut short before it.
func whole(file *os.File, line []byte) []byte {
	last := []byte{'\n'}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		_, _ = file.ReadAt(last, info.Size()-1)
	}
	if last[0] != '\n' {
		line = append([]byte{'\n'}, line...)
	}
	return line
}
