package mta

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Installed looks keys up in the tables that Postfix itself uses for
// smtp_tls_policy_maps, with postconf(1) and postmap(1).
type Installed struct {
	ctx       context.Context
	configDir string
	Maps      []string // as main.cf names them
}

// OpenInstalled asks Postfix for its tables. configDir is where main.cf is; empty
// is Postfix's default.
func OpenInstalled(ctx context.Context, configDir string) (*Installed, error) {
	t := &Installed{ctx: ctx, configDir: configDir}
	out, err := t.run("postconf", "-h", "smtp_tls_policy_maps")
	if err != nil {
		return nil, err
	}
	t.Maps = strings.Fields(strings.ReplaceAll(out, ",", " "))
	return t, nil
}

// Lookup returns a key's value in the first table that has it, empty if none has.
func (t *Installed) Lookup(key string) (string, error) {
	for _, table := range t.Maps {
		out, err := t.run("postmap", "-q", key, table)
		var exit *exec.ExitError
		switch {
		case errors.As(err, &exit) && exit.ExitCode() == 1 && len(exit.Stderr) == 0:
			continue // not in this table
		case err != nil:
			return "", err
		}
		return strings.TrimSpace(out), nil
	}
	return "", nil
}

func (t *Installed) run(name string, args ...string) (string, error) {
	if t.configDir != "" {
		args = append([]string{"-c", t.configDir}, args...)
	}
	out, err := exec.CommandContext(t.ctx, name, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return "", fmt.Errorf("%s: %s", name, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil && exit == nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return string(out), err
}
