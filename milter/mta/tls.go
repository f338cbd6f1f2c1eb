package mta

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/postern-mail/postern/rules"
)

// Format is the kind of a table.
type Format string

// The tables that are known.
const (
	Postfix  Format = "postfix"  // smtp_tls_policy_maps; see postconf(5)
	Sendmail Format = "sendmail" // TLS_Rcpt entries of the access map; see cf/README
)

// Entry is one line of a table.
type Entry struct {
	Key   string
	Value string
	Note  string // in place of an entry: what there is to say of a partner without one
}

// The attributes of encrypted delivery, as the recipes of contrib/postfix have
// them.
const postfixFloor = " protocols=>=TLSv1.2 ciphers=high"

// Entries makes the lines of a table from the registry, partners in order.
func Entries(partners []rules.Partner, format Format) []Entry {
	var all []Entry
	for _, p := range partners {
		switch {
		case p.Expired:
			all = append(all, Entry{Note: p.Domain + ": its entry has expired"})
		case format == Sendmail:
			all = append(all, sendmailEntries(p)...)
		default:
			all = append(all, postfixEntries(p)...)
		}
	}
	return all
}

// postfixEntries are for a domain and for those below it: a key with a full stop
// in front is what Postfix asks for a parent.
func postfixEntries(p rules.Partner) []Entry {
	value := "may"
	switch p.Route {
	case rules.TLSForced:
		value = "encrypt" + postfixFloor
	case rules.TLSVerified:
		value = "secure match=nexthop:dot-nexthop" + postfixFloor
	case rules.Direct:
	}
	both := []Entry{{Key: p.Domain, Value: value}, {Key: "." + p.Domain, Value: value}}
	if gateway, found := strings.CutPrefix(string(p.Route), "gateway:"); found {
		note := fmt.Sprintf("%s: sensitive mail goes by gateway %s, other mail as any", p.Domain, gateway)
		return append([]Entry{{Note: note}}, both...)
	}
	return both
}

// sendmailEntries are for a domain and those below it: Sendmail asks for parents
// by itself. TLS_Rcpt lets a certificate be for any name; PosternName is a tag of
// the rules in contrib/sendmail, which want the right one.
func sendmailEntries(p rules.Partner) []Entry {
	switch p.Route {
	case rules.TLSForced:
		return []Entry{{Key: "TLS_Rcpt:" + p.Domain, Value: "ENCR:128"}}
	case rules.TLSVerified:
		return []Entry{{Key: "TLS_Rcpt:" + p.Domain, Value: "VERIFY:128"}, {Key: "PosternName:" + p.Domain, Value: "YES"}}
	case rules.Direct:
	}
	if gateway, found := strings.CutPrefix(string(p.Route), "gateway:"); found {
		return []Entry{{Note: fmt.Sprintf("%s: sensitive mail goes by gateway %s, other mail as any", p.Domain, gateway)}}
	}
	return []Entry{{Note: p.Domain + ": no demand on TLS"}}
}

// Print writes entries as the source of a table.
func Print(w io.Writer, entries []Entry) error {
	for _, e := range entries {
		line := e.Key + "\t" + e.Value
		if e.Note != "" {
			line = "# " + e.Note
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// Difference is an entry that the MTA lacks, or has in another form.
type Difference struct {
	Key     string `json:"key"`
	Want    string `json:"want"`
	Got     string `json:"got"`     // empty: it has none
	Problem string `json:"problem"` // one of Problems
}

// Problems are all problems that a Difference may have.
func Problems() []string { return []string{"missing", "weaker", "different"} }

// Differences compares entries with what a table answers. Where the table demands
// more than the registry, nothing is wrong.
func Differences(entries []Entry, format Format, lookup func(key string) (string, error)) ([]Difference, error) {
	var all []Difference
	for _, e := range entries {
		if e.Note != "" {
			continue
		}
		got, err := lookup(e.Key)
		if err != nil {
			return nil, err
		}
		if problem := compare(e.Value, got, format); problem != "" {
			all = append(all, Difference{e.Key, e.Value, got, problem})
		}
	}
	return all, nil
}

// compare says what is wrong about a value: nothing is if it demands as much.
func compare(want, got string, format Format) string {
	if got == "" {
		if want == "may" {
			return "" // Postfix's own default decides
		}
		return "missing"
	}
	wanted, installed := strength(want, format), strength(got, format)
	switch {
	case installed < 0:
		return "different"
	case installed < wanted:
		return "weaker"
	}
	return ""
}

// levels are Postfix's security levels by what they demand (TLS_README). That of
// "dane" is may where a domain publishes no records; "verify" trusts the name that
// an unsigned MX record gives.
var levels = map[string]int{"none": 0, "may": 1, "dane": 1, "encrypt": 2, "verify": 3, "dane-only": 4, "fingerprint": 4, "secure": 4}

// strength orders values; -1 is one that is not known.
func strength(value string, format Format) int {
	fields := strings.Fields(strings.ReplaceAll(value, ",", " "))
	if len(fields) == 0 {
		return -1
	}
	if format == Sendmail {
		verb, bits, _ := strings.Cut(strings.ToUpper(fields[0]), ":")
		verb = strings.TrimPrefix(strings.TrimPrefix(verb, "TEMP+"), "PERM+")
		weak := len(bits) < 3 // under 100 bits
		switch {
		case verb == "YES", verb == "VERIFY" && !weak:
			return 4
		case verb == "ENCR" && !weak:
			return 2
		case verb == "ENCR" || verb == "VERIFY":
			return 1
		}
		return -1
	}
	level, known := levels[strings.ToLower(fields[0])]
	if !known {
		return -1
	}
	for _, attribute := range fields[1:] {
		name, setting, _ := strings.Cut(attribute, "=")
		if name == "ciphers" && slices.Contains([]string{"export", "low", "null"}, strings.ToLower(setting)) {
			return min(level, 1)
		}
	}
	return level
}

// ReadTable reads the source of a table: a key, white space and a value a line;
// a line that begins with white space goes on with the one before it.
func ReadTable(r io.Reader) (map[string]string, error) {
	table := map[string]string{}
	last := ""
	for lines := bufio.NewScanner(r); ; {
		if !lines.Scan() {
			return table, lines.Err()
		}
		line := lines.Text()
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			table[last] += " " + trimmed
		default:
			key, value, _ := strings.Cut(strings.ReplaceAll(trimmed, "\t", " "), " ")
			last = strings.ToLower(key)
			table[last] = strings.TrimSpace(value)
		}
	}
}
