package pdf

import (
	"bufio"
	"errors"
	"io"
	"sync"

	"github.com/postern-mail/postern/classify/extract/inflate"
)

// maxFilters is how many filters of one stream are undone.
const maxFilters = 8

var errFilter = errors.New("a filter that holds no text")

// decoded reads a stream with encryption and filters undone. It asks Out for
// each block.
type decoded struct {
	d     *document
	r     io.Reader
	flate []*inflate.Reader // to be used again
}

func (r *decoded) Read(b []byte) (int, error) {
	n, err := r.r.Read(b[:min(len(b), 32<<10)])
	if n > 0 && !r.d.expand(n) {
		return 0, r.d.stopped
	}
	return n, err
}

func (r *decoded) close() {
	for _, f := range r.flate {
		f.Reset(nil)
		inflaters.Put(f)
	}
	r.flate = nil
}

var inflaters = sync.Pool{New: func() any { return inflate.NewReader(nil) }}

// open begins to decode a stream. errFilter says that it is an image.
func (d *document) open(s *stream) (*decoded, error) {
	return d.openFirst(s, -1)
}

// openFirst undoes the first n filters only; a negative n is all.
func (d *document) openFirst(s *stream, n int) (*decoded, error) {
	r := &decoded{d: d, r: d.section(s.off, d.extent(s))}
	filters, params := d.filters(s)
	if d.crypt != nil && !d.clear(s, filters) {
		r.r = d.crypt.reader(s, r.r)
	}
	if len(filters) > maxFilters {
		return nil, errFilter
	}
	if n >= 0 {
		filters = filters[:n]
	}
	for i, f := range filters {
		if err := r.add(f, params[i]); err != nil {
			r.close()
			return nil, err
		}
	}
	return r, nil
}

func (d *document) filters(s *stream) ([]name, []dict) {
	value, ok := s.dict["Filter"]
	if !ok {
		value = s.dict["F"] // in an inline image; elsewhere it is a file
	}
	parms, ok := s.dict["DecodeParms"]
	if !ok {
		parms = s.dict["DP"]
	}
	switch f := d.get(value).(type) {
	case name:
		return []name{f}, []dict{d.dict(parms)}
	case array:
		list := d.array(parms)
		var names []name
		var dicts []dict
		for i, v := range f {
			names = append(names, d.name(v))
			var p dict
			if i < len(list) {
				p = d.dict(list[i])
			}
			dicts = append(dicts, p)
		}
		return names, dicts
	}
	return nil, nil
}

func (r *decoded) add(filter name, params dict) error {
	switch filter {
	case "FlateDecode", "Fl":
		r.r = r.predict(r.inflate(r.r), params)
	case "LZWDecode", "LZW":
		early := r.d.int(params["EarlyChange"], 1) != 0
		r.r = r.predict(newLZW(buffered(r.r), early), params)
	case "ASCII85Decode", "A85":
		r.r = &ascii85{r: buffered(r.r)}
	case "ASCIIHexDecode", "AHx":
		r.r = &asciiHex{r: buffered(r.r)}
	case "RunLengthDecode", "RL":
		r.r = &runLength{r: buffered(r.r)}
	case "Crypt":
	default:
		return errFilter
	}
	return nil
}

type byteReader interface {
	io.Reader
	io.ByteReader
}

func buffered(r io.Reader) byteReader {
	if b, ok := r.(byteReader); ok {
		return b
	}
	return bufio.NewReaderSize(r, 8<<10)
}

// inflate undoes deflate in a zlib envelope, or in none, whose checksum is not
// looked at: viewers show what came before an error.
func (r *decoded) inflate(src io.Reader) io.Reader {
	b := bufioOf(src)
	for { // QUIRK: some writers put a line end before the data
		head, _ := b.Peek(2)
		if len(head) == 2 && head[0]&15 == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			_, _ = b.Discard(2)
			break
		}
		if len(head) == 2 && (head[0] == '\n' || head[0] == '\r') {
			_, _ = b.Discard(1)
			continue
		}
		if len(head) == 2 && head[0]&15 == 8 && head[0]>>4 <= 7 {
			_, _ = b.Discard(2) // a broken header
		}
		break
	}
	f := inflaters.Get().(*inflate.Reader)
	f.Reset(b)
	r.flate = append(r.flate, f)
	return f
}

func bufioOf(r io.Reader) *bufio.Reader {
	if b, ok := r.(*bufio.Reader); ok {
		return b
	}
	return bufio.NewReaderSize(r, 8<<10)
}

// predict undoes a predictor, section 7.4.4.4.
func (r *decoded) predict(src io.Reader, params dict) io.Reader {
	kind := r.d.int(params["Predictor"], 1)
	if kind < 2 {
		return src
	}
	colors := min(max(r.d.int(params["Colors"], 1), 1), 32)
	bits := min(max(r.d.int(params["BitsPerComponent"], 8), 1), 16)
	columns := min(max(r.d.int(params["Columns"], 1), 1), 1<<16)
	p := &predictor{src: src, png: kind >= 10, pixel: max(1, colors*bits/8), bits: bits}
	width := (colors*bits*columns + 7) / 8
	p.row, p.prior = make([]byte, width+1), make([]byte, width+1)
	return p
}

// predictor undoes the PNG and TIFF predictors, a row at a time.
type predictor struct {
	src        io.Reader
	png        bool
	pixel      int
	bits       int
	row, prior []byte // the kind of predictor, then the bytes
	rest       []byte
	err        error
}

func (p *predictor) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		if len(p.rest) == 0 {
			if p.err != nil {
				break
			}
			p.next()
			continue
		}
		k := copy(b[n:], p.rest)
		n += k
		p.rest = p.rest[k:]
	}
	if n == 0 {
		return 0, p.err
	}
	return n, nil
}

func (p *predictor) next() {
	p.row, p.prior = p.prior, p.row
	from := 1
	if p.png {
		from = 0
	}
	got, err := io.ReadFull(p.src, p.row[from:])
	if err != nil {
		p.err = err
		if errors.Is(err, io.ErrUnexpectedEOF) {
			p.err = io.EOF
		}
	}
	if got += from; got <= 1 {
		return
	}
	row := p.row[1:got]
	p.rest = row
	if !p.png {
		if p.bits == 8 {
			for i := p.pixel; i < len(row); i++ {
				row[i] += row[i-p.pixel]
			}
		}
		return
	}
	unfilter(p.row[0], row, p.prior[1:], p.pixel)
}

// unfilter undoes a filter of PNG (ISO/IEC 15948 section 9).
func unfilter(kind byte, row, prior []byte, pixel int) {
	switch kind {
	case 1:
		for i := pixel; i < len(row); i++ {
			row[i] += row[i-pixel]
		}
	case 2:
		for i := range row {
			row[i] += prior[i]
		}
	case 3, 4:
		for i := range row {
			var left, corner byte
			if i >= pixel {
				left, corner = row[i-pixel], prior[i-pixel]
			}
			if kind == 3 {
				row[i] += byte((int(left) + int(prior[i])) / 2)
			} else {
				row[i] += paeth(left, prior[i], corner)
			}
		}
	}
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	da, db, dc := abs(p-int(a)), abs(p-int(b)), abs(p-int(c))
	switch {
	case da <= db && da <= dc:
		return a
	case db <= dc:
		return b
	}
	return c
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
