// Package probe finds out what the mail systems of recipients can do: whether
// they offer TLS, and whether there is a way to verify whom one speaks to.
//
// Open a Cache; Want tells it of domains that mail is for, and Known what has been
// found of one. Neither waits: the domains are probed beside the mail flow, one
// probe for each at a time, and what is not known yet is Unknown. Probe waits, for
// those who have the time. Serve answers Postfix's question by which means a
// domain's certificate is verified, over the protocol of socketmap_table(5).
//
// # What a probe does
//
// It asks the resolver for the MX records (RFC 5321 section 5.1, RFC 7505),
// speaks to the hosts that take mail as far as STARTTLS (RFC 3207), compares what
// they show with the names of domain and host, with the TLSA records (DANE, RFC
// 7672) and with the MTA-STS policy (RFC 8461). It never gives a sender, a
// recipient or any part of a mail.
//
// # Whom it believes
//
// A record counts as signed where the resolver says so (the AD bit), and the
// resolver is believed only if it was named, or is on this machine. The hosts of
// one domain count for as much as the weakest that answers.
//
// # Bounds
//
// Domains in the cache, those that wait, probes at once, hosts of a domain, bytes
// of each conversation and time are bounded. A result is good for Options.Fresh
// and is renewed before it ends, as long as there is mail for the domain. It is
// kept in a file across restarts; one that is damaged is begun anew.
package probe
