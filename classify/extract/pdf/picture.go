package pdf

import (
	"bytes"
	"encoding/binary"
	"io"
)

// Viewer is an Out that also wants, as members, the pictures of pages that are
// nothing but pictures: as JPEG, or as TIFF.
type Viewer interface {
	Out
	// Pictures reports whether it wants them now.
	Pictures() bool
}

const (
	maxPictures  = 500 // of a file
	maxDrawn     = 16  // of a page
	maxPixels    = 1 << 15
	minPixels    = 24      // what is lower shows no text
	maxFaxBytes  = 4 << 20 // of a page
	tiffFax3     = 3
	tiffFax4     = 4
	tiffPlain    = 1
	whiteIsZero  = 0
	blackIsZero  = 1
	redGreenBlue = 2
	palette      = 3
	separated    = 5
)

// noteDrawn notes the pictures that the page drew, if somebody wants them.
func (r *reader) noteDrawn() {
	v, ok := r.d.out.(Viewer)
	if !ok || !v.Pictures() {
		return
	}
	if r.noted == nil {
		r.noted = map[int64]bool{}
	}
	for _, s := range r.x.drawn {
		if len(r.drawn) < maxPictures && !r.noted[s.off] {
			r.noted[s.off] = true
			r.drawn = append(r.drawn, s)
		}
	}
}

// pictures tells the pictures that were noted.
func (r *reader) pictures() error {
	for _, s := range r.drawn {
		content, done := r.d.picture(s)
		if content == nil {
			continue
		}
		err := r.d.out.Member("", content)
		done()
		if err == nil {
			err = r.d.stopped
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// raster is a picture as its dictionary describes it, section 8.9.5.
type raster struct {
	width, height, bits, samples int
	photometric, compression     int
	mixed                        int // T4Options: lines are coded by two codes
	colours                      []byte
}

// picture makes a file of an image; nil if it is of a kind that is not read.
func (d *document) picture(s *stream) (content io.Reader, done func()) {
	p := raster{width: d.int(s.dict["Width"], 0), height: d.int(s.dict["Height"], 0), bits: d.int(s.dict["BitsPerComponent"], 1)}
	if p.width < minPixels || p.height < minPixels || p.width > maxPixels || p.height > maxPixels {
		return nil, nil
	}
	filters, params := d.filters(s)
	plain, last := len(filters), name("")
	if plain > 0 {
		switch last = filters[plain-1]; last {
		case "DCTDecode", "DCT", "CCITTFaxDecode", "CCF":
			plain--
		}
	}
	in, err := d.openFirst(s, plain)
	if err != nil {
		return nil, nil
	}
	switch last {
	case "DCTDecode", "DCT":
		return in, in.close
	case "CCITTFaxDecode", "CCF":
		fax, err := io.ReadAll(io.LimitReader(in, maxFaxBytes))
		in.close()
		if err != nil && len(fax) == 0 {
			return nil, nil
		}
		d.fax(&p, params[plain])
		return io.MultiReader(bytes.NewReader(p.tiff(len(fax))), bytes.NewReader(fax)), func() {}
	}
	if !d.colours(&p, s) {
		in.close()
		return nil, nil
	}
	size := int64((p.width*p.bits*p.samples+7)/8) * int64(p.height)
	return io.MultiReader(bytes.NewReader(p.tiff(int(size))), io.LimitReader(in, size)), in.close
}

// fax describes what the parameters of CCITTFaxDecode do, section 7.4.6.
func (d *document) fax(p *raster, params dict) {
	p.bits, p.samples, p.photometric, p.compression = 1, 1, whiteIsZero, tiffFax4
	if k := d.float(params["K"], 0); k >= 0 {
		p.compression = tiffFax3
		if k > 0 {
			p.mixed = 1
		}
	}
	if columns := d.int(params["Columns"], 1728); columns > 0 && columns <= maxPixels {
		p.width = columns
	}
}

// colours describes what the samples mean, and reports whether that is known.
func (d *document) colours(p *raster, s *stream) bool {
	p.compression, p.samples, p.photometric = tiffPlain, 1, blackIsZero
	if mask, _ := d.get(s.dict["ImageMask"]).(bool); mask {
		p.bits = 1
		return true
	}
	space := d.get(s.dict["ColorSpace"])
	if a, ok := space.(array); ok && len(a) >= 4 && (d.name(a[0]) == "Indexed" || d.name(a[0]) == "I") {
		base := d.samples(d.get(a[1]))
		table, isText := d.str(a[3])
		colours := []byte(table)
		if st := d.stream(a[3]); !isText && st != nil {
			colours, _ = d.decode(st, 4<<10)
		}
		if p.bits > 8 || base != 1 && base != 3 {
			return false
		}
		p.photometric, p.colours = palette, make([]byte, 3<<p.bits)
		for i := range 1 << p.bits {
			for c := range 3 {
				if at := i*base + c%base; at < len(colours) {
					p.colours[3*i+c] = colours[at]
				}
			}
		}
		return true
	}
	switch p.samples = d.samples(space); p.samples {
	case 3:
		p.photometric = redGreenBlue
	case 4:
		p.photometric = separated
	}
	return p.samples != 0
}

// samples is how many numbers make a colour of a space; 0 if that is not known.
func (d *document) samples(space any) int {
	kind := d.name(space)
	if a, ok := space.(array); ok && len(a) > 0 {
		if kind = d.name(a[0]); kind == "ICCBased" && len(a) > 1 {
			if st := d.stream(a[1]); st != nil {
				return d.int(st.dict["N"], 0)
			}
		}
	}
	switch kind {
	case "DeviceGray", "G", "CalGray":
		return 1
	case "DeviceRGB", "RGB", "CalRGB":
		return 3
	case "DeviceCMYK", "CMYK":
		return 4
	}
	return 0
}

// tiff is all that stands before size bytes of samples in a TIFF file.
func (p *raster) tiff(size int) []byte {
	const short, long = 3, 4
	type field struct{ tag, kind, count, value int }
	fields := []field{
		{256, long, 1, p.width},
		{257, long, 1, p.height},
		{258, short, p.samples, p.bits},
		{259, short, 1, p.compression},
		{262, short, 1, p.photometric},
		{273, long, 1, 0}, // where the samples are
		{277, short, 1, p.samples},
		{278, long, 1, p.height},
		{279, long, 1, size},
	}
	if p.compression == tiffFax3 {
		fields = append(fields, field{292, long, 1, p.mixed})
	}
	if p.colours != nil {
		fields = append(fields, field{320, short, len(p.colours), 0})
	}
	be := binary.BigEndian
	end := 8 + 2 + 12*len(fields) + 4
	var behind []byte // values that are too long for their fields
	b := be.AppendUint32([]byte("MM\x00*"), 8)
	b = be.AppendUint16(b, uint16(len(fields)))
	at := 0
	for _, f := range fields {
		b = be.AppendUint32(be.AppendUint16(be.AppendUint16(b, uint16(f.tag)), uint16(f.kind)), uint32(f.count))
		switch {
		case f.tag == 258 && f.count > 2, f.tag == 320:
			b = be.AppendUint32(b, uint32(end+len(behind)))
			behind = p.values(behind, f.tag)
		case f.tag == 273:
			at = len(b)
			b = be.AppendUint32(b, 0)
		case f.kind == short:
			b = be.AppendUint16(be.AppendUint16(b, uint16(f.value)), 0)
		default:
			b = be.AppendUint32(b, uint32(f.value))
		}
	}
	b = append(be.AppendUint32(b, 0), behind...)
	be.PutUint32(b[at:], uint32(len(b)))
	return b
}

// values appends the values of a long field: all reds, all greens, all blues.
func (p *raster) values(b []byte, tag int) []byte {
	if tag == 258 {
		for range p.samples {
			b = binary.BigEndian.AppendUint16(b, uint16(p.bits))
		}
		return b
	}
	for c := range 3 {
		for i := c; i < len(p.colours); i += 3 {
			b = binary.BigEndian.AppendUint16(b, uint16(p.colours[i])*257)
		}
	}
	return b
}
