package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
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
	var keys []classify.Key
	if !isText(data) {
		keys = append(keys, classify.Key{Secret: data})
	} else if keys, err = keyLines(data); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(keys) == 0 {
		keys = append(keys, classify.Key{}) // which is too short
	}
	for i := range keys {
		k := &keys[i]
		if len(k.Secret) < minKeyBytes {
			return nil, hinted{
				fmt.Errorf("%s: a fingerprint key of %d bytes, want at least %d", file, len(k.Secret), minKeyBytes),
				"make one that the daemon alone can read: (umask 077; openssl rand -hex 32 > " + file + ")",
			}
		}
		if k.ID == "" {
			k.ID = keyID(k.Secret)
		}
		for _, other := range keys[:i] {
			if other.ID == k.ID {
				return nil, fmt.Errorf("%s: two keys with the id %q", file, k.ID)
			}
		}
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

// keyLines reads the keys of a text. Errors name lines, never what stands there.
func keyLines(data []byte) ([]classify.Key, error) {
	var keys []classify.Key
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line, _, _ = strings.Cut(line, "#")
		switch fields := strings.Fields(line); len(fields) {
		case 0:
		case 1:
			keys = append(keys, classify.Key{Secret: []byte(fields[0])})
		case 2:
			if !validKeyID(fields[0]) {
				return nil, fmt.Errorf("line %d: an id of a key has 1 to 16 letters, digits and hyphens", n)
			}
			keys = append(keys, classify.Key{ID: fields[0], Secret: []byte(fields[1])})
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
