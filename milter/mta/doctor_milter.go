package mta

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// milterRef is one milter of a list, with the settings that it is given alone.
type milterRef struct {
	spec    string
	options map[string]string
}

func parseMilters(list string) []milterRef {
	var all []milterRef
	for _, one := range splitList(list) {
		m := milterRef{spec: one, options: map[string]string{}}
		if inner, ok := strings.CutPrefix(one, "{"); ok {
			parts := splitList(strings.TrimSuffix(inner, "}"))
			if len(parts) == 0 {
				continue
			}
			m.spec = parts[0]
			for _, part := range parts[1:] {
				key, value, _ := strings.Cut(part, "=")
				m.options[key] = value
			}
		}
		all = append(all, m)
	}
	return all
}

// ours finds postern in a list of milters: by where it listens, or because the
// list says what $postern_milter does. -1 is nowhere.
func (x *postfixExam) ours(s *service, list string) (int, milterRef) {
	named := parseMilters(x.main["postern_milter"])
	for i, m := range parseMilters(list) {
		if len(named) > 0 && m.spec == named[0].spec || x.dials(s, m.spec) {
			return i, m
		}
	}
	return -1, milterRef{}
}

// dials reports whether a milter's address, as a service sees it, is postern's.
func (x *postfixExam) dials(s *service, spec string) bool {
	to := parseAddress(spec)
	for _, listen := range x.setup.Listen {
		at := parseAddress(listen)
		if to.family == "unix" && at.family == "unix" && (to.host == at.host || x.inJail(s, to.host) == at.host) || to.reaches(at) {
			return true
		}
	}
	return false
}

// inJail is a path as a service that is shut into the queue directory opens it; the
// others open a relative one below that directory, too.
func (x *postfixExam) inJail(s *service, path string) string {
	if s != nil && s.chroot || !strings.HasPrefix(path, "/") {
		return strings.TrimRight(x.main["queue_directory"], "/") + "/" + strings.TrimPrefix(path, "/")
	}
	return path
}

// smtpd lists the services that take mail by SMTP.
func (x *postfixExam) smtpd() []*service {
	var all []*service
	for _, s := range x.services {
		if s.program == "smtpd" {
			all = append(all, s)
		}
	}
	return all
}

// pickupCleanup is the cleanup service that takes the mail of local programs.
func (x *postfixExam) pickupCleanup() *service {
	return x.service(x.value(x.service("pickup"), "cleanup_service_name"))
}

const attach = "postconf -P '%s/smtpd_milters=$postern_milter' %[1]s/smtpd_milter_maps= %[1]s/milter_macro_daemon_name=ORIGINATING"

// checkListeners finds services that take outbound mail and do not ask postern.
func (x *postfixExam) checkListeners() {
	some := false
	for _, s := range x.smtpd() {
		i, _ := x.ours(s, x.value(s, "smtpd_milters"))
		asked := i >= 0
		some = some || asked
		switch {
		case asked:
			x.checkAsked(s)
		case x.internal(s):
		case submits(s) || s.options["milter_macro_daemon_name"] != "":
			x.add(x.enforced(), "not-asked", x.where(s, "smtpd_milters"), orNothing(x.value(s, "smtpd_milters")),
				"users and hosts send by this service, and postern does not see their mail", fmt.Sprintf(attach, s))
		default:
			x.checkPlain(s)
		}
	}
	if !some {
		x.add(x.enforced(), "no-listener", "master.cf: smtpd_milters", "no service asks "+orNothing(strings.Join(x.setup.Listen, ", ")),
			"postern sees no mail that comes by SMTP", "append listeners.master.cf to master.cf, or: "+fmt.Sprintf(attach, "submission/inet"))
	}
	list := x.value(x.pickupCleanup(), "non_smtpd_milters")
	if i, _ := x.ours(x.pickupCleanup(), list); i < 0 {
		x.add(x.enforced(), "local-mail", x.where(x.pickupCleanup(), "non_smtpd_milters"), orNothing(list),
			"postern does not see the mail of local programs: sendmail(1), cron, web applications", "non_smtpd_milters = $postern_milter")
	}
}

// submits reports whether users hand in mail by a service, by its port.
func submits(s *service) bool {
	return slices.Contains([]string{"587", "465", "submission", "submissions", "smtps"}, s.port())
}

// checkPlain looks at a service without postern for those who may send out by it.
func (x *postfixExam) checkPlain(s *service) {
	relay := splitList(x.value(s, "smtpd_relay_restrictions") + " " + x.value(s, "smtpd_recipient_restrictions"))
	if x.value(s, "smtpd_sasl_auth_enable") == "yes" && slices.Contains(relay, "permit_sasl_authenticated") {
		x.add(Risky, "login-unread", x.where(s, "smtpd_sasl_auth_enable"), "yes, for "+s.String(),
			"who logs in here may send outbound mail that postern does not see", fmt.Sprintf("postconf -P %s/smtpd_sasl_auth_enable=no", s))
	}
	if !slices.Contains(relay, "permit_mynetworks") {
		return
	}
	for _, network := range splitList(x.value(s, "mynetworks")) {
		if !isLoopback(network) {
			x.add(Risky, "network-unread", x.where(s, "mynetworks"), network+", for "+s.String(),
				"hosts of this network may send outbound mail here that postern does not see", "let them send to a service that asks postern, as the relay of listeners.master.cf; and take the network out of mynetworks for this one")
			return
		}
	}
}

// checkAsked looks at a service that asks postern.
func (x *postfixExam) checkAsked(s *service) {
	overrides := splitList(x.value(s, "receive_override_options"))
	if slices.Contains(overrides, "no_milters") && x.internal(s) && s.options["content_filter"] != "" {
		x.add(Note, "milters-off", x.where(s, "smtpd_milters"), x.value(s, "smtpd_milters"),
			"what comes in here was judged before; no_milters alone keeps it from being judged anew", fmt.Sprintf("postconf -P %s/smtpd_milters=", s))
		return
	}
	if slices.Contains(overrides, "no_milters") {
		x.add(x.enforced(), "milters-off", x.where(s, "receive_override_options"), x.value(s, "receive_override_options"),
			"no_milters has the service ask no milter at all", "take no_milters out, for "+s.String())
	}
	if maps := x.value(s, "smtpd_milter_maps"); maps != "" {
		x.add(Risky, "milter-maps", x.where(s, "smtpd_milter_maps"), maps,
			"a client that this table names is judged by other milters, or by none", fmt.Sprintf("postconf -P %s/smtpd_milter_maps=", s))
	}
	if (s.port() == "25" || s.port() == "smtp") && x.setup.Enforce {
		x.add(Risky, "port-25", x.where(s, "smtpd_milters"), s.String()+" asks postern",
			"mail from outside comes by port 25: an outage of postern defers it, too", "leave port 25 without postern, and let your own hosts send to a port of their own; if it must be, disregard this")
	}
	if s.options["milter_macro_daemon_name"] == "" && x.main["milter_macro_daemon_name"] == "$myhostname" ||
		x.value(s, "milter_macro_daemon_name") == x.main["myhostname"] {
		x.add(Note, "daemon-name", x.where(s, "milter_macro_daemon_name"), orNothing(x.value(s, "milter_macro_daemon_name")),
			"postern tells by this name that mail comes from inside; without it, by login and [inside] networks alone", fmt.Sprintf("postconf -P %s/milter_macro_daemon_name=ORIGINATING", s))
	}
}

// checkMilters looks at each place that names postern: what happens if it fails,
// how long it may take, and who comes before it.
func (x *postfixExam) checkMilters() {
	for _, s := range x.smtpd() {
		x.checkMilter(s, "smtpd_milters")
	}
	if cleanup := x.pickupCleanup(); cleanup != nil {
		x.checkMilter(cleanup, "non_smtpd_milters")
	}
}

func (x *postfixExam) checkMilter(s *service, parameter string) {
	list := x.value(s, parameter)
	i, m := x.ours(s, list)
	if i < 0 {
		return
	}
	where := x.where(s, parameter)
	setting := func(name string) string {
		if value, ok := m.options[name]; ok {
			return value
		}
		return x.value(s, "milter_"+name)
	}
	x.checkAction(where, setting("default_action"))
	x.checkTimes(where, setting)
	if n, err := strconv.Atoi(setting("protocol")); err == nil && n < 6 {
		level := Risky
		if n < 4 {
			level = Wrong // no quarantine, or no progress packets
		}
		x.add(level, "protocol", where, fmt.Sprintf("milter_protocol %d", n), "an old protocol lacks what holding and routing mail need", "milter_protocol = 6")
	}
	for _, before := range parseMilters(list)[:i] {
		if signer.MatchString(before.spec) {
			x.add(Risky, "signer-first", where, before.spec+" comes before postern",
				"a signature that is made before postern tags or extends the mail is broken by that", parameter+" = $postern_milter, then "+Cut(before.spec, 100))
		}
	}
	if !x.dials(s, m.spec) && !x.listensByName() {
		x.checkElsewhere(s, where, m.spec)
	}
	x.checkSocket(s, where, m.spec)
	x.checkMacros(s)
}

// signer is a milter that signs, by the name of its socket or its usual port.
var signer = regexp.MustCompile(`(?i)dkim|openarc|:8891\b|\b8891@|:12301\b|\b12301@`)

func (x *postfixExam) listensByName() bool {
	return slices.ContainsFunc(x.setup.Listen, func(l string) bool { return strings.HasPrefix(l, "fd:") })
}

func (x *postfixExam) checkElsewhere(s *service, where, spec string) {
	why := "postern does not listen there: every mail meets the default action"
	if to := parseAddress(spec); to.family == "unix" && s.chroot {
		why = fmt.Sprintf("%s is shut into the queue directory and opens %s, where postern does not listen", s.name, Cut(x.inJail(s, to.host), 200))
	}
	x.add(Wrong, "address", where, spec+"; postern listens at "+strings.Join(x.setup.Listen, ", "), why,
		"let postern_milter name the address of [milter] listen; of a socket in the queue directory, the path as seen from inside it")
}

func (x *postfixExam) checkAction(where, action string) {
	switch {
	case x.setup.Enforce && action == "accept":
		x.add(Wrong, "default-action", where, "default_action=accept",
			"while postern is down mail leaves unread, and a mail that it was about to hold is delivered", "default_action=tempfail (enforce.main.cf)")
	case x.setup.Enforce && action == "reject":
		x.add(Risky, "default-action", where, "default_action=reject",
			"while postern is down mail comes back to its senders for good, in place of a later try", "default_action=tempfail (enforce.main.cf)")
	case !x.setup.Enforce && action != "accept":
		x.add(Risky, "default-action", where, "default_action="+action,
			"postern only looks on, yet its outage would stop mail", "default_action=accept (observe.main.cf), or mode = \"enforce\" in postern.toml")
	}
}

const (
	leastContent = 10 * time.Second // several times the interval of "still working"
	leastCommand = 5 * time.Second
)

func (x *postfixExam) checkTimes(where string, setting func(string) string) {
	content, command := seconds(setting("content_timeout")), seconds(setting("command_timeout"))
	if content < x.setup.MailTime || content < leastContent {
		level := Risky
		if content < leastContent {
			level = x.enforced()
		}
		x.add(level, "content-timeout", where, fmt.Sprintf("content_timeout %s, [limits] mail_time %s", content, x.setup.MailTime),
			"Postfix gives up while postern still reads, and the default action decides", fmt.Sprintf("content_timeout=%ds, or a smaller mail_time", int(x.setup.MailTime.Seconds())))
	}
	if command < leastCommand {
		x.add(Risky, "command-timeout", where, "command_timeout "+command.String(), "under load an answer may take this long, and the default action decides", "command_timeout=15s")
	}
}

// macros are what postern learns of a mail beside the mail itself.
var macros = map[string][]string{
	"milter_connect_macros": {"{daemon_name}"}, "milter_mail_macros": {"{auth_authen}"},
	"milter_rcpt_macros": {"{rcpt_addr}"}, "milter_end_of_header_macros": {"i"},
}

func (x *postfixExam) checkMacros(s *service) {
	for parameter, wanted := range macros {
		has := splitList(x.value(s, parameter))
		for _, macro := range wanted {
			if !slices.Contains(has, macro) && !slices.Contains(has, "{"+macro+"}") {
				x.add(Risky, "macros", x.where(s, parameter), x.value(s, parameter), "postern needs "+macro+" to tell who sends, to whom, and which mail it is", "remove the line "+parameter+", or add "+macro)
			}
		}
	}
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
