package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/postern-mail/postern/classify"
	"github.com/postern-mail/postern/classify/edm"
)

// minKeyBytes is the least length of a key, maxKeyFile that of what is read.
const (
	minKeyBytes = 16
	maxKeyFile  = 1 << 16
)

// readKeys reads the keys for fingerprints. A file of text has a key a line, the
// newest first: the key, or its id, white space and the key. "#" begins a comment.
// A file of anything else is one key as it is.
func readKeys(file string) ([]classify.Key, error) {
	data, err := readKeyFile(file)
	if err != nil {
		return nil, err
	}
	var lines []keyLine
	if !isText(data) {
		lines = append(lines, keyLine{Key: classify.Key{Secret: data}})
	} else if lines, err = keyLines(data); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(lines) == 0 {
		lines = append(lines, keyLine{}) // which is too short
	}
	var keys []classify.Key
	for i, k := range lines {
		if len(k.Secret) < minKeyBytes {
			return nil, hinted{
				fmt.Errorf("%s%s: a fingerprint key of %d bytes, want at least %d", file, k.place(), len(k.Secret), minKeyBytes),
				"make one that the daemon alone can read: (umask 077; openssl rand -hex 32 > " + file + ")",
			}
		}
		for _, other := range lines[:i] {
			switch {
			case bytes.Equal(other.Secret, k.Secret):
				return nil, hinted{
					fmt.Errorf("%s%s: the key of line %d again", file, k.place(), other.line),
					"make a new key and put it first; the one before it stays below until its fingerprints are past their time",
				}
			case other.ID != "" && other.ID == k.ID:
				return nil, fmt.Errorf("%s%s: two keys with the id %q, the other in line %d", file, k.place(), k.ID, other.line)
			}
		}
		k.ID = cmp.Or(k.ID, keyID(k.Secret))
		if slices.ContainsFunc(keys, func(other classify.Key) bool { return other.ID == k.ID }) {
			return nil, fmt.Errorf("%s%s: two keys with the id %q", file, k.place(), k.ID)
		}
		keys = append(keys, k.Key)
	}
	if len(keys) > classify.MaxKeys {
		return nil, hinted{
			fmt.Errorf("%s: %d keys, want at most %d: the newest and the one before it", file, len(keys), classify.MaxKeys),
			"take the oldest out: what it marked is past its time",
		}
	}
	return keys, nil
}

// readKeyFile reads a file that is no longer than keys are.
func readKeyFile(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(data) > maxKeyFile {
		err = fmt.Errorf("%s: more than %d bytes are no key", file, maxKeyFile)
	}
	return data, err
}

// keyLine is a key with its line; 0 is that of a file which is no text.
type keyLine struct {
	classify.Key
	line int
}

func (k keyLine) place() string {
	if k.line == 0 {
		return ""
	}
	return fmt.Sprintf(" line %d", k.line)
}

// keyLines reads the keys of a text. Errors name lines, never what stands there.
func keyLines(data []byte) ([]keyLine, error) {
	var keys []keyLine
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line, _, _ = strings.Cut(line, "#")
		switch fields := strings.Fields(line); len(fields) {
		case 0:
		case 1:
			keys = append(keys, keyLine{classify.Key{Secret: []byte(fields[0])}, n})
		case 2:
			if !validKeyID(fields[0]) {
				return nil, fmt.Errorf("line %d: an id of a key has 1 to 16 letters, digits and hyphens", n)
			}
			keys = append(keys, keyLine{classify.Key{ID: fields[0], Secret: []byte(fields[1])}, n})
		default:
			return nil, fmt.Errorf("line %d: %d words, want a key, or an id and a key", n, len(fields))
		}
	}
	return keys, nil
}

// keyID names a key that has no name. It gives nothing of it away.
func keyID(secret []byte) string {
	sum := sha256.Sum256(append([]byte("postern key id\x00"), secret...))
	return hex.EncodeToString(sum[:2])
}

func validKeyID(id string) bool {
	return id != "" && len(id) <= 16 && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// isText tells a file that somebody wrote from random bytes.
func isText(data []byte) bool {
	return utf8.Valid(data) && !bytes.ContainsFunc(data, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f
	})
}

// oneKey reads the key of a table, which is the whole file but for white space
// around it.
func oneKey(file string) ([]byte, error) {
	data, err := readKeyFile(file)
	if err != nil {
		return nil, err
	}
	return edm.TrimKey(data), nil
}
