package mta

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// postfixExam is the examination of one instance: its configuration as its own
// programs tell it.
type postfixExam struct {
	examination
	ctx      context.Context
	instance PostfixInstance
	main     map[string]string // every parameter, with what it refers to filled in
	set      []string          // those that main.cf sets
	services []*service
	answers  map[string]map[string]string // of tables, by name and key
}

// service is a line of master.cf; of several for one name the last.
type service struct {
	name, kind, program string
	chroot              bool
	options             map[string]string
}

func (s *service) String() string { return s.name + "/" + s.kind }

// Examine reads main.cf and master.cf by postconf(1), and asks the tables that
// they name by postmap(1).
func (p PostfixInstance) Examine(ctx context.Context, setup Setup) ([]Finding, error) {
	x := &postfixExam{examination: examination{setup: setup}, ctx: ctx, instance: p, answers: map[string]map[string]string{}}
	if err := x.read(); err != nil {
		return nil, err
	}
	x.checkVersion()
	x.checkFiles()
	x.checkListeners()
	x.checkMilters()
	x.checkAround()
	if setup.Enforce {
		x.checkRoutes()
		x.checkStripping()
		x.checkRequeue()
		x.checkBounces()
		if setup.Routes.PerRecipient {
			x.checkMarks()
		}
	}
	err := x.checkRegistry()
	return x.findings(), err
}

func (x *postfixExam) read() error {
	out, _, err := x.instance.run(x.ctx, "", "postconf", "-x")
	if err != nil {
		return err
	}
	x.main = settings(out)
	if out, _, err = x.instance.run(x.ctx, "", "postconf", "-n"); err != nil {
		return err
	}
	for name := range settings(out) {
		x.set = append(x.set, name)
	}
	slices.Sort(x.set)
	if out, _, err = x.instance.run(x.ctx, "", "postconf", "-M"); err != nil {
		return err
	}
	options, _, err := x.instance.run(x.ctx, "", "postconf", "-Px")
	if err != nil {
		return err
	}
	x.readMaster(out, settings(options))
	return nil
}

// settings reads "name = value" lines.
func settings(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\n"), " =")
		if ok {
			all[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return all
}

var optionName = regexp.MustCompile(`(?:^| )-o +\{? *([A-Za-z0-9_]+) *=`)

// readMaster takes the names of a service's options from its own line, and their
// values, filled in, from what postconf knows of them.
func (x *postfixExam) readMaster(text string, values map[string]string) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 8 {
			continue
		}
		s := &service{name: fields[0], kind: fields[1], program: fields[7], chroot: fields[4] == "y", options: map[string]string{}}
		for _, found := range optionName.FindAllStringSubmatch(line, -1) {
			s.options[found[1]] = values[s.String()+"/"+found[1]]
		}
		x.services = slices.DeleteFunc(x.services, func(o *service) bool { return o.String() == s.String() })
		x.services = append(x.services, s)
	}
}

// value is a parameter as a service sees it.
func (x *postfixExam) value(s *service, name string) string {
	if s != nil {
		if value, ok := s.options[name]; ok {
			return value
		}
	}
	return x.main[name]
}

// where names a parameter as an admin finds it.
func (x *postfixExam) where(s *service, name string) string {
	if s != nil {
		if _, ok := s.options[name]; ok {
			return "master.cf: " + s.String() + ": " + name
		}
	}
	return "main.cf: " + name
}

// service finds a line of master.cf by its name.
func (x *postfixExam) service(name string) *service {
	for _, s := range x.services {
		if s.name == name && s.kind != "inet" {
			return s
		}
	}
	return nil
}

// listener finds the service that listens on a port, given as in "[host]:port".
func (x *postfixExam) listener(nexthop string) *service {
	port := nexthop[strings.LastIndexByte(nexthop, ':')+1:]
	for _, s := range x.services {
		if s.kind == "inet" && s.program == "smtpd" && s.port() == port {
			return s
		}
	}
	return nil
}

// port is that of a service which listens on the network.
func (s *service) port() string { return s.name[strings.LastIndexByte(s.name, ':')+1:] }

// internal reports whether only this machine may speak to a service: the second
// leg of the recipes.
func (x *postfixExam) internal(s *service) bool {
	networks, ok := s.options["mynetworks"]
	if !ok {
		return false
	}
	for _, n := range splitList(networks) {
		if !isLoopback(n) {
			return false
		}
	}
	relay := splitList(x.value(s, "smtpd_relay_restrictions"))
	return len(relay) > 0 && strings.HasPrefix(relay[len(relay)-1], "reject") && !slices.Contains(relay, "permit_sasl_authenticated")
}

// sampleMark is an address with a mark of that name.
func sampleMark(name string) string { return "someone@partner.example." + name + marker }

// Keys that tables are asked for.
const (
	unknownRoute = "no-such-route"
	routeField   = "X-Postern-Route: "
	refField     = "X-Postern-Ref: P-0000000000"
	noMark       = "someone@postern.invalid" // is in nobody's use
)

// keys are all that tables are asked for, so that each is asked once.
func (x *postfixExam) keys() []string {
	all := []string{refField, noMark, sampleMark("tls"), sampleMark("ver"), sampleMark(unknownRoute)}
	for _, route := range append([]string{"tls", "tls-verified", unknownRoute}, x.gatewayRoutes()...) {
		all = append(all, routeField+route)
	}
	for _, name := range x.setup.Routes.Gateways {
		all = append(all, sampleMark(name))
	}
	return all
}

func (x *postfixExam) gatewayRoutes() []string {
	all := make([]string, len(x.setup.Routes.Gateways))
	for i, name := range x.setup.Routes.Gateways {
		all[i] = "gateway:" + name
	}
	return all
}

// ask looks a key up in the tables of a list; the first that has it answers.
func (x *postfixExam) ask(parameter, list, key string) string {
	for _, table := range splitList(list) {
		if !strings.Contains(table, ":") {
			continue
		}
		if x.answers[table] == nil {
			x.answers[table] = x.askAll(parameter, table)
		}
		if answer := x.answers[table][key]; answer != "" {
			return answer
		}
	}
	return ""
}

// remote tables need a server, which need not be up now.
var remote = regexp.MustCompile(`^(proxy|ldap|mysql|pgsql|memcache|socketmap|tcp|unix|nis|nisplus|netinfo|sqlite):`)

func (x *postfixExam) askAll(parameter, table string) map[string]string {
	out, said, err := x.instance.run(x.ctx, strings.Join(x.keys(), "\n")+"\n", "postmap", "-q", "-", table)
	answers := map[string]string{}
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		answers[key] = value
	}
	said = strings.TrimSpace(said)
	if said == "" && err != nil && !exited(err, 1) {
		said = err.Error()
	}
	if said != "" && !remote.MatchString(table) {
		x.add(Wrong, "table", parameter, table+": "+said, "Postfix cannot use this table as it is, and defers or passes mail", "put the table right; postmap -q x "+Cut(table, 200)+" must have no complaint")
	}
	return answers
}

// checkVersion finds a Postfix that does not know what the recipes say.
func (x *postfixExam) checkVersion() {
	var major, minor int
	version := x.main["mail_version"]
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err == nil && (major < 3 || major == 3 && minor < 6) {
		x.add(Wrong, "version", "mail_version", version, "the recipes need Postfix 3.6: an older one takes \">=TLSv1.2\" for nothing at all", "install a newer Postfix")
	}
}

// checkRegistry compares the partner registry with smtp_tls_policy_maps.
func (x *postfixExam) checkRegistry() error {
	if len(x.setup.Partners) == 0 {
		return nil
	}
	different, err := Drift(x.ctx, x.instance.Config, x.setup.Partners)
	if err != nil {
		return err
	}
	x.drift("main.cf: smtp_tls_policy_maps", "postern registry print > /etc/postfix/postern/tls && postmap /etc/postfix/postern/tls, and smtp_tls_policy_maps = hash:/etc/postfix/postern/tls", different)
	return nil
}

// seconds reads a time of Postfix; a bare number is in seconds.
func seconds(s string) time.Duration {
	t, err := parseTime(s, 's')
	if err != nil {
		return 0
	}
	return t
}
