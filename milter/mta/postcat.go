package mta

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// catState is where in a queue file the reader is.
type catState int

const (
	outside catState = iota
	envelope
	header
	extracted
)

// readCat reads what "postcat -eh" prints: for each mail its envelope records, its
// header and, after that, what cleanup(8) added at the end, the FILTER of a
// milter among it. It returns how many mails it saw the end of.
//
// Senders choose the lines of the header, but no field's name has a blank in it,
// so none can pass for a line that parts the sections; and what stands in the
// envelope has lost its line ends on the way in.
func readCat(r io.Reader, find func(id string) *Held) (done int) {
	lines := bufio.NewReaderSize(r, 64<<10)
	var h *Held
	var id string
	var last *string
	state := outside
	for {
		line, err := firstOfLine(lines)
		title, of, isMark := mark(line)
		switch {
		case isMark && title == "ENVELOPE RECORDS":
			id = of
			h, state, last = find(id), envelope, nil
		case isMark && of == id && title == "MESSAGE CONTENTS":
			state = header
		case isMark && of == id && title == "HEADER EXTRACTED":
			state = extracted
		case isMark && of == id && title == "MESSAGE FILE END":
			done++
			h, state = nil, outside
		case h == nil:
		case state == header:
			last = h.field(line, last)
		case state == envelope || state == extracted:
			if way, ok := strings.CutPrefix(line, "content_filter: "); ok {
				h.Way = strings.TrimSpace(way)
			}
		}
		if err != nil {
			return done
		}
	}
}

// mark reads "*** TITLE queue/id ***".
func mark(line string) (title, id string, ok bool) {
	rest, ok := strings.CutPrefix(line, "*** ")
	if !ok {
		return "", "", false
	}
	rest, ok = strings.CutSuffix(rest, " ***")
	space := strings.LastIndexByte(rest, ' ')
	if !ok || space < 0 {
		return "", "", false
	}
	path := rest[space+1:]
	return rest[:space], path[strings.LastIndexByte(path, '/')+1:], true
}

// field takes our fields from a header; the line after may go on with one. Of
// several fields the last counts: postern adds its own at the end, and has taken
// out what was there before.
func (h *Held) field(line string, last *string) *string {
	if line != "" && (line[0] == ' ' || line[0] == '\t') {
		if last != nil {
			*last = strings.TrimSpace(*last + " " + strings.TrimSpace(line))
		}
		return last
	}
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return nil
	}
	value = strings.TrimSpace(value)
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "x-postern-ref":
		h.Ref = ""
		if refForm.FindString(value) == value {
			h.Ref = value
		}
		return nil
	case "x-postern-route":
		h.Route = value
		return &h.Route
	}
	return nil
}

// firstOfLine reads a line; of a long one it returns the first 4 KiB.
func firstOfLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		piece, err := r.ReadSlice('\n')
		if room := 4096 - len(line); room > 0 {
			line = append(line, piece[:min(room, len(piece))]...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return strings.TrimRight(string(line), "\r\n"), err
		}
	}
}
