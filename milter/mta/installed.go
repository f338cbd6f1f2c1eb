package mta

import (
	"context"
	"strings"
)

// Installed looks keys up in the tables that Postfix itself uses for
// smtp_tls_policy_maps, with postconf(1) and postmap(1).
type Installed struct {
	ctx     context.Context
	postfix PostfixInstance
	Maps    []string // as main.cf names them
}

// OpenInstalled asks Postfix for its tables. configDir is where main.cf is; empty
// is Postfix's default.
func OpenInstalled(ctx context.Context, configDir string) (*Installed, error) {
	t := &Installed{ctx: ctx, postfix: PostfixInstance{Config: configDir}}
	out, _, err := t.postfix.run(ctx, "", "postconf", "-h", "smtp_tls_policy_maps")
	if err != nil {
		return nil, err
	}
	t.Maps = splitList(out)
	return t, nil
}

// Lookup returns a key's value in the first table that has it, empty if none has.
func (t *Installed) Lookup(key string) (string, error) {
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
