package pdf

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// maxObject is the highest object number that is followed.
const maxObject = 1<<23 - 1

// document finds the objects of a file.
type document struct {
	*source
	out      Out
	sections []section // of the cross-reference, the newest first
	revision int       // the sections before are not there yet
	trailer  dict
	rebuilt  bool
	damaged  bool
	crypt    *decrypter
	locked   *Encrypted
	cache    map[int]any
	cached   int // the nodes in it
	streams  []*objectStream
	packed   int // the bytes in them
	loading  map[int]bool
	work     int64 // bytes looked at beyond reading each once
	stopped  error // what Out said
}

const (
	maxObjectBytes = 4 << 20 // an object that is longer is not read
	maxCached      = 100_000
	maxPacked      = 8 << 20
	nodeBytes      = 32
)

// spend counts bytes that were looked at. A file in which every object asks to
// be searched from there to the end is not worth it.
func (d *document) spend(n int64) bool {
	d.work += n
	if d.work > 16<<20+24*d.size {
		d.damaged = true
		return false
	}
	return true
}

// expand asks Out for n bytes.
func (d *document) expand(n int) bool {
	if d.stopped == nil {
		d.stopped = d.out.Expand(n)
	}
	return d.stopped == nil
}

// get follows references.
func (d *document) get(v any) any {
	for range 32 {
		r, ok := v.(ref)
		if !ok {
			return v
		}
		v = d.load(r.num)
	}
	return nil
}

func (d *document) dict(v any) dict {
	switch v := d.get(v).(type) {
	case dict:
		return v
	case *stream:
		return v.dict
	}
	return nil
}

func (d *document) array(v any) array {
	a, _ := d.get(v).(array)
	return a
}

func (d *document) stream(v any) *stream {
	s, _ := d.get(v).(*stream)
	return s
}

func (d *document) name(v any) name {
	n, _ := d.get(v).(name)
	return n
}

func (d *document) str(v any) (str, bool) {
	s, ok := d.get(v).(str)
	return s, ok
}

func (d *document) int(v any, otherwise int) int {
	switch v := d.get(v).(type) {
	case int:
		return v
	case float64:
		if v > -1e9 && v < 1e9 {
			return int(v)
		}
	}
	return otherwise
}

func (d *document) float(v any, otherwise float64) float64 {
	switch v := d.get(v).(type) {
	case int:
		return float64(v)
	case float64:
		return v
	}
	return otherwise
}

// load returns an object by its number, nil if it is not there.
func (d *document) load(num int) any {
	if v, ok := d.cache[num]; ok {
		return v
	}
	if d.loading[num] {
		return nil
	}
	d.loading[num] = true
	v, nodes := d.read(num)
	delete(d.loading, num)
	if d.cached += nodes + 2; d.cached > maxCached {
		clear(d.cache)
		d.cached = 0
	}
	d.cache[num] = v
	return v
}

func (d *document) read(num int) (any, int) {
	e, ok := d.entry(num)
	if !ok {
		return nil, 0
	}
	switch e.kind {
	case inFile:
		found, v, nodes := d.objectAt(e.off)
		if found != num {
			if !d.rebuild() {
				return nil, 0
			}
			if e, ok = d.entry(num); !ok || e.kind != inFile {
				return d.readPacked(e, num)
			}
			if found, v, nodes = d.objectAt(e.off); found != num {
				return nil, 0
			}
		}
		return v, nodes
	case inStream:
		return d.readPacked(e, num)
	}
	return nil, 0
}

func (d *document) readPacked(e entry, num int) (any, int) {
	if e.kind != inStream {
		return nil, 0
	}
	s := d.objectStream(int(e.off))
	if s == nil {
		return nil, 0
	}
	if i := int(e.index); i < 0 || i >= len(s.number) || s.number[i] != num {
		if !d.spend(int64(8 * len(s.number))) {
			return nil, 0
		}
	}
	v, nodes := s.object(num, int(e.index))
	if !d.expand(nodeBytes * nodes) {
		return nil, 0
	}
	return v, nodes
}

// objectAt reads "n g obj" and what follows at off. Without one num is -1.
func (d *document) objectAt(off int64) (num int, v any, nodes int) {
	for n := 1 << 10; ; n *= 8 {
		b := d.view(off, n)
		whole := len(b) < n || off+int64(len(b)) >= d.size
		p := parser{b: b}
		num, gen, ok := p.header()
		if !ok {
			return -1, nil, 0
		}
		v := p.object(0)
		end := p.i
		p.skip()
		if !whole && p.i >= len(b)-16 {
			if n >= maxObjectBytes || !d.spend(int64(n)) {
				return -1, nil, 0
			}
			continue
		}
		if _, ok := v.(keyword); ok {
			v = nil
		}
		if dictionary, ok := v.(dict); ok && bytes.HasPrefix(b[p.i:], []byte("stream")) {
			v = &stream{dict: dictionary, num: num, gen: gen, off: off + int64(p.afterStream()), length: -1}
		} else {
			p.i = end
		}
		if d.crypt != nil {
			v = d.crypt.strings(v, num, gen)
		}
		if !d.expand(nodeBytes * p.nodes) {
			return -1, nil, 0
		}
		return num, v, p.nodes
	}
}

// header reads "n g obj".
func (p *parser) header() (num, gen int, ok bool) {
	p.skip()
	from := p.i
	for p.i < len(p.b) && p.b[p.i]-'0' < 10 && p.i-from < 10 {
		num = 10*num + int(p.b[p.i]-'0')
		p.i++
	}
	if p.i == from || num > maxObject {
		return 0, 0, false
	}
	gen, ok = p.digits()
	p.skip()
	if !ok || !bytes.HasPrefix(p.b[p.i:], []byte("obj")) {
		return 0, 0, false
	}
	p.i += 3
	return num, gen, true
}

// afterStream passes the word stream and its line end.
func (p *parser) afterStream() int {
	i := p.i + len("stream")
	for i < len(p.b) && p.b[i] == ' ' {
		i++
	}
	if i < len(p.b) && p.b[i] == '\r' {
		i++
	}
	if i < len(p.b) && p.b[i] == '\n' {
		i++
	}
	return i
}

// extent settles how many bytes a stream has: those it says, if its end is
// there, else those up to its end.
func (d *document) extent(s *stream) int64 {
	if s.length >= 0 {
		return s.length
	}
	s.length = 0 // while a wrong Length leads back here
	if n := int64(d.int(s.dict["Length"], -1)); n >= 0 && n <= d.size-s.off {
		p := parser{b: d.view(s.off+n, 32)}
		p.skip()
		if bytes.HasPrefix(p.b[p.i:], []byte("endstream")) {
			s.length = n
			return n
		}
	}
	end := int64(-1)
	if d.spend(0) {
		end = d.index("endstream", s.off, d.size)
	}
	if end < 0 {
		end = d.size
		d.damaged = true
	}
	d.spend(end - s.off)
	s.length = end - s.off
	return s.length
}

// objectStream is a stream that objects are packed in, section 7.5.7.
type objectStream struct {
	num    int
	data   []byte
	first  int
	number []int
	offset []int
}

func (d *document) objectStream(num int) *objectStream {
	for _, s := range d.streams {
		if s.num == num {
			return s
		}
	}
	st := d.stream(ref{num, 0})
	if st == nil {
		return nil
	}
	data, _ := d.decode(st, maxPacked)
	s := &objectStream{num: num, data: data, first: d.int(st.dict["First"], 0)}
	p := parser{b: data}
	for range d.int(st.dict["N"], 0) {
		p.skip()
		if p.i >= len(data) || p.i >= s.first {
			break
		}
		n, ok := p.object(maxNesting).(int)
		off, ok2 := p.object(maxNesting).(int)
		if !ok || !ok2 {
			break
		}
		s.number = append(s.number, n)
		s.offset = append(s.offset, off)
	}
	if !d.expand(16 * len(s.number)) {
		return nil
	}
	if d.packed += len(data); d.packed > maxPacked || len(d.streams) >= 32 {
		d.streams, d.packed = d.streams[:0], len(data)
	}
	d.streams = append(d.streams, s)
	return s
}

// object reads the object at an index, or, where the index is wrong, by number.
func (s *objectStream) object(num, index int) (any, int) {
	if index < 0 || index >= len(s.number) || s.number[index] != num {
		index = -1
		for i, n := range s.number {
			if n == num {
				index = i
			}
		}
	}
	if index < 0 {
		return nil, 0
	}
	at := s.first + s.offset[index]
	if at < 0 || at >= len(s.data) {
		return nil, 0
	}
	p := parser{b: s.data, i: at}
	v := p.object(0)
	if _, ok := v.(keyword); ok {
		return nil, 0
	}
	return v, p.nodes
}

// decode returns the bytes of a stream with its filters undone, no more than
// most of them. It returns what there is if the stream is broken.
func (d *document) decode(s *stream, most int) ([]byte, error) {
	r, err := d.open(s)
	if err != nil {
		return nil, err
	}
	defer r.close()
	data := make([]byte, 0, min(most, 16<<10))
	for len(data) < most {
		data = slices.Grow(data, 512)
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return data, err
		}
	}
	return data, nil
}
