package detect

import (
	"math/rand/v2"
	"testing"
)

func TestLuhn(t *testing.T) {
	for number, want := range map[string]bool{
		"79927398713": true, "79927398710": false, "4111111111111111": true, "4111111111111112": false,
		"378282246310005": true, "0": true, "1": false, "18": true,
	} {
		if got := luhn([]byte(number)); got != want {
			t.Errorf("luhn(%s) is %t, want %t", number, got, want)
		}
	}
}

// The sum of words is that of the digits one by one, as ISO/IEC 7812-1 tells it.
func TestLuhnOfAnyLength(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 3))
	for range 20000 {
		digits := make([]byte, 1+random.IntN(30))
		sum := 0
		for i := range digits {
			n := random.IntN(10)
			digits[i] = '0' + byte(n)
			if (len(digits)-i)%2 == 0 {
				n = []int{0, 2, 4, 6, 8, 1, 3, 5, 7, 9}[n]
			}
			sum += n
		}
		if got, want := luhn(digits), sum%10 == 0; got != want {
			t.Fatalf("luhn(%s) is %t, want %t", digits, got, want)
		}
	}
}

func TestCheckDigitsOfTheWorkedExamples(t *testing.T) {
	for name, ok := range map[string]bool{
		"mod97 of BE68539007547034":         mod97([]byte("BE68539007547034")),
		"mod97 of BE68539007547035":         !mod97([]byte("BE68539007547035")),
		"mod11 of 9434765919":               mod11([]byte("9434765919")),
		"mod11 of 9876543210":               mod11([]byte("9876543210")),
		"mod11 of 9876543211":               !mod11([]byte("9876543211")),
		"mod11 of 987654330 gives no digit": !mod11([]byte("9876543300")) && !mod11([]byte("9876543301")),
		"routing 021000021":                 mod10Routing([]byte("021000021")),
		"routing 021000022":                 !mod10Routing([]byte("021000022")),
		"ICAO 9303 of L898902C3 is 6":       mod10Travel([]byte("L898902C3")) == '6',
		"ICAO 9303 of 740812, in parts, 2":  mod10Travel([]byte("740"), []byte("812")) == '2',
	} {
		if !ok {
			t.Error(name)
		}
	}
}
