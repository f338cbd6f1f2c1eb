package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern-mail/postern/classify/extract"
	"github.com/postern-mail/postern/milter"
	"github.com/postern-mail/postern/milter/notice"
	"github.com/postern-mail/postern/rules"
)

// config is the daemon's TOML file. Every key is documented in postern.toml(5).
type config struct {
	Pos    rules.Pos
	Mode   string       `toml:"mode"`
	Milter milterConfig `toml:"milter"`
	HTTP   httpConfig   `toml:"http"`
	Policy policyConfig `toml:"policy"`
	Routes rules.Routes `toml:"routes"`
	MTA    mtaConfig    `toml:"mta"`
	Limits limitsConfig `toml:"limits"`
	OCR    ocrConfig    `toml:"ocr"`
	Audit  auditConfig  `toml:"audit"`
	Keys   keysConfig   `toml:"keys"`
	Log    logConfig    `toml:"log"`

	Sandbox sandboxConfig `toml:"sandbox"`
	Notices noticesConfig `toml:"notices"`
	Probe   probeConfig   `toml:"probe"`
	Facts   factsConfig   `toml:"facts"`

	allow []netip.Prefix // networks of milter.allow
}

type milterConfig struct {
	Pos         rules.Pos
	Listen      rules.Strings `toml:"listen"`
	SocketMode  string        `toml:"socket_mode"`
	SocketGroup string        `toml:"socket_group"`
	Allow       rules.Strings `toml:"allow"`
}

type httpConfig struct {
	Pos    rules.Pos
	Listen string `toml:"listen"`
}

type policyConfig struct {
	Pos    rules.Pos
	File   string `toml:"file"`
	Use    string `toml:"use"`
	Shadow string `toml:"shadow"`
}

// mtaConfig says where the MTA's own configuration lies; empty: nobody looks.
type mtaConfig struct {
	Pos           rules.Pos
	PostfixConfig string        `toml:"postfix_config"`
	SendmailCF    string        `toml:"sendmail_cf"`
	Every         time.Duration `toml:"every"`
}

type limitsConfig struct {
	Pos         rules.Pos
	Depth       int           `toml:"depth"`
	Parts       int           `toml:"parts"`
	Members     int           `toml:"members"`
	Ratio       int           `toml:"ratio"`
	PartBytes   size          `toml:"part_bytes"`
	MailBytes   size          `toml:"mail_bytes"`
	HeaderBytes size          `toml:"header_bytes"`
	PartTime    time.Duration `toml:"part_time"`
	MailTime    time.Duration `toml:"mail_time"`
	WaitTime    time.Duration `toml:"wait_time"`
	MailMemory  size          `toml:"mail_memory"`
	AppendBytes size          `toml:"append_bytes"`
	TotalMemory size          `toml:"total_memory"`
	Sessions    int           `toml:"sessions"`
	Scans       int           `toml:"scans"`
	Wait        time.Duration `toml:"overload_wait"`
}

type ocrConfig struct {
	Pos       rules.Pos
	Enabled   bool          `toml:"enabled"`
	Command   string        `toml:"command"`
	Languages string        `toml:"languages"`
	Time      time.Duration `toml:"time"`
	Memory    size          `toml:"memory"`
	Picture   size          `toml:"picture_bytes"`
	Processes int           `toml:"processes"`
}

type auditConfig struct {
	Pos     rules.Pos
	File    string `toml:"file"`
	OnError string `toml:"on_error"`
	Samples bool   `toml:"samples"`
}

type keysConfig struct {
	Pos             rules.Pos
	FingerprintFile string `toml:"fingerprint_file"`
}

type noticesConfig struct {
	Pos     rules.Pos
	Folder  string        `toml:"folder"`
	Server  string        `toml:"server"`
	From    string        `toml:"from"`
	Quiet   time.Duration `toml:"quiet"`
	PerHour int           `toml:"per_hour"`
	MaxAge  time.Duration `toml:"max_age"`
}

type factsConfig struct {
	Pos    rules.Pos
	Folder string        `toml:"folder"`
	Window time.Duration `toml:"window"`
	Pairs  int           `toml:"pairs"`
}

type probeConfig struct {
	Pos        rules.Pos
	Enabled    bool          `toml:"enabled"`
	Resolver   string        `toml:"resolver"`
	Cache      string        `toml:"cache"`
	Fresh      time.Duration `toml:"fresh"`
	Time       time.Duration `toml:"time"`
	Domains    int           `toml:"domains"`
	Concurrent int           `toml:"concurrent"`
	Helo       string        `toml:"helo"`
	CAFile     string        `toml:"ca_file"`
	Table      string        `toml:"table"`
}

type logConfig struct {
	Pos    rules.Pos
	Format string `toml:"format"`
	Level  string `toml:"level"`
}

// sandboxConfig is what the daemon may reach of the file system beside the files
// that its configuration names.
type sandboxConfig struct {
	Pos   rules.Pos
	Use   string   `toml:"use"`
	Read  []string `toml:"read"`
	Write []string `toml:"write"`
}

// defaults is the configuration without a file: observe mode, loopback only, all
// detectors, no pack.
func defaults() config {
	l, o := extract.DefaultLimits, extract.DefaultTesseract
	return config{
		Mode:   "observe",
		Milter: milterConfig{Listen: rules.Strings{"inet:127.0.0.1:8892"}, SocketMode: "0660"},
		HTTP:   httpConfig{Listen: "127.0.0.1:9892"},
		Routes: rules.Routes{MTA: rules.Postfix},
		Limits: limitsConfig{
			Depth: l.Depth, Parts: l.Parts, Members: l.Members, Ratio: l.Ratio,
			PartBytes: size(l.PartBytes), MailBytes: size(l.MailBytes), HeaderBytes: size(l.HeaderBytes),
			PartTime: l.PartTime, MailTime: l.MailTime, WaitTime: l.WaitTime,
			MailMemory: size(l.MailMemory), AppendBytes: rules.DefaultAppendBytes, TotalMemory: 1 << 30, Sessions: 10_000,
			Scans: 256, Wait: 5 * time.Second,
		},
		OCR: ocrConfig{
			Command: o.Program, Languages: o.Languages, Time: o.Time, Memory: size(o.Memory), Picture: size(o.Picture), Processes: o.Processes,
		},
		MTA:   mtaConfig{Every: 15 * time.Minute},
		Audit: auditConfig{OnError: "continue"},
		Notices: noticesConfig{
			Server: "127.0.0.1:25", Quiet: 15 * time.Minute, PerHour: 30, MaxAge: 5 * 24 * time.Hour,
		},
		Sandbox: sandboxConfig{Use: "auto"},
		Facts:   factsConfig{Window: 24 * time.Hour, Pairs: 200_000},
		Probe:   probeConfig{Fresh: time.Hour, Time: 30 * time.Second, Domains: 10_000, Concurrent: 4},
		Log:     logConfig{Format: "text", Level: "info"},
	}
}

// loadConfig reads the file over the defaults; the empty name is the defaults
// alone. The error lists all mistakes of the file, those included that matter to
// the daemon only if serving.
func loadConfig(file string, serving bool) (config, error) {
	c := defaults()
	if file == "" {
		return c, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return c, err
	}
	mistakes := rules.DecodeTOML(strconv.Quote(file), data, &c)
	if mistakes == nil {
		mistakes = &rules.Mistakes{}
	}
	c.check(mistakes)
	if serving {
		c.checkFiles(mistakes)
	}
	return c, mistakes.Err()
}

// check adds every value that is no good: where, what was got and wanted.
func (c *config) check(mistakes *rules.Mistakes) {
	oneOf := func(at rules.Pos, key, got string, want ...string) {
		if !slices.Contains(want, got) {
			mistakes.Add(at.File, at.At(key), "one of: "+strings.Join(want, ", "), "%s: got %q", key, got)
		}
	}
	oneOf(c.Pos, "mode", c.Mode, "observe", "enforce")
	oneOf(c.Routes.Pos, "mta", c.Routes.MTA, rules.Postfix, rules.Sendmail)
	checkRoutes(c.Routes, mistakes)
	oneOf(c.Audit.Pos, "on_error", c.Audit.OnError, "continue", "tempfail")
	oneOf(c.Sandbox.Pos, "use", c.Sandbox.Use, "auto", "require", "off")
	oneOf(c.Log.Pos, "format", c.Log.Format, "text", "json")
	oneOf(c.Log.Pos, "level", c.Log.Level, "debug", "info", "warn", "error")
	if at := c.Policy.Pos; c.Policy.File != "" && c.Policy.Use != "" {
		mistakes.Add(at.File, at.At("use"), fmt.Sprintf("say use = [%q] in %s", c.Policy.Use, c.Policy.File),
			"file and use cannot both be given")
	}
	c.checkListen(mistakes)
	c.allow = c.Milter.networks(mistakes)
	if at := c.Milter.Pos; !isMode(c.Milter.SocketMode) {
		mistakes.Add(at.File, at.At("socket_mode"), "", "socket_mode: got %q, wanted four octal digits such as \"0660\"", c.Milter.SocketMode)
	}
	c.MTA.check(c.Routes, mistakes)
	c.Limits.check(mistakes)
	c.OCR.check(mistakes)
	c.Notices.check(mistakes)
	c.Probe.check(mistakes)
	c.Facts.check(mistakes)
}

// installed is where the configuration of the MTA lies, whichever it is.
func (m *mtaConfig) installed() string { return cmp.Or(m.PostfixConfig, m.SendmailCF) }

// check finds two MTAs in place of one, and an interval that never ends.
func (m *mtaConfig) check(routes rules.Routes, mistakes *rules.Mistakes) {
	switch {
	case m.PostfixConfig != "" && m.SendmailCF != "":
	case m.PostfixConfig != "" && routes.OnSendmail():
		mistakes.Add(m.Pos.File, m.Pos.At("postfix_config"), "name its sendmail_cf, or leave mta out of [routes]", "postfix_config: [routes] says that the MTA is Sendmail")
	case m.SendmailCF != "" && !routes.OnSendmail():
		mistakes.Add(m.Pos.File, m.Pos.At("sendmail_cf"), `write mta = "sendmail" under [routes]`, "sendmail_cf: [routes] says that the MTA is Postfix")
	}
	if m.PostfixConfig != "" && m.SendmailCF != "" {
		mistakes.Add(m.Pos.File, m.Pos.At("sendmail_cf"), "keep the one that asks this postern", "postfix_config and sendmail_cf cannot both be given")
	}
	if m.Every < time.Second {
		mistakes.Add(m.Pos.File, m.Pos.At("every"), "", "every: got %s, wanted a second or more", m.Every)
	}
}

// checkRoutes finds what the MTA can never do.
func checkRoutes(r rules.Routes, mistakes *rules.Mistakes) {
	wrong := func(key, fix, text string) { mistakes.Add(r.Pos.File, r.Pos.At(key), fix, "%s: %s", key, text) }
	const fix = "leave it out; partner_tls = true is for the domains of the partner registry, a gateway for all others"
	if r.OnSendmail() && r.TLS {
		wrong("tls", fix, "Sendmail cannot force TLS for one mail")
	}
	if r.OnSendmail() && r.TLSVerified {
		wrong("tls_verified", fix, "Sendmail cannot force TLS for one mail")
	}
	if !r.OnSendmail() && r.PartnerTLS {
		wrong("partner_tls", "set tls and tls_verified", "only Sendmail needs it")
	}
}

// check finds a server that is not on this machine, and bounds that send nothing.
func (n *noticesConfig) check(mistakes *rules.Mistakes) {
	if _, _, err := notice.ParseServer(n.Server); err != nil {
		mistakes.Add(n.Pos.File, n.Pos.At("server"), "", "server: %v", err)
	}
	if n.From != "" && strings.Count(n.From, "@") != 1 {
		mistakes.Add(n.Pos.File, n.Pos.At("from"), "", "from: got %q, wanted an address such as \"postern@example.org\"", n.From)
	}
	for key, value := range map[string]int64{"quiet": int64(n.Quiet), "per_hour": int64(n.PerHour), "max_age": int64(n.MaxAge)} {
		if value <= 0 {
			mistakes.Add(n.Pos.File, n.Pos.At(key), "", "%s: got %d, wanted more than 0", key, value)
		}
	}
}

// checkListen finds addresses that nobody can listen on.
func (c *config) checkListen(mistakes *rules.Mistakes) {
	at := c.Milter.Pos
	if len(c.Milter.Listen) == 0 {
		mistakes.Add(at.File, at.At("listen"), "", "listen: no address, wanted inet:HOST:PORT or unix:PATH")
	}
	for _, spec := range c.Milter.Listen {
		if err := milter.CheckListen(spec, ""); err != nil {
			mistakes.Add(at.File, at.At("listen"), "", "%v", err)
		}
	}
	if err := milter.CheckListen("unix:/", c.Milter.SocketGroup); err != nil {
		mistakes.Add(at.File, at.At("socket_group"), "", "socket_group: %v", err)
	}
	if strings.HasPrefix(c.HTTP.Listen, "fd:") {
		return
	}
	if _, port, err := net.SplitHostPort(c.HTTP.Listen); err != nil || port == "" {
		at := c.HTTP.Pos
		mistakes.Add(at.File, at.At("listen"), "", "http listen: got %q, wanted HOST:PORT such as \"127.0.0.1:9892\", or fd:NAME", c.HTTP.Listen)
	}
}

// checkFiles finds files that are not there.
func (c *config) checkFiles(mistakes *rules.Mistakes) {
	if file := c.Keys.FingerprintFile; file != "" {
		if _, err := os.Stat(file); err != nil {
			mistakes.Add(c.Keys.Pos.File, c.Keys.Pos.At("fingerprint_file"), "make one that the daemon alone can read: (umask 077; openssl rand -hex 32 > "+file+")", "%v", err)
		}
	}
	for what, one := range map[string]struct {
		at     rules.Pos
		folder string
	}{"notices": {c.Notices.Pos, c.Notices.Folder}, "facts": {c.Facts.Pos, c.Facts.Folder}} {
		if one.folder == "" {
			continue
		}
		if info, err := os.Stat(one.folder); err != nil || !info.IsDir() {
			mistakes.Add(one.at.File, one.at.At("folder"), "make the folder first, for postern alone: install -d -m 0700 -o postern "+one.folder, "%s folder %q is not there", what, one.folder)
		}
	}
	if file := c.Probe.Cache; file != "" && c.Probe.Enabled {
		if _, err := os.Stat(filepath.Dir(file)); err != nil {
			mistakes.Add(c.Probe.Pos.File, c.Probe.Pos.At("cache"), "make the directory first", "probe cache: %v", err)
		}
	}
	if file := c.Probe.CAFile; file != "" && c.Probe.Enabled {
		if _, err := os.Stat(file); err != nil {
			mistakes.Add(c.Probe.Pos.File, c.Probe.Pos.At("ca_file"), "name the file that smtp_tls_CAfile names", "probe ca_file: %v", err)
		}
	}
	if file := c.Audit.File; file != "" {
		if _, err := os.Stat(filepath.Dir(file)); err != nil {
			mistakes.Add(c.Audit.Pos.File, c.Audit.Pos.At("file"), "make the directory first", "audit file: %v", err)
		}
	}
}

func isMode(s string) bool {
	_, err := parseMode(s)
	return err == nil
}

// check finds limits that would let nothing through.
func (l *limitsConfig) check(mistakes *rules.Mistakes) {
	for _, n := range []struct {
		key   string
		value int64
	}{
		{"depth", int64(l.Depth)},
		{"parts", int64(l.Parts)},
		{"members", int64(l.Members)},
		{"ratio", int64(l.Ratio)},
		{"part_bytes", int64(l.PartBytes)},
		{"mail_bytes", int64(l.MailBytes)},
		{"header_bytes", int64(l.HeaderBytes)},
		{"part_time", int64(l.PartTime)},
		{"mail_time", int64(l.MailTime)},
		{"wait_time", int64(l.WaitTime)},
		{"mail_memory", int64(l.MailMemory)},
		{"append_bytes", int64(l.AppendBytes)},
		{"total_memory", int64(l.TotalMemory)},
		{"sessions", int64(l.Sessions)},
		{"scans", int64(l.Scans)},
	} {
		if n.value <= 0 {
			mistakes.Add(l.Pos.File, l.Pos.At(n.key), "", "%s: got %d, wanted more than 0", n.key, n.value)
		}
	}
	if l.Wait < 0 || l.Wait > maxOverloadWait {
		mistakes.Add(l.Pos.File, l.Pos.At("overload_wait"), "", "overload_wait: got %v, wanted 0s to %v", l.Wait, maxOverloadWait)
	}
}

// maxOverloadWait is less than MTAs wait for the answer to a packet.
const maxOverloadWait = time.Minute

// budget is what the mails being read may hold: of all memory a quarter is for
// the policy, the connections and what the garbage collector has yet to free.
func (l *limitsConfig) budget() int64 { return int64(l.TotalMemory) / 4 * 3 }

// check finds bounds that would let no picture be read.
func (o *ocrConfig) check(mistakes *rules.Mistakes) {
	for _, n := range []struct {
		key   string
		value int64
	}{
		{"time", int64(o.Time)}, {"memory", int64(o.Memory)}, {"picture_bytes", int64(o.Picture)}, {"processes", int64(o.Processes)},
	} {
		if n.value <= 0 {
			mistakes.Add(o.Pos.File, o.Pos.At(n.key), "", "%s: got %d, wanted more than 0", n.key, n.value)
		}
	}
	for key, value := range map[string]string{"command": o.Command, "languages": o.Languages} {
		if value == "" || strings.HasPrefix(value, "-") {
			mistakes.Add(o.Pos.File, o.Pos.At(key), "", "%s: got %q, wanted such as %q", key, value,
				map[string]string{"command": "/usr/bin/tesseract", "languages": "eng+fra"}[key])
		}
	}
}

// reader is what reads the text in pictures; nil if nobody shall. The error says
// that its program is not there: pictures then count as unread.
func (o *ocrConfig) reader() (extract.OCR, error) {
	if !o.Enabled {
		return nil, nil
	}
	return extract.NewTesseract(extract.Tesseract{
		Program: o.Command, Languages: o.Languages, Time: o.Time, Memory: int64(o.Memory), Picture: int64(o.Picture), Processes: o.Processes,
	})
}

func (c *config) enforce() bool { return c.Mode == "enforce" }

func (l *limitsConfig) extract() extract.Limits {
	return extract.Limits{
		Depth: l.Depth, Parts: l.Parts, Members: l.Members, Ratio: l.Ratio,
		PartBytes: int64(l.PartBytes), MailBytes: int64(l.MailBytes), HeaderBytes: int64(l.HeaderBytes),
		PartTime: l.PartTime, MailTime: l.MailTime, WaitTime: l.WaitTime,
		MailMemory: int64(l.MailMemory),
	}
}

// policyOptions is what the engine must know of the configuration.
func (c *config) policyOptions() (rules.Options, error) {
	opt := rules.Options{Clock: time.Now, Routes: c.Routes, Enforce: c.enforce(), Limits: c.Limits.extract(), AppendBytes: int64(c.Limits.AppendBytes)}
	if c.Keys.FingerprintFile != "" {
		keys, err := readKeys(c.Keys.FingerprintFile)
		if err != nil {
			return opt, err
		}
		opt.FingerprintKeys = keys
	}
	return opt, nil
}

// policyName is what rules.Load takes: the flag, else the file, else the pack.
func (c *config) policyName(flag string) string {
	return cmp.Or(flag, c.Policy.File, c.Policy.Use)
}

// load reads the configuration and builds the engine that it names. What is amiss
// and yet no error goes to talk.
func (g *global) load(reveal bool, talk io.Writer) (*rules.Engine, config, error) {
	c, err := loadConfig(g.config, false)
	if err != nil {
		return nil, c, err
	}
	opt, err := c.policyOptions()
	if err != nil {
		return nil, c, err
	}
	opt.Reveal = reveal
	var missing error
	if opt.OCR, missing = c.OCR.reader(); missing != nil {
		fmt.Fprintf(talk, "postern: warning: %v\n", missing)
	}
	engine, err := rules.Load(c.policyName(g.policy), opt)
	return engine, c, err
}

// size is a number of bytes: 1048576, or a string such as "1024KiB" or "1MiB".
type size int64

var sizeUnits = []struct {
	suffix string
	factor int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"", 1}}

// UnmarshalText reads a number with or without a unit.
func (s *size) UnmarshalText(b []byte) error {
	for _, u := range sizeUnits {
		number, ok := strings.CutSuffix(string(b), u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n > math.MaxInt64/u.factor {
			break
		}
		*s = size(n * u.factor)
		return nil
	}
	return fmt.Errorf("got %q, wanted a number of bytes, such as 65536 or \"64MiB\"", b)
}
