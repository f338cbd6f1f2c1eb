//go:build unix

package anchor

import (
	"syscall"
	"testing"
)

// guarded returns a page of memory before one that cannot be read.
func guarded(t *testing.T) []byte {
	t.Helper()
	page := syscall.Getpagesize()
	room, err := syscall.Mmap(-1, 0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(room); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(room[page:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return room[:page:page]
}

// A text that ends where its memory ends is read no further.
func TestMarksOfATextBeforeAGuardPage(t *testing.T) {
	room := guarded(t)
	page := len(room)
	for i := range room {
		room[i] = "12-3 4,a\n"[i%9]
	}
	for n := 0; n <= 4*BlockBytes; n++ {
		checkMarks(t, room[page-n:page:page])
	}
}

// Of a text one block behind those with words is read, and nothing behind it.
func TestWordsOfATextBeforeAGuardPage(t *testing.T) {
	room := guarded(t)
	page := len(room)
	words := []uint64{HashWord(0x6c6169636f73, 6), HashWord(0x61, 1)}
	set := NewPhrases(words, words, []uint64{HashPair(words[0], words[1])})
	for blocks := 1; blocks <= 3; blocks++ {
		size := (blocks + 1) * BlockBytes
		for shift := range BlockBytes {
			for _, text := range []string{"social a 1234567890-xy ", "a", " ", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghij"} {
				at := page - size - shift
				for i := at; i < page; i++ {
					room[i] = text[(i-at)%len(text)]
				}
				c := wordCase{blocks: blocks, odd: func(i int) bool { return i%11 == 3 }, wanted: func(i int) bool { return (i+shift)%3 == 0 }}
				c.text = append(c.text, room[at:at+size]...)
				hashes, words := c.words()
				inAnyForm(func() { c.checkFind(t, set, room[at:at+size], hashes, words) })
			}
		}
	}
}
