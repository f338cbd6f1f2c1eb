package testcorpus

import "strings"

var (
	common = strings.Fields(`the of and to a in that is was for it with as his on be at by had not are but from or have an they which
		one you were all her she there would their we him been has when who will no more if out so up said what its about than into
		them can only other new some could time these two may then do first any my now such like our over man me even most made after
		also did many must before back see through way where get much go well your know should down work year because come people just
		say each those take day good how long own too little use very great still men here life both between old under last never place
		same another think house while high right might came off find since against given ask turn`)
	special = strings.Fields(`account address agreement answer appeal application appointment arrangement assessment attached authority
		balance benefit budget building business calendar caseworker certificate change children claim client college committee
		community complaint confirm contract copy council county customer decision department deposit director discussion district
		document draft education employer enclosed estimate evidence family february figures finance folder friday government health
		holiday hospital household housing information insurance interview invoice january kitchen landlord leaflet letter library
		licence manager maintenance market meeting member message minister minutes monday month morning national neighbour notice
		number office officer order parent partner passport patient payment pension period permission person plan planning policy
		practice procedure programme project proposal question quarter receipt record reference region register report request
		resident respite response review school season secretary section security service session signature social solicitor staff
		standard statement station student summary supplier support system teacher telephone tenant thursday training transport
		travel treasurer tuesday university vehicle village visit volunteer warrant wednesday weekend witness yesterday`)
	accented = []string{"café", "résumé", "naïve", "Zoë", "Müller", "£", "it’s", "don’t", "we’re", "“quite so”", "—", "€"}
)

// word is one of running text: mostly the small words, as in any letter.
func (w *writer) word() string {
	switch n := w.below(100); {
	case n < 58:
		return common[w.below(1+w.below(len(common)))]
	case n < 96:
		return pick(w, special)
	case n < 97:
		return pick(w, accented)
	}
	return w.smallNumber()
}

// smallNumber is one that people write in letters.
func (w *writer) smallNumber() string {
	switch w.below(8) {
	case 0:
		return "20" + w.digits(2)
	case 1:
		return pick(w, []string{"9:30", "10:15", "14:45", "16:00"})
	case 2:
		return "£" + w.digits(1+w.below(4)) + "." + w.digits(2)
	case 3:
		return "order " + w.digits(8)
	case 4:
		return "(314) 555-01" + w.digits(2)
	case 5:
		return "12/0" + w.digits(1) + "/2026"
	}
	return w.digits(1 + w.below(3))
}

// prose is a paragraph, broken into lines as mail programs break it.
func prose(w *writer) {
	column, sentence := 0, 0
	for range 60 + w.below(120) {
		word := w.word()
		if sentence == 0 && word[0] >= 'a' && word[0] <= 'z' {
			word = string(word[0]-'a'+'A') + word[1:]
		}
		sentence++
		if sentence > 6 && w.below(9) == 0 {
			word += pick(w, []string{".", ".", ".", "?", "!"})
			sentence = 0
		} else if w.below(12) == 0 {
			word += ","
		}
		if column+len(word) > 72 {
			w.line("\r\n")
			column = 0
		} else if column > 0 {
			w.buf = append(w.buf, ' ')
		}
		w.buf = append(w.buf, word...)
		column += len(word) + 1
	}
	w.line(".\r\n\r\n")
}
