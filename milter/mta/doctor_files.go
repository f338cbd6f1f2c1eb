package mta

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
)

var (
	tableName   = regexp.MustCompile(`\b(hash|btree|lmdb|cdb|dbm|texthash|regexp|pcre|cidr):(/[^\s,{}]+)`)
	placeholder = regexp.MustCompile(`@[A-Z][A-Z_]+@`)
)

// built is the file that postmap(1) makes of a source, by the kind of table.
var built = map[string]string{"hash": ".db", "btree": ".db", "lmdb": ".lmdb", "cdb": ".cdb", "dbm": ".pag"}

// checkFiles looks at every table that main.cf or master.cf names: whether it is
// there, newer than its source, and without anything left to fill in.
func (x *postfixExam) checkFiles() {
	seen := map[string]bool{}
	look := func(where, value string) {
		if left := placeholder.FindString(value); left != "" {
			x.add(Wrong, "placeholder", where, left, "the recipe has places to fill in, and this one is as it was shipped", "fill it in, as README.md of contrib/postfix says")
		}
		for _, found := range tableName.FindAllStringSubmatch(value, -1) {
			if !seen[found[0]] {
				seen[found[0]] = true
				x.checkFile(where, found[1], found[2])
			}
		}
	}
	for _, name := range x.set {
		// What Postfix keeps for itself has no source.
		if !strings.HasSuffix(name, "_cache_database") && !strings.HasSuffix(name, "_cache_map") && name != "address_verify_map" {
			look("main.cf: "+name, x.main[name])
		}
	}
	for _, s := range x.services {
		if placeholder.MatchString(s.name) {
			look("master.cf: "+s.String(), s.name)
		}
		for name, value := range s.options {
			look(x.where(s, name), value)
		}
	}
}

func (x *postfixExam) checkFile(where, kind, source string) {
	info, err := os.Stat(source)
	table, indexed := built[kind]
	if !indexed {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			x.add(Wrong, "table", where, kind+":"+source+" is not there", "Postfix cannot open this table, and defers mail", "copy it there, or take it out of "+where)
		case err == nil:
			x.checkFilled(where, source)
		}
		return
	}
	made, missing := os.Stat(source + table)
	switch {
	case missing != nil && errors.Is(missing, fs.ErrNotExist):
		x.add(Wrong, "table", where, source+table+" is not there", "Postfix cannot open this table, and defers mail", "postmap "+kind+":"+source)
	case missing == nil && err == nil && info.ModTime().After(made.ModTime()):
		x.add(Risky, "table-old", where, source+" is newer than "+source+table, "what was changed in it since does not count yet", "postmap "+kind+":"+source)
	}
}

// maxSource bounds how much of a table's source is read.
const maxSource = 1 << 20

func (x *postfixExam) checkFilled(where, source string) {
	if left := placeholder.FindString(head(source)); left != "" {
		x.add(Wrong, "placeholder", where, left+" in "+source, "the recipe has places to fill in, and this one is as it was shipped", "fill it in, as README.md of contrib/postfix says")
	}
}

// head is the beginning of a file, without comments; empty if it cannot be read.
func head(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	var text strings.Builder
	lines := bufio.NewReader(f)
	for text.Len() < maxSource {
		line, err := firstOfLine(lines)
		if !strings.HasPrefix(line, "#") {
			text.WriteString(line + "\n")
		}
		if err != nil {
			break
		}
	}
	return text.String()
}

// checkAround tells what else decides about mail, past postern.
func (x *postfixExam) checkAround() {
	for _, parameter := range []string{"virtual_alias_maps", "alias_maps", "canonical_maps", "recipient_canonical_maps"} {
		x.checkAliases(parameter)
	}
	for _, parameter := range []string{"always_bcc", "sender_bcc_maps", "recipient_bcc_maps"} {
		if value := x.main[parameter]; value != "" {
			x.add(Note, "bcc", "main.cf: "+parameter, value, "recipients that are added here are not judged: postern has not seen them", "let no copy go outside")
		}
	}
	if value := x.main["soft_bounce"]; value == "yes" {
		x.add(Risky, "soft-bounce", "main.cf: soft_bounce", value, "a refusal for good becomes one for now: senders' programs try such mail again and again", "soft_bounce = no")
	}
	x.checkFilters()
	if value := x.main["multi_instance_directories"]; value != "" {
		x.add(Note, "instances", "main.cf: multi_instance_directories", value, "there are several Postfix instances here, and this looked at one", "postern doctor --mta-config DIR, for each")
	}
	if t := seconds(x.main["maximal_queue_lifetime"]); x.setup.Enforce && slices.Contains(x.set, "maximal_queue_lifetime") && t < seconds("1d") {
		x.add(Risky, "lifetime", "main.cf: maximal_queue_lifetime", x.main["maximal_queue_lifetime"], "mail that was held for longer bounces if its first delivery after the release fails", "maximal_queue_lifetime = 5d")
	}
}

// checkFilters looks at filters that take what postern has judged. They and a route
// are the same setting of a mail; marks of recipients are not.
func (x *postfixExam) checkFilters() {
	if !x.setup.Enforce || !x.setup.routed() {
		return
	}
	level, why := Note, "a route takes its place: mail with a route passes the filter by"
	if x.setup.Routes.PerRecipient {
		level, why = Risky, "it takes the place of the ways of marked recipients: the filter is told the marks, and gets their mail as it is, in clear if it is elsewhere"
	}
	const repair = "put the filter before postern, or let the transport of the route lead to it"
	if value := x.main["content_filter"]; value != "" {
		x.add(level, "content-filter", "main.cf: content_filter", value, why, repair)
	}
	for _, s := range x.services {
		own := s.options["content_filter"]
		i, _ := x.ours(s, x.value(s, "smtpd_milters"))
		if own != "" && s.program == "smtpd" && i >= 0 && !x.internal(s) {
			x.add(level, "content-filter", x.where(s, "content_filter"), own, why, repair)
		}
	}
}

// checkAliases finds names inside that lead outside: they are expanded after
// postern has judged the mail by the name inside.
func (x *postfixExam) checkAliases(parameter string) {
	inside := x.domains()
	var leading []string
	for _, found := range tableName.FindAllStringSubmatch(x.main[parameter], -1) {
		for line := range strings.Lines(strings.ReplaceAll(strings.ReplaceAll(head(found[2]), "\n ", " "), "\n\t", " ")) {
			name, targets, ok := cutAlias(line)
			if ok && looksInside(name, inside) && leadsOutside(targets, inside) {
				leading = append(leading, name)
			}
		}
	}
	if len(leading) == 0 {
		return
	}
	some := strings.Join(leading[:min(3, len(leading))], ", ")
	if more := len(leading) - 3; more > 0 {
		some += fmt.Sprintf(" and %d more", more)
	}
	x.add(Risky, "aliases", "main.cf: "+parameter, some, "these names look inside and lead outside, after postern has judged the mail as one inside", "name them outside in the policy, or let them end inside")
}

// cutAlias reads "name: targets" or "pattern targets".
func cutAlias(line string) (name, targets string, ok bool) {
	i := strings.IndexAny(line, ": \t")
	if i <= 0 {
		return "", "", false
	}
	return line[:i], strings.TrimLeft(line[i:], ": \t"), true
}

// looksInside reports whether a name of a table can be one of this Postfix: it has no
// domain, one of its own, or is a pattern.
func looksInside(name string, inside []string) bool {
	at := strings.LastIndexByte(name, '@')
	return at < 0 || strings.HasPrefix(name, "/") || slices.Contains(inside, strings.ToLower(name[at+1:]))
}

func leadsOutside(targets string, inside []string) bool {
	for _, target := range splitList(targets) {
		at := strings.LastIndexByte(target, '@')
		if at < 0 || strings.ContainsAny(target, `|/":`) {
			continue
		}
		if domain := strings.ToLower(strings.Trim(target[at+1:], ">")); domain != "" && !slices.Contains(inside, domain) {
			return true
		}
	}
	return false
}

// domains are those that this Postfix delivers for.
func (x *postfixExam) domains() []string {
	var all []string
	for _, parameter := range []string{"mydestination", "relay_domains", "virtual_alias_domains", "virtual_mailbox_domains", "mydomain", "myhostname", "myorigin"} {
		for _, domain := range splitList(x.main[parameter]) {
			all = append(all, strings.ToLower(domain))
		}
	}
	return all
}
