// Package edm finds values that stand in a table of one's own: exact data match.
//
// [Build] makes a table file of a CSV file, [Open] reads one, and a [Reader]
// answers, for a value that a detector found, which rows have it and which of
// their other columns stand near it in the text.
//
// # What a table holds
//
// Nothing but keyed hashes: HMAC-SHA-256 (RFC 2104, FIPS 198-1) under a key that
// is derived from the site's key and a salt of the table's own (HKDF, RFC 5869),
// 64 bits of the primary column and 32 of each other one. The key is not in the
// file. Without it a table says how many rows it has and what its columns are
// called; with it whoever can guess a value can confirm it, so the key is as
// secret as the table's source. HMAC was taken before faster keyed hashes since
// those who must use validated cryptography can use it.
//
// The first column is the primary one: an identifier that a detector knows, in
// its canonical form. Only where it is found are the others looked for, within
// the detector's window. A value that is in no table passes as being in one with
// a probability of the number of rows in 2^64; another column that stands not
// near passes by chance about once in ten million windows.
//
// # Kinds of columns
//
//   - the id of a detector: values in its canonical form;
//   - name: up to 6 words that stand together, in any order;
//   - text: up to 16 words that stand together, in this order; what separates them
//     does not matter: AB 12-34 is AB1234;
//   - date, date-dmy, date-mdy: a day; the suffix says how 3/4/1970 is to be
//     read in the source, and without it such a day is left out. Years of two digits
//     are of this century up to 29, else of the last. In a mail all readings count.
//
// Words are runs of letters and digits; case, accents and apostrophes do not
// matter, nor an e behind a, o and u, which may stand for an umlaut: Müller is Muller
// and Mueller. A possessive counts as its name too, and a word of a name may be
// written as two, or two as one, at an apostrophe, a capital or behind up to three
// letters: O'Brien is O Brien, McDonald is Mc Donald. An empty cell, and a name of
// fewer than two letters, never match.
//
// # The file
//
// "POSTEDM2", the length of the header in four bytes (big endian), the header as
// JSON, zeros up to a multiple of 64, a Bloom filter over the primary hashes in
// blocks of 64 bytes, the rows in ascending order, each the hash of its primary
// column and of the others as the header names them, and the SHA-256 of all
// that. Open copies it into memory of its own before it looks at it, so whoever
// cuts or replaces the file later changes nothing. That memory is outside the
// heap and is given back when the last that could use the Table is gone.
package edm
