package probe

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestWhatADestinationCanDo(t *testing.T) {
	w := newWorld(t)
	unknown := newAuthority(t, "stranger")
	with := func(pair tls.Certificate, domain string) *mailHost {
		w.set(domain, "MX", "10 mx."+domain+".")
		return w.host("mx."+domain, &pair)
	}
	// By certificate.
	w.domain("good.test", "good.test")
	w.domain("below.test", "mx.below.test")
	w.domain("plain.test")
	w.domain("other.test", "mx.elsewhere.test")
	w.domain("evil.test", "notevil.test")
	with(unknown.issue(t, time.Hour, "stranger.test"), "stranger.test")
	with(w.ca.issue(t, -time.Minute, "expired.test"), "expired.test")
	w.domain("refusing.test", "refusing.test").refuse.Store(true)
	w.domain("old.test", "old.test").config.Load().MaxVersion = tls.VersionTLS11
	w.domain("down.test", "down.test").listener.Close()
	w.set("bare.test", "X", "")
	w.records["bare.test A"] = nil
	w.set("nomail.test", "MX", "0 .")
	w.set("broken.test", "MX", "10 mx.good.test.")
	w.broken["broken.test MX"] = true
	bare := w.ca.issue(t, time.Hour, "noMX.test")
	w.host("nomx.test", &bare)
	// The weakest host counts.
	w.set("mixed.test", "MX", "10 mx.good.test.", "20 mx.plain.test.")
	w.set("halfdown.test", "MX", "10 mx.below.test.", "20 mx.down.test.")
	w.set("somebody.test", "MX", "10 mx.good.test.")
	// By DANE.
	dane := func(domain string, usage int, of func(tls.Certificate) []byte, names ...string) {
		pair := unknown.issue(t, time.Hour, names...)
		if usage == 3 {
			pair.Certificate = pair.Certificate[:1]
		}
		with(pair, domain)
		w.set("_"+w.listenerPort()+"._tcp.mx."+domain, "TLSA", tlsa(usage, 1, of(pair)))
		w.sign(domain, "mx."+domain, "_"+w.listenerPort()+"._tcp.mx."+domain)
	}
	key := func(c tls.Certificate) []byte { return c.Leaf.RawSubjectPublicKeyInfo }
	issuer := func(tls.Certificate) []byte { return unknown.cert.RawSubjectPublicKeyInfo }
	dane("dane.test", 3, key, "whoever.test")
	dane("dane-ta.test", 2, issuer, "mx.dane-ta.test")
	dane("dane-ta-name.test", 2, issuer, "mx.other.test")
	dane("dane-wrong.test", 3, issuer, "dane-wrong.test")
	dane("dane-pkix.test", 1, key, "dane-pkix.test")
	dane("dane-unsigned.test", 3, key, "x.test")
	delete(w.signed, "mx.dane-unsigned.test")
	dane("dane-broken.test", 3, key, "x.test")
	w.broken["_"+w.listenerPort()+"._tcp.mx.dane-broken.test TLSA"] = true
	w.domain("dane-fails.test", "dane-fails.test") // its certificate would do
	w.set("_"+w.listenerPort()+"._tcp.mx.dane-fails.test", "TLSA", tlsa(3, 1, []byte("another key")))
	w.sign("dane-fails.test", "mx.dane-fails.test", "_"+w.listenerPort()+"._tcp.mx.dane-fails.test")
	// By MTA-STS.
	sts := func(domain, policy string) {
		w.set("_mta-sts."+domain, "TXT", `"v=STSv1; id=1;"`)
		w.set("mta-sts."+domain, "A", "127.0.0.1")
		w.sts.HandleFunc("mta-sts."+domain+stsWellKnown, func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Content-Type", "text/plain")
			_, _ = out.Write([]byte(policy))
		})
	}
	w.set("sts.test", "MX", "10 mx.provider.test.")
	w.set("bad.test", "MX", "10 mx.provider.test.")
	w.set("redirect.test", "MX", "10 mx.provider.test.")
	provider := w.ca.issue(t, time.Hour, "mx.provider.test")
	w.host("mx.provider.test", &provider)
	sts("sts.test", "version: STSv1\r\nmode: enforce\r\nmx: *.provider.test\r\nmax_age: 86400\r\n")
	sts("bad.test", "version: STSv1\nmode: enforce\nmx: mx.bad.test\nmax_age: 86400\n")
	w.sts.Handle("mta-sts.redirect.test/", http.RedirectHandler("https://mta-sts.sts.test"+stsWellKnown, http.StatusFound))
	w.set("_mta-sts.redirect.test", "TXT", `"v=STSv1; id=1;"`)
	w.set("mta-sts.redirect.test", "A", "127.0.0.1")

	c := w.open()
	for domain, want := range map[string]struct {
		state   State
		by      Means
		problem Problem
	}{
		"good.test":          {Verified, ByCertificate, ""},
		"below.test":         {Verified, ByCertificate, ""},
		"plain.test":         {None, "", ""},
		"other.test":         {TLS, "", ""},
		"evil.test":          {TLS, "", ""},
		"stranger.test":      {TLS, "", ""},
		"expired.test":       {TLS, "", ""},
		"refusing.test":      {None, "", ""},
		"old.test":           {None, "", ""},
		"down.test":          {Unknown, "", Unreachable},
		"absent.test":        {Unknown, "", NoDomain},
		"bare.test":          {Unknown, "", Unreachable},
		"nomail.test":        {Unknown, "", NoMail},
		"broken.test":        {Unknown, "", NoAnswer},
		"nomx.test":          {Verified, ByCertificate, ""},
		"mixed.test":         {None, "", ""},
		"halfdown.test":      {TLS, "", ""},
		"somebody.test":      {TLS, "", ""},
		"dane.test":          {Verified, ByDANE, ""},
		"dane-ta.test":       {Verified, ByDANE, ""},
		"dane-ta-name.test":  {TLS, "", ""},
		"dane-wrong.test":    {TLS, "", ""},
		"dane-pkix.test":     {TLS, "", ""},
		"dane-unsigned.test": {TLS, "", ""},
		"dane-broken.test":   {TLS, "", ""},
		"dane-fails.test":    {TLS, "", ""},
		"sts.test":           {Verified, BySTS, ""},
		"bad.test":           {TLS, "", ""},
		"redirect.test":      {TLS, "", ""},
	} {
		t.Run(domain, func(t *testing.T) {
			t.Parallel()
			r, err := c.Probe(t.Context(), domain, false)
			if err != nil {
				t.Fatal(err)
			}
			if r.State != want.state || r.By != want.by || r.Problem != want.problem {
				t.Errorf("got %s by %q (%s), want %s by %q (%s): %+v", r.State, r.By, r.Problem, want.state, want.by, want.problem, r)
			}
		})
	}
}

func TestTheADBitOfAStrangerIsNotBelieved(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1": true, "::1": true, "192.0.2.1:5353": true, "[2001:db8::1]:53": true} {
		r, err := newResolver(address)
		if err != nil || r.servers[0].trusted != want {
			t.Errorf("%s: got %+v, %v", address, r, err)
		}
	}
	for _, address := range []string{"localhost", "192.0.2.1.2", "127.0.0.1:", ":53"} {
		if CheckResolver(address) == nil {
			t.Errorf("%q passes for an address", address)
		}
	}
}

func TestThePolicyOfBeforeStaysWhileNoneCanBeHad(t *testing.T) {
	w := newWorld(t)
	pair := w.ca.issue(t, time.Hour, "mx.provider.test")
	w.host("mx.provider.test", &pair)
	w.set("lost.test", "MX", "10 mx.provider.test.")
	w.set("_mta-sts.lost.test", "TXT", `"v=STSv1; id=1;"`)
	w.set("mta-sts.lost.test", "A", "127.0.0.1")
	fetched := 0
	w.sts.HandleFunc("/", func(out http.ResponseWriter, _ *http.Request) {
		fetched++
		out.Header().Set("Content-Type", "text/plain; charset=us-ascii")
		_, _ = out.Write([]byte("version: STSv1\nmode: enforce\nmx: mx.provider.test\nmax_age: 86400\n"))
	})
	c := w.open()
	for i, change := range []func(){
		func() {},
		func() {}, // the same id: the policy is not fetched again
		func() { w.set("_mta-sts.lost.test", "TXT", `"v=STSv1; id=2;"`); w.set("mta-sts.lost.test", "A") },
		func() { w.set("_mta-sts.lost.test", "TXT") },
	} {
		change()
		if r := w.probe(c, "lost.test"); r.By != BySTS || r.STS.ID != "1" {
			t.Errorf("step %d: got %s by %q, %+v", i, r.State, r.By, r.STS)
		}
	}
	if fetched != 1 {
		t.Errorf("the policy was fetched %d times, want once", fetched)
	}
}

func TestPoliciesAreReadStrictly(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"the RFC's example":     {"version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmx: backupmx.example.com\nmax_age: 604800\n", true},
		"no end of the last":    {"version: STSv1\r\nmode: testing\r\nmx: a.example\r\nmax_age: 1", true},
		"none needs no host":    {"version: STSv1\nmode: none\nmax_age: 1", true},
		"another version":       {"version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1", false},
		"no mode":               {"version: STSv1\nmx: a.example\nmax_age: 1", false},
		"no host":               {"version: STSv1\nmode: enforce\nmax_age: 1", false},
		"no age":                {"version: STSv1\nmode: enforce\nmx: a.example", false},
		"an age of centuries":   {"version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 99999999999", false},
		"a host of two":         {"version: STSv1\nmode: enforce\nmx: a.example:b.example\nmax_age: 1", false},
		"everything":            {"version: STSv1\nmode: enforce\nmx: *\nmax_age: 1", false},
		"more than it may hold": {"version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1\n" + strings.Repeat("x: y\n", 20000), false},
	} {
		if _, err := parsePolicy(strings.NewReader(c.text), time.Now()); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := Policy{MX: []string{"mail.example.com", "*.example.net"}}
	for host, want := range map[string]bool{
		"mail.example.com": true, "example.com": false, "a.example.net": true, "a.b.example.net": false, "example.net": false, "evilexample.net": false,
	} {
		if p.allows(host) != want {
			t.Errorf("%s: got %v", host, !want)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add("version: STSv1\nmode: enforce\nmx: mail.example.com\nmax_age: 604800\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePolicy(strings.NewReader(text), time.Now())
		if err != nil {
			return
		}
		r := Result{STS: p}
		if level := r.level(); strings.ContainsAny(level, "\r\n\t,") || strings.Count(level, " ") > 3 {
			t.Errorf("%q makes the entry %q", text, level)
		}
	})
}
