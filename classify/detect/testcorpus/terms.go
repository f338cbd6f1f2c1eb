package testcorpus

import "strings"

var syllables = strings.Fields(`ab acet al am an ar bal ber bi cal car cel chol cor cy dal dex di do ef el en er fen flu gal gen glu hem hyd
	in is ket lam lev lin lo lor mel met mor nal neo nor ol os ox pan par pen phen pra pro ral rif ro sal ser sin sol sul tam ter thi tol
	tri va ver vin xan zel`)

// Terms are n different words and phrases for a lexicon, of one to three words.
// One in three begins as running text does, so that some begin to match in it and
// a few do match; the others are the rare words of a trade.
func Terms(n int) []string {
	w := newWriter("terms", 0, 1)
	seen := make(map[string]bool, n)
	terms := make([]string, 0, n)
	for len(terms) < n {
		term := w.rare()
		if w.below(3) == 0 {
			term = pick(w, special) + " " + pick(w, []string{pick(w, special), term})
		} else if w.below(2) == 0 {
			term += " " + pick(w, special)
		}
		if !seen[term] {
			seen[term] = true
			terms = append(terms, term)
		}
	}
	return terms
}

func (w *writer) rare() string {
	var word strings.Builder
	for range 3 + w.below(2) {
		word.WriteString(pick(w, syllables))
	}
	return word.String()
}
