package notice

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Field is the header field by which a notice is known.
const Field = "X-Postern-Notice"

// seal is the field's value: when, which, and that it is ours.
func seal(key []byte, id string, to []string, now time.Time) string {
	when := strconv.FormatInt(now.Unix(), 10)
	return fmt.Sprintf("%s; %s; %s", when, id, mac(key, when, id, to))
}

func mac(key []byte, when, id string, to []string) string {
	addresses := make([]string, len(to))
	for i, a := range to {
		addresses[i] = strings.ToLower(a)
	}
	slices.Sort(addresses)
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%s\n%s\n%s", when, id, strings.Join(addresses, "\n"))
	return hex.EncodeToString(m.Sum(nil))
}

// Ours reports whether a mail with this value of Field to these recipients is a
// notice that this Queue's directory made in the last MaxAge and a day.
func (q *Queue) Ours(value string, recipients []string) bool {
	if q == nil {
		return false
	}
	parts := strings.Split(strings.TrimSpace(value), "; ")
	if len(parts) != 3 || !hmac.Equal([]byte(parts[2]), []byte(mac(q.key, parts[0], parts[1], recipients))) {
		return false
	}
	when, err := strconv.ParseInt(parts[0], 10, 64)
	age := q.options.now().Sub(time.Unix(when, 0))
	return err == nil && age > -time.Hour && age < q.options.MaxAge+24*time.Hour
}

// readKey reads the key of a directory, and makes one if there is none.
func readKey(root *os.Root) ([]byte, error) {
	key, err := root.ReadFile("key")
	if err == nil && len(key) == sha256.Size {
		return key, nil
	}
	if err != nil && !isNotExist(err) {
		return nil, err
	}
	key = make([]byte, sha256.Size)
	rand.Read(key)
	return key, writeFile(root, "key", key)
}

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// writeFile writes a file so that it is there whole or not at all.
func writeFile(root *os.Root, name string, data []byte) error {
	partial := name + ".new"
	f, err := root.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = root.Rename(partial, name)
	}
	return err
}
