package extract

import "math/bits"

// anomaly is one oddity of a mail's form; the set is closed.
type anomaly uint8

const (
	archiveMismatch anomaly = iota
	badBase64
	badContentType
	badEncodedWord
	badHeaderLine
	badQuotedPrintable
	boundaryJunk
	charsetMismatch
	duplicateBoundary
	duplicateContentType
	duplicateFileName
	duplicateTransferEncoding
	emptyPassword
	encodedContainer
	entityExpansion
	externalBody
	macros
	missingBoundary
	noBlankLine
	noClosingBoundary
	noParts
	nulBytes
	partAfterEnd
	partialMessage
	scannedPage
	typeMismatch
	undeclaredBase64
	undecodableFont
	unknownCharset
	unknownEncoding
	wrongBoundary
	anomalyCount
)

// anomalyNames are public: policies and reports speak them.
var anomalyNames = [anomalyCount]string{
	archiveMismatch:           "archive-mismatch",            // an archive whose directory and members disagree
	badBase64:                 "bad-base64",                  // characters outside the alphabet, data after padding, a torn last group
	badContentType:            "bad-content-type",            // a Content-Type that names no type/subtype
	badEncodedWord:            "bad-encoded-word",            // an RFC 2047 word that is broken or of an unknown charset
	badHeaderLine:             "bad-header-line",             // a line of a header block that is neither a field nor its continuation
	badQuotedPrintable:        "bad-quoted-printable",        // an equals sign that begins no escape
	boundaryJunk:              "boundary-junk",               // text behind the boundary on a delimiter line
	charsetMismatch:           "charset-mismatch",            // text in another charset than declared
	duplicateBoundary:         "duplicate-boundary",          // several different boundary parameters
	duplicateContentType:      "duplicate-content-type",      // several Content-Type fields
	duplicateFileName:         "duplicate-file-name",         // one part under several different file names
	duplicateTransferEncoding: "duplicate-transfer-encoding", // several Content-Transfer-Encoding fields
	emptyPassword:             "empty-password",              // encrypted, but opened by an empty password
	encodedContainer:          "encoded-container",           // a multipart or attached mail in base64 or quoted-printable
	entityExpansion:           "entity-expansion",            // a document whose entities expand to more than is read
	externalBody:              "external-body",               // message/external-body: the content is elsewhere
	macros:                    "macros",                      // a document that holds macros
	missingBoundary:           "missing-boundary",            // a multipart that declares no usable boundary
	noBlankLine:               "no-blank-line",               // a header block that runs into its body
	noClosingBoundary:         "no-closing-boundary",         // a multipart without its last delimiter
	noParts:                   "no-parts",                    // a multipart without any part
	nulBytes:                  "nul-bytes",                   // NUL bytes in text
	partAfterEnd:              "part-after-end",              // a part behind the closing delimiter
	partialMessage:            "partial-message",             // message/partial: one piece of a mail
	scannedPage:               "scanned-page",                // a page of a document that is nothing but images
	typeMismatch:              "type-mismatch",               // content of another kind than declared
	undeclaredBase64:          "undeclared-base64",           // text that is base64, without saying so
	undecodableFont:           "undecodable-font",            // text in a font that does not say which characters it shows
	unknownCharset:            "unknown-charset",             // a charset that postern cannot decode
	unknownEncoding:           "unknown-transfer-encoding",   // a transfer encoding that does not exist, or has a broken name
	wrongBoundary:             "wrong-boundary",              // a multipart whose delimiters are not the boundary it declares
}

// AnomalyNames lists every name that Reader.Anomalies can return, sorted.
func AnomalyNames() []string { return append([]string(nil), anomalyNames[:]...) }

// anomalySet remembers which anomalies were seen.
type anomalySet uint64

func (s *anomalySet) add(a anomaly) { *s |= 1 << a }

// names lists the set, sorted: the constants stand in the order of their names.
func (s anomalySet) names() []string {
	names := make([]string, 0, bits.OnesCount64(uint64(s)))
	for a := range anomalyCount {
		if s>>a&1 == 1 {
			names = append(names, anomalyNames[a])
		}
	}
	return names
}
