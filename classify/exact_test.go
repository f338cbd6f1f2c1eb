package classify

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/edm"
	"github.com/postern-mail/postern/classify/extract"
)

// clientTable holds the numbers and the surnames of a site's clients.
func clientTable(t testing.TB, source string) *edm.Table {
	t.Helper()
	columns, err := edm.ParseColumns("dcn:mo-dcn,surname:name,born:date")
	if err != nil {
		t.Fatal(err)
	}
	key := []byte("0123456789abcdef")
	file := filepath.Join(t.TempDir(), "clients.edm")
	if _, err := edm.Build(file, strings.NewReader(source), edm.Options{Columns: columns, Key: key, Detectors: detect.Builtin()}); err != nil {
		t.Fatal(err)
	}
	table, err := edm.Open(file, key, detect.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func exactConfig(table *edm.Table) Config {
	return Config{Exact: []Exact{
		{ID: "edm:clients", Table: table, Least: 2},
		{ID: "edm:clients 3", Table: table, Least: 3},
		{ID: "edm:clients dcn", Table: table, Least: 1},
	}}
}

const clientList = "dcn,surname,born\n34567812,O'Brien,1970-03-04\n34567813,Nowak,1985-05-12\n34567814,Smith,\n"

const clientMail = `From: a@example.org
To: b@example.org
Subject: the O'BRIEN case, 34567812
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

Mr O'Brien (04/03/1970), 34567812
> nobody has 34567899, Nowak
--x
Content-Type: text/csv; name="list.csv"
Content-Disposition: attachment; filename="list.csv"

number,name
34567814,Jones
34567813,Nowak
34567812,Obrien
--x--
`

func TestValuesOfATableAreFoundWithoutContext(t *testing.T) {
	r := scanMail(t, exactConfig(clientTable(t, clientList)), clientMail)
	var got []string
	for _, f := range r.Findings {
		if f.Detector == "edm:clients" {
			got = append(got, fmt.Sprintf("%s %s %s %s %s", f.Where, f.Part, f.Masked, f.Confidence, f.Context))
		}
	}
	want := []string{
		"subject 0 ******12 high [dcn surname]",
		"body 1 ******12 high [dcn surname born]",
		"attachment 2 ******13 high [dcn surname]",
		"attachment 2 ******12 high [dcn surname]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for id, want := range map[string]Count{
		"edm:clients":     {Total: 4, Unique: 2, High: 2},
		"edm:clients 3":   {Total: 1, Unique: 1, High: 1},
		"edm:clients dcn": {Total: 5, Unique: 3, High: 3},
	} {
		if got := r.Counts()[id]; got != want {
			t.Errorf("%s: got %+v, want %+v", id, got, want)
		}
	}
	if r.Tallies["mo-dcn"] != nil {
		t.Error("numbers without context are findings of the detector")
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "345678") {
		t.Error("the report holds a value")
	}
}

// tableOf holds one identifier with a name.
func tableOf(t *testing.T, kind, value string, detectors []*detect.Detector) *edm.Table {
	t.Helper()
	columns, err := edm.ParseColumns("id:" + kind + ",name:name")
	if err != nil {
		t.Fatal(err)
	}
	key := []byte("0123456789abcdef")
	file := filepath.Join(t.TempDir(), "one.edm")
	if _, err := edm.Build(file, strings.NewReader("id,name\n"+value+",Falconetti\n"), edm.Options{Columns: columns, Key: key, Detectors: detectors}); err != nil {
		t.Fatal(err)
	}
	table, err := edm.Open(file, key, detectors)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestNobodyTakesAValueFromItsTable(t *testing.T) {
	digits, err := (&detect.Custom{ID: "digits", Pattern: `\d{8}`, Mask: "all", Levels: detect.Levels{Alone: detect.Medium, Label: detect.High, Window: detect.High}}).Detector()
	if err != nil {
		t.Fatal(err)
	}
	with, err := (&detect.Custom{ID: "longer", Pattern: `(CASE )?\d{8}/\d`, Mask: "all", Levels: detect.Levels{Alone: detect.High}}).Detector()
	if err != nil {
		t.Fatal(err)
	}
	detectors := append(detect.Builtin(), digits, with)
	for _, c := range []struct {
		kind, value string
		texts       []string
	}{
		{"mo-dcn", "48271935", []string{
			"account 48271935 of Falconetti", "checking account 48271935 Falconetti", "20-41-67 48271935 Falconetti",
			"sort code 20-41-67 account 48271935 Falconetti", "driver license number 48271935 Falconetti",
			"48271935/1 Falconetti", "CASE 48271935/2 (Falconetti)", "Falconetti,account\n,48271935\n",
		}},
		{"uk-nhs", "6954220582", []string{
			"695-422-0582 Falconetti", "tel: 695 422 0582 Falconetti", "Falconetti (695-422-0582)", "phone 6954220582 Falconetti", "call 695-422-0582, Falconetti",
		}},
		{"us-ssn", "219091234", []string{"EIN 219091234 Falconetti", "Passport number 219091234 Falconetti", "routing number 219091234 Falconetti", "EIN 21-9091234, SSN 219-09-1234, Falconetti"}},
		{"us-ssn", "122105155", []string{"routing number 122105155 Falconetti", "routing number 122105155 account 12345678 Falconetti"}},
		{"uk-passport", "592837461", []string{"SSN 592837461 Falconetti", "EIN 592837461 Falconetti", "routing number 592837461 Falconetti"}},
		{"uk-nino", "AB123456C", []string{"AB 12 34 56 C Falconetti", "Falconetti AB123456C"}},
	} {
		config := Config{Detectors: detectors, Exact: []Exact{{ID: "edm:t", Table: tableOf(t, c.kind, c.value, detectors), Least: 2}}}
		for _, text := range c.texts {
			r := scanMail(t, config, "Subject: x\n\n"+text+"\n")
			if got := r.Counts()["edm:t"]; got != (Count{Total: 1, Unique: 1, High: 1}) {
				t.Errorf("%s %q: got %+v among %v", c.kind, text, got, r.Counts())
			}
			others := scanMail(t, Config{Detectors: detectors}, "Subject: x\n\n"+text+"\n").Counts()
			for id, want := range others {
				if got := r.Counts()[id]; got != want {
					t.Errorf("%q: the table makes %s find %+v, not %+v", text, id, got, want)
				}
			}
			if others[c.kind] == (Count{}) && len(others) > 0 && !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Detector == "edm:t" && others[f.Rival] != Count{} }) {
				t.Errorf("%q: nothing tells which of %v has the value too", text, others)
			}
		}
	}
}

func TestTheReportTellsOfValuesThatStandAlone(t *testing.T) {
	config := exactConfig(clientTable(t, clientList))
	r := scanMail(t, config, "Subject: x\n\naccount 34567812, and Nowak 34567813\n")
	if got := fmt.Sprint(r.Partly); got != "map[edm:clients:[dcn] edm:clients 3:[dcn surname]]" {
		t.Errorf("got %v", got)
	}
}

func TestTablesAnswerTheSameForAnyCut(t *testing.T) {
	var list, text strings.Builder
	list.WriteString("dcn,surname,born\n")
	for i := range 300 {
		fmt.Fprintf(&list, "%d,Name%c%c,\n", 34567000+3*i, 'a'+i%26, 'a'+i/26)
		text.WriteString([]string{"", "account ", "sort code 20-41-67 account ", "routing 021000021, "}[i%4])
		fmt.Fprintf(&text, "%d\u00a0is N\u200bÀMÉ%c%c's; %s", 34567000+2*i, 'a'+i%26, 'a'+i/26, strings.Repeat("żó ", i))
	}
	scanner, err := NewScanner(exactConfig(clientTable(t, list.String())))
	if err != nil {
		t.Fatal(err)
	}
	find := func(one bool) string {
		scan := scanner.Begin(t.Context())
		in := iotest.HalfReader(strings.NewReader(text.String()))
		if one {
			in = iotest.OneByteReader(strings.NewReader(text.String()))
		}
		if err := extract.ReadText(scan.Reader, in); err != nil {
			t.Fatal(err)
		}
		r, err := scan.Finish()
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal([]any{r.Findings, r.Tallies})
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	whole := find(false)
	if !strings.Contains(whole, `"rival":"uk-bank"`) {
		t.Error("no value of the table is in what counts as another's")
	}
	if !strings.Contains(whole, "edm:clients 3") && !strings.Contains(whole, "edm:clients") {
		t.Fatal("nothing found")
	}
	if find(true) != whole {
		t.Error("other findings by single bytes")
	}
}

func TestATableNeedsItsDetector(t *testing.T) {
	table := clientTable(t, clientList)
	others := slices.DeleteFunc(detect.Builtin(), func(d *detect.Detector) bool { return d.ID == "mo-dcn" })
	if _, err := NewScanner(Config{Detectors: others, Exact: []Exact{{ID: "edm:clients", Table: table}}}); err == nil {
		t.Error("a Scanner without the detector of its table")
	}
	twice := []Exact{{ID: "edm:clients", Table: table}, {ID: "edm:clients", Table: table}}
	if _, err := NewScanner(Config{Exact: twice}); err == nil {
		t.Error("a Scanner that counts two things under one name")
	}
}

func TestPartsAreCountedByThemselves(t *testing.T) {
	config := exactConfig(clientTable(t, clientList))
	config.ByPart = []string{"us-ssn", "edm:clients"}
	mail := strings.Replace(clientMail, "Obrien", "Obrien,SSN 536-90-4399,SSN 536-90-4399", 1)
	r := scanMail(t, config, mail)
	if len(r.ByPart) != len(r.Parts) {
		t.Fatalf("%d parts, %d tallies by part", len(r.Parts), len(r.ByPart))
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again Report
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*Report{r, &again} {
		got := map[string]string{}
		for i, p := range r.Parts {
			for id, t := range r.ByPart[i] {
				got[p.Path+" "+id] = fmt.Sprint(t.Unique(detect.Medium, AnyPlace), " of ", t.Total(detect.Medium, AnyPlace))
			}
		}
		want := map[string]string{"0 edm:clients": "1 of 1", "1 edm:clients": "1 of 1", "2 edm:clients": "2 of 2", "2 us-ssn": "1 of 2"}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if r := scanMail(t, Config{}, mail); r.ByPart != nil {
		t.Error("parts are counted though nobody asked")
	}
}

func TestKeysOverlap(t *testing.T) {
	newest, before := Key{"2027", []byte("0123456789abcdef")}, Key{"2026", []byte("fedcba9876543210")}
	f := scanMail(t, Config{Keys: []Key{newest, before}}, everywhere).Findings[0]
	old := scanMail(t, Config{Keys: []Key{before}}, everywhere).Findings[0]
	if !strings.HasPrefix(f.Fingerprint, "2027:") || f.Older != old.Fingerprint || old.Older != "" {
		t.Errorf("got %q and %q beside %q", f.Fingerprint, f.Older, old.Fingerprint)
	}
	if _, err := NewScanner(Config{Keys: []Key{newest, before, {"2025", []byte("0123456789")}}}); err == nil {
		t.Error("three keys at once")
	}
}

func TestEachDifferentValueHasItsFingerprint(t *testing.T) {
	keys := []Key{{"k", []byte("0123456789abcdef")}}
	ssn := func(i int) string { return fmt.Sprintf("SSN %03d-%02d-%04d\n", 100+i/9000, 11+i/100%80, 1000+i%9000) }
	prints := func(r *Report) (n int, all map[string]bool) {
		all = map[string]bool{}
		for _, f := range r.Fingerprints {
			if f.Detector == "us-ssn" {
				all[f.Fingerprint] = true
				n++
			}
		}
		return n, all
	}
	hidden := scanMail(t, Config{Keys: keys}, "Subject: x\n\n"+strings.Repeat("SSN 219-09-1234\n", MaxFindings)+"SSN 536-90-4399\n")
	alone := scanMail(t, Config{Keys: keys}, "Subject: x\n\nSSN 536-90-4399\n")
	if n, all := prints(hidden); n != 2 || !all[alone.Fingerprints[0].Fingerprint] || hidden.FingerprintsTruncated {
		t.Errorf("behind %d equal numbers: %d fingerprints, truncated %v", MaxFindings, n, hidden.FingerprintsTruncated)
	}
	for _, many := range []int{5000, MaxUnique, MaxUnique + 1} {
		var text strings.Builder
		for i := range many {
			text.WriteString(ssn(i))
		}
		r := scanMail(t, Config{Keys: keys}, "Subject: x\n\n"+text.String())
		unique := r.Counts()["us-ssn"]
		if n, all := prints(r); n != unique.Unique || len(all) != n || n != min(many, MaxUnique) || r.FingerprintsTruncated != (many > MaxUnique) {
			t.Errorf("%d numbers: %d fingerprints, %d of them different, truncated %v; counted %+v", many, n, len(all), r.FingerprintsTruncated, unique)
		}
	}
	if r := scanMail(t, Config{}, "Subject: x\n\nSSN 536-90-4399\n"); len(r.Fingerprints) > 0 || r.FingerprintsTruncated {
		t.Error("fingerprints without a key")
	}
	config := exactConfig(clientTable(t, clientList))
	config.Keys = keys
	var of []string
	for _, f := range scanMail(t, config, clientMail).Fingerprints {
		of = append(of, f.Detector)
	}
	slices.Sort(of)
	if n := len(of); n != 6 || of[0] != "edm:clients" || of[n-1] != "edm:clients dcn" {
		t.Errorf("of a table: %q", of)
	}
}

func BenchmarkTables(b *testing.B) {
	var list, rows strings.Builder
	list.WriteString("dcn,surname,born\n")
	for i := range 20000 {
		fmt.Fprintf(&list, "%d,Name%c%c%c,1970-03-04\n", 34567000+3*i, 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26)
	}
	for i := range 20000 {
		fmt.Fprintf(&rows, "%d,case %d,open,Name%c%c%c\n", 34567000+i, i, 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26)
	}
	stolen := list.String()
	table := clientTable(b, stolen)
	for name, config := range map[string]Config{"no table": {}, "a table": {Exact: []Exact{{ID: "edm:clients", Table: table, Least: 2}}}} {
		scanner, err := NewScanner(config)
		if err != nil {
			b.Fatal(err)
		}
		for what, text := range map[string]string{"other people's numbers": rows.String(), "the list itself": stolen} {
			b.Run(name+", "+what, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for range b.N {
					scan := scanner.Begin(b.Context())
					if err := extract.ReadText(scan.Reader, strings.NewReader(text)); err != nil {
						b.Fatal(err)
					}
					if _, err := scan.Finish(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
