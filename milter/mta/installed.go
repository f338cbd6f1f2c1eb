package mta

import (
	"context"
	"os"
	"strings"

	"github.com/postern-mail/postern/rules"
)

// Installed looks keys up in the tables that Postfix itself uses for
// smtp_tls_policy_maps, with postconf(1) and postmap(1).
type Installed struct {
	ctx     context.Context
	postfix PostfixInstance
	Maps    []string // as main.cf names them
	known   map[string]string
	missing map[string]bool
}

// OpenInstalled asks Postfix for its tables. configDir is where main.cf is; empty
// is Postfix's default.
func OpenInstalled(ctx context.Context, configDir string) (*Installed, error) {
	t := &Installed{ctx: ctx, postfix: PostfixInstance{Config: configDir}}
	out, _, err := t.postfix.run(ctx, "", "postconf", "-xh", "smtp_tls_policy_maps")
	if err != nil {
		return nil, err
	}
	t.Maps = splitList(out)
	return t, nil
}

// Fetch looks many keys up at once, which Lookup then knows.
func (t *Installed) Fetch(entries []Entry) error {
	t.known, t.missing = map[string]string{}, map[string]bool{}
	var keys strings.Builder
	for _, e := range entries {
		if e.Note == "" && !strings.ContainsAny(e.Key, "\r\n\t") {
			t.missing[e.Key] = true
			keys.WriteString(e.Key + "\n")
		}
	}
	for _, table := range t.Maps {
		out, said, err := t.postfix.run(t.ctx, keys.String(), "postmap", "-q", "-", table)
		if err != nil && (!exited(err, 1) || said != "") {
			return err
		}
		for line := range strings.Lines(out) {
			key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
			if t.missing[key] {
				delete(t.missing, key)
				t.known[key] = value
			}
		}
	}
	return nil
}

// Lookup returns a key's value in the first table that has it, empty if none has.
func (t *Installed) Lookup(key string) (string, error) {
	if value, known := t.known[key]; known || t.missing[key] {
		return value, nil
	}
	for _, table := range t.Maps {
		value, _, err := t.postfix.query(t.ctx, table, key)
		if err != nil || value != "" {
			return value, err
		}
	}
	return "", nil
}

// query asks one table. A key that it does not have is the empty value; what
// Postfix said beside the answer is a complaint about the table.
func (p PostfixInstance) query(ctx context.Context, table, key string) (value, complaint string, err error) {
	out, said, err := p.run(ctx, "", "postmap", "-q", key, table)
	if exited(err, 1) && said == "" {
		err = nil // it is not in this table
	}
	return strings.TrimRight(out, "\n"), strings.TrimSpace(said), err
}

// Drift says where the tables of an MTA demand less than the registry: of a Postfix,
// whose configuration is in that folder, or of a Sendmail with that sendmail.cf.
func Drift(ctx context.Context, config string, partners []rules.Partner) ([]Difference, error) {
	info, err := os.Stat(config)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir():
		return SendmailInstance{CF: config}.Differences(ctx, Entries(partners, Sendmail))
	}
	entries := Entries(partners, Postfix)
	if len(entries) == 0 {
		return nil, nil
	}
	t, err := OpenInstalled(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := t.Fetch(entries); err != nil {
		return nil, err
	}
	return Differences(entries, Postfix, t.Lookup)
}

// splitList splits a list of Postfix's at commas and white space. What stands in
// braces stays whole.
func splitList(s string) []string {
	var all []string
	start, depth := -1, 0
	for i, r := range s {
		separates := depth == 0 && strings.ContainsRune(", \t\r\n", r)
		switch {
		case separates && start >= 0:
			all = append(all, s[start:i])
			start = -1
		case !separates && start < 0:
			start = i
		}
		switch r {
		case '{':
			depth++
		case '}':
			depth = max(depth-1, 0)
		}
	}
	if start >= 0 {
		all = append(all, s[start:])
	}
	return all
}
