package load

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-milter"

	"github.com/postern-mail/postern/classify"
)

// judge answers by the Subject and counts what it saw.
type judge struct {
	milter.NoOpMilter
	subject string
	bytes   int
}

func (j *judge) Header(name, value string, _ *milter.Modifier) (milter.Response, error) {
	if name == "Subject" {
		j.subject = value
	}
	if j.subject == "early" {
		return milter.RespTempFail, nil
	}
	if j.subject == "hang up" {
		return nil, errors.New("enough")
	}
	return milter.RespContinue, nil
}

func (j *judge) BodyChunk(b []byte, _ *milter.Modifier) (milter.Response, error) {
	j.bytes += len(b)
	return milter.RespContinue, nil
}

func (j *judge) Body(m *milter.Modifier) (milter.Response, error) {
	defer func() { j.bytes = 0 }()
	switch j.subject {
	case "hold":
		return milter.RespAccept, m.Quarantine("look at it")
	case "edit":
		return milter.RespAccept, m.AddHeader("X", "y")
	case "refuse":
		return milter.NewResponseStr('y', "550 5.7.1 no"), nil
	case "long":
		if j.bytes != 200_000 {
			return milter.RespDiscard, nil
		}
	}
	return milter.RespAccept, nil
}

func judges(t *testing.T, network, address string) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	server := milter.Server{NewMilter: func() milter.Milter { return &judge{} }, Actions: milter.OptAddHeader | milter.OptQuarantine}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	return l.Addr().String()
}

func TestVerdictsAreCounted(t *testing.T) {
	options := Options{From: "a@inside.example", To: []string{"b@outside.example", "c@outside.example"}, User: "a", Connections: 3, PerConnection: 4, Count: 70}
	for _, subject := range []string{"fine", "hold", "edit", "refuse", "early", "hang up"} {
		options.Mails = append(options.Mails, Parse(subject, []byte("Subject: "+subject+"\nX: y\n\nbody\n")))
	}
	options.Mails = append(options.Mails, Parse("long", []byte("Subject: long\n\n"+strings.Repeat("0123456789abcdef\r\n", 200_000/18)+"12")))
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "socket")} {
		t.Run(network, func(t *testing.T) {
			options.Network, options.Address = network, judges(t, network, address)
			got, err := Run(t.Context(), options)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]int64{"accept": 30, "hold": 10, "reject 550 5.7.1": 10, "tempfail": 10}
			if !maps.Equal(got.Verdicts, want) || got.Mails != 60 || got.Edited != 10 {
				t.Errorf("verdicts %v of %d mails, %d edited", got.Verdicts, got.Mails, got.Edited)
			}
			if !maps.Equal(got.Errors, map[string]int64{"connection closed by the milter": 10}) || got.Failed() != 10 {
				t.Errorf("errors %v", got.Errors)
			}
			if got.Message.Max() < got.Verdict.Max() || got.Verdict.Quantile(.5) <= 0 || got.Bytes < 10*200_000 {
				t.Errorf("mails took %v, verdicts %v, %d bytes", got.Message.Max(), got.Verdict.Max(), got.Bytes)
			}
		})
	}
}

func TestRunEndsInTime(t *testing.T) {
	o := Options{Network: "tcp", Address: judges(t, "tcp", "127.0.0.1:0"), Mails: []Mail{*Kind("text")}, Rate: 100, Duration: 200 * time.Millisecond, From: "a@b", To: []string{"c@d"}}
	got, err := Run(t.Context(), o)
	if err != nil || got.Mails < 1 || got.Mails > int64(100*got.Elapsed.Seconds())+2 || got.Failed() > 0 {
		t.Errorf("at 100 mails a second %d were sent in 0.2 s, errors %v, %v", got.Mails, got.Errors, err)
	}
}

func TestNobodyThereIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := Run(t.Context(), Options{Network: "tcp", Address: l.Addr().String(), Mails: []Mail{{}}, Count: 1}); err == nil {
		t.Error("no error")
	}
}

func TestAMailIsSplitAsAnMTADoes(t *testing.T) {
	for name, tt := range map[string]struct{ raw, header, body string }{
		"lines of LF":                     {"A: b\nC: d\n\nx\ny\n", "A=b|C=d", "x\r\ny\r\n"},
		"folded fields":                   {"A: b\r\n c\r\n\td\r\nE:f\r\n\r\nx", "A=b\n c\n\td|E=f", "x"},
		"a line that is no field":         {"A: b\r\nno field\r\n\r\nx", "A=b", "no field\r\n\r\nx"},
		"no header":                       {"\r\nx\r\n", "", "x\r\n"},
		"no body":                         {"A: b\r\n", "A=b", ""},
		"a first line that is a fold":     {" A: b\r\n\r\nx", "", " A: b\r\n\r\nx"},
		"both line ends and a lone CR":    {"A: b\n\na\rb\nc\r\nd", "A=b", "a\rb\r\nc\r\nd"},
		"an empty value and a long blank": {"A:\nB:  c\n\n", "A=|B= c", ""},
	} {
		m := Parse("", []byte(tt.raw))
		var fields []string
		for _, f := range m.Fields {
			fields = append(fields, f.Name+"="+f.Value)
		}
		if got := strings.Join(fields, "|"); got != tt.header || string(m.Body) != tt.body {
			t.Errorf("%s: header %q, body %q", name, got, m.Body)
		}
	}
}

func TestQuantilesAreRightToTwoPercent(t *testing.T) {
	var h, other Histogram
	for i := 1; i <= 100_000; i++ {
		if i%3 == 0 {
			h.Add(time.Duration(i) * time.Microsecond)
		} else {
			other.Add(time.Duration(i) * time.Microsecond)
		}
	}
	h.merge(&other)
	for q, want := range map[float64]float64{0.001: 1e5, .5: 5e7, .99: 9.9e7, .999: 9.99e7, 1: 1e8} {
		if got := float64(h.Quantile(q)); got < want || got > want*1.02 {
			t.Errorf("the quantile %v is %v, want %v", q, got, want)
		}
	}
	if h.Max() != 100*time.Millisecond || (&Histogram{}).Quantile(.5) != 0 {
		t.Error("the maximum, or an empty histogram, is wrong")
	}
	h.Add(1000 * time.Hour)
	if h.Quantile(1) != 1000*time.Hour {
		t.Errorf("the longest is %v", h.Quantile(1))
	}
}

func TestKindsAreWhatTheySay(t *testing.T) {
	scanner, err := classify.NewScanner(classify.Config{})
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int64{
		"text": 4 << 10, "card": 4 << 10, "html": 64 << 10, "docx": 1 << 20, "pdf": 1 << 20,
		"csv": 10 << 20, "docx10": 10 << 20, "pdf10": 10 << 20,
	}
	for _, kind := range Kinds() {
		m := Kind(kind)
		if n, want := m.Bytes(), sizes[kind]; n < want*9/10 || n > want*13/10 {
			t.Errorf("%s has %d bytes, want %d", kind, n, want)
		}
		if want := sizes[kind]; want > 1<<20 {
			continue // the same as the smaller ones, and long to read
		}
		var raw bytes.Buffer
		for _, f := range m.Fields {
			raw.WriteString(f.Name + ": " + f.Value + "\r\n")
		}
		raw.WriteString("\r\n")
		raw.Write(m.Body)
		report, err := scanner.ScanMail(context.Background(), &raw)
		if err != nil {
			t.Fatal(err)
		}
		if unread := report.Unread(); len(unread) > 0 || len(report.Anomalies) > 0 {
			t.Errorf("%s: unread %v, anomalies %v", kind, unread, report.Anomalies)
		}
		cards := report.Counts()["payment-card"].Unique
		if want := map[bool]int{true: 1}[kind == "card"]; cards != want {
			t.Errorf("%s has %d cards, want %d", kind, cards, want)
		}
	}
	if Kind("none") != nil {
		t.Error("there is a kind that is not")
	}
}
