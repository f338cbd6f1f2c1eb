package edm

import (
	"math/bits"
	"runtime"
	"slices"

	"github.com/postern-mail/postern/classify/detect"
)

// Match tells which columns of a row stand together: a bit for each column, the
// primary one lowest.
type Match uint32

// Columns counts the columns.
func (m Match) Columns() int { return bits.OnesCount32(uint32(m)) }

// Reader looks values up in a Table. It belongs to one goroutine.
type Reader struct {
	table    *Table
	hasher   *hasher
	readers  []*detect.Reader // of the columns that detectors know
	cache    map[string]uint64
	days     map[day]uint32
	words    wordList
	tokens   []token // of the words, in their order
	first    []int   // by word: its first token
	scratch  []byte
	near     [maxColumns][]uint32
	matches  []Match
	anyNames bool
	anyTexts bool
	anyDates bool
}

// maxCache bounds the hashes of words and texts that a Reader remembers.
const maxCache = 4096

// NewReader returns a Reader of the table.
func (t *Table) NewReader() *Reader {
	r := &Reader{table: t, hasher: newHasher(t.key), cache: map[string]uint64{}, days: map[day]uint32{}, readers: make([]*detect.Reader, len(t.readers))}
	for _, c := range t.header.Columns[1:] {
		_, date := dates[c.Kind]
		r.anyDates = r.anyDates || date
		r.anyNames = r.anyNames || c.Kind == kindName
		r.anyTexts = r.anyTexts || c.Kind == kindText
	}
	return r
}

// Find returns, for each row that has the value in its primary column, which of
// its columns stand near it: in the folded text before or behind the value, as
// detect.Stream.Around gives it. around is called only if there is such a row.
// No row, no match. The slice is good until the next call.
func (r *Reader) Find(value string, around func() (before, after []byte)) []Match {
	r.matches = r.matches[:0]
	rows := r.table.find(r.hasher.of(r.table.header.Columns[0].Kind, value))
	if len(rows) > 0 && len(r.table.header.Columns) > 1 {
		r.look(around())
	}
	for n := r.table.rowBytes; len(rows) > 0; rows = rows[n:] {
		match := Match(1)
		for i := 1; i < len(r.table.header.Columns); i++ {
			if h := column(rows, i); h != 0 && slices.Contains(r.near[i], h) {
				match |= 1 << i
			}
		}
		if !slices.Contains(r.matches, match) {
			r.matches = append(r.matches, match)
		}
	}
	runtime.KeepAlive(r.table)
	return r.matches
}

// look hashes all that stands around a value and could be a column's.
func (r *Reader) look(before, after []byte) {
	for i := range r.near {
		r.near[i] = r.near[i][:0]
	}
	for _, text := range [][]byte{before, after} {
		if r.anyNames || r.anyTexts || r.anyDates {
			wordsOf(text, &r.words)
		}
		if r.anyNames {
			r.tokenise()
		}
		for i, c := range r.table.header.Columns {
			switch _, date := dates[c.Kind]; {
			case i == 0:
			case date:
				datesOf(text, &r.words, inMails, func(d day) { r.near[i] = append(r.near[i], r.day(d)) })
			case c.Kind == kindName:
				r.names(i)
			case c.Kind == kindText:
				r.texts(i)
			default:
				for _, m := range r.reader(i).All(text) {
					r.near[i] = append(r.near[i], short(r.hasher.of(c.Kind, m.Value)))
				}
			}
		}
	}
}

// reader is the Reader of a column's detector, made when it is first needed.
func (r *Reader) reader(i int) *detect.Reader {
	if r.readers[i] == nil {
		r.readers[i] = r.table.readers[i].Clone()
	}
	return r.readers[i]
}

// hashOf is the hash of a word or text, as r.scratch holds it behind the name of its
// kind. Values stand close together in lists and tables, so their surroundings overlap.
func (r *Reader) hashOf(kind string) uint64 {
	h, ok := r.cache[string(r.scratch)]
	if !ok {
		if len(r.cache) == maxCache {
			clear(r.cache)
		}
		h = r.hasher.of(kind, string(r.scratch[len(kind):]))
		r.cache[string(r.scratch)] = h
	}
	return h
}

// day is the hash of a day, likewise.
func (r *Reader) day(d day) uint32 {
	h, ok := r.days[d]
	if !ok {
		if len(r.days) == maxCache {
			clear(r.days)
		}
		h = short(r.hasher.ofDay(d))
		r.days[d] = h
	}
	return h
}
