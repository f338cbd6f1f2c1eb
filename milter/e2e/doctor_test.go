//go:build e2e

package e2e

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/contrib/demo/lab"
	"github.com/postern-mail/postern/milter/mta"
	"github.com/postern-mail/postern/rules"
)

const doctorsMilter = "inet:127.0.0.1:8892"

// healthy is what the recipes rely on when all of them are installed.
func healthy() mta.Setup {
	return mta.Setup{
		Enforce: true, Listen: []string{doctorsMilter}, MailTime: time.Minute,
		Routes: rules.Routes{TLS: true, TLSVerified: true, PerRecipient: true, Gateways: []string{"secure"}},
	}
}

// configured is a Postfix with the recipe, which is not started.
func configured(t *testing.T, l *lab.Lab, name, main string, recipe lab.Recipe) string {
	t.Helper()
	hop, err := l.StartHop(lab.HopOptions{Name: "store." + name})
	if err != nil {
		t.Fatal(err)
	}
	recipe.Milter = doctorsMilter
	if !recipe.Observe {
		recipe.Gateways = map[string]string{"secure": "[gateway.agency.example]:25"}
	}
	p, err := l.ConfigurePostfix(lab.PostfixOptions{Name: name, Domain: "agency.example", Store: hop, Main: main, Recipe: recipe})
	if err != nil {
		t.Fatal(err)
	}
	return p.Config
}

func openLab(t *testing.T) *lab.Lab {
	t.Helper()
	l, err := lab.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func examine(t *testing.T, dir string, setup mta.Setup) []mta.Finding {
	t.Helper()
	found, err := mta.PostfixInstance{Config: dir}.Examine(t.Context(), setup)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestTheDoctorFindsNothingAmissWithTheRecipes(t *testing.T) {
	t.Parallel()
	l := openLab(t)
	whole := healthy()
	single := healthy()
	single.Routes.PerRecipient = false
	watching := mta.Setup{Listen: []string{doctorsMilter}, MailTime: time.Minute}
	for name, c := range map[string]struct {
		recipe lab.Recipe
		setup  mta.Setup
	}{
		"observe": {lab.Recipe{Observe: true}, watching}, "enforce": {lab.Recipe{}, single}, "per-recipient": {lab.Recipe{PerRecipient: true}, whole},
	} {
		for _, f := range examine(t, configured(t, l, name+".example", "", c.recipe), c.setup) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestTheDoctorFindsAStockPostfixUnwired(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "main.cf"), "compatibility_level = 3.6\nmyhostname = stock.example\nalias_maps =\nalias_database =\nmydestination = localhost\nmynetworks = 127.0.0.0/8\n")
	stock, err := os.ReadFile("/usr/share/postfix/master.cf.dist")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "master.cf"), string(stock))
	checks := checksOf(examine(t, dir, healthy()))
	for _, want := range []string{"no-listener", "local-mail", "route-map", "strip", "requeue", "bounces", "mark-line", "mark-last-line", "unwanted"} {
		if !slices.Contains(checks, want) {
			t.Errorf("no finding %q among %q", want, checks)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func checksOf(found []mta.Finding) []string {
	var all []string
	for _, f := range found {
		if !slices.Contains(all, f.Check) {
			all = append(all, f.Check)
		}
	}
	slices.Sort(all)
	return all
}

// ill is one thing that is broken in a configuration that is well otherwise.
type ill struct {
	// edit is what postconf(1) is told, or "FILE: OLD => NEW" for a file.
	edit  []string
	setup func(*mta.Setup)
	check string
	level mta.Level
	// repair is in that of the first finding, where another one would do harm.
	repair string
}

var ills = map[string]ill{
	"default action accept":           {edit: []string{"main.cf: default_action=tempfail => default_action=accept"}, check: "default-action", level: mta.Wrong},
	"no milter for local mail":        {edit: []string{"-e non_smtpd_milters="}, check: "local-mail", level: mta.Wrong},
	"submission without postern":      {edit: []string{"-P ADDR:submission/inet/smtpd_milters="}, check: "not-asked", level: mta.Wrong},
	"another submission port":         {edit: []string{"-M# smtps/inet=smtps inet n - y - - smtpd"}, check: "not-asked", level: mta.Wrong},
	"relay port without postern":      {edit: []string{"-P ADDR:2525/inet/smtpd_milters="}, check: "not-asked", level: mta.Wrong},
	"no_milters":                      {edit: []string{"-P ADDR:submission/inet/receive_override_options=no_milters"}, check: "milters-off", level: mta.Wrong},
	"excepted clients":                {edit: []string{"-P ADDR:submission/inet/smtpd_milter_maps=inline:{127.0.0.1=DISABLE}"}, check: "milter-maps", level: mta.Risky},
	"logins on port 25":               {edit: []string{"-e smtpd_sasl_auth_enable=yes"}, check: "login-unread", level: mta.Risky},
	"own hosts on port 25":            {edit: []string{"-e mynetworks=127.0.0.0/8,10.0.0.0/8"}, check: "network-unread", level: mta.Risky},
	"postern on port 25":              {edit: []string{"-P ADDR:smtp/inet/smtpd_milters=$postern_milter", "-P ADDR:smtp/inet/milter_macro_daemon_name=MX"}, check: "port-25", level: mta.Risky},
	"no daemon name":                  {edit: []string{"-P ADDR:2525/inet/milter_macro_daemon_name=$myhostname"}, check: "daemon-name", level: mta.Note},
	"short content timeout":           {edit: []string{"main.cf: content_timeout=60s => content_timeout=20s"}, check: "content-timeout", level: mta.Risky},
	"very short content timeout":      {edit: []string{"main.cf: content_timeout=60s => content_timeout=3s"}, check: "content-timeout", level: mta.Wrong},
	"a longer time for a mail":        {setup: func(s *mta.Setup) { s.MailTime = 5 * time.Minute }, check: "content-timeout", level: mta.Risky},
	"short command timeout":           {edit: []string{"main.cf: command_timeout=15s => command_timeout=1s"}, check: "command-timeout", level: mta.Risky},
	"an old Postfix":                  {edit: []string{"-e mail_version=3.5.25"}, check: "version", level: mta.Wrong},
	"old protocol":                    {edit: []string{"-e milter_protocol=2"}, check: "protocol", level: mta.Wrong},
	"signer before postern":           {edit: []string{"-P ADDR:submission/inet/smtpd_milters=inet:127.0.0.1:8891,$postern_milter"}, check: "signer-first", level: mta.Risky},
	"another address":                 {setup: func(s *mta.Setup) { s.Listen = []string{"inet:127.0.0.1:9999"} }, check: "address", level: mta.Wrong},
	"macros taken away":               {edit: []string{"-e milter_rcpt_macros=i"}, check: "macros", level: mta.Risky},
	"no route map":                    {edit: []string{"-e milter_header_checks="}, check: "route-map", level: mta.Wrong},
	"no last line in the route map":   {edit: []string{"postern/route.regexp: HOLD no line => WARN no line"}, check: "route-last-line", level: mta.Wrong},
	"no line for a route":             {setup: func(s *mta.Setup) { s.Routes.PerRecipient, s.Routes.Gateways = false, []string{"secure", "second"} }, check: "route-line", level: mta.Wrong},
	"a route that is not declared":    {setup: func(s *mta.Setup) { s.Routes.TLSVerified = false }, check: "route-undeclared", level: mta.Note},
	"no transport":                    {edit: []string{"-MX gateway-secure/unix"}, check: "transport", level: mta.Wrong},
	"gateway by the usual transport":  {edit: []string{"postern/route.regexp: FILTER gateway-secure: => FILTER smtp:"}, check: "transport", level: mta.Wrong, repair: "in route.regexp: /^X-Postern-Route:[[:space:]]*gateway:secure[[:space:]]*$/ FILTER gateway-secure:[gateway.agency.example]:25"},
	"opportunistic TLS":               {edit: []string{"-P tlsout/unix/smtp_tls_security_level=may"}, check: "tls-level", level: mta.Wrong},
	"verified by encryption alone":    {edit: []string{"-P tlsver/unix/smtp_tls_security_level=encrypt"}, check: "tls-level", level: mta.Wrong},
	"verified by an unsigned MX":      {edit: []string{"-P tlsver/unix/smtp_tls_security_level=verify"}, check: "tls-level", level: mta.Wrong},
	"a policy map that counts":        {edit: []string{"-PX tlsout/unix/smtp_tls_policy_maps", "-e smtp_tls_policy_maps=inline:{partner.example=may}"}, check: "tls-policy", level: mta.Wrong},
	"a per-site table that counts":    {edit: []string{"-PX tlsout/unix/smtp_tls_per_site", "-e smtp_tls_per_site=inline:{partner.example=MAY}"}, check: "tls-policy", level: mta.Wrong},
	"old protocols":                   {edit: []string{"-P tlsout/unix/smtp_tls_mandatory_protocols=!SSLv2,!SSLv3"}, check: "tls-protocols", level: mta.Wrong},
	"medium ciphers":                  {edit: []string{"-P tlsout/unix/smtp_tls_mandatory_ciphers=medium"}, check: "tls-ciphers", level: mta.Risky},
	"no ciphers":                      {edit: []string{"-P gateway-secure/unix/smtp_tls_mandatory_ciphers=null"}, check: "tls-ciphers", level: mta.Wrong},
	"weak high ciphers":               {edit: []string{"-P tlsout/unix/tls_high_cipherlist=ALL:eNULL"}, check: "tls-ciphers", level: mta.Wrong},
	"a fallback relay":                {edit: []string{"-PX tlsout/unix/smtp_fallback_relay", "-e smtp_fallback_relay=[x.example]"}, check: "fallback", level: mta.Wrong},
	"a relay host":                    {edit: []string{"-e relayhost=[relay.example]"}, check: "relayhost", level: mta.Note},
	"refusals that wait":              {edit: []string{"-P tlsout/unix/smtp_delivery_status_filter="}, check: "refused", level: mta.Risky},
	"no authorities":                  {edit: []string{"-e smtp_tls_CAfile="}, check: "authorities", level: mta.Wrong},
	"headers that stay":               {edit: []string{"-e smtp_header_checks="}, check: "strip", level: mta.Wrong},
	"headers that stay by lmtp":       {edit: []string{"-e lmtp_header_checks="}, check: "strip", level: mta.Wrong},
	"another's checks in their place": {edit: []string{"-P relay/unix/smtp_header_checks="}, check: "strip", level: mta.Wrong},
	"mail queued anew":                {edit: []string{"-P pickup/unix/cleanup_service_name=cleanup"}, check: "requeue", level: mta.Wrong},
	"queued anew without postern":     {edit: []string{"-P ADDR:10030/inet/smtpd_milters="}, check: "requeue", level: mta.Wrong},
	"queued anew to nowhere":          {edit: []string{"-MX ADDR:10030/inet"}, check: "requeue", level: mta.Wrong},
	"bounces as they come":            {edit: []string{"-P bounce/unix/cleanup_service_name=cleanup"}, check: "bounces", level: mta.Wrong},
	"bounces that are not looked at":  {edit: []string{"-P defer/unix/internal_mail_filter_classes="}, check: "bounces", level: mta.Wrong},
	"a table that is not there":       {edit: []string{"-e virtual_alias_maps=hash:$config_directory/none"}, check: "table", level: mta.Wrong},
	"a text table that is not there":  {edit: []string{"-e body_checks=regexp:$config_directory/none"}, check: "table", level: mta.Wrong},
	"a table that is old":             {edit: []string{"-e virtual_alias_maps=hash:$config_directory/old"}, check: "table-old", level: mta.Risky},
	"a table with a mistake":          {edit: []string{"postern/strip.regexp: /^X-Postern-/ => /^X-Postern-"}, check: "strip table", level: mta.Wrong},
	"a place left to fill in":         {edit: []string{"postern/route.regexp: gateway:secure => gateway:@GATEWAY_NAME@"}, setup: func(s *mta.Setup) { s.Routes.Gateways, s.Routes.PerRecipient = nil, false }, check: "placeholder", level: mta.Wrong},
	"an alias that leads outside":     {edit: []string{"-e alias_maps=texthash:$config_directory/aliases"}, check: "aliases", level: mta.Risky},
	"copies of all mail":              {edit: []string{"-e always_bcc=archive@agency.example"}, check: "bcc", level: mta.Note},
	"soft bounces":                    {edit: []string{"-e soft_bounce=yes"}, check: "soft-bounce", level: mta.Risky},
	"a content filter":                {edit: []string{"-e content_filter=smtp:[127.0.0.1]:10024"}, check: "content-filter", level: mta.Risky},
	"a content filter of a listener":  {edit: []string{"-P ADDR:submission/inet/content_filter=smtp:[127.0.0.1]:10024"}, check: "content-filter", level: mta.Risky},
	"a content filter without marks":  {edit: []string{"-e content_filter=smtp:[127.0.0.1]:10024"}, setup: func(s *mta.Setup) { s.Routes.PerRecipient = false }, check: "content-filter", level: mta.Note},
	"a canonical name that leads out": {edit: []string{"-e recipient_canonical_maps=texthash:$config_directory/canonical"}, check: "aliases", level: mta.Risky},
	"verified by the host's name":     {edit: []string{"-P tlsver/unix/smtp_tls_secure_cert_match=nexthop,hostname"}, check: "tls-match", level: mta.Wrong},
	"default action reject":           {edit: []string{"main.cf: default_action=tempfail => default_action=reject"}, check: "default-action", level: mta.Risky},
	"a second leg that names postern": {edit: []string{"-P ADDR:10031/inet/smtpd_milters=$postern_milter"}, check: "milters-off", level: mta.Note, repair: "postconf -P ADDR:10031/inet/smtpd_milters="},
	"several instances":               {edit: []string{"-e multi_instance_directories=/etc/postfix-out"}, check: "instances", level: mta.Note},
	"a short life in the queue":       {edit: []string{"-e maximal_queue_lifetime=4h"}, check: "lifetime", level: mta.Risky},
	"no way for marks":                {edit: []string{"-e transport_maps="}, check: "mark-last-line mark-line", level: mta.Wrong},
	"no last line for marks":          {edit: []string{"postern/marked.regexp: /[@.]postern => #/[@.]postern"}, check: "mark-last-line", level: mta.Wrong},
	"no transport for marks":          {edit: []string{"-MX marked-secure/unix"}, check: "mark-transport", level: mta.Wrong},
	"marks that stay":                 {edit: []string{"-P marked/unix/smtp_generic_maps="}, check: "unmark", level: mta.Wrong},
	"marks told by DSN":               {edit: []string{"-P ADDR:10031/inet/smtpd_discard_ehlo_keywords="}, check: "dsn", level: mta.Wrong},
	"marks told to the gateway":       {edit: []string{"-P marked-secure/unix/smtp_discard_ehlo_keywords=silent-discard"}, check: "dsn", level: mta.Wrong},
	"no second leg":                   {edit: []string{"-MX ADDR:10032/inet"}, check: "second-leg", level: mta.Wrong},
	"a second leg in clear":           {edit: []string{"-P ADDR:10031/inet/content_filter=smtp:"}, check: "transport", level: mta.Wrong, repair: "postconf -P 'ADDR:10031/inet/content_filter=tlsout:'"},
	"a second leg of another route":   {edit: []string{"-P ADDR:10032/inet/content_filter=tlsout:"}, check: "transport", level: mta.Wrong, repair: "postconf -P 'ADDR:10032/inet/content_filter=tlsver:'"},
	"a second leg that asks too much": {edit: []string{"-P ADDR:10031/inet/content_filter=tlsver:"}, check: "transport", level: mta.Risky, repair: "postconf -P 'ADDR:10031/inet/content_filter=tlsout:'"},
	"a second leg without a way":      {edit: []string{"-P ADDR:10031/inet/content_filter="}, check: "second-leg", level: mta.Wrong, repair: "postconf -P 'ADDR:10031/inet/content_filter=tlsout:'"},
	"a second leg that sets no way":   {edit: []string{"-PX ADDR:10032/inet/content_filter"}, check: "second-leg", level: mta.Wrong, repair: "postconf -P 'ADDR:10032/inet/content_filter=tlsver:'"},
	"a second leg to nowhere":         {edit: []string{"-P ADDR:10032/inet/content_filter=tlsverified:"}, check: "transport", level: mta.Wrong, repair: "postconf -P 'ADDR:10032/inet/content_filter=tlsver:'"},
	"verified by the way of tls":      {edit: []string{"postern/route.regexp: FILTER tlsver: => FILTER tlsout:"}, check: "transport", level: mta.Wrong, repair: "FILTER tlsver:"},
	"a mark by the usual transport":   {edit: []string{"postern/marked.regexp: marked-secure: => marked:"}, check: "transport", level: mta.Wrong, repair: "marked-secure:[gateway.agency.example]:25"},
	"a bare marker domain":            {edit: []string{"postern/unwanted.regexp: [@.]postern => \\.postern"}, check: "unwanted", level: mta.Risky, repair: "/[@.]postern"},
	"a second leg that goes round":    {edit: []string{"-P ADDR:10031/inet/smtpd_milters=$postern_milter", "-P ADDR:10031/inet/receive_override_options=no_address_mappings"}, check: "daemon-name second-leg", level: mta.Wrong},
	"a second leg for all":            {edit: []string{"-P ADDR:10031/inet/mynetworks=0.0.0.0/0"}, check: "network-unread open-leg unwanted", level: mta.Wrong},
	"marks from clients":              {edit: []string{"-e smtpd_recipient_restrictions=permit_mynetworks,check_recipient_access,regexp:$config_directory/postern/unwanted.regexp"}, check: "unwanted", level: mta.Wrong},
	"a registry that is not there": {setup: func(s *mta.Setup) {
		s.Partners = []rules.Partner{{Domain: "justice.example", Route: rules.TLSVerified}}
	}, check: "registry", level: mta.Risky},
	"a socket that is not there": {edit: []string{"main.cf: " + doctorsMilter + " => unix:/no/such/folder/postern.sock"}, setup: func(s *mta.Setup) { s.Listen = []string{"unix:/no/such/folder/postern.sock"} }, check: "socket", level: mta.Wrong},
}

// Each thing is broken alone, and the doctor finds that and nothing else.
func TestTheDoctorFindsEachThing(t *testing.T) {
	t.Parallel()
	l := openLab(t)
	well := configured(t, l, "mail.agency.example", "", lab.Recipe{PerRecipient: true})
	address := addressOf(t, well)
	for name, one := range ills {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(well)); err != nil {
				t.Fatal(err)
			}
			settle(t, dir)
			write(t, filepath.Join(dir, "aliases"), "root: ann\nann: ann@home.example\n")
			write(t, filepath.Join(dir, "canonical"), "a@home.example b@home.example\nann.lee@agency.example ann@agency.example\ncarl@agency.example carl@citizen.example\n")
			write(t, filepath.Join(dir, "old"), "a@agency.example b@agency.example\n")
			write(t, filepath.Join(dir, "old.db"), "")
			if err := os.Chtimes(filepath.Join(dir, "old.db"), time.Time{}, time.Now().Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
			for _, edit := range one.edit {
				change(t, dir, strings.ReplaceAll(edit, "ADDR", address))
				settle(t, dir)
			}
			setup := healthy()
			if one.setup != nil {
				one.setup(&setup)
			}
			found := examine(t, dir, setup)
			if got := strings.Join(checksOf(found), " "); got != one.check {
				t.Errorf("found %q, want %q\n%+v", got, one.check, found)
			}
			for i, f := range found {
				if f.Parameter == "" || f.Found == "" || f.Why == "" || f.Repair == "" {
					t.Errorf("%+v says too little", f)
				}
				if i == 0 && (f.Level != one.level || !strings.Contains(f.Repair, strings.ReplaceAll(one.repair, "ADDR", address))) {
					t.Errorf("level %s and repair %q, want %s and %q", f.Level, f.Repair, one.level, one.repair)
				}
			}
		})
	}
}

// A Unix socket is opened by Postfix's own user, from inside the queue directory,
// and each folder on the way must let it pass.
func TestTheDoctorLooksAtTheWayToASocket(t *testing.T) {
	t.Parallel()
	l := openLab(t)
	dir := configured(t, l, "mail.agency.example", "", lab.Recipe{PerRecipient: true})
	folder := filepath.Join(filepath.Dir(dir), "queue", "postern")
	socket := filepath.Join(folder, "postern.sock")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	change(t, dir, "main.cf: "+doctorsMilter+" => unix:/postern/postern.sock")
	setup := healthy()
	setup.Listen = []string{"unix:" + socket}
	for _, c := range []struct {
		name           string
		folder, socket os.FileMode
		found          string
	}{
		{"all may open it", 0o755, 0o666, ""},
		{"root alone may write to it", 0o755, 0o600, socket + " has mode 0600"},
		{"others may not pass its folder", 0o750, 0o666, folder + " has mode 0750"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := errors.Join(os.Chmod(folder, c.folder), os.Chmod(socket, c.socket)); err != nil {
				t.Fatal(err)
			}
			settle(t, dir)
			found := examine(t, dir, setup)
			for _, f := range found {
				if f.Check != "socket" || f.Level != mta.Wrong || f.Found != c.found {
					t.Errorf("%+v", f)
				}
			}
			if (len(found) > 0) != (c.found != "") {
				t.Errorf("%d findings, want %q", len(found), c.found)
			}
		})
	}
}

// settle makes main.cf and master.cf look old: Postfix waits for a second when it
// reads one that may be written to just now.
func settle(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"main.cf", "master.cf"} {
		if err := os.Chtimes(filepath.Join(dir, name), time.Time{}, time.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
}

// change edits a configuration as an admin does: by postconf(1), or in a file.
func change(t *testing.T, dir, edit string) {
	t.Helper()
	if file, rest, ok := strings.Cut(edit, ": "); ok && !strings.HasPrefix(edit, "-") {
		old, now, _ := strings.Cut(rest, " => ")
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || !strings.Contains(string(text), old) {
			t.Fatalf("%s has no %q (%v)", file, old, err)
		}
		write(t, filepath.Join(dir, file), strings.ReplaceAll(string(text), old, now))
		return
	}
	flag, argument, _ := strings.Cut(edit, " ")
	if flag == "-M#" {
		flag = "-M"
	}
	if out, err := exec.Command("postconf", "-c", dir, flag, argument).CombinedOutput(); err != nil {
		t.Fatalf("postconf %s %q: %v: %s", flag, argument, err, out)
	}
}

// addressOf is the address that the services of a lab's Postfix listen on.
func addressOf(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "master.cf"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^([0-9.]+):submission\s`).FindSubmatch(text)
	if found == nil {
		t.Fatal("master.cf has no submission")
	}
	return string(found[1])
}

// The command, beside the Postfix and the daemon that run.
func TestTheDoctorsCommandAgrees(t *testing.T) {
	w := newWorld(t, options{config: strings.Replace(config, `"forgotten"`, ``, 1), policy: strings.ReplaceAll(policy, "gateway:forgotten", "gateway:secure")})
	// The daemon listens on a port that was free; its configuration says 0.
	text, err := os.ReadFile(w.postern.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	write(t, w.postern.ConfigFile(), strings.ReplaceAll(string(text), "inet:127.0.0.1:0", "inet:"+w.postern.Milter))
	if r := w.run("doctor", "--mta-config", w.postfix.Config); r.code != 0 || r.out != "" {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.talk)
	}
	if _, err := w.postfix.Run("postconf", "-e", "milter_header_checks="); err != nil {
		t.Fatal(err)
	}
	if r := w.run("doctor", "--json", "--mta-config", w.postfix.Config); r.code != 1 || !strings.Contains(r.out, `"level":"wrong","check":"route-map","parameter":"main.cf: milter_header_checks"`) {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.talk)
	}
}
