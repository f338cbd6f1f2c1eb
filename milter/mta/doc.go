// Package mta knows the MTA's own side of what a policy assumes: its tables of TLS
// levels.
//
// Entries turns the partner registry of a policy into the lines of a Postfix
// smtp_tls_policy_maps table or of Sendmail's access map, so that the MTA demands
// by itself what the policy promises. Differences compares them with what is
// installed.
package mta
