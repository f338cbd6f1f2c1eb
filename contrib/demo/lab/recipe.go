package lab

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/postern-mail/postern/contrib/postfix"
)

// Recipe says which files of contrib/postfix a Postfix gets, and what stands in
// place of their placeholders.
type Recipe struct {
	// Milter is where postern listens, as Postfix writes it: "inet:HOST:PORT" or
	// "unix:PATH".
	Milter string
	// Observe wires observe mode; else enforce mode.
	Observe bool
	// Stock installs nothing: Postfix as its package leaves it.
	Stock bool
	// PerRecipient adds the marker recipe.
	PerRecipient bool
	// Gateways maps the name of a gateway to its next hop, "[host]:25".
	Gateways map[string]string
	// Transport is the admin's own transport_maps.
	Transport string
	// Verified is postern's table of domains, "inet:HOST:PORT"; empty: there is none.
	Verified string
}

// main and master are the files that are appended to main.cf and master.cf.
func (r Recipe) main() []string {
	switch {
	case r.Observe:
		return []string{"observe.main.cf"}
	case r.PerRecipient:
		return []string{"enforce.main.cf", "per-recipient.main.cf"}
	}
	return []string{"enforce.main.cf"}
}

func (r Recipe) master() (once, perGateway []string) {
	switch {
	case r.Observe:
		return []string{"listeners.master.cf"}, nil
	case r.PerRecipient:
		return []string{"listeners.master.cf", "enforce.master.cf", "per-recipient.master.cf"},
			[]string{"gateway.master.cf", "per-recipient-gateway.master.cf"}
	}
	return []string{"listeners.master.cf", "enforce.master.cf"}, []string{"gateway.master.cf"}
}

// install appends the recipe to the main.cf and master.cf of dir and puts its
// maps into dir/postern, as README.md tells an admin.
func (r Recipe) install(dir, relay, reinject string) error {
	if r.Stock {
		return nil
	}
	fill := strings.NewReplacer(
		"@MILTER@", r.Milter, "@RELAY@", relay, "@REINJECT@", reinject, "@TRANSPORT_MAPS@", r.Transport)
	for _, name := range r.main() {
		if err := appendFile(filepath.Join(dir, "main.cf"), fill.Replace(ship(name))); err != nil {
			return err
		}
	}
	if r.Verified != "" {
		verified := "postern_verified_maps = socketmap:" + r.Verified + ":postern\nsmtp_dns_support_level = dnssec\n"
		if err := appendFile(filepath.Join(dir, "main.cf"), verified); err != nil {
			return err
		}
	}
	master := filepath.Join(dir, "master.cf")
	once, perGateway := r.master()
	for _, name := range once {
		if err := appendFile(master, fill.Replace(ship(name))); err != nil {
			return err
		}
	}
	for _, name := range perGateway {
		for _, gateway := range r.gateways() {
			if err := appendFile(master, gateway.Replace(fill.Replace(ship(name)))); err != nil {
				return err
			}
		}
	}
	return r.installMaps(filepath.Join(dir, "postern"), fill)
}

func (r Recipe) installMaps(dir string, fill *strings.Replacer) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	maps, err := fs.Glob(postfix.Files, "*.regexp")
	if err != nil {
		return err
	}
	for _, name := range maps {
		text := r.perGatewayLines(fill.Replace(ship(name)))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// perGatewayLines repeats each line that names a gateway for each of them.
func (r Recipe) perGatewayLines(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "@GATEWAY_") {
			out.WriteString(line)
			continue
		}
		for _, gateway := range r.gateways() {
			out.WriteString(gateway.Replace(line))
		}
	}
	return out.String()
}

func (r Recipe) gateways() []*strings.Replacer {
	var names []string
	for name := range r.Gateways {
		names = append(names, name)
	}
	slices.Sort(names)
	var fills []*strings.Replacer
	for _, name := range names {
		fills = append(fills, strings.NewReplacer("@GATEWAY_NAME@", name, "@GATEWAY_NEXTHOP@", r.Gateways[name]))
	}
	return fills
}

// ship is a file as it ships; a missing one is a fault of this program.
func ship(name string) string {
	text, err := postfix.Files.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("internal error: %v", err))
	}
	return string(text)
}

func appendFile(name, text string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString("\n" + text)
	return err
}
