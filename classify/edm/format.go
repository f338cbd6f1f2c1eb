package edm

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
)

const (
	magic     = "POSTEDM"
	version   = '2'
	prefix    = len(magic) + 1 + 4 // and the length of the header
	alignment = 64

	maxHeader  = 1 << 16
	maxColumns = 16
	// maxTextWords is how many words a value of a text column has at most.
	maxTextWords = 16
	// maxSame is how many rows may share one primary value.
	maxSame = 256
	// MaxFileBytes bounds a table that Open takes.
	MaxFileBytes = 8 << 30
)

// Column is one column of a table.
type Column struct {
	Name string `json:"name"`
	// Kind is the id of a detector, name, text, date, date-dmy or date-mdy.
	Kind string `json:"kind"`
}

const (
	kindName = "name"
	kindText = "text"
	kindDate = "date"
)

// dates are the kinds of dates by how their numbers follow each other.
var dates = map[string]order{kindDate: anyOrder, "date-dmy": dayFirst, "date-mdy": monthFirst}

// words is how many words a value of a kind has at most.
func (c Column) words() int {
	switch c.Kind {
	case kindName:
		return 6
	case kindText:
		return maxTextWords
	}
	return 0
}

// longest bounds what stands in header.Longest.
func (c Column) longest() int {
	if c.Kind == kindText {
		return maxTextWords * maxWord
	}
	return c.words()
}

// detector is the id of the column's detector, "" if it has none.
func (c Column) detector() string {
	if _, date := dates[c.Kind]; date || c.words() > 0 {
		return ""
	}
	return c.Kind
}

// ParseColumns reads "dcn:mo-dcn,surname:name": names of columns and their kinds,
// the primary one first. A name with a comma in it stands in quotes; of several colons
// the last one stands before the kind.
func ParseColumns(s string) ([]Column, error) {
	var all []Column
	for _, one := range unquoted(s) {
		at := max(strings.LastIndexByte(one, ':'), 0)
		name, kind := strings.TrimSpace(one[:at]), strings.TrimSpace(strings.TrimPrefix(one[at:], ":"))
		if name == "" || kind == "" {
			return nil, fmt.Errorf("column %q, want NAME:KIND, as in dcn:mo-dcn", one)
		}
		for _, other := range all {
			if strings.EqualFold(other.Name, name) {
				return nil, fmt.Errorf("column %q is named twice", name)
			}
		}
		all = append(all, Column{name, kind})
	}
	if len(all) > maxColumns {
		return nil, fmt.Errorf("%d columns, want at most %d", len(all), maxColumns)
	}
	if all[0].detector() == "" {
		return nil, fmt.Errorf("the first column %q is of kind %s, want the id of a detector", all[0].Name, all[0].Kind)
	}
	return all, nil
}

// unquoted splits a list at its commas, but for those in quotes, and takes the quotes
// away; two in a row are one.
func unquoted(list string) []string {
	all, quoted := []string{""}, false
	for i := 0; i < len(list); i++ {
		last := &all[len(all)-1]
		switch c := list[i]; {
		case c == '"' && quoted && i+1 < len(list) && list[i+1] == '"':
			*last += `"`
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			all = append(all, "")
		default:
			*last += list[i : i+1]
		}
	}
	return all
}

// header describes a table file.
type header struct {
	Salt    []byte   `json:"salt"`
	Check   []byte   `json:"check"` // tells the right key
	Columns []Column `json:"columns"`
	Rows    int64    `json:"rows"`
	Values  int64    `json:"values"` // different values of the primary column
	Blocks  int64    `json:"blocks"` // of the filter
	// Longest is what the longest value of each column has: of names words, of texts
	// bytes. Lengths are those of its texts, a bit for each; the last is for all that
	// are longer.
	Longest []int    `json:"longest"`
	Lengths []uint64 `json:"lengths"`
}

// rowBytes is the length of one row.
func (h *header) rowBytes() int { return 8 + 4*(len(h.Columns)-1) }

// bodyBytes is the length of filter and rows.
func (h *header) bodyBytes() int64 {
	return h.Blocks*blockBytes + h.Rows*int64(h.rowBytes())
}

// encode is everything before the filter.
func (h *header) encode() ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	out := append([]byte(magic), version)
	out = binary.BigEndian.AppendUint32(out, uint32(len(text)))
	out = append(out, text...)
	for len(out)%alignment != 0 {
		out = append(out, 0)
	}
	return out, nil
}

// decodePrefix returns how many bytes the header and its padding have.
func decodePrefix(b []byte) (text, padded int, err error) {
	if string(b[:len(magic)]) != magic {
		return 0, 0, fmt.Errorf("no table of postern edm build")
	}
	if v := b[len(magic)]; v != version {
		return 0, 0, fmt.Errorf("a table of version %q, want %q: build it again with this postern", v, version)
	}
	n := binary.BigEndian.Uint32(b[len(magic)+1:])
	if n == 0 || n > maxHeader {
		return 0, 0, fmt.Errorf("a header of %d bytes, want 1 to %d", n, maxHeader)
	}
	padded = prefix + int(n)
	padded += (alignment - padded%alignment) % alignment
	return int(n), padded, nil
}

func decodeHeader(text []byte) (*header, error) {
	h := &header{}
	if err := json.Unmarshal(text, h); err != nil {
		return nil, fmt.Errorf("the header cannot be read: %w", err)
	}
	n := len(h.Columns)
	if n == 0 || n > maxColumns || len(h.Longest) != n || len(h.Lengths) != n || len(h.Salt) != saltBytes ||
		h.Rows < 1 || h.Rows > MaxFileBytes/8 || h.Blocks < 1 || h.Blocks > MaxFileBytes/blockBytes || h.Values < 1 || h.Values > h.Rows {
		return nil, fmt.Errorf("the header contradicts itself")
	}
	for i, c := range h.Columns {
		if h.Longest[i] < 0 || h.Longest[i] > c.longest() || i == 0 && c.detector() == "" {
			return nil, fmt.Errorf("the header contradicts itself")
		}
	}
	return h, nil
}
