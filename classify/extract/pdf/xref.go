package pdf

import (
	"bytes"
	"maps"
	"slices"
)

// entry says where an object is.
type entry struct {
	off   int64 // in the file; for a packed one the number of its stream
	index int32 // in the stream
	kind  entryKind
}

type entryKind uint8

const (
	free entryKind = iota
	inFile
	inStream
)

// section is the cross-reference of one revision.
type section struct {
	entries map[int]entry
	trailer dict
}

const (
	maxSections = 32
	maxEntries  = 1 << 20
	entryBytes  = 48
)

func (d *document) entry(num int) (entry, bool) {
	for _, s := range d.sections[min(d.revision, len(d.sections)):] {
		if e, ok := s.entries[num]; ok {
			return e, e.kind != free
		}
	}
	return entry{}, false
}

// readXref reads the cross-reference sections from the last one back, section
// 7.5.5. It reports whether there is a document catalog.
func (d *document) readXref() bool {
	tail := min(d.size, 2048)
	b := d.view(d.size-tail, int(tail))
	i := bytes.LastIndex(b, []byte("startxref"))
	if i < 0 {
		return false
	}
	p := parser{b: b, i: i + len("startxref")}
	at, ok := p.object(0).(int)
	if !ok {
		return false
	}
	seen := map[int64]bool{}
	for off := int64(at); !seen[off] && len(seen) < 1024; {
		seen[off] = true
		s, ok := d.readSection(off)
		if !ok {
			return false
		}
		if hybrid, ok := s.trailer["XRefStm"].(int); ok && !seen[int64(hybrid)] {
			seen[int64(hybrid)] = true
			if more, ok := d.readXrefStream(int64(hybrid)); ok {
				s.merge(more)
			}
		}
		d.addSection(s)
		prev := d.int(s.trailer["Prev"], 0)
		if prev <= 0 {
			break
		}
		off = int64(prev)
	}
	d.unlock()
	return d.locked != nil || d.hasCatalog()
}

func (d *document) addSection(s section) {
	if d.trailer == nil {
		d.trailer = s.trailer
	}
	if len(d.sections) < maxSections {
		d.sections = append(d.sections, s)
		return
	}
	d.sections[maxSections-1].merge(s)
}

// merge adds what a section does not know.
func (s section) merge(older section) {
	for num, e := range older.entries {
		if known, ok := s.entries[num]; !ok || known.kind == free {
			s.entries[num] = e
		}
	}
}

func (d *document) hasCatalog() bool {
	root := d.dict(d.trailer["Root"])
	return root != nil && d.dict(root["Pages"]) != nil
}

// readSection reads a table or a stream. What stands before the header of the
// file counts in no offset.
func (d *document) readSection(off int64) (section, bool) {
	p := parser{b: d.view(off, 64)}
	p.skip()
	if bytes.HasPrefix(p.b[p.i:], []byte("xref")) {
		return d.readTable(off + int64(p.i) + 4)
	}
	return d.readXrefStream(off)
}

// readTable reads a cross-reference table, section 7.5.4, whose lines are 20
// bytes long, or should be.
func (d *document) readTable(off int64) (section, bool) {
	s := section{entries: map[int]entry{}}
	for {
		p := parser{b: d.view(off, 128)}
		p.skip()
		if bytes.HasPrefix(p.b[p.i:], []byte("trailer")) {
			_, s.trailer = d.dictAt(off + int64(p.i) + 7)
			return s, s.trailer != nil
		}
		first, ok := p.whole()
		count, ok2 := p.whole()
		if !ok || !ok2 || first > maxObject {
			return s, false
		}
		p.skip()
		next, ok := d.readEntries(s, off+int64(p.i), first, count)
		if !ok {
			return s, false
		}
		off = next
	}
}

// readEntries reads the lines of a subsection, in blocks.
func (d *document) readEntries(s section, off int64, first, count int) (int64, bool) {
	for count > 0 {
		n := min(count, 200)
		b := d.view(off, 20*n+20)
		p := parser{b: b}
		for ; n > 0; n, count, first = n-1, count-1, first+1 {
			p.skip()
			if p.i >= len(b) || b[p.i] == 't' { // QUIRK: fewer lines than were said
				return off + int64(p.i), true
			}
			if len(b)-p.i < 20 && off+int64(len(b)) < d.size {
				break
			}
			at, ok := p.whole()
			_, ok2 := p.whole()
			p.skip()
			if !ok || !ok2 || p.i >= len(b) || !d.spend(1) {
				return 0, false
			}
			if b[p.i] == 'n' && at > 0 {
				s.set(first, entry{off: int64(at), kind: inFile})
			} else {
				s.set(first, entry{})
			}
			p.i++
		}
		if p.i == 0 || !d.expand(entryBytes*10) {
			return 0, false
		}
		off += int64(p.i)
	}
	return off, true
}

func (s section) set(num int, e entry) {
	if _, ok := s.entries[num]; !ok && num >= 0 && num <= maxObject && len(s.entries) < maxEntries {
		s.entries[num] = e
	}
}

// whole reads a whole number of any length.
func (p *parser) whole() (int, bool) {
	p.skip()
	n, from := 0, p.i
	for p.i < len(p.b) && p.b[p.i]-'0' < 10 {
		if n < 1<<50 {
			n = 10*n + int(p.b[p.i]-'0')
		}
		p.i++
	}
	return n, p.i > from
}

// dictAt reads a dictionary at off.
func (d *document) dictAt(off int64) (end int64, v dict) {
	for n := 1 << 10; n <= maxObjectBytes; n *= 8 {
		b := d.view(off, n)
		p := parser{b: b}
		v, _ = p.object(0).(dict)
		if p.i < len(b) || len(b) < n {
			return off + int64(p.i), v
		}
		if !d.spend(int64(8 * n)) {
			break
		}
	}
	return off, nil
}

// readXrefStream reads a cross-reference stream, section 7.5.8.
func (d *document) readXrefStream(off int64) (section, bool) {
	s := section{entries: map[int]entry{}}
	_, v, _ := d.objectAt(off)
	st, ok := v.(*stream)
	if !ok || st.dict["Type"] != name("XRef") {
		return s, false
	}
	s.trailer = st.dict
	var width [3]int
	widths := d.array(st.dict["W"])
	for i := range min(3, len(widths)) {
		if width[i] = d.int(widths[i], 0); width[i] < 0 || width[i] > 8 {
			return s, false
		}
	}
	size := width[0] + width[1] + width[2]
	if size == 0 {
		return s, false
	}
	data, _ := d.decode(st, 32<<20)
	index := d.array(st.dict["Index"])
	if len(index) == 0 {
		index = array{0, maxObject}
	}
	for i := 0; i+1 < len(index); i += 2 {
		first, count := d.int(index[i], 0), d.int(index[i+1], 0)
		for ; count > 0 && len(data) >= size; count, first = count-1, first+1 {
			s.set(first, xrefEntry(data, width))
			data = data[size:]
		}
	}
	return s, d.expand(entryBytes * len(s.entries))
}

func xrefEntry(b []byte, width [3]int) entry {
	var field [3]uint64
	field[0] = 1
	for i, w := range width {
		if w > 0 {
			field[i] = 0
		}
		for range w {
			field[i] = field[i]<<8 | uint64(b[0])
			b = b[1:]
		}
	}
	switch {
	case field[0] == 1 && field[1] < 1<<50:
		return entry{off: int64(field[1]), kind: inFile}
	case field[0] == 2 && field[1] <= maxObject && field[2] <= maxObject:
		return entry{off: int64(field[1]), index: int32(field[2]), kind: inStream}
	}
	return entry{}
}

// rebuild finds the objects by looking at the whole file, when the
// cross-reference is missing or wrong. It works once.
func (d *document) rebuild() bool {
	if d.rebuilt {
		return false
	}
	d.rebuilt, d.damaged = true, true
	clear(d.cache)
	d.streams, d.packed, d.cached, d.revision = nil, 0, 0, 0
	s := section{entries: map[int]entry{}, trailer: dict{}}
	old := d.trailer
	d.sections = []section{s}
	d.trailer = s.trailer
	packed := d.scan(s)
	for k, v := range old {
		if _, ok := s.trailer[k]; !ok {
			s.trailer[k] = v
		}
	}
	d.unlock()
	for i, num := range slices.Backward(packed) {
		if i < len(packed)-4096 {
			break
		}
		if e := s.entries[num]; e.kind != inFile {
			continue
		}
		st := d.objectStream(num)
		if st == nil {
			continue
		}
		for index, inner := range st.number {
			s.set(inner, entry{off: int64(num), index: int32(index), kind: inStream})
		}
	}
	if d.dict(s.trailer["Root"]) == nil {
		d.findCatalog(s)
	}
	return true
}

// scan goes through the file for "n g obj" and "trailer", and returns the
// numbers of the object streams, in their order.
func (d *document) scan(s section) (packed []int) {
	const step = 64 << 10
	const margin = 512
	for off := int64(0); off < d.size; off += step {
		b := bytes.Clone(d.view(off, step+margin))
		d.scanTrailers(s, b[:min(len(b), step+8)], off)
		for i := 0; i < min(len(b), step); {
			j := bytes.Index(b[i:], []byte("obj"))
			if j < 0 || i+j >= step+16 {
				break
			}
			at := i + j
			i = at + 3
			from, num, ok := headerBefore(b, at)
			if !ok || len(s.entries) >= maxEntries {
				continue
			}
			s.entries[num] = entry{off: off + int64(from), kind: inFile}
			// Types stand near the beginning of a dictionary, mostly.
			head := b[i:min(len(b), i+margin)]
			if bytes.Contains(head, []byte("stream")) && bytes.Contains(head, []byte("ObjStm")) {
				packed = append(packed, num)
			}
			if bytes.Contains(head, []byte("XRef")) {
				if _, t := d.dictAt(off + int64(i)); t["Type"] == name("XRef") {
					for _, key := range []name{"Root", "Info", "Encrypt", "ID"} {
						if v, ok := t[key]; ok {
							s.trailer[key] = v
						}
					}
				}
			}
		}
		if !d.expand(0) {
			return packed
		}
	}
	d.expand(entryBytes * len(s.entries))
	return packed
}

// scanTrailers takes what the trailers in b say.
func (d *document) scanTrailers(s section, b []byte, off int64) {
	for i := 0; ; {
		k := bytes.Index(b[i:], []byte("trailer"))
		if k < 0 {
			return
		}
		i += k + 7
		_, t := d.dictAt(off + int64(i))
		if !d.spend(64) {
			return
		}
		maps.Copy(s.trailer, t)
	}
}

// headerBefore reads the number of the object whose "obj" is at b[at], from
// behind.
func headerBefore(b []byte, at int) (from, num int, ok bool) {
	i := at
	for _, wanted := range []int{5, 10} { // generation, number
		j := i
		for j > 0 && class[b[j-1]] == space {
			j--
		}
		k := j
		for k > 0 && j-k < wanted && b[k-1]-'0' < 10 {
			k--
		}
		if k == j || j == i && wanted == 10 {
			return 0, 0, false
		}
		i = k
		num = 0
		for _, c := range b[k:j] {
			num = 10*num + int(c-'0')
		}
	}
	return i, num, num <= maxObject
}

// findCatalog looks for the catalog among all objects.
func (d *document) findCatalog(s section) {
	for _, num := range d.numbers() {
		if d.dict(ref{num, 0})["Type"] == name("Catalog") {
			s.trailer["Root"] = ref{num, 0}
		}
		if d.stopped != nil {
			return
		}
	}
}

// numbers lists the objects of the document as they lie in the file.
func (d *document) numbers() []int {
	type place struct {
		num int
		e   entry
	}
	var all []place
	known := map[int]bool{}
	for i, s := range d.sections[min(d.revision, len(d.sections)):] {
		for num, e := range s.entries {
			if i > 0 && known[num] {
				continue
			}
			if len(d.sections) > 1 {
				known[num] = true
			}
			if e.kind != free {
				all = append(all, place{num, e})
			}
		}
	}
	slices.SortFunc(all, func(a, b place) int {
		switch {
		case a.e.kind != b.e.kind:
			return int(a.e.kind) - int(b.e.kind)
		case a.e.off != b.e.off:
			return int(min(1, max(-1, a.e.off-b.e.off)))
		}
		return int(a.e.index - b.e.index)
	})
	nums := make([]int, len(all))
	for i, p := range all {
		nums[i] = p.num
	}
	return nums
}
