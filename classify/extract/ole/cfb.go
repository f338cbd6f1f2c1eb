package ole

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"sort"
	"strings"
	"unicode/utf16"
)

// The kinds of directory entries that matter ([MS-CFB] section 2.6.1).
const (
	typeStorage = 1
	typeStream  = 2
	typeRoot    = 5
)

// Sector numbers from here on are none ([MS-CFB] section 2.1).
const maxSector = 0xfffffffa

// endOfChain ends a chain of sectors.
const endOfChain = 0xfffffffe

// maxEntries bounds the directory: Outlook writes some thousands.
const maxEntries = 1 << 18

// file is an opened compound file.
type file struct {
	src     io.ReaderAt
	size    int64
	sector  int64 // bytes of a sector
	cutoff  int64 // streams shorter than this lie in the mini stream
	fat     []uint32
	miniFAT []uint32
	mini    *stream
	root    *entry
	budget  int64 // links of chains that may still be followed
	damaged bool
}

// entry is a stream or a storage.
type entry struct {
	name     string
	kind     byte
	start    uint32
	size     int64
	left     uint32
	right    uint32
	first    uint32
	index    int
	children []*entry
	byName   map[string]*entry
}

// child finds a member of a storage; nil if there is none. Names are the same in
// either case.
func (e *entry) child(name string) *entry { return e.byName[strings.ToLower(name)] }

var magic = []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

// openFile reads the header, the allocation tables and the directory.
func openFile(src io.ReaderAt, size int64) (*file, error) {
	head := make([]byte, 512)
	if n, err := src.ReadAt(head, 0); n < len(head) {
		if err != nil && err != io.EOF {
			return nil, err
		}
		return nil, ErrMalformed
	}
	if !bytes.Equal(head[:8], magic) {
		return nil, ErrMalformed
	}
	f := &file{src: src, size: size, cutoff: 4096}
	shift := binary.LittleEndian.Uint16(head[30:])
	if shift < 7 || shift > 16 {
		shift = 9
		f.damaged = true
	}
	f.sector = 1 << shift
	// Chains of a sound file do not meet, so all of them together are no longer
	// than the file, but of damaged ones something should be seen.
	f.budget = 4*(size/f.sector+size/64) + 4096
	if c := int64(binary.LittleEndian.Uint32(head[56:])); c > 0 && c <= 1<<20 {
		f.cutoff = c
	}
	if err := f.readFAT(head); err != nil {
		return nil, err
	}
	if err := f.readDirectory(binary.LittleEndian.Uint32(head[48:])); err != nil {
		return nil, err
	}
	if err := f.readMini(binary.LittleEndian.Uint32(head[60:])); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *file) sectors() int64 { return f.size / f.sector } // the header's is not counted, a torn one is

func (f *file) offset(sector uint32) int64 { return (int64(sector) + 1) * f.sector }

// readSector reads what there is of a sector; the rest is zeros.
func (f *file) readSector(sector uint32, b []byte) error {
	clear(b)
	if f.offset(sector) >= f.size {
		f.damaged = true
		return nil
	}
	n, err := f.src.ReadAt(b, f.offset(sector))
	if err != nil && err != io.EOF {
		return err
	}
	if n < len(b) {
		f.damaged = true
	}
	return nil
}

// readFAT reads the sectors of the allocation table that the header and the
// chain of the DIFAT list.
func (f *file) readFAT(head []byte) error {
	most := f.sectors()/(f.sector/4) + 2
	list := make([]uint32, 0, 109)
	for i := 76; i < 512; i += 4 {
		list = append(list, binary.LittleEndian.Uint32(head[i:]))
	}
	b := make([]byte, f.sector)
	next := binary.LittleEndian.Uint32(head[68:])
	for n := int64(0); next < maxSector && n*(f.sector/4-1) < most+109; n++ {
		if err := f.readSector(next, b); err != nil {
			return err
		}
		for i := 0; i < len(b)-4; i += 4 {
			list = append(list, binary.LittleEndian.Uint32(b[i:]))
		}
		next = binary.LittleEndian.Uint32(b[len(b)-4:])
	}
	for _, sector := range list {
		if sector >= maxSector {
			continue
		}
		if int64(len(f.fat)) > f.sectors() {
			break
		}
		if err := f.readSector(sector, b); err != nil {
			return err
		}
		for i := 0; i < len(b); i += 4 {
			f.fat = append(f.fat, binary.LittleEndian.Uint32(b[i:]))
		}
	}
	return nil
}

// chain follows links from a sector on, for so many sectors at most.
func (f *file) chain(fat []uint32, start uint32, most int64) []uint32 {
	var all []uint32
	for s := start; int64(len(all)) < most; {
		if s >= maxSector || f.budget <= 0 || int64(len(all)) > int64(len(fat)) {
			break
		}
		f.budget--
		all = append(all, s)
		if int64(s) >= int64(len(fat)) {
			break
		}
		s = fat[s]
	}
	return all
}

// readDirectory reads all entries and joins them to a tree.
func (f *file) readDirectory(start uint32) error {
	chain := f.chain(f.fat, start, maxEntries*128/f.sector)
	b := make([]byte, f.sector)
	var all []*entry
	for _, sector := range chain {
		if err := f.readSector(sector, b); err != nil {
			return err
		}
		for i := 0; i+128 <= len(b); i += 128 {
			all = append(all, f.parseEntry(b[i:i+128], len(all)))
		}
	}
	if len(all) == 0 {
		return ErrMalformed
	}
	f.root = all[0]
	if f.root.kind != typeRoot {
		f.damaged = true
	}
	seen := make([]bool, len(all))
	seen[0] = true
	f.join(f.root, all, seen)
	for i, e := range all {
		// What hangs nowhere may be what a more forgiving reader finds.
		if !seen[i] && (e.kind == typeStream || e.kind == typeStorage) && e.name != "" {
			f.damaged = true
			seen[i] = true
			if e.kind == typeStorage {
				f.join(e, all, seen)
			}
			f.root.children = append(f.root.children, e)
		}
	}
	f.root.settle()
	if f.root.kind != typeRoot && len(f.root.children) == 0 {
		return ErrMalformed
	}
	return nil
}

func (f *file) parseEntry(b []byte, index int) *entry {
	e := &entry{kind: b[66], index: index}
	n := int(binary.LittleEndian.Uint16(b[64:]))
	n = min(max(n-2, 0), 62)
	units := make([]uint16, n/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	e.name = strings.TrimRight(string(utf16.Decode(units)), "\x00")
	e.left, e.right, e.first = binary.LittleEndian.Uint32(b[68:]), binary.LittleEndian.Uint32(b[72:]), binary.LittleEndian.Uint32(b[76:])
	e.start = binary.LittleEndian.Uint32(b[116:])
	e.size = int64(binary.LittleEndian.Uint32(b[120:]))
	if f.sector > 512 { // the upper half is said to hold anything in version 3
		e.size |= int64(binary.LittleEndian.Uint32(b[124:])) << 32
	}
	if e.size < 0 || e.size > f.size {
		if e.kind == typeStream {
			f.damaged = true
		}
		e.size = f.size
	}
	return e
}

// join gives a storage its children, and theirs to them. Each entry is met once.
func (f *file) join(storage *entry, all []*entry, seen []bool) {
	type visit struct {
		parent *entry
		index  uint32
	}
	todo := []visit{{storage, storage.first}}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if v.index >= uint32(len(all)) {
			if v.index < maxSector {
				f.damaged = true
			}
			continue
		}
		if seen[v.index] {
			f.damaged = true
			continue
		}
		seen[v.index] = true
		e := all[v.index]
		todo = append(todo, visit{v.parent, e.left}, visit{v.parent, e.right})
		if e.kind != typeStream && e.kind != typeStorage {
			continue
		}
		v.parent.children = append(v.parent.children, e)
		if e.kind == typeStorage {
			todo = append(todo, visit{e, e.first})
		}
	}
}

// settle sorts the children as they were written, and indexes them by name.
func (e *entry) settle() {
	todo := []*entry{e}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		sort.Slice(s.children, func(i, k int) bool { return s.children[i].index < s.children[k].index })
		s.byName = make(map[string]*entry, len(s.children))
		for _, c := range s.children {
			if name := strings.ToLower(c.name); s.byName[name] == nil {
				s.byName[name] = c
			}
			todo = append(todo, c)
		}
	}
}

// readMini opens the mini stream and reads its allocation table.
func (f *file) readMini(start uint32) error {
	f.mini = &stream{file: f, unit: f.sector, size: f.root.size, chain: f.chain(f.fat, f.root.start, (f.root.size+f.sector-1)/f.sector)}
	f.mini.trim()
	b := make([]byte, f.sector)
	for _, sector := range f.chain(f.fat, start, f.root.size/64*4/f.sector+1) {
		if err := f.readSector(sector, b); err != nil {
			return err
		}
		for i := 0; i < len(b); i += 4 {
			f.miniFAT = append(f.miniFAT, binary.LittleEndian.Uint32(b[i:]))
		}
	}
	return nil
}

// stream reads the bytes of an entry.
type stream struct {
	file  *file
	unit  int64 // bytes of a sector
	mini  bool
	chain []uint32
	size  int64
	pos   int64
}

// open opens a stream. One whose chain is too short ends early, and the file
// counts as damaged.
func (f *file) open(e *entry) *stream {
	s := &stream{file: f, unit: f.sector, size: e.size}
	fat := f.fat
	if e.size < f.cutoff {
		s.mini, s.unit, fat = true, 64, f.miniFAT
	}
	s.chain = f.chain(fat, e.start, (e.size+s.unit-1)/s.unit)
	s.trim()
	return s
}

// trim makes the stream as long as its chain at most.
func (s *stream) trim() {
	if have := int64(len(s.chain)) * s.unit; have < s.size {
		s.file.damaged = true
		s.size = have
	}
}

// ReadAt reads like any ReaderAt; what the file lacks is io.ErrUnexpectedEOF.
func (s *stream) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) {
		if off < 0 || off >= s.size {
			return n, io.EOF
		}
		i := off / s.unit
		within := off % s.unit
		// Sectors that follow each other are read at once.
		run := int64(1)
		for i+run < int64(len(s.chain)) && run*s.unit < int64(len(b)-n)+within && s.chain[i+run] == s.chain[i]+uint32(run) {
			run++
		}
		want := min(run*s.unit-within, s.size-off, int64(len(b)-n))
		part := b[n : n+int(want)]
		var k int
		if s.mini {
			k, err = s.file.mini.ReadAt(part, int64(s.chain[i])*64+within)
		} else {
			k, err = s.file.src.ReadAt(part, s.file.offset(s.chain[i])+within)
		}
		n += k
		off += int64(k)
		if k < len(part) {
			s.file.damaged = true
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return n, err
		}
	}
	return n, nil
}

// Read reads on from where the last Read ended. What the file lacks ends it as
// if nothing more had been there: that the file is damaged is noted.
func (s *stream) Read(b []byte) (int, error) {
	n, err := s.ReadAt(b, s.pos)
	s.pos += int64(n)
	if n > 0 {
		return n, nil
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return 0, err
}
