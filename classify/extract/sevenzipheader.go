package extract

import (
	"encoding/binary"
	"math"
	"unicode/utf16"
)

// sevenZipParser reads a header. What is read of it is never more than the bytes
// that stand for it.
type sevenZipParser struct {
	b       []byte
	failed  bool
	many    bool // because there are more of something than can be
	packAt  uint64
	packs   []uint64 // sizes of the packed streams, in their order
	folders []*sevenZipFolder
	files   []sevenZipFile
}

type sevenZipFile struct {
	name          string
	empty, folder bool
}

type sevenZipStream struct {
	size uint64
	sum  uint32 // 0 if unknown
}

// sevenZipFolder is a chain of coders that make one stream of one or more.
type sevenZipFolder struct {
	coders  []sevenZipCoder
	binds   [][2]int // an input, and the output that it is
	packed  []int    // inputs that are packed streams
	first   int      // of the packed streams
	sizes   []uint64 // of the outputs
	sum     uint32
	hasSum  bool
	streams []sevenZipStream
}

type sevenZipCoder struct {
	method string
	ins    int
	props  []byte
}

func (p *sevenZipParser) fail() { p.failed, p.b = true, nil }

func (p *sevenZipParser) take(n uint64) []byte {
	if n > uint64(len(p.b)) {
		p.fail()
		return nil
	}
	b := p.b[:n]
	p.b = p.b[n:]
	return b
}

func (p *sevenZipParser) byte() byte {
	if b := p.take(1); b != nil {
		return b[0]
	}
	return 0
}

// number reads an integer whose first byte says by its leading ones how many
// bytes follow.
func (p *sevenZipParser) number() uint64 {
	first := p.byte()
	v := uint64(0)
	for i := range 8 {
		mask := byte(0x80 >> i)
		if first&mask == 0 {
			return v | uint64(first&(mask-1))<<(8*i)
		}
		v |= uint64(p.byte()) << (8 * i)
	}
	return v
}

// count reads how many things follow: each takes a byte at least.
func (p *sevenZipParser) count() int {
	n := p.number()
	if p.many = n > sevenZipMost && n <= uint64(len(p.b)); p.many || n > uint64(len(p.b)) {
		p.fail()
		return 0
	}
	return int(n)
}

func (p *sevenZipParser) bits(n int) []bool {
	packed := p.take(uint64(n+7) / 8)
	bits := make([]bool, n)
	for i := range bits {
		bits[i] = packed != nil && packed[i/8]>>(7-i%8)&1 == 1
	}
	return bits
}

// sums reads checksums; those that are not defined are left out.
func (p *sevenZipParser) sums(n int) (sums []uint32, defined []bool) {
	if p.byte() == 0 {
		defined = p.bits(n)
	} else if uint64(n)*4 <= uint64(len(p.b)) {
		defined = make([]bool, n)
		for i := range defined {
			defined[i] = true
		}
	} else {
		p.fail()
	}
	sums = make([]uint32, len(defined))
	for i, d := range defined {
		if d {
			if b := p.take(4); b != nil {
				sums[i] = binary.LittleEndian.Uint32(b)
			}
		}
	}
	return sums, defined
}

func (p *sevenZipParser) header() {
	for !p.failed {
		switch p.byte() {
		case 0:
			return
		case sevenZipArchive:
			for p.number() != 0 && !p.failed {
				p.take(p.number())
			}
		case sevenZipMore, sevenZipStreams:
			p.streams()
		case sevenZipFiles:
			p.filesInfo()
		default:
			p.fail()
		}
	}
}

func (p *sevenZipParser) streams() {
	for !p.failed {
		switch p.byte() {
		case 0:
			p.wholeFolders()
			return
		case sevenZipPack:
			p.packInfo()
		case sevenZipUnpack:
			p.unpackInfo()
		case sevenZipSub:
			p.subStreams()
		default:
			p.fail()
		}
	}
}

// wholeFolders makes folders that were not said to hold several streams one.
func (p *sevenZipParser) wholeFolders() {
	for _, f := range p.folders {
		if f.streams == nil {
			f.streams = []sevenZipStream{{f.size(), f.sum}}
		}
	}
}

func (p *sevenZipParser) packInfo() {
	p.packAt = p.number()
	n := p.count()
	p.packs = nil
	for !p.failed {
		switch p.byte() {
		case 0:
			return
		case sevenZipSizes:
			for range n {
				p.packs = append(p.packs, p.number())
			}
		case sevenZipSums:
			p.sums(n)
		default:
			p.fail()
		}
	}
}

func (p *sevenZipParser) unpackInfo() {
	p.folders = nil
	for !p.failed {
		switch p.byte() {
		case 0:
			return
		case sevenZipFolders:
			n, first := p.count(), 0
			if p.byte() != 0 {
				p.fail() // elsewhere
			}
			for range n {
				f := p.folder()
				if p.failed {
					return
				}
				f.first = first
				first += len(f.packed)
				p.folders = append(p.folders, f)
			}
		case sevenZipUnsized:
			for _, f := range p.folders {
				f.sizes = nil
				for range f.coders {
					f.sizes = append(f.sizes, p.number())
				}
			}
		case sevenZipSums:
			sums, defined := p.sums(len(p.folders))
			for i, d := range defined {
				p.folders[i].sum, p.folders[i].hasSum = sums[i], d
			}
		default:
			p.fail()
		}
	}
}

// maxCoders bounds the coders of a folder, as 7-Zip does.
const maxCoders = 32

func (p *sevenZipParser) folder() *sevenZipFolder {
	f := &sevenZipFolder{}
	n, ins := p.count(), 0
	if n == 0 || n > maxCoders {
		p.fail()
	}
	for range n {
		flags := p.byte()
		coder := sevenZipCoder{method: string(p.take(uint64(flags & 15))), ins: 1}
		if flags&0x10 != 0 {
			coder.ins = p.count()
			if p.number() != 1 { // outputs: no coder of today has more
				p.fail()
			}
		}
		if flags&0x20 != 0 {
			coder.props = p.take(p.number())
		}
		if ins += coder.ins; ins > maxCoders {
			p.fail()
		}
		if p.failed {
			return f
		}
		f.coders = append(f.coders, coder)
	}
	for range n - 1 {
		in, out := p.number(), p.number()
		if in >= uint64(ins) || out >= uint64(n) {
			p.fail()
			return f
		}
		f.binds = append(f.binds, [2]int{int(in), int(out)})
	}
	left := ins - (n - 1)
	if left < 1 {
		p.fail()
		return f
	}
	for i := range ins {
		if left == 1 && f.bound(i) < 0 {
			f.packed = []int{i}
		}
	}
	for range left {
		if left > 1 {
			f.packed = append(f.packed, int(min(p.number(), maxCoders)))
		}
	}
	return f
}

// bound is the output that an input is; -1 if it is a packed stream.
func (f *sevenZipFolder) bound(in int) int {
	for _, b := range f.binds {
		if b[0] == in {
			return b[1]
		}
	}
	return -1
}

// last is the coder whose output is the folder's: no input takes it.
func (f *sevenZipFolder) last() int {
	for out := len(f.coders) - 1; out >= 0; out-- {
		taken := false
		for _, b := range f.binds {
			taken = taken || b[1] == out
		}
		if !taken {
			return out
		}
	}
	return 0
}

func (f *sevenZipFolder) size() uint64 {
	if last := f.last(); last < len(f.sizes) {
		return f.sizes[last]
	}
	return 0
}

func (p *sevenZipParser) subStreams() {
	for _, f := range p.folders {
		f.streams = make([]sevenZipStream, 1)
	}
	kind := p.byte()
	if kind == sevenZipCounts {
		total := 0
		for _, f := range p.folders {
			n := p.number()
			if total += int(min(n, math.MaxInt32)); total > min(len(p.b)+len(p.folders), sevenZipMost) {
				p.fail()
				return
			}
			f.streams = make([]sevenZipStream, n)
		}
		kind = p.byte()
	}
	for _, f := range p.folders {
		left := f.size()
		for i := range f.streams {
			s := &f.streams[i]
			if s.size = left; i < len(f.streams)-1 && kind == sevenZipSizes {
				s.size = min(p.number(), left)
			}
			left -= s.size
		}
	}
	if kind == sevenZipSizes {
		kind = p.byte()
	}
	for ; kind != 0 && !p.failed; kind = p.byte() {
		if kind != sevenZipSums {
			p.fail()
			return
		}
		p.streamSums()
	}
}

// streamSums reads the checksums of all streams but those that are a folder,
// whose own is known.
func (p *sevenZipParser) streamSums() {
	var unknown []*sevenZipStream
	for _, f := range p.folders {
		if len(f.streams) == 1 && f.hasSum {
			f.streams[0].sum = f.sum
			continue
		}
		for i := range f.streams {
			unknown = append(unknown, &f.streams[i])
		}
	}
	sums, _ := p.sums(len(unknown))
	for i, sum := range sums {
		unknown[i].sum = sum
	}
}

func (p *sevenZipParser) filesInfo() {
	n := p.count()
	p.files = make([]sevenZipFile, n)
	empties := 0
	for !p.failed {
		kind := p.number()
		if kind == 0 {
			return
		}
		in := &sevenZipParser{b: p.take(p.number())}
		switch kind {
		case sevenZipEmpty:
			for i, empty := range in.bits(n) {
				p.files[i].empty, p.files[i].folder = empty, empty
				if empty {
					empties++
				}
			}
		case sevenZipNoFolder:
			noFolder, k := in.bits(empties), 0
			for i := range p.files {
				if p.files[i].empty && k < len(noFolder) {
					p.files[i].folder = !noFolder[k]
					k++
				}
			}
		case sevenZipNames:
			in.byte() // where the names are: here
			for i := range p.files {
				p.files[i].name = in.name()
			}
		}
		p.failed = p.failed || in.failed
	}
}

// name reads a name in UTF-16 that ends with a NUL.
func (p *sevenZipParser) name() string {
	var units []uint16
	for len(p.b) >= 2 {
		u := binary.LittleEndian.Uint16(p.take(2))
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}
