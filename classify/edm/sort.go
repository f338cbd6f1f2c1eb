package edm

import (
	"bufio"
	"bytes"
	"container/heap"
	"io"
	"os"
	"sort"
)

// sorter sorts records of one length in bounded memory: what does not fit is
// sorted in runs, kept in unlinked files and merged.
type sorter struct {
	size   int // of a record
	most   int // bytes in memory
	dir    string
	buf    []byte
	spare  []byte
	runs   []*os.File
	merged merge
}

func newSorter(size, most int, dir string) *sorter {
	return &sorter{size: size, most: max(most/size, 1) * size, dir: dir, spare: make([]byte, size)}
}

// The records of the run in memory, as package sort wants them.
func (s *sorter) Len() int           { return len(s.buf) / s.size }
func (s *sorter) at(i int) []byte    { return s.buf[i*s.size : (i+1)*s.size] }
func (s *sorter) Less(i, j int) bool { return bytes.Compare(s.at(i), s.at(j)) < 0 }
func (s *sorter) Swap(i, j int) {
	copy(s.spare, s.at(i))
	copy(s.at(i), s.at(j))
	copy(s.at(j), s.spare)
}

func (s *sorter) add(record []byte) error {
	if len(s.buf)+s.size > s.most {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.buf = append(s.buf, record...)
	return nil
}

// spill writes the run in memory to a file that has no name any more.
func (s *sorter) spill() error {
	sort.Sort(s)
	f, err := os.CreateTemp(s.dir, ".postern-edm-*")
	if err != nil {
		return err
	}
	s.runs = append(s.runs, f)
	if err := os.Remove(f.Name()); err != nil {
		return err
	}
	if _, err := f.Write(s.buf); err != nil {
		return err
	}
	s.buf = s.buf[:0]
	_, err = f.Seek(0, io.SeekStart)
	return err
}

// each calls see with every different record in ascending order. The slice is
// good until see returns.
func (s *sorter) each(see func(record []byte) error) error {
	sort.Sort(s)
	sources := make([]io.Reader, 0, len(s.runs)+1)
	for _, f := range s.runs {
		sources = append(sources, bufio.NewReaderSize(f, 256<<10))
	}
	s.merged = s.merged[:0]
	for _, r := range append(sources, bytes.NewReader(s.buf)) {
		one := &run{from: r, record: make([]byte, s.size)}
		if more, err := one.next(); err != nil {
			return err
		} else if more {
			s.merged = append(s.merged, one)
		}
	}
	heap.Init(&s.merged)
	var last []byte
	for len(s.merged) > 0 {
		one := s.merged[0]
		if !bytes.Equal(one.record, last) {
			last = append(last[:0], one.record...)
			if err := see(last); err != nil {
				return err
			}
		}
		more, err := one.next()
		if err != nil {
			return err
		}
		if more {
			heap.Fix(&s.merged, 0)
		} else {
			heap.Pop(&s.merged)
		}
	}
	return nil
}

// close gives the files back.
func (s *sorter) close() {
	for _, f := range s.runs {
		f.Close()
	}
}

// run is a sorted run being read.
type run struct {
	from   io.Reader
	record []byte
}

func (r *run) next() (bool, error) {
	_, err := io.ReadFull(r.from, r.record)
	if err == io.EOF {
		return false, nil
	}
	return err == nil, err
}

// merge is a heap of runs by their next record.
type merge []*run

func (m merge) Len() int           { return len(m) }
func (m merge) Less(i, j int) bool { return bytes.Compare(m[i].record, m[j].record) < 0 }
func (m merge) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(x any)        { *m = append(*m, x.(*run)) }
func (m *merge) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}
