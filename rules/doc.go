// Package rules says what shall be done with a mail.
//
// Load a policy with Load: the Engine that it returns reads mails and decides
// about them. OriginInScope asks at MAIL whether a mail may concern the policy at
// all; Inspect opens an Inspection once all recipients are known; its Finish
// returns the Verdict. ReadPolicy compiles a policy alone, for those who bring
// their own Report: Policy.Decide is pure, and Policy.Explain is Decide with the
// reasons for and against every rule. Policy.Replay decides from a record of a
// mail, and says where the record does not tell.
//
// # Decisions
//
// Every rule is asked for every recipient. Of the actions the strictest wins
// (accept, hold, tempfail, reject), of the routes likewise and by themselves
// (direct, tls, tls-verified, gateway), and header changes add up. An exemption
// takes rules away for the recipients it covers, but none that is marked never.
// So another rule never makes an outcome milder, the order of rules means
// nothing, and what happens to one recipient does not depend on the others. Two
// things do: the strictest action of any recipient is that of the mail, and a
// route that would take other recipients along rejects the mail.
//
// # Policies
//
// A policy is a TOML file; docs/policy.md is its manual. Shipped policies, the
// packs, stand in the directory packs. DecodeTOML is the one strict decoder for
// everything that an admin writes: it tells all mistakes of a file at once, each
// with its line.
//
// # Promises
//
// An Engine never changes and may be shared. A decision depends on nothing but
// policy, envelope and report; the time is the envelope's. Replies and the
// reasons of Decide hold no matched value, and no name of a file but one that
// the Report calls safe.
package rules
