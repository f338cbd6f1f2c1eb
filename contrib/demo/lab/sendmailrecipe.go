package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/postern-mail/postern/contrib/sendmail"
)

// SendmailRecipe says which files of contrib/sendmail a Sendmail gets, and what
// stands in place of their placeholders.
type SendmailRecipe struct {
	// Milter is where postern listens, as Sendmail writes it: "inet:PORT@HOST" or
	// "unix:PATH". Without it nothing is installed.
	Milter string
	// Observe wires observe mode; else enforce mode.
	Observe bool
	// Gateways maps the name of a gateway to its host.
	Gateways map[string]string
}

// install puts the recipe into /etc/mail, as README.md tells an admin.
func (r SendmailRecipe) install(dir string) error {
	if r.Milter == "" {
		return nil
	}
	macros := []string{"enforce.m4", "gateway.m4", "partners.m4"}
	if r.Observe {
		macros = []string{"observe.m4"}
	}
	if err := os.MkdirAll(filepath.Join(dir, "postern"), 0o755); err != nil {
		return err
	}
	var includes strings.Builder
	for _, name := range macros {
		if err := r.append(filepath.Join(dir, "postern", name), name); err != nil {
			return err
		}
		includes.WriteString("include(`/etc/mail/postern/" + name + "')dnl\n")
	}
	mc, err := os.ReadFile(filepath.Join(dir, "sendmail.mc"))
	if err != nil {
		return err
	}
	const before = "\nMAILER_DEFINITIONS\n"
	text := strings.Replace(string(mc), before, "\n"+includes.String()+before[1:], 1)
	if err := os.WriteFile(filepath.Join(dir, "sendmail.mc"), []byte(text), 0o644); err != nil || r.Observe {
		return err
	}
	if err := r.append(filepath.Join(dir, "mailertable"), "mailertable"); err != nil {
		return err
	}
	return r.append(filepath.Join(dir, "access"), "access")
}

// append appends a file as it ships; a line that names a gateway is repeated for
// each of them.
func (r SendmailRecipe) append(to, from string) error {
	text, err := sendmail.Files.ReadFile(from)
	if err != nil {
		panic(fmt.Sprintf("internal error: %v", err))
	}
	var out strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(string(text), "@MILTER@", r.Milter)) {
		if !strings.Contains(line, "@GATEWAY_") {
			out.WriteString(line)
			continue
		}
		for _, name := range r.names() {
			host := r.Gateways[name]
			out.WriteString(strings.NewReplacer("@GATEWAY_NAME@", name, "@GATEWAY_HOST@", host).Replace(line))
		}
	}
	return appendFile(to, out.String())
}

func (r SendmailRecipe) names() []string {
	var names []string
	for name := range r.Gateways {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
