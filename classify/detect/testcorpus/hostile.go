package testcorpus

import (
	"fmt"
	"strings"
)

// hostile are the texts that a scanner may be slow on, by name: each is a piece
// that is repeated, so a text of twice the length is twice the same.
var hostile = map[string]string{
	"one-digit":       "1",
	"digits":          "4929317650182736450918273645546372819",
	"digit-pairs":     "12 34-56.78 90-",
	"cards":           "4111 1111 1111 1111 ",
	"bare-cards":      "4111111111111111,",
	"joined-cards":    "4111-1111-1111-1111-",
	"ssns":            "774-12-3456 ",
	"joined-ssns":     "774-12-3456-",
	"ninos":           "AB 12 34 56 C ",
	"dcns":            "DCN 34567812,",
	"keywords":        "ssn dcn nino card number national insurance order invoice ",
	"one-keyword":     "dcn ",
	"half-keywords":   "departmental client departmental client national social security mo healthnet participant ",
	"labels":          "ssn: ssn# dcn= 12345678 ",
	"commas":          ",",
	"spaces":          " ",
	"hyphens":         "-",
	"line-ends":       "\r\n",
	"quotes":          "\"",
	"tables":          "dcn,ssn,card\n34567812,\"774-12-3456\",4111111111111111\n",
	"quoted-tables":   "\"a,\"\"b\",\"\n",
	"words":           "a1",
	"one-word":        "a",
	"address":         "34567812@",
	"url":             "http://a/?34567812&",
	"uuids":           "34567812-1234-1234-1234-123456789012-",
	"dots":            "1.2.3.4.5.6.7.8.9.0.",
	"dates":           "12/27 01/2028 ",
	"invisible":       "1\u200b2\u200d",
	"wide-digits":     "４１１１ ",
	"broken":          "\xff1\xc34\xe2\x80",
	"combining-marks": "1\u0301",
}

// HostileNames are the texts that Hostile makes, in a fixed order.
func HostileNames() []string { return sortedKeys(hostile) }

// Hostile makes a text of size bytes that is meant to be slow. An unknown name is
// a mistake of the caller, and panics.
func Hostile(name string, size int) []byte {
	piece, ok := hostile[name]
	if !ok {
		panic(fmt.Sprintf("internal error: hostile text %q, want one of %q", name, HostileNames()))
	}
	return []byte(strings.Repeat(piece, size/len(piece)+1)[:size])
}
