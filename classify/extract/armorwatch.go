package extract

import "bytes"

// armorWatch looks through the text of a document for an OpenPGP message that was
// pasted into it. From the line on that begins one, a blockFinder reads along.
type armorWatch struct {
	rd   *reading
	next stage
	tail []byte // the last bytes that passed
	find *blockFinder
}

// armorBegin is what a message in armor begins with (RFC 9580 section 6.2).
var armorBegin = []byte("-----BEGIN PGP MESSAGE")

func (w *armorWatch) write(b []byte) {
	w.next.write(b)
	if w.find == nil {
		seam := append(w.tail, b[:min(len(b), len(armorBegin)-1)]...)
		if i := bytes.Index(seam, armorBegin); i >= 0 {
			w.find = newBlockFinder(w.rd, discard{})
			w.find.write(seam[i:len(w.tail)])
		} else if i := bytes.Index(b, armorBegin); i >= 0 {
			w.find = newBlockFinder(w.rd, discard{})
			b = b[i:]
		} else {
			if len(b) < len(armorBegin) {
				b = seam
			}
			w.tail = append(w.tail[:0], b[max(0, len(b)-len(armorBegin)+1):]...)
			return
		}
	}
	w.find.write(b)
}

func (w *armorWatch) close() {
	if w.find != nil {
		w.find.close()
	}
	w.next.close()
}
