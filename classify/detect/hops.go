package detect

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/postern-mail/postern/classify/anchor"
)

// hops are the ways through the tree by whole words: from its root or from behind a
// space to where the words end, or are followed by a sign. What a search looks at lies
// close together, as most of its time would else go into waiting for memory.
type hops struct {
	slots []uint64 // half a key, and the index of its first hop; 0 where it is free
	shift uint8
	all   []hop
	words []byte // behind the characters that hashes tell apart, in whole eights
}

// hop is a way by one word.
type hop struct {
	key      uint64
	from, to int32 // the nodes where it begins and ends
	word     int32 // index into words
	end      int32 // the keywords that end there, indices into ends
	gap      int32 // the node behind a space, 0 if there is none
	ends     uint16
	size     uint8 // of the word
	flags    uint8
}

// The flags of a hop.
const (
	hopMore     = 1 << iota // the next one is for the same word
	hopSigns                // keywords go on with a sign
	hopAnything             // keywords go on with a sign behind a space
	hopChoosy               // of the keywords that end there some ask for more than the word
)

// hopKey is the key of a word from a node on.
func hopKey(node int32, hash uint64) uint64 { return hash ^ uint64(node)*0xD6E8FEB86659FD93 }

// finish makes the table from the tree, once all keywords are in.
func (h *hops) finish(d *dictionary) {
	type way struct {
		node int32
		word string
	}
	var ways []way
	ends := map[way][]int32{}
	from := func(node int32) {
		d.runs(&d.nodes[node], nil, func(run []byte, at int32) {
			if len(run) >= anchor.MaxWord {
				return // the tree is walked for these
			}
			w := way{node, string(run)}
			if ends[w] == nil {
				ways = append(ways, w)
			}
			ends[w] = append(ends[w], at)
		})
	}
	from(0)
	for i := range d.nodes {
		if gap := d.nodes[i].gap; gap != 0 {
			from(gap)
		}
	}
	h.all = make([]hop, 1, len(ways)+1) // index 0 is none
	size := bits.Len(uint(len(ways)+len(ways)/2) | 1)
	h.slots, h.shift = make([]uint64, 1<<size), uint8(64-size)
	for _, w := range ways {
		key := hopKey(w.node, hashOf([]byte(w.word)))
		i := key >> h.shift
		for h.slots[i] != 0 {
			i = (i + 1) % uint64(len(h.slots))
		}
		h.slots[i] = key<<32 | uint64(len(h.all))
		word := int32(len(h.words))
		if len(w.word) > anchor.Hashed {
			h.words = append(h.words, w.word[anchor.Hashed:]...)
			h.words = append(h.words, make([]byte, -len(h.words)&7)...)
		}
		for _, to := range ends[w] {
			next := d.hop(to)
			next.key, next.from, next.word, next.size, next.flags = key, w.node, word, uint8(len(w.word)), next.flags|hopMore
			h.all = append(h.all, next)
		}
		h.all[len(h.all)-1].flags &^= hopMore
	}
}

// hop returns what is known of a node where a way ends.
func (d *dictionary) hop(to int32) hop {
	n := &d.nodes[to]
	h := hop{to: to, end: n.end, ends: uint16(n.lastEnd - n.end), gap: n.gap}
	for _, e := range d.edgesOf(n) {
		if e.c != ' ' && isSign(e) {
			h.flags |= hopSigns
		}
	}
	if n.gap != 0 && slices.ContainsFunc(d.edgesOf(&d.nodes[n.gap]), isSign) {
		h.flags |= hopAnything
	}
	for _, of := range d.ends[n.end:n.lastEnd] {
		if k := &d.words[of]; k.exact || k.beside != nil {
			h.flags |= hopChoosy
		}
	}
	return h
}

// get returns the index of the first hop by the word at an index of a text from a node
// on, 0 if there is none. The word is shorter than anchor.MaxWord, and eight bytes are
// behind it.
func (h *hops) get(node int32, hash uint64, text []byte, at, size int) int {
	key := hopKey(node, hash)
	for i := key >> (h.shift & 63); ; i++ {
		slot := h.slots[i&uint64(len(h.slots)-1)]
		if slot == 0 {
			return 0
		}
		if uint32(slot>>32) != uint32(key) {
			continue
		}
		way := &h.all[uint32(slot)]
		if way.key == key && way.from == node && int(way.size) == size && (size <= anchor.Hashed || h.isRest(text[at:], way, size)) {
			return int(uint32(slot))
		}
	}
}

// isRest reports whether a text goes on with the word of a hop behind the characters
// that the hash tells apart.
func (h *hops) isRest(text []byte, way *hop, size int) bool {
	for k := anchor.Hashed; k < size; k += 8 {
		differ := binary.LittleEndian.Uint64(text[k:]) | 0x20*ones
		differ ^= binary.LittleEndian.Uint64(h.words[int(way.word)+k-anchor.Hashed:])
		if differ<<(8*max(k+8-size, 0)) != 0 {
			return false
		}
	}
	return true
}
