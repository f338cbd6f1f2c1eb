package milter

import (
	"net"
	"strings"
	"testing"

	gomilter "github.com/emersion/go-milter"
)

// BenchmarkMail sends whole mails through the library's client, to postern with
// a policy that reads and forgets, and to a bare milter that does nothing. The
// difference is what the door costs.
func BenchmarkMail(b *testing.B) {
	small, large := strings.Repeat("0123456789abcde\n", 4<<10/16), strings.Repeat("0123456789abcde\n", 64<<10/16)
	for _, size := range []struct{ name, body string }{{"4KiB", small}, {"64KiB", large}} {
		b.Run(size.name+"/postern", func(b *testing.B) {
			h := serve(b, &fakeEngine{}, func(c *Config) { c.engine = func() engine { return &fakeEngine{} } })
			benchmarkMail(b, h.addr, size.body)
		})
		b.Run(size.name+"/no-op", func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			server := gomilter.Server{NewMilter: func() gomilter.Milter { return gomilter.NoOpMilter{} }}
			go func() { _ = server.Serve(l) }()
			defer server.Close()
			benchmarkMail(b, l.Addr().String(), size.body)
		})
	}
}

func benchmarkMail(b *testing.B, addr, body string) {
	b.Helper()
	session, err := gomilter.NewClientWithOptions("tcp", addr, gomilter.ClientOptions{ActionMask: 0x3f}).Session()
	if err != nil {
		b.Fatal(err)
	}
	defer session.Close()
	must := func(_ *gomilter.Action, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	macros := func(code gomilter.Code, kv ...string) {
		if err := session.Macros(code, kv...); err != nil {
			b.Fatal(err)
		}
	}
	must(session.Conn("a.example", gomilter.FamilyInet, 4711, "192.0.2.7"))
	must(session.Helo("a.example"))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		macros(gomilter.CodeMail, "{auth_authen}", "alice")
		must(session.Mail("alice@inside.example", nil))
		macros(gomilter.CodeRcpt, "i", "4QxYz", "{rcpt_addr}", "bob@outside.example", "{rcpt_mailer}", "smtp")
		must(session.Rcpt("bob@outside.example", nil))
		for range 10 {
			macros(gomilter.CodeHeader, "i", "4QxYz")
			must(session.HeaderField("Received", "from a.example by b.example; Mon, 23 Nov 2026 18:00:00 +0000"))
		}
		macros(gomilter.CodeEOH, "i", "4QxYz")
		must(session.HeaderEnd())
		_, action, err := session.BodyReadFrom(strings.NewReader(body))
		if err != nil || action.Code != gomilter.ActAccept {
			b.Fatal(action, err)
		}
		if err := session.Abort(); err != nil {
			b.Fatal(err)
		}
	}
}
