//go:build unix

package anchor

import (
	"syscall"
	"testing"
)

// A text that ends where its memory ends is read no further.
func TestMarksOfATextBeforeAGuardPage(t *testing.T) {
	page := syscall.Getpagesize()
	room, err := syscall.Mmap(-1, 0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Munmap(room); err != nil {
			t.Error(err)
		}
	}()
	if err := syscall.Mprotect(room[page:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	for i := range page {
		room[i] = "12-3 4,a\n"[i%9]
	}
	for n := 0; n <= 4*BlockBytes; n++ {
		checkMarks(t, room[page-n:page:page])
	}
}
