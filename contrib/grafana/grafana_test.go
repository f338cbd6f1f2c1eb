package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const config = `
mode = "enforce"
[milter]
listen = "inet:127.0.0.1:0"
[http]
listen = "127.0.0.1:0"
[policy]
file = "policy.toml"
shadow = "shadow.toml"
[routes]
tls = true
gateways = ["secure"]
[audit]
file = "audit.json"
[notices]
folder = "notices"
server = "127.0.0.1:1"
`

// mails are what the loaded daemon reads: each outcome, findings, an attachment
// that cannot be read.
var mails = map[string]string{
	"clean":  "nothing of interest",
	"clean2": "nothing here, either",
	"clean3": "lunch at one?",
	"ssn":    "SSN 536-90-4399",
	"nino":   "National Insurance number AB123456C",
	"card":   "card number 4111 1111 1111 1111",
	"iban":   "IBAN GB29 NWBK 6016 1331 9268 19",
}

const unreadMail = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/pdf\n" +
	"Content-Disposition: attachment; filename=a.pdf\n\n%PDF-1.7 broken\n--b--\n"

// patience is for machines with much else to do.
const patience = time.Minute

// daemon is a postern at work.
type daemon struct{ binary, milter, http, mails string }

func startDaemon(t *testing.T) daemon {
	t.Helper()
	dir := t.TempDir()
	d := daemon{binary: filepath.Join(dir, "postern"), mails: filepath.Join(dir, "mails")}
	if out, err := exec.Command("go", "build", "-o", d.binary, "../../cmd/postern").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	must(t, os.Mkdir(d.mails, 0o755))
	must(t, os.Mkdir(filepath.Join(dir, "notices"), 0o700))
	for name, text := range mails {
		write(t, filepath.Join(d.mails, name+".eml"), "From: ann@agency.example\nSubject: "+name+"\n\n"+text+"\n")
	}
	write(t, filepath.Join(d.mails, "later.eml"), "From: ann@agency.example\nSubject: later\nX-Case: later\n\nnot now\n")
	write(t, filepath.Join(d.mails, "unread.eml"), "From: ann@agency.example\nSubject: unread\n"+unreadMail)
	for _, name := range []string{"policy.toml", "shadow.toml"} {
		text, err := os.ReadFile("testdata/" + name)
		must(t, err)
		write(t, filepath.Join(dir, name), string(text))
	}
	write(t, filepath.Join(dir, "postern.toml"), config)
	serve := exec.Command(d.binary, "serve", "--config", "postern.toml")
	serve.Dir = dir
	log := &lines{}
	serve.Stderr = log
	starts(t, serve, log)
	said := log.await(t, `listening milter=(\S+) http=(\S+)`)
	d.milter, d.http = said[1], said[2]
	return d
}

// load has mails sent until the test ends.
func (d *daemon) load(t *testing.T) {
	t.Helper()
	log := &lines{}
	bench := exec.Command(d.binary, "bench", "--milter", "inet:"+d.milter, "--duration", "5m", "--rate", "60", "--connections", "4",
		"--rcpt", "bob@partner.example", "--rcpt", "eve@elsewhere.example", "--per-connection", "10", d.mails)
	bench.Stdout, bench.Stderr = log, log
	starts(t, bench, log)
}

// startPrometheus has one look at the daemon every second.
func startPrometheus(t *testing.T, d daemon, args ...string) source {
	t.Helper()
	dir := t.TempDir()
	rules, err := filepath.Abs("../prometheus/postern.rules.yml")
	must(t, err)
	write(t, filepath.Join(dir, "prometheus.yml"), fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [%s]
scrape_configs:
  - job_name: postern
    static_configs: [{targets: [%q]}]
`, rules, d.http))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	must(t, l.Close())
	log := &lines{}
	prometheus := exec.Command("prometheus", append([]string{
		"--config.file=" + filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path=" + filepath.Join(dir, "data"),
		"--web.listen-address=" + address,
	}, args...)...)
	prometheus.Stdout, prometheus.Stderr = log, log
	starts(t, prometheus, log)
	log.await(t, "Server is ready")
	return source{url: "http://" + address}
}

// starts runs a program until the test ends.
func starts(t *testing.T, c *exec.Cmd, log *lines) {
	t.Helper()
	must(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", c.Path, log.tail())
		}
	})
}

// TestNoPanelIsEmpty has a real Prometheus scrape a daemon at work, once with
// classic and once with native histograms, and asks what each panel asks.
func TestNoPanelIsEmpty(t *testing.T) {
	b, err := readBoard("postern.json")
	must(t, err)
	d := startDaemon(t)
	d.load(t)
	sources := map[string]source{
		"classic histograms": startPrometheus(t, d),
		"native histograms":  startPrometheus(t, d, "--enable-feature=native-histograms"),
	}
	for name, from := range sources {
		t.Run(name, func(t *testing.T) {
			asked := 0
			end := time.Now().Add(patience)
			for i := range b.Panels {
				for _, target := range b.Panels[i].Targets {
					asked++
					for !from.has(t, target.query(10*time.Second)) {
						if time.Now().After(end) {
							t.Errorf("panel %q is empty: %s", b.Panels[i].Title, target.query(10*time.Second))
							break
						}
						time.Sleep(200 * time.Millisecond)
					}
				}
			}
			if asked < 30 {
				t.Errorf("the dashboard has only %d queries", asked)
			}
			checkRules(t, from)
		})
	}
	t.Run("histograms are native where they can be", func(t *testing.T) {
		native, classic := sources["native histograms"], sources["classic histograms"]
		for _, name := range []string{"postern_verdict_seconds", "postern_message_seconds"} {
			if !native.has(t, "histogram_quantile(0.5, "+name+")") || native.has(t, name+"_bucket") {
				t.Errorf("%s was not scraped as a native histogram", name)
			}
			if !classic.has(t, name+"_bucket") {
				t.Errorf("%s was not scraped as a classic histogram", name)
			}
		}
	})
	t.Run("the picture has all panels", func(t *testing.T) {
		now := time.Now()
		picture, err := draw(t.Context(), b, sources["native histograms"], now.Add(-15*time.Second), now)
		must(t, err)
		checkPicture(t, b, picture)
	})
	t.Run("the metrics are valid", func(t *testing.T) { checkMetrics(t, d) })
}

func (s source) has(t *testing.T, expr string) bool {
	t.Helper()
	found, err := s.at(t.Context(), expr, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return len(found) > 0
}

// checkRules looks that Prometheus could evaluate each alert.
func checkRules(t *testing.T, from source) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		text := get(t, from.url+"/api/v1/rules", "")
		var answer struct {
			Data struct {
				Groups []struct {
					Rules []struct{ Name, Health, LastError string }
				}
			}
		}
		must(t, json.Unmarshal([]byte(text), &answer))
		good, all := 0, 0
		for _, g := range answer.Data.Groups {
			for _, r := range g.Rules {
				all++
				if r.Health == "ok" {
					good++
				}
				if r.Health == "err" {
					t.Errorf("alert %s: %s", r.Name, r.LastError)
				}
			}
		}
		if t.Failed() || good > 5 && good == all {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d alerts were evaluated", good, all)
		}
	}
}

func checkPicture(t *testing.T, b *board, picture []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(picture))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture is no SVG: %v", err)
		}
	}
	if bytes.Contains(picture, []byte("no data")) || bytes.Contains(picture, []byte("NaN")) {
		t.Error("a panel of the picture is empty")
	}
	for i := range b.Panels {
		if title := strings.ReplaceAll(b.Panels[i].Title, "&", "&amp;"); !bytes.Contains(picture, []byte(">"+title+"<")) {
			t.Errorf("the picture does not have the panel %q", title)
		}
	}
}

// checkMetrics has promtool read the text format; that Prometheus reads
// OpenMetrics, which it asks for, the panels have shown.
func checkMetrics(t *testing.T, d daemon) {
	t.Helper()
	promtool := exec.Command("promtool", "check", "metrics")
	promtool.Stdin = strings.NewReader(get(t, "http://"+d.http+"/metrics", "text/plain;version=0.0.4"))
	if out, err := promtool.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
	open := get(t, "http://"+d.http+"/metrics", "application/openmetrics-text;version=1.0.0")
	if !strings.HasSuffix(open, "\n# EOF\n") || !strings.Contains(open, "\n# TYPE postern_messages counter\n") {
		t.Errorf("this is no OpenMetrics:\n%s", open[:min(len(open), 500)])
	}
	for _, personal := range []string{"agency.example", "partner.example", "elsewhere", "ann@", "192.0.2.", "536-90", "AB123456"} {
		if strings.Contains(open, personal) {
			t.Errorf("the metrics tell %q", personal)
		}
	}
}

// TestTheDashboardAsksForDocumentedMetrics of the daemon, its process and Go.
func TestTheDashboardAsksForDocumentedMetrics(t *testing.T) {
	manual, err := os.ReadFile("../../docs/operations.md")
	must(t, err)
	text, err := os.ReadFile("postern.json")
	must(t, err)
	for _, name := range regexp.MustCompile(`postern_[a-z_]+`).FindAllString(string(text), -1) {
		name = strings.TrimSuffix(name, "_bucket")
		if !bytes.Contains(manual, []byte("`"+name+"`")) && !bytes.Contains(manual, []byte("`"+name+"{")) {
			t.Errorf("docs/operations.md does not list the metric %s", name)
		}
	}
}

func get(t *testing.T, url, accept string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	must(t, err)
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	return string(text)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	must(t, os.WriteFile(name, []byte(text), 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
