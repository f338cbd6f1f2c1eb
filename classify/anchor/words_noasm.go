//go:build !amd64 || purego

package anchor

func hashWords(s *Hashes, text []byte, runs []Runs, words []Word, pass []uint16) (n, passed int) {
	return hashWordsGeneric(s, text, runs, words, pass)
}
