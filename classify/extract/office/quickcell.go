package office

// quickBytes is how much of a sheet quick wants to see: a cell that is longer is
// not for it.
const quickBytes = 256

// quick reads rows and such cells as are a value and no more, which most of a
// sheet is, as programs write them, straight from the lexer's buffer:
//
//	<row r="7" spans="1:5"><c r="B7" s="1" t="s"><v>12</v></c></row>
//
// It stops at anything else, which is then read as XML.
func (s *sheetReader) quick() {
	lx := s.lx
	for lx.section == "" && lx.end-lx.pos >= quickBytes {
		b := (*[quickBytes]byte)(lx.buf[lx.pos:])
		n := 0
		switch {
		case string(b[:6]) == `<c r="`:
			var value []byte
			if value, n = s.quickCell(b); n > 0 {
				s.show(s.col, value)
				s.col++
			}
		case string(b[:6]) == "</row>":
			n = 6
			s.mode = cellOther
			s.endRow()
		case string(b[:8]) == `<row r="`:
			n = s.quickRow(b)
		}
		if n == 0 {
			return
		}
		lx.pos += n
	}
}

// quickRow reads the start tag of a row, if it has a number first, and says how
// long it is; 0 if it is another.
func (s *sheetReader) quickRow(b *[quickBytes]byte) int {
	i, n := 8, 0
	for ; i < 16 && '0' <= b[i] && b[i] <= '9'; i++ {
		n = n*10 + int(b[i]-'0')
	}
	if n == 0 || b[i] != '"' {
		return 0
	}
	end := tagEnd(b[:], i+1)
	if end < 0 || b[end-1] == '/' {
		return 0
	}
	s.mode = cellOther
	s.endRow()
	s.beginRow(n)
	return end + 1
}

// quickCell reads one such cell and says how long it is; 0 if it is another.
func (s *sheetReader) quickCell(b *[quickBytes]byte) (value []byte, n int) {
	i, col := 6, 0
	for ; i < 10 && 'A' <= b[i] && b[i] <= 'Z'; i++ {
		col = col*26 + int(b[i]-'A') + 1
	}
	for i < 20 && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	if col == 0 || b[i] != '"' {
		return nil, 0
	}
	i++
	style, kind := 0, cellNumber
	if string(b[i:i+4]) == ` s="` {
		for i += 4; i < 40 && '0' <= b[i] && b[i] <= '9'; i++ {
			style = style*10 + int(b[i]-'0')
		}
		if b[i] != '"' || style > 1<<16 {
			return nil, 0
		}
		i++
	}
	if string(b[i:i+4]) == ` t="` && b[i+5] == '"' {
		switch b[i+4] {
		case 's':
			kind = cellShared
		case 'b':
			kind = cellBool
		case 'n':
		default:
			return nil, 0
		}
		i += 6
	}
	if string(b[i:i+4]) != "><v>" {
		return nil, 0
	}
	i += 4
	end := i
	for ; end < len(b)-8 && b[end] != '<'; end++ {
		if c := b[end]; c-'0' > 9 && (c <= ' ' || c == '&' || c == '_') {
			return nil, 0
		}
	}
	if value = b[i:end]; len(value) == 0 || string(b[end:end+8]) != "</v></c>" {
		return nil, 0
	}
	s.col, s.style, s.kind, s.mode = col-1, style, kind, cellOther
	s.value, s.code = s.value[:0], s.code[:0]
	return value, end + 8
}
