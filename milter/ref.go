package milter

import "crypto/rand"

// crockford is the alphabet of Crockford's base 32: no I, L, O or U, so that a
// reference can be read out over the telephone.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newRef makes the reference of a mail: "P-" and ten letters, 50 random bits.
func newRef() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails
	for i := range b {
		b[i] = crockford[b[i]&31]
	}
	return "P-" + string(b[:])
}
