package detect

import "testing"

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
