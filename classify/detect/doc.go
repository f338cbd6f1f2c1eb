// Package detect finds sensitive data in text.
//
// Call [Compile] once with the detectors of [Builtin], then [Set.NewStream] for
// each text; write the text to the [Stream] as it arrives, in pieces of any size,
// and Close it; [Stream.SetKind] says that a text is a Subject. The matches come to
// the function given, in the order of their place, those of lexicons last. A [Match] holds the secret: it must not leave package classify.
//
// # What a detector is
//
// A [Detector] is an entry of a table: the grammar of its values, the checks,
// keywords by what they do, and a confidence table with one row for each form of
// a value and one column for each context. docs/detectors.md is printed from the
// table. The stream offers all else:
//
//   - The folded view (text): digits of any script are ASCII digits, full-width
//     letters are letters, dashes are '-', spaces ' ', and what is invisible is
//     gone. Matching runs on the view; offsets are those of the bytes written.
//   - Candidates: package anchor names each place where a chain of digits begins,
//     and by the lengths of its runs and what stands beside the first the detectors
//     that may find a value there; those that find nothing without a keyword look
//     only while one is in reach. Each reads its grammar there and asks whether the
//     candidate stands. Markings and markers are candidates by their words.
//   - Pairs: a sort code waits for its account, a routing number for its own.
//   - Boundaries: no value is a piece of a longer word, number, version, amount,
//     address, URL (but for a query's key that is a keyword), data: URI or base64.
//   - Context: labels before the value, the window of 300 characters on either
//     side, the header of its column, the list it belongs to. The nearest label
//     wins, and where that names another kind of number the context is negative.
//   - Overlap: the longer match wins; of two detectors that want one bare number
//     the one with the nearer label; then the order of the table. Where an admin wrote
//     one of the two, the winner hides no match that is surer.
//   - Lexicons: a [Lexicon] is a list of terms with weights and three thresholds.
//     All words of all detectors and lexicons are found in one pass, which costs
//     the same for fifty terms and for fifty thousand. [Lexicon.Detector] makes
//     one's own lexicon a detector to be compiled with the others.
//
// A [Custom] detector finds what an admin describes, by an expression or by words;
// [Lexicon] scores a text by its terms. Both become table entries like the others.
//
// # Promises
//
// For any way of cutting the text, one byte at a time included, matches, levels
// and offsets are the same. Malformed UTF-8 is no error. Time is linear in the
// length of the text, whatever it holds. A Set is safe for concurrent use, a
// Stream belongs to one goroutine.
//
// # Limits
//
// The memory of a Stream is bounded by [MaxStreamBytes] and does not grow with
// the text; prose takes about 120 KiB. Characters that folding drops cost no memory:
// any number of them may stand inside a value or a keyword. Limits that can be
// noticed, all in the folded view: a header row has at most 16 KiB, 1,024 cells
// and 30 characters a cell; the end of a table row is looked for 1 KiB ahead, and
// a row longer than that counts as whole; a URL is recognised by its beginning at
// most 4 KiB before the value, an address or msg-id by its '@' at most 300
// characters from it; a header cell with a number of eight or more digits makes
// a row a row and no header; the two halves of a bank account stand at most 100
// characters apart; a Subject that a text begins with has at most 998 characters.
package detect
