package extract

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
)

func init() {
	register(func(c *container) error {
		if !c.isISO() {
			return errUnsupported
		}
		return readISO(c)
	}, isoMedia)
}

const isoMedia = "application/x-iso9660-image"

// isoSector is what an image of a CD or DVD is counted in.
const isoSector = 2048

// Bounds of an image's folders.
const (
	maxISOFolder  = 8 << 20 // bytes
	maxISOFolders = 20000
)

// isISO reports whether an image begins with volume descriptors (ECMA-119
// section 8), which stand in its sectors from the 17th on.
func (c *container) isISO() bool {
	var b [5]byte
	if _, err := c.ReadAt(b[:], 16*isoSector+1); err != nil {
		return false
	}
	switch string(b[:]) {
	case "CD001", "BEA01", "NSR02", "NSR03":
		return true
	}
	return false
}

// isoImage is a file system of ECMA-119, its names in Joliet's UCS-2, in the
// entries of Rock Ridge, or in capital letters.
type isoImage struct {
	c       *container
	joliet  bool
	seen    map[int64]bool // folders, by where they begin
	damaged bool
}

// readISO reads the files of an image. If there are several trees of folders,
// that of Joliet is read, and of another one what Joliet's does not speak of.
func readISO(c *container) error {
	c.is(isoMedia)
	var roots [2][]byte // plain and Joliet's
	udf := false
	for n := int64(16); n < 16+64; n++ {
		b := make([]byte, isoSector)
		if _, err := c.ReadAt(b, n*isoSector); err != nil {
			if stoppedOr(err, nil) != nil {
				return errStopped
			}
			break
		}
		id := string(b[1:6])
		udf = udf || id == "NSR02" || id == "NSR03"
		if id != "CD001" {
			if id != "BEA01" && id != "TEA01" && id != "BOOT2" && !strings.HasPrefix(id, "NSR") {
				break
			}
			continue
		}
		switch {
		case b[0] == 1:
			roots[0] = b[156:190]
			for _, text := range []string{string(b[8:72]), string(b[190:813])} {
				if err := c.Note(strings.Join(strings.Fields(strings.ReplaceAll(text, "\x00", " ")), " ")); err != nil {
					return err
				}
			}
		case b[0] == 2 && b[88] == '%' && b[89] == '/' && strings.ContainsRune("@CE", rune(b[90])):
			roots[1] = b[156:190]
		}
	}
	if roots[0] == nil && roots[1] == nil {
		return errUnsupported // UDF alone
	}
	read := map[[2]int64]bool{}
	damaged := false
	for _, joliet := range []bool{true, false} {
		root := roots[0]
		if joliet {
			root = roots[1]
		}
		if root == nil {
			continue
		}
		image := &isoImage{c: c, joliet: joliet, seen: map[int64]bool{}}
		if err := image.folder(root, "", 0, read); err != nil {
			return err
		}
		damaged = damaged || image.damaged
	}
	switch {
	case damaged:
		return errMalformed
	case udf && len(read) == 0:
		return errUnsupported
	}
	return nil
}

// folder reads the entries of a folder, which the record is of.
func (x *isoImage) folder(record []byte, path string, depth int, read map[[2]int64]bool) error {
	at, size := x.extent(record)
	if x.seen[at] || size == 0 {
		return nil
	}
	if size > maxISOFolder || depth > 64 || len(x.seen) > maxISOFolders || at+size > x.c.Size() {
		x.damaged = true
		size = min(size, maxISOFolder, x.c.Size()-at)
		if size <= 0 || depth > 64 || len(x.seen) > maxISOFolders {
			return nil
		}
	}
	x.seen[at] = true
	if err := x.c.hold(size); err != nil {
		return err
	}
	defer func() { _ = x.c.hold(-size) }()
	b := make([]byte, size)
	if _, err := x.c.ReadAt(b, at); err != nil {
		return stoppedOr(err, errMalformed)
	}
	var pieces []io.Reader // of a file of several extents

	for i := 0; i < len(b); {
		n := int(b[i])
		if n == 0 {
			i = (i/isoSector + 1) * isoSector
			continue
		}
		if n < 34 || i+n > len(b) || 33+int(b[i+32]) > n {
			x.damaged = true
			break
		}
		r := b[i : i+n]
		i += n
		raw := string(r[33 : 33+r[32]])
		if raw == "\x00" || raw == "\x01" {
			continue
		}
		name := x.name(r, raw)
		if path != "" {
			name = path + "/" + name
		}
		if r[25]&2 != 0 {
			if err := x.c.Note(name); err != nil {
				return err
			}
			if err := x.folder(r, name, depth+1, read); err != nil {
				return err
			}
			continue
		}
		from, length := x.extent(r)
		key := [2]int64{from, length}
		if read[key] && length > 0 {
			// It has two names, or the other tree speaks of it, too.
			if err := x.c.Note(name); err != nil {
				return err
			}
			continue
		}
		read[key] = true
		have := max(min(length, x.c.Size()-from), 0)
		pieces = append(pieces, io.NewSectionReader(x.c, from, have))
		if have < length {
			x.damaged = true
		}
		if r[25]&0x80 != 0 {
			continue // more of it follows
		}
		err := x.c.Member(name, x.c.expanding(io.MultiReader(pieces...)))
		if err != nil {
			return err
		}
		pieces = nil
	}
	return nil
}

// extent is where the bytes of a record stand.
func (x *isoImage) extent(r []byte) (at, size int64) {
	le := binary.LittleEndian
	return (int64(le.Uint32(r[2:])) + int64(r[1])) * isoSector, int64(le.Uint32(r[10:]))
}

// name is what a record calls its file: without the version, and by Rock Ridge
// (IEEE P1282 section 4.1.4) if that speaks of it.
func (x *isoImage) name(r []byte, raw string) string {
	if x.joliet {
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16([]byte(raw[2*i:]))
		}
		name, _, _ := strings.Cut(string(utf16.Decode(units)), ";")
		return name
	}
	system := r[33+len(raw):]
	if len(raw)%2 == 0 && len(system) > 0 {
		system = system[1:]
	}
	name := ""
	x.system(system, &name, 0)
	if name != "" {
		return name
	}
	name, _, _ = strings.Cut(raw, ";")
	return strings.TrimSuffix(hybridString([]byte(name)), ".")
}

// system reads the entries of SUSP, for names and links, and where they go on.
func (x *isoImage) system(b []byte, name *string, depth int) {
	le := binary.LittleEndian
	for len(b) >= 4 && b[2] >= 4 && int(b[2]) <= len(b) {
		entry := b[:b[2]]
		b = b[b[2]:]
		switch {
		case string(entry[:2]) == "NM" && len(entry) > 5 && entry[4]&6 == 0 && len(*name) < maxMemberName:
			*name += hybridString(entry[5:])
		case string(entry[:2]) == "CE" && len(entry) >= 28 && depth < 16:
			more := make([]byte, min(le.Uint32(entry[20:]), 4*isoSector))
			at := int64(le.Uint32(entry[4:]))*isoSector + int64(le.Uint32(entry[12:]))
			if n, err := x.c.ReadAt(more, at); err == nil || errors.Is(err, io.EOF) {
				x.system(more[:n], name, depth+1)
			}
		}
	}
}
