package inflate

import "encoding/binary"

// lookahead is how much input the quick way wants to see.
const lookahead = 16

// codes reads codes of a block until it ends, or enough is made.
func (z *Reader) codes() {
	if z.end-z.ip < lookahead && z.srcErr == nil {
		z.fill()
	}
	if z.end-z.ip >= lookahead {
		z.quick()
		return
	}
	z.careful()
}

// quick reads codes as long as there is input and room enough for all that one
// turn of the loop may take and make. A turn takes up to three literals, or a
// match with literals before it.
//
// z.bits holds more than the z.n bits that count: a load takes eight bytes, and
// goes on only by those that are whole. The next one brings the rest again.
func (z *Reader) quick() {
	in, out, lit, dist := &z.in, &z.out, &z.lit, &z.dist
	ip, op, bits, n := z.ip, z.op, z.bits, z.n
	ipEnd := min(z.end, inputBytes) - lookahead
	for ip <= ipEnd && op < windowBytes+blockBytes {
		bits |= binary.LittleEndian.Uint64(in[ip:ip+8]) << (n & 63)
		ip += int(63-n) >> 3
		n |= 56
		e := lit[bits&(1<<litBits-1)]
		if e >= entryLiteral {
			bits >>= e & 63
			n -= uint(e & 0xff)
			out[op] = byte(e >> 16)
			op++
			if e = lit[bits&(1<<litBits-1)]; e >= entryLiteral {
				bits >>= e & 63
				n -= uint(e & 0xff)
				out[op] = byte(e >> 16)
				op++
				if e = lit[bits&(1<<litBits-1)]; e >= entryLiteral {
					bits >>= e & 63
					n -= uint(e & 0xff)
					out[op] = byte(e >> 16)
					op++
					continue
				}
			}
			bits |= binary.LittleEndian.Uint64(in[ip:ip+8]) << (n & 63)
			ip += int(63-n) >> 3
			n |= 56
		}
		if e&entrySpecial != 0 {
			if e&entryTable != 0 {
				bits >>= e & 63
				n -= uint(e & 0xff)
				e = lit[(e>>16&0x7fff+uint32(bits)&(1<<(e>>8&15)-1))&(1<<13-1)]
				if e >= entryLiteral {
					bits >>= e & 63
					n -= uint(e & 0xff)
					out[op] = byte(e >> 16)
					op++
					continue
				}
			}
			if e&entrySpecial != 0 {
				z.ip, z.op, z.bits, z.n = ip, op, bits, n
				z.ended(e)
				return
			}
		}
		length := int(e>>16) + int((bits&(1<<(e&63)-1))>>(e>>8&15))
		bits >>= e & 63
		n -= uint(e & 0xff)

		e = dist[bits&(1<<distBits-1)]
		if e&entrySpecial != 0 {
			if e&entryTable != 0 {
				bits >>= e & 63
				n -= uint(e & 0xff)
				e = dist[(e>>16+uint32(bits)&(1<<(e>>8&15)-1))&(1<<11-1)]
			}
			if e&entrySpecial != 0 {
				z.ip, z.op, z.bits, z.n, z.err = ip, op, bits, n, ErrCorrupt
				return
			}
		}
		back := int(e>>16) + int((bits&(1<<(e&63)-1))>>(e>>8&15))
		bits >>= e & 63
		n -= uint(e & 0xff)
		from := op - back
		if from < z.low {
			z.ip, z.op, z.bits, z.n, z.err = ip, op, bits, n, ErrCorrupt
			return
		}
		if back >= 8 && length <= 24 {
			dst, src := out[op:op+24], out[from:from+24]
			binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src))
			binary.LittleEndian.PutUint64(dst[8:], binary.LittleEndian.Uint64(src[8:]))
			binary.LittleEndian.PutUint64(dst[16:], binary.LittleEndian.Uint64(src[16:]))
		} else {
			repeat(out[from:op+length], back)
		}
		op += length
	}
	z.ip, z.op, z.bits, z.n = ip, op, bits, n
}

// repeat fills b with its first bytes, again and again.
func repeat(b []byte, first int) {
	for first < len(b) {
		first += copy(b[first:], b[:first])
	}
}

// ended acts on an entry that is neither a literal nor a length.
func (z *Reader) ended(e uint32) {
	if e&entryEnd == 0 {
		z.err = ErrCorrupt
		return
	}
	z.bits >>= e & 63
	z.n -= uint(e & 0xff)
	z.next = (*Reader).header
}

// careful reads one code where there is little input left.
func (z *Reader) careful() {
	e, ok := z.lookUp(z.lit[:], litBits)
	switch {
	case !ok:
		return
	case e >= entryLiteral:
		z.take(uint(e & 0xff))
		z.out[z.op] = byte(e >> 16)
		z.op++
		return
	case e&entrySpecial != 0:
		z.ended(e)
		return
	}
	length := z.value(e)
	if e, ok = z.lookUp(z.dist[:], distBits); !ok {
		return
	}
	if e&entrySpecial != 0 {
		z.err = ErrCorrupt
		return
	}
	back := z.value(e)
	if z.op-back < z.low {
		z.err = ErrCorrupt
		return
	}
	repeat(z.out[z.op-back:z.op+length], back)
	z.op += length
}

// lookUp finds the entry of the next code, which has no further table, and sees
// to it that all its bits are there.
func (z *Reader) lookUp(table []uint32, first uint) (e uint32, ok bool) {
	z.load()
	e = table[z.bits&(1<<first-1)]
	if e&(entrySpecial|entryLiteral) == entrySpecial && e&entryTable != 0 && z.n >= first {
		z.take(first)
		e = table[e>>16&0x7fff+uint32(z.bits)&(1<<(e>>8&15)-1)]
	}
	if uint(e&0xff) > z.n || e&(entryEnd|entrySpecial|entryTable) == entrySpecial && z.n < maxCode || e&entryTable != 0 {
		z.cut()
		return 0, false
	}
	return e, true
}

// value takes a code with what it has extra.
func (z *Reader) value(e uint32) int {
	base := int(e >> 16)
	all, code := uint(e&0xff), uint(e>>8&15)
	return base + z.take(all)>>code
}
