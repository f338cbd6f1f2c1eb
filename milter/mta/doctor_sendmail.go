package mta

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sendmailExam is the examination of one Sendmail: its sendmail.cf, and what the
// program itself answers.
type sendmailExam struct {
	examination
	text    string
	version string
	options map[string][]string // of sendmail.cf, in lower case; some stand there several times
	filters []filter
	answers asked
}

// filter is a line "Xname, S=..., F=..., T=..." of sendmail.cf.
type filter struct{ name, socket, flags, timeouts string }

// Examine reads sendmail.cf and asks sendmail -bt.
func (s SendmailInstance) Examine(ctx context.Context, setup Setup) ([]Finding, error) {
	text, err := os.ReadFile(s.cf())
	if err != nil {
		return nil, err
	}
	return examineSendmail(string(text), setup, func(keys, addresses []string) (asked, error) { return s.ask(ctx, keys, addresses) })
}

func examineSendmail(text string, setup Setup, ask func(keys, addresses []string) (asked, error)) ([]Finding, error) {
	x := &sendmailExam{examination: examination{setup: setup}, text: text}
	x.read()
	ways, err := ask(nil, x.addresses())
	if err != nil {
		return nil, err
	}
	x.answers.ways = ways.ways
	tables, err := ask(x.keys(), nil)
	if err != nil {
		return nil, err
	}
	x.answers.access = tables.access
	x.checkVersion()
	x.checkDeclared()
	x.checkFilter()
	x.checkAliases()
	if setup.Enforce {
		x.checkGateways()
		x.checkPartners()
	}
	return x.findings(), nil
}

func (x *sendmailExam) read() {
	x.options = map[string][]string{}
	for line := range strings.Lines(x.text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "O "):
			key, value, _ := strings.Cut(line[2:], "=")
			key = strings.ToLower(strings.TrimSpace(key))
			x.options[key] = append(x.options[key], strings.TrimSpace(value))
		case strings.HasPrefix(line, "X"):
			x.filters = append(x.filters, readFilter(line[1:]))
		case strings.HasPrefix(line, "DZ"):
			x.version = line[2:]
		}
	}
}

// equates reads "name, K=value, K=value"; of a key the first letter counts.
func equates(line string) (name string, values map[byte]string) {
	fields := strings.Split(line, ",")
	values = map[byte]string{}
	for _, field := range fields[1:] {
		key, value, _ := strings.Cut(field, "=")
		if key = strings.TrimSpace(key); key != "" {
			values[key[0]] = strings.TrimSpace(value)
		}
	}
	return strings.TrimSpace(fields[0]), values
}

func readFilter(line string) filter {
	name, values := equates(line)
	return filter{name: name, socket: values['S'], flags: values['F'], timeouts: values['T']}
}

// option is the value of an option that counts: the last.
func (x *sendmailExam) option(name string) string {
	if values := x.options[strings.ToLower(name)]; len(values) > 0 {
		return values[len(values)-1]
	}
	return ""
}

// probe is the address of a recipient under a mark.
func probe(gateway string) string { return "pat@partner.example." + gateway + marker }

// unknownGateway is a mark that no recipe has: gateways' names are shorter.
const unknownGateway = "postern-doctor-asks-for-a-mark-that-nobody-has"

func (x *sendmailExam) addresses() []string {
	var all []string
	for _, name := range x.setup.Routes.Gateways {
		all = append(all, probe(name))
	}
	return append(all, probe(unknownGateway))
}

// keys are the entries of the access map that matter: the registry's, and those of
// the gateways' hosts.
func (x *sendmailExam) keys() []string {
	var keys []string
	for _, name := range x.setup.Routes.Gateways {
		keys = append(keys, serverKeys(x.answers.ways[probe(name)].host)...)
	}
	for _, e := range Entries(x.setup.Partners, Sendmail) {
		if e.Note == "" {
			keys = append(keys, e.Key)
		}
	}
	return keys
}

var versionForm = regexp.MustCompile(`^(\d+)\.(\d+)\.`)

func (x *sendmailExam) checkVersion() {
	found := versionForm.FindStringSubmatch(x.version)
	if found == nil {
		return
	}
	major, _ := strconv.Atoi(found[1])
	minor, _ := strconv.Atoi(found[2])
	if major < 8 || major == 8 && minor < 14 {
		x.add(x.enforced(), "version", "version", x.version, "before 8.14 Sendmail tells a filter neither the canonical recipient nor the daemon, and 8.12 has no quarantine", "install Sendmail 8.17")
	}
}

func (x *sendmailExam) checkDeclared() {
	if !x.setup.Routes.OnSendmail() {
		x.add(x.enforced(), "declared", "[routes] mta", "postfix", "routes are worked out for Postfix; mail with a route is deferred when Sendmail hands it in", `write mta = "sendmail" under [routes] of postern.toml`)
	}
}

const defineFilter = "INPUT_MAIL_FILTER(`postern', `S=inet:8892@127.0.0.1, F=T, T=C:5s;S:30s;R:70s;E:2m')dnl in sendmail.mc, before its MAILER lines (contrib/sendmail/enforce.m4)"

// ours finds the filter that reaches postern.
func (x *sendmailExam) ours() (filter, bool) {
	for _, f := range x.filters {
		dialed := parseAddress(f.socket)
		for _, spec := range x.setup.Listen {
			listening := parseAddress(spec)
			if dialed.reaches(listening) || dialed.family == "unix" && listening == dialed {
				return f, true
			}
		}
	}
	return filter{}, false
}

func (x *sendmailExam) checkFilter() {
	f, ok := x.ours()
	if !ok {
		var sockets []string
		for _, f := range x.filters {
			sockets = append(sockets, f.name+" "+f.socket)
		}
		x.add(Wrong, "filter", "INPUT_MAIL_FILTER", strings.Join(sockets, "; "), "no filter reaches postern, which listens on "+strings.Join(x.setup.Listen, ", ")+": mail goes on unread", defineFilter)
		return
	}
	x.checkUse(f)
	x.checkFlags(f)
	x.checkTimeouts(f)
}

// checkUse looks which daemons ask the filter, and after whom.
func (x *sendmailExam) checkUse(f filter) {
	list := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(",: ", r) })
	}
	all := list(x.option("InputMailFilters"))
	daemons := x.options["daemonportoptions"]
	used := slices.Contains(all, f.name) && len(daemons) == 0
	for _, daemon := range daemons {
		asks := all
		_, values := equates("," + daemon)
		if own, ok := values['I']; ok {
			asks = list(own)
		}
		if slices.Contains(asks, f.name) {
			used = true
			continue
		}
		x.add(Risky, "filter", "DAEMON_OPTIONS", daemon, "this daemon does not ask postern: mail that enters here is not read", "take InputMailFilters out of its options, unless it takes mail from outside alone")
	}
	if !used {
		x.add(Wrong, "filter", "InputMailFilters", strings.Join(all, ", "), "filter "+f.name+" is defined, and no daemon asks it: mail goes on unread", "write INPUT_MAIL_FILTER in place of MAIL_FILTER")
	}
	for _, name := range all {
		if name == f.name {
			break
		}
		if strings.Contains(strings.ToLower(name), "dkim") {
			x.add(Risky, "order", "InputMailFilters", strings.Join(all, ", "), "a signer before postern signs what postern then changes: the signature breaks", "write the INPUT_MAIL_FILTER of the signer after postern's")
		}
	}
}

func (x *sendmailExam) checkFlags(f filter) {
	what := "X" + f.name + ", F=" + f.flags
	switch {
	case strings.ContainsAny(f.flags, "R") && x.setup.Enforce:
		x.add(Risky, "default", "F", what, "F=R: an outage of postern refuses mail for good", "F=T: the client keeps the mail and tries again")
	case !strings.ContainsAny(f.flags, "T4R") && x.setup.Enforce:
		x.add(Wrong, "default", "F", what, "without F=T mail goes on unread, in clear, whenever postern is down or late", "F=T in INPUT_MAIL_FILTER")
	case strings.ContainsAny(f.flags, "T4R") && !x.setup.Enforce:
		x.add(Note, "default", "F", what, "postern only looks on, and an outage of it stops mail nevertheless", "leave F out while postern observes (contrib/sendmail/observe.m4)")
	}
}

// slack is what postern may need beyond the time to read a mail: to write a
// record that must be written.
const slack = 5 * time.Second

// checkTimeouts compares T= with postern's budget. Sendmail's defaults are in
// libmilter's documentation; "still working" extends R at the end of the mail, and
// never E.
func (x *sendmailExam) checkTimeouts(f filter) {
	got := map[string]time.Duration{"C": 5 * time.Minute, "S": 10 * time.Second, "R": 10 * time.Second, "E": 5 * time.Minute}
	for one := range strings.SplitSeq(f.timeouts, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(one), ":")
		if d, err := parseTime(value, 's'); err == nil {
			got[key] = d
		}
	}
	for _, want := range []struct {
		key  string
		need time.Duration
		why  string
	}{
		{"R", x.setup.MailTime, "an attachment is read when its last piece comes, which may take as long as mail_time"},
		{"E", x.setup.MailTime + slack, "the verdict may take as long as mail_time, and a little more for the record"},
	} {
		if got[want.key] < want.need {
			x.add(Risky, "timeouts", "T", fmt.Sprintf("%s is %s", want.key, got[want.key]), fmt.Sprintf("%s (%s): mail that takes longer is cut off, again at each attempt", want.why, x.setup.MailTime),
				"T=C:5s;S:30s;R:70s;E:2m, or a shorter mail_time under [limits]")
		}
	}
	if got["C"] > time.Minute {
		x.add(Note, "timeouts", "T", fmt.Sprintf("C is %s", got["C"]), "while postern does not answer, each client waits that long", "C:5s")
	}
}

// checkAliases tells what a filter cannot see.
func (x *sendmailExam) checkAliases() {
	for _, value := range x.options["aliasfile"] {
		name := value[strings.LastIndexByte(value, ':')+1:]
		text, err := os.ReadFile(strings.TrimSpace(name))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			alias, to, ok := strings.Cut(line, ":")
			if ok && !strings.HasPrefix(line, "#") && strings.Contains(to, "@") {
				x.add(Note, "aliases", name, strings.TrimSpace(alias), "an alias that leads outside is expanded after postern has judged the mail by its inside address", "let such people be written to by their own address, or have a gateway for all mail")
				return
			}
		}
	}
}
