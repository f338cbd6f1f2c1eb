package detect

import "strings"

// Reader reads single values of one detector, such as the cells of a table. It
// belongs to one goroutine.
type Reader struct {
	stream *Stream
	found  []Match
}

// NewReader returns a Reader of the detector's values.
func NewReader(d *Detector) (*Reader, error) {
	set, err := Compile([]*Detector{d}, Options{ReportSpecimens: true, Candidates: []string{d.ID}})
	if err != nil {
		return nil, err
	}
	return &Reader{stream: set.NewStream(nil)}, nil
}

// Clone returns another Reader of the same values, at little cost.
func (r *Reader) Clone() *Reader { return &Reader{stream: r.stream.set.NewStream(nil)} }

// All returns the canonical forms of the values that stand in a text, whatever
// is said around them. The slice is good until the next call.
func (r *Reader) All(text []byte) []Match {
	r.found = r.found[:0]
	r.stream.Reset(func(m Match) { r.found = append(r.found, m) })
	r.stream.Write(text)
	r.stream.Close()
	return r.found
}

// Canonical returns the canonical form of a cell that holds one value and
// nothing else, and whether it does.
func (r *Reader) Canonical(cell string) (string, bool) {
	cell = strings.TrimSpace(cell)
	if p := r.stream.set.Detectors[0].pairing; p != nil {
		return p.read(cell)
	}
	all := r.All([]byte(cell))
	if len(all) != 1 || all[0].Start != 0 || all[0].End != int64(len(cell)) {
		return "", false
	}
	return all[0].Value, true
}
