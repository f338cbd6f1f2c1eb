package pdf

import (
	"errors"
	"io"
	"math"
	"strings"
)

// maxPages is how many pages, or nodes of their tree, are read.
const maxPages = 200_000

// reader takes a document apart.
type reader struct {
	d        *document
	x        *interpreter
	p        *page
	visited  map[int]bool // objects of the page tree
	nodes    int
	pages    int
	scans    int // pages that are nothing but images
	drawn    []*stream
	noted    map[int64]bool // where these stand
	appeared map[string]bool
	contents map[int64]bool // offsets of contents that were read, of a file with revisions
	repeated bool           // an older revision is being read
}

// readPages goes through the page tree.
func (r *reader) readPages() {
	root := r.d.dict(r.d.trailer["Root"])
	r.visited = map[int]bool{}
	r.node(root["Pages"], nil, 0)
	if r.pages == 0 && !r.repeated && r.d.stopped == nil {
		if r.d.rebuild() {
			clear(r.visited)
			r.node(r.d.dict(r.d.trailer["Root"])["Pages"], nil, 0)
		}
		if r.pages == 0 {
			r.lostPages()
		}
	}
}

// lostPages reads the pages that no tree leads to, when there is none.
func (r *reader) lostPages() {
	for _, num := range r.d.numbers() {
		if r.d.stopped != nil {
			return
		}
		if v := r.d.dict(ref{num, 0}); v["Type"] == name("Page") {
			r.page(v, r.d.dict(v["Resources"]))
		}
	}
	if r.pages > 0 {
		r.d.damaged = true
	}
}

func (r *reader) node(v any, resources dict, depth int) {
	if n, ok := v.(ref); ok {
		if r.visited[n.num] {
			return
		}
		r.visited[n.num] = true
	}
	if r.d.stopped != nil || r.p.err != nil {
		return
	}
	if r.nodes++; r.nodes > maxPages || depth > maxNesting {
		r.d.damaged = true
		return
	}
	node := r.d.dict(v)
	if node == nil {
		return
	}
	if own := r.d.dict(node["Resources"]); own != nil {
		resources = own
	}
	if kids := r.d.array(node["Kids"]); kids != nil && r.d.name(node["Type"]) != "Page" {
		for _, kid := range kids {
			r.node(kid, resources, depth+1)
		}
		return
	}
	r.page(node, resources)
}

// page reads a page: what it shows, then what is pinned to it.
func (r *reader) page(node, resources dict) {
	if r.repeated && r.known(node) {
		return
	}
	r.pages++
	r.x.images, r.x.drawn = 0, r.x.drawn[:0]
	r.p.written = false
	r.x.begin(unit)
	r.read(node["Contents"], resources)
	for i, v := range r.d.array(node["Annots"]) {
		if i > 100_000 || r.d.stopped != nil {
			break
		}
		r.annotation(v)
	}
	r.p.flush()
	if r.x.images > 0 && !r.p.written {
		r.scans++
		r.noteDrawn()
	}
}

// known reports whether the contents of a page are those of another revision,
// and nothing is pinned to it.
func (r *reader) known(node dict) bool {
	all := true
	for _, st := range r.streams(node["Contents"]) {
		all = all && r.contents[st.off]
	}
	return all && r.d.get(node["Annots"]) == nil
}

func (r *reader) streams(v any) []*stream {
	switch v := r.d.get(v).(type) {
	case *stream:
		return []*stream{v}
	case array:
		var list []*stream
		for _, v := range v {
			if st := r.d.stream(v); st != nil {
				list = append(list, st)
			}
		}
		return list
	}
	return nil
}

func (r *reader) read(v any, resources dict) {
	list := r.streams(v)
	if len(list) == 0 {
		return
	}
	if r.contents != nil {
		for _, st := range list {
			r.contents[st.off] = true
		}
	}
	src := &sequence{d: r.d, streams: list}
	r.x.run(newContent(src), resources)
	src.close()
}

// sequence is the streams of a page, one after the other, with a space between.
type sequence struct {
	d       *document
	streams []*stream
	now     *decoded
	gap     bool
}

func (s *sequence) Read(b []byte) (int, error) {
	for {
		if s.gap {
			s.gap = false
			b[0] = '\n'
			return 1, nil
		}
		if s.now == nil {
			if len(s.streams) == 0 || s.d.stopped != nil {
				return 0, io.EOF
			}
			now, err := s.d.open(s.streams[0])
			s.streams = s.streams[1:]
			if err != nil {
				s.d.damaged = true
				continue
			}
			s.now = now
		}
		n, err := s.now.Read(b)
		if err != nil {
			s.d.damaged = s.d.damaged || !errors.Is(err, io.EOF)
			s.close()
			s.gap = true
		}
		if n > 0 {
			return n, nil
		}
	}
}

func (s *sequence) close() {
	if s.now != nil {
		s.now.close()
		s.now = nil
	}
}

// annotation draws what an annotation looks like, and puts the value of a field
// that has no looks in its place.
func (r *reader) annotation(v any) {
	a := r.d.dict(v)
	if a == nil {
		return
	}
	rect, placed := r.d.rectangle(a["Rect"])
	from, flushes := len(r.p.text), r.p.flushes
	if st := r.appearance(a); st != nil {
		r.drawAppearance(st, rect, placed)
	}
	var shown string
	if flushes == r.p.flushes {
		shown = squeeze(string(r.p.text[min(from, len(r.p.text)):]))
	}
	for _, value := range r.values(a) {
		key := squeeze(value)
		if key == "" || r.appeared[value] {
			continue
		}
		if shown == "" || !strings.Contains(shown, key) {
			if !placed || len(value) > 4096 {
				continue // told among the other strings
			}
			r.p.start(rect[0]+2, rect[1]+2, 1, 0, 10, 10, 0)
			r.p.text = append(r.p.text, value...)
			r.p.end(math.Max(rect[2], rect[0]+2), rect[1]+2)
		}
		if len(r.appeared) < maxTold {
			r.appeared[value] = true
		}
	}
}

// appearance is the normal appearance of an annotation, section 12.5.5.
func (r *reader) appearance(a dict) *stream {
	n := r.d.dict(a["AP"])["N"]
	if st := r.d.stream(n); st != nil {
		return st
	}
	states := r.d.dict(n)
	return r.d.stream(states[r.d.name(a["AS"])])
}

// drawAppearance fits the box of the form into the rectangle.
func (r *reader) drawAppearance(st *stream, rect [4]float64, placed bool) {
	m := unit
	if box, ok := r.d.rectangle(st.dict["BBox"]); ok && placed {
		own := r.d.matrix(st.dict["Matrix"])
		left, bottom, right, top := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
		for _, corner := range [][2]float64{{box[0], box[1]}, {box[2], box[1]}, {box[0], box[3]}, {box[2], box[3]}} {
			x, y := own.apply(corner[0], corner[1])
			left, right, bottom, top = min(left, x), max(right, x), min(bottom, y), max(top, y)
		}
		if right > left && top > bottom {
			sx, sy := (rect[2]-rect[0])/(right-left), (rect[3]-rect[1])/(top-bottom)
			if sx == 0 || sy == 0 {
				sx, sy = 1, 1 // hidden by making it small
			}
			m = matrix{a: sx, d: sy, e: rect[0] - left*sx, f: rect[1] - bottom*sy}
		}
	}
	r.x.begin(m)
	r.x.draw(st, nil)
}

// values are the strings of an annotation that a reader sees: the value of its
// field, or its contents.
func (r *reader) values(a dict) []string {
	var out []string
	add := func(v any) {
		switch v := r.d.get(v).(type) {
		case str:
			out = append(out, text(v))
		case array:
			for i := range min(len(v), 1000) {
				if s, ok := r.d.str(v[i]); ok {
					out = append(out, text(s))
				}
			}
		}
	}
	if r.d.name(a["Subtype"]) != "Widget" {
		add(a["Contents"])
		return out
	}
	for field, depth := a, 0; field != nil && depth < 16; field, depth = r.d.dict(field["Parent"]), depth+1 {
		if v, ok := field["V"]; ok {
			add(v)
			break
		}
	}
	return out
}
