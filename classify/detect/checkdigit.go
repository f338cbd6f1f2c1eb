package detect

// luhn reports whether a number passes the check of ISO/IEC 7812-1, annex B.
//
// From the right every second digit is doubled, less 9 where that exceeds 9, and
// the sum must end in 0: 79927398713 gives 3+2+7+7+9+6+7+4+9+9+7 = 70.
func luhn(digits []byte) bool {
	sum, double := 0, false
	for i := len(digits) - 1; i >= 0; i-- {
		n := int(digits[i] - '0')
		if double {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum, double = sum+n, !double
	}
	return sum%10 == 0
}

// sameDigit reports whether a number is one digit again and again.
func sameDigit(digits []byte) bool {
	for _, c := range digits {
		if c != digits[0] {
			return false
		}
	}
	return true
}
