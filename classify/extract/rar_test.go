package extract

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"
	"time"
)

// rarVint is a number as RAR 5 writes it.
func rarVint(n int) string { return string(binary.AppendUvarint(nil, uint64(n))) }

// rarBlock is a block of RAR 5: a header with its checksum, and data.
func rarBlock(kind, flags int, body, data string) string {
	h := rarVint(kind) + rarVint(flags)
	if flags&2 != 0 {
		h += rarVint(len(data))
	}
	h += body
	sized := rarVint(len(h)) + h
	return string(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(sized)))) + sized + data
}

// rar5Of is a RAR 5 archive of one stored member.
func rar5Of(name, content string) string {
	body := rarVint(4) + rarVint(len(content)) + rarVint(0x20) + string(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(content)))) +
		rarVint(0) + rarVint(1) + rarVint(len(name)) + name
	return rar5 + rarBlock(1, 0, rarVint(0), "") + rarBlock(2, 2, body, content) + rarBlock(5, 0, rarVint(0), "")
}

// rar4Block is a block of RAR 1.5 to 4.
func rar4Block(kind byte, flags uint16, body, data string) string {
	le := binary.LittleEndian
	h := le.AppendUint16(le.AppendUint16([]byte{kind}, flags), uint16(7+len(body)))
	h = append(h, body...)
	return string(le.AppendUint16(nil, uint16(crc32.ChecksumIEEE(h)))) + string(h) + data
}

// rar4Of is an archive of RAR 4 with one stored member.
func rar4Of(name, content string, flags uint16) string {
	le := binary.LittleEndian
	b := le.AppendUint32(le.AppendUint32(nil, uint32(len(content))), uint32(len(content)))
	b = le.AppendUint32(append(b, 3), crc32.ChecksumIEEE([]byte(content)))
	b = append(b, 0, 0, 0, 0, 29, '0')
	b = le.AppendUint32(le.AppendUint16(b, uint16(len(name))), 0x20)
	return "Rar!\x1a\x07\x00" + rar4Block(0x73, 0, "\x00\x00\x00\x00\x00\x00", "") + rar4Block(0x74, flags|0x8000, string(b)+name, content) +
		rar4Block(0x7b, 0x4000, "", "")
}

func TestRarIsRead(t *testing.T) {
	for name, content := range map[string]string{"5": rar5Of("x.txt", secret), "4": rar4Of("x.txt", secret, 0)} {
		c := readNamed(t, "x.rar", content, Limits{})
		if want := "1!x.rar!x.txt text/plain\n1!x.rar application/vnd.rar\n"; c.tree() != want || !c.has(secret) {
			t.Errorf("RAR %s: got\n%s", name, c.tree())
		}
	}
	c := readNamed(t, "x.rar", rar4Of("x.txt", "0123456789abcdef", 4), Limits{})
	for _, path := range []string{"1!x.rar!x.txt", "1!x.rar"} {
		if p := c.known[path]; p == nil || p.Cipher != "AES-128" || p.Weak || p.Problem != Encrypted {
			t.Errorf("an encrypted member: %s is %+v", path, p)
		}
	}
	c = readNamed(t, "x.rar", rar5+rarBlock(4, 0, rarVint(0)+rarVint(0)+"\x0f"+strings.Repeat("s", 16), ""), Limits{})
	if p := c.known["1!x.rar"]; p.Cipher != "AES-256" || p.Weak || p.Problem != Encrypted {
		t.Errorf("encrypted names: %+v", p)
	}
}

func TestOldRarIsReadOneAtATime(t *testing.T) {
	rarTurn <- struct{}{}
	defer func() { <-rarTurn }()
	c := readNamed(t, "x.rar", rar4Of("x.txt", secret, 0), Limits{PartTime: 5 * time.Millisecond})
	if c.known["1!x.rar"].Problem != TimedOut {
		t.Errorf("got\n%s", c.tree())
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(5*time.Millisecond, cancel)
	c = newCollector(t)
	if err := ReadFile(NewReader(ctx, Limits{}, c), "x.rar", strings.NewReader(rar4Of("x.txt", secret, 0))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while it waits: %v", err)
	}
	c.check()
}
