package extract

import "bytes"

// flowed joins the lines of format=flowed text (RFC 3676): one that ends in a
// space goes on in the next one of the same quote depth. With DelSp=yes that
// space was put there to break the line and is dropped. The space that is
// stuffed before a line is dropped as well; the signs of quotation stay, once, at
// the beginning of the joined line.
type flowed struct {
	next  stage
	delSp bool
	line  []byte // the beginning of a line
	long  bool   // of which pieces were passed on
	open  bool   // the line before goes on in this one
	depth int    // of the line before
	end   []byte // how the line before ended
}

// maxFlowed is how much of a line is looked at: longer ones are not flowed.
const maxFlowed = 1000

func (f *flowed) write(b []byte) {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n') + 1
		whole := i > 0
		if !whole {
			i = len(b)
		}
		if n := maxFlowed - len(f.line); i > n {
			i, whole = n, false
		}
		if f.line = append(f.line, b[:i]...); whole || len(f.line) == maxFlowed {
			f.take(whole)
		}
		b = b[i:]
	}
}

// take takes a line with its end, or a piece of one that is too long.
func (f *flowed) take(whole bool) {
	line := f.line
	f.line = f.line[:0]
	if f.long {
		f.long = !whole
		f.next.write(line)
		return
	}
	depth := 0
	for depth < len(line) && line[depth] == '>' {
		depth++
	}
	signs, text := line[:depth], line[depth:]
	if len(text) > 0 && text[0] == ' ' {
		text = text[1:]
	}
	body := bytes.TrimRight(text, "\r\n")
	end := text[len(body):]
	signature := string(body) == "-- " || string(body) == "--"
	if f.open && (depth != f.depth || signature) {
		f.next.write(f.end)
		f.open = false
	}
	if !f.open && depth > 0 {
		f.next.write(signs)
		f.next.write([]byte(" "))
	}
	f.depth, f.long = depth, !whole
	f.open = whole && !signature && len(body) > 0 && body[len(body)-1] == ' '
	if f.open && f.delSp {
		body = body[:len(body)-1]
	}
	f.next.write(body)
	if f.open {
		f.end = append(f.end[:0], end...)
		return
	}
	f.next.write(end)
}

func (f *flowed) close() {
	if len(f.line) > 0 {
		f.take(true)
	}
	if f.open {
		f.next.write(f.end)
	}
	f.next.close()
}
