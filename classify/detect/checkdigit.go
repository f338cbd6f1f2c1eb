package detect

import "encoding/binary"

// luhn reports whether a number passes the check of ISO/IEC 7812-1, annex B.
//
// From the right every second digit is doubled, less 9 where that exceeds 9, and
// the sum must end in 0: 79927398713 gives 3+2+7+7+9+6+7+4+9+9+7 = 70.
func luhn(digits []byte) bool {
	sum := 0
	for ; len(digits) >= 8; digits = digits[:len(digits)-8] {
		sum += luhnSum(binary.LittleEndian.Uint64(digits[len(digits)-8:]))
	}
	var head [8]byte
	copy(head[8-len(digits):], digits)
	return (sum+luhnSum(binary.LittleEndian.Uint64(head[:])))%10 == 0
}

// luhnSum is the sum of eight digits, the last of them the highest byte and not doubled.
// Bytes of zeros count as none.
func luhnSum(digits uint64) int {
	const pairs = 0x0001_0001_0001_0001
	single, double := digits>>8&(15*pairs), digits&(15*pairs)*2
	above := (double + (0x80-10)*pairs) >> 7 & pairs // of those that exceed 9
	return int((single + double - 9*above) * pairs >> 48)
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

// mod97 reports whether a number with letters passes ISO/IEC 7064 mod 97-10 as
// IBANs use it (ISO 13616): country and check digits go to the end, letters are
// two digits from A = 10, and the remainder is 1.
//
// BE68539007547034 is 539007547034111468 mod 97 = 1.
func mod97(value []byte) bool {
	rest := 0
	for i := range value {
		switch c := value[(i+4)%len(value)]; {
		case isDigit(c):
			rest = (rest*10 + int(c-'0')) % 97
		default:
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return rest == 1
}

// mod11 reports whether ten digits pass the check of the NHS number: weights 10
// to 2, the remainder taken from 11 is the last digit, 11 counts as 0, and 10 is
// not given out.
//
// 943 476 5919: 9*10+4*9+3*8+4*7+7*6+6*5+5*4+9*3+1*2 = 299, 299 mod 11 = 2, and
// 11-2 = 9.
func mod11(digits []byte) bool {
	sum := 0
	for i, c := range digits[:9] {
		sum += int(c-'0') * (10 - i)
	}
	check := 11 - sum%11
	if check == 11 {
		check = 0
	}
	return check < 10 && digits[9] == '0'+byte(check)
}

// mod10Routing reports whether nine digits pass the check of ABA routing numbers:
// weights 3, 7 and 1 in turn, a sum that ends in 0.
//
// 021000021: 0+14+1+0+0+0+0+14+1 = 30.
func mod10Routing(digits []byte) bool {
	sum := 0
	for i, c := range digits {
		sum += int(c-'0') * [...]int{3, 7, 1}[i%3]
	}
	return sum%10 == 0
}

// mod10Travel is the check digit of ICAO Doc 9303, part 3, section 4.9: weights
// 7, 3 and 1 in turn, letters from A = 10, the filler '<' is 0.
//
// L898902C3 gives 6.
func mod10Travel(chars ...[]byte) byte {
	sum, i := 0, 0
	for _, part := range chars {
		for _, c := range part {
			value := 0
			switch {
			case isDigit(c):
				value = int(c - '0')
			case isUpper(c):
				value = int(c-'A') + 10
			}
			sum += value * [...]int{7, 3, 1}[i%3]
			i++
		}
	}
	return '0' + byte(sum%10)
}
