package pdf

import (
	"encoding/binary"
	"strings"
	"sync"
)

// cffNames is what the first standard strings of CFF mean (Adobe Technical Note
// 5176, appendix A): the characters of StandardEncoding, then those of Latin-1.
var cffNames = sync.OnceValue(func() []rune {
	list := []rune{0}
	for _, r := range standardEncoding {
		if r != 0 {
			list = append(list, r)
		}
	}
	rest := "¹¬µ™Ð½±Þ¼÷¦°þ¾²®−ð×³©ÁÂÄÀÅÃÇÉÊËÈÍÎÏÌÑÓÔÖÒÕŠÚÛÜÙÝŸŽáâäàåãçéêëèíîïìñóôöòõšúûüùýÿž"
	return append(list, []rune(rest)...)
})

// parseCFF reads the names and the encoding of a font in the Compact Font
// Format (Adobe Technical Note 5176).
func (e *embeddedFont) parseCFF(data []byte) {
	if len(data) < 4 {
		return
	}
	_, rest := cffIndex(data[min(int(data[2]), len(data)):])
	tops, rest := cffIndex(rest)
	strs, _ := cffIndex(rest)
	if len(tops) == 0 {
		return
	}
	top := cffDict(tops[0])
	if _, cid := top[12<<8|30]; cid {
		return // glyphs have numbers, not names
	}
	glyphs, _ := cffIndex(tail(data, top[17]))
	e.names = make([]string, len(glyphs))
	for gid, sid := range cffCharset(data, top[15], len(glyphs)) {
		e.names[gid] = cffString(sid, strs)
	}
	e.codes = e.cffEncoding(data, top[16], strs)
}

func tail(data []byte, off int) []byte {
	if off <= 0 || off > len(data) {
		return nil
	}
	return data[off:]
}

func cffString(sid int, strs [][]byte) string {
	if n := cffNames(); sid < len(n) {
		if n[sid] == 0 {
			return ""
		}
		return clean(string(n[sid]))
	}
	if sid >= 391 && sid-391 < len(strs) {
		return clean(glyphText(name(strings.TrimSpace(string(strs[sid-391]))), -1))
	}
	return ""
}

// cffIndex reads an INDEX and returns what follows it.
func cffIndex(b []byte) (items [][]byte, rest []byte) {
	if len(b) < 3 {
		return nil, nil
	}
	n, size := int(binary.BigEndian.Uint16(b)), int(b[2])
	if n == 0 {
		return nil, b[2:]
	}
	if size < 1 || size > 4 || 3+(n+1)*size > len(b) {
		return nil, nil
	}
	off := func(i int) int {
		v := 0
		for _, c := range b[3+i*size : 3+(i+1)*size] {
			v = v<<8 | int(c)
		}
		return v
	}
	data := b[3+(n+1)*size-1:]
	items = make([][]byte, n)
	for i := range n {
		from, to := off(i), off(i+1)
		if from < 1 || from > to || to > len(data) {
			return nil, nil
		}
		items[i] = data[from:to]
	}
	return items, data[off(n):]
}

// cffDict reads the whole numbers of a DICT.
func cffDict(b []byte) map[int]int {
	d := map[int]int{}
	v := 0
	for i := 0; i < len(b); {
		c := int(b[i])
		i++
		switch {
		case c == 12 && i < len(b):
			d[12<<8|int(b[i])] = v
			i++
		case c <= 21:
			d[c] = v
		case c == 28 && i+2 <= len(b):
			v = int(int16(binary.BigEndian.Uint16(b[i:])))
			i += 2
		case c == 29 && i+4 <= len(b):
			v = int(int32(binary.BigEndian.Uint32(b[i:])))
			i += 4
		case c == 30:
			for i < len(b) && b[i]&15 != 15 && b[i]>>4 != 15 {
				i++
			}
			i++
		case c >= 32 && c <= 246:
			v = c - 139
		case c >= 247 && c <= 250 && i < len(b):
			v = (c-247)*256 + int(b[i]) + 108
			i++
		case c >= 251 && c <= 254 && i < len(b):
			v = -(c-251)*256 - int(b[i]) - 108
			i++
		}
	}
	return d
}

// cffCharset returns the string of each glyph.
func cffCharset(data []byte, off, n int) []int {
	sids := make([]int, 0, n)
	if n == 0 {
		return sids
	}
	sids = append(sids, 0)
	if off <= 2 { // a predefined one; the first is in the order of the strings
		for i := 1; i < n && off == 0; i++ {
			sids = append(sids, i)
		}
		return sids
	}
	b := tail(data, off)
	if len(b) == 0 {
		return sids
	}
	format := b[0]
	b = b[1:]
	for len(sids) < n {
		size := 2 + int(format)
		if format > 2 || len(b) < size {
			break
		}
		sid, left := int(binary.BigEndian.Uint16(b)), 0
		switch format {
		case 1:
			left = int(b[2])
		case 2:
			left = int(binary.BigEndian.Uint16(b[2:]))
		}
		b = b[size:]
		for ; left >= 0 && len(sids) < n; left, sid = left-1, sid+1 {
			sids = append(sids, sid)
		}
	}
	return sids
}

func (e *embeddedFont) cffEncoding(data []byte, off int, strs [][]byte) *[256]string {
	var codes [256]string
	if off <= 1 {
		for c, r := range standardEncoding {
			if r != 0 && off == 0 {
				codes[c] = string(r)
			}
		}
		return &codes
	}
	b := tail(data, off)
	if len(b) < 2 {
		return nil
	}
	format, n := b[0], int(b[1])
	b = b[2:]
	gid := 1
	put := func(code int) {
		if gid < len(e.names) && code < 256 {
			codes[code] = e.names[gid]
		}
		gid++
	}
	for ; n > 0; n-- {
		switch {
		case format&127 == 0 && len(b) >= 1:
			put(int(b[0]))
			b = b[1:]
		case format&127 == 1 && len(b) >= 2:
			for i := range int(b[1]) + 1 {
				put(int(b[0]) + i)
			}
			b = b[2:]
		}
	}
	if format&128 != 0 && len(b) > 0 {
		for n, b := int(b[0]), b[1:]; n > 0 && len(b) >= 3; n, b = n-1, b[3:] {
			codes[b[0]] = cffString(int(binary.BigEndian.Uint16(b[1:])), strs)
		}
	}
	return &codes
}
