package extract

import "bytes"

// behind looks for an archive that stands behind something else, as programs that
// unpack archives do: they care for nothing before it. What passes is looked at
// for the signatures of archives; from the first one on it is kept, to be read.
type behind struct {
	rd    *reading
	spool *spool
	tail  []byte // the last bytes that passed
}

// behindMarks are the signatures, each by its last byte, which is rare in text.
var behindMarks = []string{zipLocal, "Rar!\x1a\x07", "7z\xbc\xaf'\x1c"}

const behindLongest = 6

// openBehind looks for an archive behind the part, while next reads it.
func (rd *reading) openBehind(next stage) stage {
	return fork{next, &behind{rd: rd}}
}

// marked finds the first signature; -1 if there is none.
func marked(b []byte) int {
	first := -1
	for _, mark := range behindMarks {
		last := len(mark) - 1
		for at := last; at < len(b); at++ {
			i := bytes.IndexByte(b[at:], mark[last])
			if i < 0 {
				break
			}
			if at += i; string(b[at-last:at]) == mark[:last] {
				if first < 0 || at-last < first {
					first = at - last
				}
				break
			}
		}
	}
	return first
}

func (x *behind) write(b []byte) {
	if x.spool == nil {
		var seam [2 * behindLongest]byte
		n := copy(seam[:], x.tail)
		m := copy(seam[n:], b[:min(len(b), behindLongest-1)])
		at := marked(seam[:n+m])
		if at >= n {
			at = -1
		}
		if at >= 0 {
			x.keep()
			x.spool.write(seam[at:n])
		} else if i := marked(b); i >= 0 {
			x.keep()
			b = b[i:]
		} else {
			x.tail = append(x.tail, b[max(0, len(b)-behindLongest+1):]...)
			x.tail = append(x.tail[:0], x.tail[max(0, len(x.tail)-behindLongest+1):]...)
			return
		}
	}
	x.spool.write(b)
}

func (x *behind) keep() {
	l := x.rd.leaf
	x.spool = newSpool(l.r, func(s *spool) {
		if l.w.nesting() >= l.r.limits.Depth {
			l.problem(TooDeep)
			return
		}
		x.rd.readContainer(readBehind, s)
	})
}

func (x *behind) close() {
	if x.spool != nil {
		x.spool.close()
	}
}

// readBehind reads an archive that stands somewhere in a part.
func readBehind(c *container) error {
	_, err := c.readEmbedded()
	return err
}
