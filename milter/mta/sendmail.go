package mta

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// asked are Sendmail's own answers, from its address test mode (sendmail -bt):
// what its tables hold and where mail for an address would go.
type asked struct {
	access map[string]string // a key's value; not there: the table has none
	ways   map[string]way    // by address
}

// way is what becomes of mail for an address.
type way struct {
	mailer, host, user string
}

// ask puts questions to Sendmail with one run of it. Nothing is delivered, and no
// question needs a name server if the recipes are there.
func (s SendmailInstance) ask(ctx context.Context, keys, addresses []string) (asked, error) {
	var questions strings.Builder
	for _, key := range keys {
		fmt.Fprintf(&questions, "/map access %s\n", key)
	}
	for _, address := range addresses {
		fmt.Fprintf(&questions, "/parse %s\n", address)
	}
	said, err := s.test(ctx, questions.String())
	if err != nil {
		return asked{}, err
	}
	return readAnswers(said, addresses), nil
}

func (s SendmailInstance) test(ctx context.Context, questions string) (string, error) {
	program := s.Program
	if program == "" {
		var err error
		if program, err = tool("sendmail"); err != nil {
			return "", err
		}
	}
	said := &bounded{}
	cmd := exec.CommandContext(ctx, program, "-C"+s.cf(), "-bt")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(questions), said, said
	cmd.WaitDelay = waitDelay
	if err := cmd.Run(); err != nil {
		return "", failure("sendmail -bt", said.String(), err)
	}
	return said.String(), nil
}

// readAnswers reads lines such as
//
//	map_lookup: access (TLS_Srv:gw.example) returns ENCR:128 (0)
//	mailer esmtp, host gw.example., user pat@there.example
//
// of which the second kind stands in the order of the questions, after a line
// "Parsing ..." for each.
func readAnswers(said string, addresses []string) asked {
	a := asked{access: map[string]string{}, ways: map[string]way{}}
	next := -1
	for line := range strings.Lines(said) {
		for line = strings.TrimSpace(line); strings.HasPrefix(line, "> "); {
			line = line[2:]
		}
		if rest, ok := strings.CutPrefix(line, "map_lookup: access ("); ok {
			key, value, found := strings.Cut(rest, ") returns ")
			if found {
				a.access[key] = value[:max(strings.LastIndex(value, " ("), 0)]
			}
			continue
		}
		if strings.HasPrefix(line, "Parsing envelope ") {
			next++
			continue
		}
		rest, ok := strings.CutPrefix(line, "mailer ")
		if !ok || next < 0 || next >= len(addresses) {
			continue
		}
		var w way
		w.mailer, rest, _ = strings.Cut(rest, ", ")
		if host, ok := strings.CutPrefix(rest, "host "); ok {
			w.host, rest, _ = strings.Cut(host, ", ")
		}
		w.user = strings.TrimPrefix(rest, "user ")
		if _, told := a.ways[addresses[next]]; !told {
			a.ways[addresses[next]] = w
		}
	}
	return a
}

// Differences compares the registry with the access map that Sendmail uses.
func (s SendmailInstance) Differences(ctx context.Context, entries []Entry) ([]Difference, error) {
	var keys []string
	for _, e := range entries {
		if e.Note == "" {
			keys = append(keys, e.Key)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	a, err := s.ask(ctx, keys, nil)
	if err != nil {
		return nil, err
	}
	return Differences(entries, Sendmail, func(key string) (string, error) { return a.access[key], nil })
}
