//go:build !amd64 || purego

package anchor

func noteWords(list *WordList, text []byte, blocks int) int {
	return noteWordsGeneric(list, text, blocks)
}

func passWords(p *Phrases, list *WordList, n int) int { return passWordsGeneric(p, list, n) }
