package mta

import (
	"slices"
	"strings"

	"github.com/postern-mail/postern/rules"
)

// checkGateways looks where Sendmail would send marked recipients.
func (x *sendmailExam) checkGateways() {
	const repair = "include gateway.m4 of contrib/sendmail in sendmail.mc, add the lines of its mailertable, and run make -C /etc/mail twice"
	for _, name := range x.setup.Routes.Gateways {
		address := probe(name)
		to := x.answers.ways[address]
		switch {
		case to.mailer == "" || to.mailer == "*error*":
			x.add(Wrong, "gateway", "mailertable", "."+name+marker+": "+strings.TrimSpace(to.host+" "+to.user), "gateway "+name+" is declared under [routes], and mail for it has no way: it waits, or comes back", repair)
		case strings.Contains(to.user, marker) || to.user == "":
			x.add(Wrong, "gateway", "mailertable", "."+name+marker+" by mailer "+to.mailer+" for "+to.user, "this mailer leaves the mark in the recipient's address: the gateway refuses it, or sends it nowhere", repair)
		default:
			x.checkGatewayTLS(name, strings.Trim(to.host, "[]."))
		}
	}
	if len(x.setup.Routes.Gateways) == 0 {
		return
	}
	if to := x.answers.ways[probe(unknownGateway)]; to.mailer != "*error*" {
		x.add(Wrong, "gateway", "mailertable", "*"+marker+" goes by mailer "+to.mailer+" to "+to.host, "a mark without a line of its own is sent like any mail, by a smart host even in clear", "add the last line of contrib/sendmail/mailertable: "+marker+"<TAB>error:4.3.5:450 mailertable has no line for this mark")
	}
}

// serverKeys are the entries that Sendmail asks for a host to deliver to, the
// first that is there counts.
func serverKeys(host string) []string {
	rest := strings.Trim(host, "[].")
	keys := []string{"TLS_Srv:" + rest}
	for strings.Contains(rest, ".") {
		_, rest, _ = strings.Cut(rest, ".")
		keys = append(keys, "TLS_Srv:"+rest)
	}
	return append(keys, "TLS_Srv:")
}

// checkGatewayTLS wants TLS towards the gateway, unless it is on this machine.
func (x *sendmailExam) checkGatewayTLS(name, host string) {
	if isLoopback(host) {
		return
	}
	value := ""
	for _, key := range serverKeys(host) {
		if value = x.answers.access[key]; value != "" {
			break
		}
	}
	if strength(value, Sendmail) < strength("ENCR:128", Sendmail) {
		x.add(Wrong, "gateway", "access", strings.TrimSpace("TLS_Srv:"+host+" "+value), "mail to gateway "+name+" leaves in clear where the gateway offers no TLS", "add to /etc/mail/access: TLS_Srv:"+host+"<TAB>ENCR:128, and run make -C /etc/mail")
	}
}

// checkPartners compares the registry with the access map, and looks whether
// Sendmail can verify what the map asks for.
func (x *sendmailExam) checkPartners() {
	if !x.setup.Routes.PartnerTLS {
		return
	}
	entries := Entries(x.setup.Partners, Sendmail)
	different, _ := Differences(entries, Sendmail, func(key string) (string, error) { return x.answers.access[key], nil }) // it fails only where lookup does
	for _, d := range different {
		x.add(Wrong, "registry", "access", strings.TrimSpace(d.Key+" "+d.Got)+" ("+d.Problem+")", "partner_tls promises that Sendmail forces TLS for this partner: mail may leave in clear",
			"put what postern registry print --format sendmail prints into /etc/mail/access, and run make -C /etc/mail")
	}
	verified := slices.ContainsFunc(x.setup.Partners, func(p rules.Partner) bool { return !p.Expired && p.Route == rules.TLSVerified })
	if !verified {
		return
	}
	if !strings.Contains(x.text, "PosternName") || !strings.EqualFold(x.option("SetCertAltnames"), "true") {
		x.add(Wrong, "registry", "Local_tls_rcpt", "missing", "without the rules of partners.m4 a certificate for whatever name will do", "include partners.m4 of contrib/sendmail in sendmail.mc")
	}
	if x.option("CACertFile") == "" || x.option("CACertPath") == "" {
		x.add(Wrong, "registry", "confCACERT", x.option("CACertFile")+" "+x.option("CACertPath"), "without both, confCACERT and confCACERT_PATH, no certificate can be verified: mail to partners with tls-verified waits until it comes back",
			"include partners.m4 of contrib/sendmail in sendmail.mc")
	}
}
