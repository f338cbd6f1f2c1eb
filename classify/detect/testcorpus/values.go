package testcorpus

import "strings"

// form is a way to write a value, and the words around it.
type form struct {
	before, behind string
	value          func(*writer) string
}

// Each form is one that its detector reports, and that a regular expression of
// the shape alone finds too. No digit follows a value closely.
var forms = map[string][]form{
	"us-ssn": {
		{"Please correct the SSN: ", " before the case is closed.", ssn("-")},
		{"We still have ", " on file for the claimant.", ssn("-")},
		{"social security number ", ", as she wrote it", ssn(" ")},
		{"The SSN is ", " and nothing else.", ssn("")},
	},
	"payment-card": {
		{"Please charge the card number ", " as agreed.", card("4", "444", " ")},
		{"The Visa card is ", ", in her name.", card("4", "444", "-")},
		{"Mastercard ", " was declined again.", card("53", "444", "")},
		{"American Express ", ", the one of the office", card("37", "65", " ")},
	},
	"uk-nino": {
		{"Her national insurance number is ", " according to the form.", nino(" ")},
		{"NINO: ", ", checked by phone", nino("")},
		{"The file says ", " on its first page.", nino("")},
	},
	"mo-dcn": {
		{"DCN: ", ", please update the address", dcn},
		{"The departmental client number ", " belongs to the child.", dcn},
		{"MO HealthNet ID ", " is still active.", dcn},
	},
}

func ssn(separator string) func(*writer) string {
	return func(w *writer) string {
		area := 774 + w.below(899-774+1)
		number := []byte{'0' + byte(area/100), '0' + byte(area/10%10), '0' + byte(area%10)}
		return string(number) + separator + string(w.rawDigits(2)) + separator + string(w.rawDigits(4))
	}
}

// card is a number that begins with a prefix, in groups: four digits, then as
// the sizes say.
func card(prefix, sizes, separator string) func(*writer) string {
	return func(w *writer) string {
		total := 4
		for _, size := range []byte(sizes) {
			total += int(size - '0')
		}
		number := append([]byte(prefix), w.rawDigits(total-len(prefix))...)
		for !luhn(number) {
			number[total-1] = '0' + (number[total-1]-'0'+1)%10
		}
		groups := []string{string(number[:4])}
		rest := number[4:]
		for _, size := range []byte(sizes) {
			groups = append(groups, string(rest[:size-'0']))
			rest = rest[size-'0':]
		}
		return strings.Join(groups, separator)
	}
}

func nino(separator string) func(*writer) string {
	return func(w *writer) string {
		prefix := string("ABCEHJLMPRSTWXY"[w.below(15)]) + string("ACEHJLMPRSWXY"[w.below(13)])
		pairs := []string{prefix, string(w.rawDigits(2)), string(w.rawDigits(2)), string(w.rawDigits(2)), string("ABCD"[w.below(4)])}
		return strings.Join(pairs, separator)
	}
}

// dcn is no date of this century or the last, nor one digit eight times.
func dcn(w *writer) string { return "3" + string(w.rawDigits(3)) + "77" + string(w.rawDigits(2)) }

// luhn is the check of ISO/IEC 7812-1, annex B, written here again: what makes
// the values must not lean on what finds them.
func luhn(number []byte) bool {
	sum := 0
	for i, c := range number {
		n := int(c - '0')
		if (len(number)-i)%2 == 0 {
			n *= 2
		}
		sum += n/10 + n%10
	}
	return sum%10 == 0
}
