package detect

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// SortCodes is a table of weights by which UK banks check an account: the file
// "valacdos" that Pay.UK publishes. It is not part of postern, because it changes
// several times a year.
type SortCodes struct{ rows []sortCodes }

type sortCodes struct {
	from, to string
	method   string
	weights  [14]int
}

// maxSortCodes bounds the rows of the table; it has about 1,100.
const maxSortCodes = 20000

// ReadSortCodes reads a table: on each line the first and last sort code of a
// range, MOD10, MOD11 or DBLAL, fourteen weights, and perhaps the number of an
// exception, which is not looked at.
func ReadSortCodes(r io.Reader) (*SortCodes, error) {
	table := new(SortCodes)
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		row, err := parseSortCodes(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if table.rows = append(table.rows, row); len(table.rows) > maxSortCodes {
			return nil, fmt.Errorf("line %d: more than %d rows", n, maxSortCodes)
		}
	}
	return table, lines.Err()
}

func parseSortCodes(fields []string) (sortCodes, error) {
	var row sortCodes
	if len(fields) != 17 && len(fields) != 18 {
		return row, fmt.Errorf("%d fields, want 17 or 18", len(fields))
	}
	row.from, row.to, row.method = fields[0], fields[1], fields[2]
	for _, code := range fields[:2] {
		if _, err := strconv.ParseUint(code, 10, 32); err != nil || len(code) != 6 {
			return row, fmt.Errorf("sort code %q, want six digits", code)
		}
	}
	if row.method != "MOD10" && row.method != "MOD11" && row.method != "DBLAL" {
		return row, fmt.Errorf("method %q, want MOD10, MOD11 or DBLAL", row.method)
	}
	for i, w := range fields[3:17] {
		n, err := strconv.Atoi(w)
		if err != nil || n < -1000 || n > 1000 {
			return row, fmt.Errorf("weight %q, want a number", w)
		}
		row.weights[i] = n
	}
	return row, nil
}

// Valid reports whether a sort code of six digits is in the table and passes the
// checks there together with an account of eight. The exceptions for accounts of
// single banks are not applied.
func (s *SortCodes) Valid(sortCode, account string) bool {
	listed := false
	for i := range s.rows {
		row := &s.rows[i]
		if sortCode < row.from || sortCode > row.to {
			continue
		}
		if !row.valid(sortCode + account) {
			return false
		}
		listed = true
	}
	return listed
}

func (s *sortCodes) valid(digits string) bool {
	if len(digits) != len(s.weights) {
		return false
	}
	sum := 0
	for i, w := range s.weights {
		n := int(digits[i]-'0') * w
		if s.method == "DBLAL" {
			n = n/10 + n%10
		}
		sum += n
	}
	if s.method == "MOD11" {
		return sum%11 == 0
	}
	return sum%10 == 0
}
