package policytest

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/rules"
)

// input is envelope.toml.
type input struct {
	rules.Pos
	Policy       string                    `toml:"policy"`
	From         string                    `toml:"from"`
	To           rules.Strings             `toml:"to"`
	Auth         string                    `toml:"auth"`
	Client       string                    `toml:"client"`
	Direction    string                    `toml:"direction"`
	Time         time.Time                 `toml:"time"`
	PerRecipient *bool                     `toml:"per_recipient"`
	Inside       map[string]rules.Strings  `toml:"inside"`
	Settings     map[string]map[string]any `toml:"settings"`
	Lists        map[string]rules.Strings  `toml:"lists"`
	Partners     map[string]string         `toml:"partners"`
	Facts        *rules.Facts              `toml:"facts"`
}

// envelope builds what the MTA would have said.
func (in *input) envelope(now time.Time) (*rules.Envelope, error) {
	m := &rules.Mistakes{}
	env := &rules.Envelope{Ref: "P-0000000000", Sender: strings.Trim(in.From, "<>"), User: in.Auth, Time: now, Direction: rules.Direction(in.Direction)}
	switch env.Direction {
	case "", rules.Outbound, rules.Internal, rules.Inbound:
	default:
		m.Add("envelope.toml", in.At("direction"), "", "direction is %q, wanted outbound, internal or inbound", in.Direction)
	}
	if in.Client != "" {
		client, err := netip.ParseAddr(in.Client)
		if err != nil {
			m.Add("envelope.toml", in.At("client"), "", "client is %q, wanted an IP address", in.Client)
		}
		env.Client = client
	}
	if !in.Has("auth") && in.Client == "" && env.Direction != rules.Inbound {
		env.User = cmp.Or(env.Sender, "insider")
	}
	env.Facts = in.Facts
	if !in.Time.IsZero() {
		env.Time = in.Time
	}
	for _, address := range in.To {
		env.Recipients = append(env.Recipients, rules.Recipient{Address: strings.Trim(address, "<>")})
	}
	if len(in.To) == 0 {
		m.Add("envelope.toml", 0, "", "to is missing: a mail needs a recipient")
	}
	if in.Policy == "" {
		m.Add("envelope.toml", 0, "", "policy is missing")
	}
	return env, m.Err()
}

// engine loads the policy with the case's lists and settings laid over it.
func (in *input) engine(dir string, a archive) (*rules.Engine, error) {
	opt := rules.Options{Overlay: in.overlay(), Routes: rules.Routes{PerRecipient: in.PerRecipient == nil || *in.PerRecipient}}
	if text, ok := a.files[in.Policy]; ok {
		return rules.LoadText(fmt.Sprintf("policy %q", in.Policy), []byte(text), dir, opt)
	}
	if slices.Contains(rules.Packs(), in.Policy) {
		opt.Unproved = true // a pack is proved by itself; hundreds of cases need not do it again
		return rules.Load(in.Policy, opt)
	}
	file := in.Policy
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	if _, err := os.Stat(file); err != nil {
		return rules.Load(in.Policy, opt) // it knows what to say
	}
	return rules.Load(file, opt)
}

// overlay writes the case's own lists and settings as a policy.
func (in *input) overlay() string {
	var b strings.Builder
	table := func(header string, values map[string]any) {
		fmt.Fprintf(&b, "[%s]\n", header)
		for _, key := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(&b, "%s = %s\n", quoted(key), literal(values[key]))
		}
	}
	if len(in.Inside) > 0 {
		values := map[string]any{}
		for key, value := range in.Inside {
			values[key] = value
		}
		table("inside", values)
	}
	for _, name := range slices.Sorted(maps.Keys(in.Lists)) {
		table("lists."+quoted(name), map[string]any{"entries": in.Lists[name]})
	}
	for _, domain := range slices.Sorted(maps.Keys(in.Partners)) {
		table("partners."+quoted(domain), map[string]any{"method": in.Partners[domain]})
	}
	for _, pack := range slices.Sorted(maps.Keys(in.Settings)) {
		table("settings."+quoted(pack), in.Settings[pack])
	}
	return b.String()
}

func literal(value any) string {
	switch v := value.(type) {
	case string:
		return quoted(v)
	case rules.Strings:
		items := make([]string, len(v))
		for i, s := range v {
			items[i] = quoted(s)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return fmt.Sprint(value)
}

// quoted writes a TOML basic string.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
