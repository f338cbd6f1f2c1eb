package detect

// half is one of two numbers that belong together, such as a sort code and an
// account: it waits for the other.
type half struct {
	c       candidate
	known   bool
	code    bool    // the number of the bank, not of the account
	labels  bool    // it has a label of its own
	strict  bool    // the label alone says what it is
	context string  // the label
	at      context // of the label
}

// pairing says how a detector's halves are put together.
type pairing struct {
	reach   int // characters between two halves, one of which has a label
	closeBy int // characters between two halves without labels; 0: none are put together
	// short are accounts that count only if both halves have labels.
	short func(account *candidate) bool
	// loose reports whether a code without a label goes with an account.
	loose func(f *finder, code, account *half) bool
	// value makes the canonical form; either part may be nil.
	value func(code, account *candidate) string
	// read makes the canonical form of a cell that holds both halves.
	read func(cell string) (value string, ok bool)
	// level is that of what was found; either half may be nil.
	level func(f *finder, code, account *half) Confidence
}

// offer takes a half whose surroundings are right. It is put together with the
// one before it, or waits.
func (f *finder) offer(h half, p *pairing) {
	last := &f.halves[f.detector]
	if h.code && f.taken.has(f.detector, last) {
		*last = half{}
	}
	if last.known && last.code != h.code && f.pair(last, &h, p) {
		*last = half{}
		return
	}
	if last.known && last.labels && !h.labels && last.c.end+maxPairing >= h.c.start {
		return // the one with a label goes on waiting
	}
	f.single(last, p)
	*last = h
}

// pair puts two halves together if they belong together.
func (f *finder) pair(first, second *half, p *pairing) bool {
	code, account := first, second
	if !first.code {
		code, account = second, first
	}
	labelled := code.labels || account.labels
	reach := p.reach
	if !labelled {
		reach = p.closeBy
	}
	switch {
	case second.c.start < first.c.end || f.text.forth(first.c.end, reach) < second.c.start:
		return false
	case !code.labels && !p.loose(f, code, account):
		return false
	case p.short(&account.c) && !(code.labels && account.labels):
		return false
	}
	level := p.level(f, code, account)
	if level == None {
		return false
	}
	c := candidate{start: first.c.start, end: second.c.end, hole: span{first.c.end, second.c.start}}
	f.reportValue(&c, p.value(&code.c, &account.c), level, f.contexts(first, second), 0)
	if second == account && code.labels && account.labels {
		f.taken = taken{f.detector, span{account.c.start, account.c.end}}
	}
	return true
}

// taken is the last account that stood behind the code that it goes with. It goes with
// none of another detector that follows: that has an account of its own, or none.
type taken struct {
	detector int
	account  span
}

func (t *taken) has(detector int, h *half) bool {
	return t.detector != detector && h.known && !h.code && t.account == span{h.c.start, h.c.end}
}

// single reports a half that found no other.
func (f *finder) single(h *half, p *pairing) {
	if !h.known || !h.labels || !h.code && p.short(&h.c) {
		return
	}
	code, account := h, (*half)(nil)
	var value string
	if h.code {
		value = p.value(&h.c, nil)
	} else {
		code, account = nil, h
		value = p.value(nil, &h.c)
	}
	if level := p.level(f, code, account); level != None {
		f.reportValue(&h.c, value, level, f.set.names[h.at.keyword], h.at.distance(&h.c))
	}
}

// contexts names the labels of two halves.
func (f *finder) contexts(first, second *half) []string {
	switch {
	case first.labels && second.labels && first.context != second.context:
		return []string{first.context, second.context}
	case first.labels:
		return f.set.names[first.at.keyword]
	case second.labels:
		return f.set.names[second.at.keyword]
	}
	return nil
}

// maxPairing is more bytes than lie between the halves of any pair.
const maxPairing = 600

// part lets the halves go alone that stand too far before to.
func (f *finder) part(to int64) {
	for i := range f.halves {
		if h := &f.halves[i]; h.known && h.c.end+maxPairing < to {
			asking := f.detector
			f.detector = i
			f.single(h, f.set.Detectors[i].pairing)
			f.detector = asking
			*h = half{}
		}
	}
}

// weighHalf judges the surroundings of the half in f.c, whose first digit is at
// p. Codes have strong keywords, accounts weak ones.
func (f *finder) weighHalf(p int64, code bool) (half, bool) {
	d, c := f.set.Detectors[f.detector], &f.c
	h := half{c: *c, known: true, code: code}
	f.around.known = false
	f.columns.place = p
	if !f.bounded(c) || f.enclosed(c, p) {
		return h, false
	}
	var found labels
	var col column
	if f.labels(d, c, &found, &col); found.opposed() {
		return h, false
	}
	own := found.weak
	if code {
		own = found.strong
	}
	if own.end >= 0 && own.end == found.nearest() {
		h.labels = true
		h.context = f.set.words.words[own.word].text
		h.at = context{kind: labelled, keyword: own.word, at: own.end, label: true}
	}
	return h, true
}
