package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeysAreReadNewestFirst(t *testing.T) {
	const a, b = "0123456789abcdef0123", "fedcba98765432100123"
	random := "\x00\x01\n\xff" + strings.Repeat("\x80", 28)
	for _, c := range []struct{ name, text, want string }{
		{"one key", a + "\n", keyID([]byte(a)) + "=" + a},
		{"a key with an id", "2027-1\t" + a, "2027-1=" + a},
		{"two keys, comments and empty lines", "# new\n2027 " + a + "\n\n" + b + " # old\n", "2027=" + a + " " + keyID([]byte(b)) + "=" + b},
		{"random bytes", random, keyID([]byte(random)) + "=" + random},
		{"three keys", a + "\n" + b + "\n" + a + "0\n", "at most 2"},
		{"one id twice", "x " + a + "\nx " + b, `line 2: two keys with the id "x", the other in line 1`},
		{"one key twice", a + "\n" + a, "line 2: the key of line 1 again"},
		{"one key under two ids", "# keys\nnew " + a + "\n\nold " + a, "line 4: the key of line 2 again"},
		{"a short key", "# keys\nshort\n", "line 2: a fingerprint key of 5 bytes"},
		{"no key", "# none\n", "a fingerprint key of 0 bytes"},
		{"an id that is none", "a:b " + a, "line 1: an id"},
		{"a sentence", "my dog has fleas", "line 1: 4 words"},
		{"too long a file", strings.Repeat("x", maxKeyFile+1), "are no key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var all []string
			keys, err := readKeys(file)
			if err != nil {
				if got := err.Error(); !strings.Contains(got, c.want) || strings.Contains(got, "dog") || strings.Contains(got, a) {
					t.Errorf("got %q, want %q and no key", got, c.want)
				}
				return
			}
			for _, k := range keys {
				all = append(all, k.ID+"="+string(k.Secret))
			}
			if got := strings.Join(all, " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(" "+a+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if key, err := oneKey(file); err != nil || !bytes.Equal(key, []byte(a)) {
		t.Errorf("got %q, %v, want the key without white space", key, err)
	}
}
