package pdf

import (
	"bufio"
	"bytes"
	"hash/maphash"
	"math"
	"slices"
)

// page collects the text of a page and tells it in lines.
//
// Glyphs that follow each other on a line are a chunk. Chunks on one height are
// a row, from left to right; between them stands nothing, a space or a TAB by
// the gap that is seen. Rows go from top to bottom, except in columns of prose,
// of which one is told after the other.
type page struct {
	out        *bufio.Writer
	err        error
	text       []byte
	chunks     []chunk
	directions [][2]float64 // cosine and sine
	last       []byte       // asides
	flushes    int
	written    bool
	told       map[uint64]bool // lines told, if somebody asks; see fresh
	fresh      bool            // tell lines only that were not told
	total      int64
	cos, sin   float64 // of the chunk being written
	apart      bool    // its letters are set apart
	apartAgain bool    // as those before were
	piece      int     // where the text that was placed last begins
}

type chunk struct {
	from, to    int // in the text
	direction   int
	left, right float64 // along the direction
	base        float64 // across it, upwards
	em, height  float64
	spacing     float64 // that the font's characters are set apart by
}

const (
	maxPageText   = 4 << 20
	maxPageChunks = 50_000
	maxDirections = 32
	maxTold       = 200_000
	wordGap       = 0.15 // of an em
	cellGap       = 1.0
	maxSingle     = 4 // bytes of a character drawn by itself: what stands behind the gap may yet come
)

// start places what is appended to the text next: at x, y, along dx, dy, its
// characters set apart by spacing.
func (p *page) start(x, y, dx, dy, em, height, spacing float64) {
	if len(p.text) > maxPageText || len(p.chunks) > maxPageChunks {
		p.flush()
	}
	if em <= 0 || math.IsNaN(em) || math.IsInf(em, 0) {
		em = max(height, 1e-3)
	}
	if height <= 0 || math.IsNaN(height) || math.IsInf(height, 0) {
		height = em
	}
	cos, sin := 1.0, 0.0
	if dy != 0 || dx < 0 {
		if n := length(dx, dy); n > 0 && !math.IsInf(n, 0) {
			cos, sin = dx/n, dy/n
		}
	}
	p.cos, p.sin, p.apart, p.apartAgain = cos, sin, spacing > wordGap*em, false
	single := len(p.text)-p.piece <= maxSingle
	p.piece = len(p.text)
	left, base := x*cos+y*sin, y*cos-x*sin
	if n := len(p.chunks); n > 0 {
		c := &p.chunks[n-1]
		d := p.directions[c.direction]
		if math.Abs(d[0]-cos) < 0.02 && math.Abs(d[1]-sin) < 0.02 && math.Abs(base-c.base) < 0.15*height && height < 2*c.height && c.height < 2*height {
			gap := left - c.right
			p.apartAgain = spacing == c.spacing
			if spacing == c.spacing && spacing > 0 {
				gap -= spacing // letters set apart are still a word
			}
			c.spacing = spacing
			gap /= em
			switch {
			case gap > -0.2 && gap < wordGap:
				return
			case gap >= wordGap && gap < cellGap && !single:
				if len(p.text) > 0 && p.text[len(p.text)-1] != ' ' && c.from < len(p.text) {
					p.text = append(p.text, ' ')
				}
				return
			}
		}
	}
	p.chunks = append(p.chunks, chunk{from: len(p.text), to: len(p.text), direction: p.direction(cos, sin), left: left, right: left, base: base, em: em, height: height, spacing: spacing})
}

func (p *page) direction(cos, sin float64) int {
	for i, d := range p.directions {
		if math.Abs(d[0]-cos) < 0.02 && math.Abs(d[1]-sin) < 0.02 {
			return i
		}
	}
	if len(p.directions) >= maxDirections {
		return maxDirections - 1
	}
	p.directions = append(p.directions, [2]float64{cos, sin})
	return len(p.directions) - 1
}

// end says where the last glyph since start ends.
func (p *page) end(x, y float64) {
	c := &p.chunks[len(p.chunks)-1]
	c.to = len(p.text)
	if right := x*p.cos + y*p.sin; !math.IsNaN(right) {
		c.right = right
	}
}

// extend appends to what was placed last.
func (p *page) extend(s string) {
	if n := len(p.chunks); n > 0 && p.chunks[n-1].to == len(p.text) {
		p.text = append(p.text, s...)
		p.chunks[n-1].to = len(p.text)
		return
	}
	p.aside(s)
}

// aside keeps a line to be told behind those of the page.
func (p *page) aside(s string) {
	if s != "" && len(p.last) < maxPageText {
		p.last = append(append(p.last, s...), '\n')
	}
}

// flush tells what was collected.
func (p *page) flush() {
	for i := range p.directions {
		var chunks []chunk
		if len(p.directions) == 1 {
			chunks = p.chunks
		} else {
			for _, c := range p.chunks {
				if c.direction == i {
					chunks = append(chunks, c)
				}
			}
		}
		for _, group := range columns(chunks) {
			p.rows(group)
		}
	}
	for line := range bytes.Lines(p.last) {
		p.line(bytes.TrimSuffix(line, []byte{'\n'}))
	}
	p.text, p.chunks, p.directions, p.last = p.text[:0], p.chunks[:0], p.directions[:0], p.last[:0]
	p.flushes++
}

func higher(a, b chunk) int {
	switch {
	case a.base > b.base:
		return -1
	case a.base < b.base:
		return 1
	}
	return 0
}

func leftmost(a, b chunk) int {
	switch {
	case a.left < b.left:
		return -1
	case a.left > b.left:
		return 1
	}
	return 0
}

// rows tells chunks from top to bottom.
func (p *page) rows(chunks []chunk) {
	if !slices.IsSortedFunc(chunks, higher) {
		slices.SortStableFunc(chunks, higher)
	}
	var row []byte
	for len(chunks) > 0 {
		n := 1
		height := chunks[0].height
		for n < len(chunks) && chunks[0].base-chunks[n].base < 0.42*max(height, chunks[n].height) {
			height = max(height, chunks[n].height)
			n++
		}
		line := chunks[:n]
		if !slices.IsSortedFunc(line, leftmost) {
			slices.SortStableFunc(line, leftmost)
		}
		row = p.join(row[:0], line)
		p.line(row)
		chunks = chunks[n:]
	}
}

// join puts the chunks of a row together. Letters drawn twice, to look bold or
// to cast a shadow, are one.
func (p *page) join(row []byte, line []chunk) []byte {
	right := 0.0
	for i, c := range line {
		t := p.text[c.from:c.to]
		if len(t) == 0 {
			continue
		}
		if i > 0 && p.drawnTwice(line, i) {
			continue
		}
		if len(row) > 0 {
			switch gap := (c.left - right) / c.em; {
			case gap >= cellGap:
				row = append(row, '\t')
			case (gap >= wordGap || gap < -0.5) && row[len(row)-1] != ' ' && t[0] != ' ':
				row = append(row, ' ')
			}
		}
		row = append(row, t...)
		if len(row) == len(t) || c.right > right {
			right = c.right
		}
	}
	return row
}

func (p *page) drawnTwice(line []chunk, i int) bool {
	c := line[i]
	for j := i - 1; j >= 0 && j >= i-4; j-- {
		if math.Abs(line[j].left-c.left) > 0.2*c.em {
			return false
		}
		if c.right-c.left > 0 && bytes.Equal(p.text[line[j].from:line[j].to], p.text[c.from:c.to]) {
			return true
		}
	}
	return false
}

var lineSeed = maphash.MakeSeed()

// line tells a line.
func (p *page) line(b []byte) {
	if len(b) == 0 || p.err != nil {
		return
	}
	if p.told != nil {
		h := maphash.Bytes(lineSeed, b)
		if p.told[h] && p.fresh {
			return
		}
		if len(p.told) < maxTold {
			p.told[h] = true
		}
	}
	p.written = true
	p.total += int64(len(b)) + 1
	_, _ = p.out.Write(b)
	p.err = p.out.WriteByte('\n')
}
