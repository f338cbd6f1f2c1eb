package ole

import (
	"encoding/binary"
	"io"
	"slices"
)

// fkpSize is the size of a page of formatting ([MS-DOC] section 2.9.175).
const fkpSize = 512

// sprmTtp marks the paragraph that ends a row of a table ([MS-DOC] section 2.6.2).
const sprmTtp = 0x2417

// maxRows bounds the memory for the ends of rows.
const maxRows = 1 << 20

// rowMarks finds the paragraphs that end the rows of tables: where in the file
// their marks stand, sorted. It is nil if nothing could be found out.
func rowMarks(main, table io.ReaderAt, plc extent) []int64 {
	n := (plc.size - 4) / 8
	var rows []int64
	page := make([]byte, fkpSize)
	var number [4]byte
	seen := map[uint32]bool{}
	for i := range min(max(n, 0), 1<<20) {
		if _, err := table.ReadAt(number[:], plc.at+4*(n+1)+4*i); err != nil {
			break
		}
		pn := binary.LittleEndian.Uint32(number[:]) & (1<<22 - 1)
		if seen[pn] || len(rows) > maxRows {
			continue
		}
		seen[pn] = true
		if _, err := main.ReadAt(page, int64(pn)*fkpSize); err != nil {
			continue
		}
		rows = pageRows(page, rows)
	}
	slices.Sort(rows)
	return rows
}

// pageRows adds the row ends that one page tells.
func pageRows(page []byte, rows []int64) []int64 {
	count := int(page[fkpSize-1])
	if 4*(count+1)+13*count > fkpSize-1 {
		return rows
	}
	for i := range count {
		offset := int(page[4*(count+1)+13*i]) * 2
		if offset == 0 || offset >= fkpSize-2 {
			continue
		}
		size := int(page[offset])*2 - 1
		from := offset + 1
		if page[offset] == 0 {
			size = int(page[offset+1]) * 2
			from = offset + 2
		}
		if size < 2 || from+size > fkpSize || !endsRow(page[from+2:from+size]) {
			continue
		}
		end := int64(binary.LittleEndian.Uint32(page[4*(i+1):]))
		begin := int64(binary.LittleEndian.Uint32(page[4*i:]))
		// The mark is one byte, or two: whichever place the text has is right.
		for at := max(begin, end-2); at < end; at++ {
			rows = append(rows, at)
		}
	}
	return rows
}

// endsRow looks for the mark among the properties of a paragraph.
func endsRow(properties []byte) bool {
	for len(properties) >= 3 {
		op := binary.LittleEndian.Uint16(properties)
		if op == sprmTtp {
			return properties[2] != 0
		}
		size := 2 + operandSize(op, properties[2:])
		if size > len(properties) {
			break
		}
		properties = properties[size:]
	}
	return false
}

// operandSize is how long the operand of a property is ([MS-DOC] section 2.2.5.1).
func operandSize(op uint16, operand []byte) int {
	switch op >> 13 {
	case 0, 1:
		return 1
	case 2, 4, 5:
		return 2
	case 3:
		return 4
	case 7:
		return 3
	}
	if op == 0xd608 && len(operand) >= 2 { // sprmTDefTable
		return int(binary.LittleEndian.Uint16(operand)) + 1
	}
	return int(operand[0]) + 1
}

func contains(sorted []int64, n int64) bool {
	_, found := slices.BinarySearch(sorted, n)
	return found
}
