package edm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-mail/postern/classify/detect"
)

var siteKey = []byte("0123456789abcdef0123456789abcdef")

const clients = `dcn,surname,given,born,ssn,ward
34567812,O'Brien,Mary Ann,1970-03-04,536-90-4399,North Wing 3
34567813,Żółć-Nowak,Łukasz,12 May 1985,536904400,
34567814,Smith,,31/12/1999,,South
34567814,Smythe,John,31/12/1999,,South
1234,Nobody,,,,
`

const clientColumns = "dcn:mo-dcn,surname:name,given:name,born:date,ssn:us-ssn,ward:text"

func build(t testing.TB, source, columns string, change func(*Options)) (string, *Summary, error) {
	t.Helper()
	all, err := ParseColumns(columns)
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{Columns: all, Key: siteKey, Detectors: detect.Builtin()}
	if change != nil {
		change(&opt)
	}
	file := filepath.Join(t.TempDir(), "t.edm")
	s, err := Build(file, strings.NewReader(source), opt)
	return file, s, err
}

func open(t testing.TB, source, columns string) *Table {
	t.Helper()
	file, _, err := build(t, source, columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	table, err := Open(file, siteKey, detect.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// columnsFound are the names of the columns that stand around a value, by row.
func columnsFound(table *Table, value, before, after string) string {
	var all []string
	for _, m := range table.NewReader().Find(value, func() ([]byte, []byte) { return []byte(before), []byte(after) }) {
		var names []string
		for i, c := range table.Columns() {
			if m>>i&1 == 1 {
				names = append(names, c.Name)
			}
		}
		all = append(all, strings.Join(names, "+"))
	}
	return strings.Join(all, " ")
}

func TestColumnsAreFoundAsPeopleWriteThem(t *testing.T) {
	table := open(t, clients, clientColumns)
	for _, c := range []struct{ name, value, before, after, want string }{
		{"a value that is in no row", "34567899", "OBrien", "", ""},
		{"a row that was skipped", "1234", "Nobody", "", ""},
		{"the primary value alone", "34567812", "hello", "world", "dcn"},
		{"case and apostrophe", "34567812", "mrs OBRIEN ", "", "dcn+surname"},
		{"a typographic apostrophe", "34567812", "", " O’Brien", "dcn+surname"},
		{"two words in any order", "34567812", "Ann Mary, ", "", "dcn+given"},
		{"two words in their order", "34567812", "O'Brien, Mary-Ann: ", "", "dcn+surname+given"},
		{"words that do not stand together", "34567812", "Ann has Mary", "", "dcn"},
		{"words on both sides of the value", "34567812", "Mary ", " Ann", "dcn"},
		{"a part of a longer word", "34567812", "OBrienstown", "", "dcn"},
		{"accents left out", "34567813", "lukasz zolc nowak", "", "dcn+surname+given"},
		{"accents taken apart", "34567813", "", "Z\u0307o\u0301łc\u0301-Nowak", "dcn+surname"},
		{"a date in another form", "34567812", "born 4 March 1970", "", "dcn+born"},
		{"a date with the month first", "34567812", "3/4/1970", "", "dcn+born"},
		{"a date with the day first", "34567812", "04.03.70", "", "dcn+born"},
		{"a compact date", "34567812", "", "19700304", "dcn+born"},
		{"another day", "34567812", "1970-03-05", "", "dcn"},
		{"a day that only one reading allows", "34567814", "12/31/1999", "", "dcn+born dcn+born"},
		{"an identifier written otherwise", "34567813", "", " 536 90 4400", "dcn+ssn"},
		{"a text in its order", "34567812", "north wing 3", "", "dcn+ward"},
		{"a text in another order", "34567812", "wing north 3", "", "dcn"},
		{"the rows of one value are told apart", "34567814", "John Smith, South", "", "dcn+surname+ward dcn+given+ward"},
		{"an empty cell never matches", "34567813", "", "", "dcn"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := columnsFound(table, c.value, c.before, c.after)
			if fields := strings.Fields(got); c.value == "34567814" && len(fields) == 1 {
				got = fields[0] + " " + fields[0]
			}
			gotRows, wantRows := strings.Fields(got), strings.Fields(c.want)
			slices.Sort(gotRows)
			slices.Sort(wantRows)
			if !slices.Equal(gotRows, wantRows) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

func TestValuesAreFoundHoweverTheirWordsAreJoined(t *testing.T) {
	const source = `dcn,name,member
34567812,Falconetti,AB 12-34
34567813,O'Brien,Zz-7711
34567814,Müller,MUE-77
34567815,Mary O Neill,4711
34567816,McDonald,Nord Straße 12
34567817,Mac Donald,
34567818,van Dyke,
34567819,Mueller,
34567820,Søren Kjær,
34567821,D'Angelo,
34567822,de la Cruz,
34567823,James,
34567824,Michael Samuel Baer,
34567825,O'Erik,
`
	table := open(t, source, "dcn:mo-dcn,name:name,member:text")
	for _, c := range []struct {
		value, text string
		want        string
	}{
		{"34567812", "Falconetti's", "name"},
		{"34567812", "FALCONETTI\u2019S", "name"},
		{"34567812", "Falconetti\u02bcs", "name"},
		{"34567812", "'Falconetti'", "name"},
		{"34567812", "Falconettis", ""},
		{"34567812", "Falconetti s", "name"},
		{"34567812", "ab 12 34", "member"},
		{"34567812", "AB-12-34", "member"},
		{"34567812", "AB1234", "member"},
		{"34567812", "ab12 34's", "member"},
		{"34567812", "no AB 12345", ""},
		{"34567812", "XAB1234", ""},
		{"34567812", "AB 12 34, Falconetti", "name+member"},
		{"34567813", "ZZ7711", "member"},
		{"34567813", "O Brien", "name"},
		{"34567813", "OBrien", "name"},
		{"34567813", "O\u2019Brien's", "name"},
		{"34567813", "O\u00b4Brien", "name"},
		{"34567813", "O Brien's", "name"},
		{"34567813", "Brien", ""},
		{"34567813", "Brien O", ""},
		{"34567814", "Mueller", "name"},
		{"34567814", "MULLER", "name"},
		{"34567814", "Mu\u0308ller", "name"},
		{"34567814", "Moller", ""},
		{"34567814", "MUE77", "member"},
		{"34567814", "MÜ 77", "member"},
		{"34567815", "Mary O'Neill", "name"},
		{"34567815", "O'Neill, Mary", "name"},
		{"34567815", "Mary ONeill", "name"},
		{"34567815", "Neill, Mary O", "name"},
		{"34567815", "47 11", "member"},
		{"34567816", "Mc Donald", "name"},
		{"34567816", "MCDONALD", "name"},
		{"34567816", "nordstrasse 12", "member"},
		{"34567817", "MacDonald", "name"},
		{"34567817", "Mac Donald", "name"},
		{"34567818", "VanDyke", "name"},
		{"34567819", "Müller", "name"},
		{"34567819", "Muller", "name"},
		{"34567820", "Kjaer, Soeren", "name"},
		{"34567820", "Soren Kjær", "name"},
		{"34567821", "D Angelo", "name"},
		{"34567821", "dangelo", "name"},
		{"34567822", "Cruz, de la", "name"},
		{"34567823", "James's", "name"},
		{"34567823", "James'", "name"},
		{"34567824", "Samuel Michael Bär", "name"},
		{"34567825", "O Erik", "name"},
	} {
		want := "dcn"
		if c.want != "" {
			want += "+" + c.want
		}
		for before, after := range map[string]string{c.text: "", "": c.text, "the case of " + c.text + " (": ") is open"} {
			if got := columnsFound(table, c.value, before, after); got != want {
				t.Errorf("%q: found %q, want %q", before+"#"+after, got, want)
			}
		}
	}
}

func TestHostileNamesAreReadInBoundedTime(t *testing.T) {
	table := open(t, "dcn,name\n34567812,a b c d e f\n", "dcn:mo-dcn,name:name")
	r := table.NewReader()
	for _, text := range []string{strings.Repeat("o'o ", 75), strings.Repeat("oO'O's ", 42), strings.Repeat("a ", 150)} {
		r.Find("34567812", func() ([]byte, []byte) { return []byte(text), []byte(text) })
		if n := len(r.near[1]); n > 2*150*maxReadings {
			t.Errorf("%q: %d readings", text[:8], n)
		}
	}
}

func TestBuildTellsWhatItCouldNotUse(t *testing.T) {
	_, s, err := build(t, "\xef\xbb\xbf"+clients+"34567815,x,,3/4/1970,536904399,\n34567812,O'Brien,Mary Ann,1970-03-04,536-90-4399,North Wing 3\n", clientColumns, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Read != 7 || s.Rows != 5 || s.Values != 4 || s.Skipped != 1 || !slices.Equal(s.SkippedLines, []int{6}) || !slices.Equal(s.Unused, []int64{0, 1, 0, 1, 0, 0}) {
		t.Errorf("got %+v", s)
	}
}

func TestDatesOfASourceMeanOneDay(t *testing.T) {
	for _, c := range []struct {
		kind, cell string
		want       day // 0: cannot be used
	}{
		{"date", "3/3/1940", 19400303},
		{"date-dmy", "03/03/1940", 19400303},
		{"date-mdy", "03/03/1940", 19400303},
		{"date-mdy", "1/1/1980", 19800101},
		{"date-mdy", "12.12.2001", 20011212},
		{"date-mdy", "02-02-02", 20020202},
		{"date-mdy", "3/4/1970", 19700304},
		{"date-dmy", "3/4/1970", 19700403},
		{"date", "3/4/1970", 0},
		{"date-mdy", "25/12/1970", 19701225},
		{"date-dmy", "12/25/1970", 19701225},
		{"date-mdy", "7/14/70", 19700714},
		{"date", "7/14/70", 19700714},
		{"date", "1.1.70", 19700101},
		{"date", "14.1.70", 19700114},
		{"date-dmy", "14.1.29", 20290114},
		{"date-dmy", "14.1.30", 19300114},
		{"date-dmy", "14 Jan 70", 19700114},
		{"date", "3.4.70", 0},
		{"date-mdy", "13/13/1970", 0},
		{"date-mdy", "2/30/70", 0},
		{"date-mdy", "7/14/070", 0},
		{"date", "1970-01-14T00:00:00", 19700114},
	} {
		if got, ok := dayIn(c.cell, dates[c.kind]); got != c.want || ok != (c.want != 0) {
			t.Errorf("%s %q: got %d, want %d", c.kind, c.cell, got, c.want)
		}
	}
}

func TestEachDayOfTheYearIsReadInEachOrder(t *testing.T) {
	for first := time.Date(1940, 1, 1, 0, 0, 0, 0, time.UTC); first.Year() == 1940; first = first.AddDate(0, 0, 1) {
		want := day(first.Year()*10000 + int(first.Month())*100 + first.Day())
		for kind, layout := range map[string]string{"date-dmy": "2/1/2006", "date-mdy": "1/2/2006", "date": "2006-01-02"} {
			if got, ok := dayIn(first.Format(layout), dates[kind]); !ok || got != want {
				t.Errorf("%s %q: got %d", kind, first.Format(layout), got)
			}
			if layout = strings.Replace(layout, "/2006", "/06", 1); kind == "date" {
				continue
			}
			if got, ok := dayIn(first.Format(layout), dates[kind]); !ok || got != want {
				t.Errorf("%s %q: got %d", kind, first.Format(layout), got)
			}
		}
	}
}

func TestSourcesOfSpreadsheetsAreRead(t *testing.T) {
	for name, source := range map[string]string{
		"semicolons":      "dcn;surname\r\n34567812;Müller\r\n",
		"tabs":            "a, b\tdcn\tsurname\n1,2\t34567812\tMüller\n",
		"bars":            "dcn|surname\n34567812|Müller\n",
		"quotes":          "\"dcn\",\"surname\"\n\"34567812\",\"Müller\"\n",
		"Windows-1252":    "dcn,surname\n34567812,M\xfcller\n",
		"a single column": "dcn\n34567812\n",
	} {
		columns, want := "dcn:mo-dcn,surname:name", "dcn+surname"
		if name == "a single column" {
			columns, want = "dcn:mo-dcn", "dcn"
		}
		if got := columnsFound(open(t, source, columns), "34567812", "Herr MULLER", ""); got != want {
			t.Errorf("%s: found %q, want %q", name, got, want)
		}
	}
}

func TestBuildRefusesWhatMakesNoTable(t *testing.T) {
	for _, c := range []struct{ name, source, columns, want string }{
		{"an empty source", "", "dcn:mo-dcn", "the first row"},
		{"no such column", "a,b\n1,2\n", "dcn:mo-dcn", `no column "dcn"`},
		{"two columns of one name", "dcn,x,DCN \n34567812,1,34567813\n", "dcn:mo-dcn", `two columns "dcn"`},
		{"no such detector", "dcn\n34567812\n", "dcn:us-dcn", `"us-dcn"`},
		{"no usable row", "dcn\n1\n2\n", "dcn:mo-dcn", "none of 2 rows"},
		{"broken quotes", "dcn\n34567812\n\"345\"67812\n", "dcn:mo-dcn", "line 3"},
		{"a primary column that is no identifier", "dcn,n\n" + many(maxSame+1), "dcn:mo-dcn,n:text", "no identifier"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, _, err := build(t, c.source, c.columns, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "345") {
				t.Errorf("%v holds a value", err)
			}
			if left, _ := os.ReadDir(filepath.Dir(file)); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	for _, columns := range []string{"", "dcn", "surname:name", "a:mo-dcn,A:name", ":mo-dcn", strings.Repeat("a:mo-dcn,", 20)} {
		if all, err := ParseColumns(columns); err == nil {
			t.Errorf("%q is read as %v", columns, all)
		}
	}
}

func TestNamesOfColumnsMayHoldWhatSeparatesThem(t *testing.T) {
	for text, want := range map[string]string{
		"dcn:mo-dcn,surname:name":                          "dcn|mo-dcn surname|name",
		" dcn : mo-dcn , surname:name ":                    "dcn|mo-dcn surname|name",
		`"dcn, main":mo-dcn,"the ""full"" name: all":name`: `dcn, main|mo-dcn the "full" name: all|name`,
		`client:id:mo-dcn,Größe:text`:                      "client:id|mo-dcn Größe|text",
	} {
		all, err := ParseColumns(text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range all {
			got = append(got, c.Name+"|"+c.Kind)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
	table := open(t, "\"dcn, main\",client: name\n34567812,O'Brien\n", `"dcn, main":mo-dcn,client: name:name`)
	if got := columnsFound(table, "34567812", "obrien", ""); got != "dcn, main+client: name" {
		t.Errorf("found %q", got)
	}
}

func TestABuildOverwritesTablesAlone(t *testing.T) {
	columns, _ := ParseColumns("dcn:mo-dcn")
	file := filepath.Join(t.TempDir(), "t.edm")
	try := func() error {
		_, err := Build(file, strings.NewReader("dcn\n34567812\n"), Options{Columns: columns, Key: siteKey, Detectors: detect.Builtin()})
		return err
	}
	for _, old := range []string{"dcn\n34567812\n", "P", "POSTAL", "x", "0123456789abcdef0123456789abcdef"} {
		if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		err := try()
		if got, _ := os.ReadFile(file); err == nil || !strings.Contains(err.Error(), "not overwritten") || string(got) != old {
			t.Errorf("%q: got %v, and the file holds %d bytes", old, err, len(got))
		}
	}
	for _, old := range []string{"", magic, magic + "1 and what else a table of an older release holds"} {
		if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := try(); err != nil {
				t.Errorf("%q: got %v", old, err)
			}
		}
	}
}

func TestRowsThatDoNotFitTheirNamesAreTold(t *testing.T) {
	_, s, err := build(t, "dcn,name\n34567812,O'Brien, Mary\n34567813,Nowak,,\n34567814,Smith,,x\n34567815,\"Brown, Anna\"\n", "dcn:mo-dcn,name:name", nil)
	if err != nil || s.Wide != 2 || !slices.Equal(s.WideLines, []int{2, 4}) || s.Rows != 4 {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestAccountsAreReadFromOneCell(t *testing.T) {
	table := open(t, "bank\n20-41-67 73829164\n204168/1234567\n", "bank:uk-bank")
	for value, want := range map[string]string{"204167/73829164": "bank", "204168/01234567": "bank", "204167/01234567": ""} {
		if got := columnsFound(table, value, "", ""); got != want {
			t.Errorf("%q: found %q", value, got)
		}
	}
	table = open(t, "bank\n021000021 8837462910\n", "bank:us-bank")
	if got := columnsFound(table, "021000021/8837462910", "", ""); got != "bank" {
		t.Errorf("found %q", got)
	}
	if _, s, err := build(t, "dcn,bank\n34567812,73829164\n34567813,021000022 123456\n", "dcn:mo-dcn,bank:us-bank", nil); err != nil || s.Unused[1] != 2 || !slices.Equal(s.UnusedLines[1], []int{2, 3}) {
		t.Errorf("got %+v, %v", s, err)
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "34567812,row %d\n", i)
	}
	return b.String()
}

func TestATableThatIsNotWholeDoesNotOpen(t *testing.T) {
	file, _, err := build(t, clients, clientColumns, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := read(bytes.NewReader(whole[:n]), int64(n), siteKey, detect.Builtin()); err == nil {
			t.Fatalf("opens after %d of %d bytes", n, len(whole))
		}
		if _, err := read(bytes.NewReader(whole[:n]), int64(len(whole)), siteKey, detect.Builtin()); err == nil {
			t.Fatalf("opens after %d of %d bytes, cut while it was read", n, len(whole))
		}
	}
	for i := range whole {
		broken := bytes.Clone(whole)
		broken[i] ^= 0x10
		if _, err := read(bytes.NewReader(broken), int64(len(broken)), siteKey, detect.Builtin()); err == nil {
			t.Fatalf("opens with byte %d changed", i)
		}
	}
	if _, err := Open(file, []byte("another key of good length"), detect.Builtin()); !errors.Is(err, ErrKey) {
		t.Errorf("another key: got %v, want %v", err, ErrKey)
	}
	if _, err := Open(file, []byte("short"), detect.Builtin()); err == nil {
		t.Error("opens with a short key")
	}
	if _, err := Open(file, siteKey, nil); err == nil || !strings.Contains(err.Error(), "mo-dcn") {
		t.Errorf("without its detector: got %v", err)
	}
	if _, err := Open(filepath.Dir(file), siteKey, detect.Builtin()); err == nil {
		t.Error("a directory opens")
	}
}

func TestTheTableHoldsNoValueAndNotTheKey(t *testing.T) {
	file, _, err := build(t, clients, clientColumns, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"3456781", "Brien", "brien", "Smith", "1970", "536", "North", string(siteKey[:8])} {
		if bytes.Contains(whole, []byte(secret)) {
			t.Errorf("the file holds %q", secret)
		}
	}
	again, _, err := build(t, clients, clientColumns, nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(again)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(whole[len(whole)-100:], other[len(other)-100:]) {
		t.Error("two tables of one source have equal rows: there is no salt")
	}
}

func TestWhatBecomesOfTheFileLaterMakesNoDifference(t *testing.T) {
	file, _, err := build(t, clients, clientColumns, nil)
	if err != nil {
		t.Fatal(err)
	}
	table, err := Open(file, siteKey, detect.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 0); err != nil {
		t.Fatal(err)
	}
	if got := columnsFound(table, "34567812", "OBrien", ""); got != "dcn+surname" {
		t.Errorf("after the file was cut: found %q", got)
	}
}

func TestTheMemoryIsGivenBackWithTheLastReader(t *testing.T) {
	file, _, err := build(t, clients, clientColumns, nil)
	if err != nil {
		t.Fatal(err)
	}
	table, err := Open(file, siteKey, detect.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	released := make(chan bool, 1)
	runtime.AddCleanup(table, func(c chan bool) { c <- true }, released)
	reader := table.NewReader()
	table = nil
	for range 3 {
		runtime.GC()
	}
	select {
	case <-released:
		t.Fatal("given back while a Reader had it")
	case <-time.After(20 * time.Millisecond):
	}
	if got := reader.Find("34567812", func() ([]byte, []byte) { return nil, nil }); len(got) != 1 {
		t.Errorf("the Reader found %v", got)
	}
	reader = nil
	deadline := time.After(10 * time.Second)
	for {
		runtime.GC()
		select {
		case <-released:
			return
		case <-deadline:
			t.Fatal("never given back")
		case <-time.After(time.Millisecond):
		}
	}
}

// rowsOf is a source of n rows that is made while it is read.
type rowsOf struct {
	n, next int
	rest    []byte
}

func (r *rowsOf) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.next > r.n {
			return 0, fmt.Errorf("read on behind the end")
		}
		if r.next == 0 {
			r.rest = []byte("dcn,surname,born\n")
		}
		for range min(1000, r.n-r.next) {
			r.rest = fmt.Appendf(r.rest, "%08d,%s,%04d-%02d-%02d\n", dcnOf(r.next), surname(r.next), 1920+r.next%100, 1+r.next%12, 1+r.next%28)
			r.next++
		}
		if len(r.rest) == 0 {
			return 0, io.EOF
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func dcnOf(i int) int { return 10000001 + (i*7919)%80000000 }

func surname(i int) string {
	letters := "abcdefghij"
	return string([]byte{letters[i/10000%10], letters[i/1000%10], letters[i/100%10], letters[i/10%10], letters[i%10]})
}

func TestALongSourceIsSortedInBoundedMemory(t *testing.T) {
	const n = 60000
	columns, _ := ParseColumns("dcn:mo-dcn,surname:name,born:date")
	file := filepath.Join(t.TempDir(), "t.edm")
	s, err := Build(file, &rowsOf{n: n}, Options{Columns: columns, Key: siteKey, Detectors: detect.Builtin(), Memory: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	if s.Rows != n || s.Values != n || s.Skipped != 0 {
		t.Fatalf("got %+v, want %d rows", s, n)
	}
	table, err := Open(file, siteKey, detect.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(slices.Collect(slices.Chunk(table.rows, table.rowBytes)), bytes.Compare) {
		t.Error("the rows are not in order")
	}
	for i := 0; i < n; i += 997 {
		if got := columnsFound(table, fmt.Sprintf("%08d", dcnOf(i)), surname(i), ""); got != "dcn+surname" {
			t.Fatalf("row %d: found %q", i, got)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTheFilterLetsFewOthersThrough(t *testing.T) {
	const n = 100000
	filter := make([]byte, blocksFor(n)*blockBytes)
	random := rand.New(rand.NewPCG(1, 2))
	for range n {
		setBits(filter, random.Uint64())
	}
	random = rand.New(rand.NewPCG(1, 2))
	for range n {
		if !hasBits(filter, random.Uint64()) {
			t.Fatal("a value of the table does not pass")
		}
	}
	passed := 0
	for range n {
		if hasBits(filter, random.Uint64()) {
			passed++
		}
	}
	if passed > n/100 {
		t.Errorf("%d of %d others pass, want at most one in a hundred", passed, n)
	}
}

func BenchmarkBuildAMillionRows(b *testing.B) {
	columns, _ := ParseColumns("dcn:mo-dcn,surname:name,born:date")
	for range b.N {
		debug.SetGCPercent(50)
		if _, err := Build(filepath.Join(b.TempDir(), "t.edm"), &rowsOf{n: 1000000}, Options{Columns: columns, Key: siteKey, Detectors: detect.Builtin()}); err != nil {
			b.Fatal(err)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapSys)/(1<<20), "MiB-heap")
	}
}

func BenchmarkFind(b *testing.B) {
	table := open(b, clients, clientColumns)
	before, after := []byte(strings.Repeat("some prose about other things, ", 10)), []byte(strings.Repeat("and more of it. ", 18))
	for name, value := range map[string]string{"a value of no row": "34567899", "a value of a row": "34567812"} {
		b.Run(name, func(b *testing.B) {
			r := table.NewReader()
			b.ReportAllocs()
			for range b.N {
				r.Find(value, func() ([]byte, []byte) { return before, after })
			}
		})
	}
}

func FuzzOpen(f *testing.F) {
	file, _, err := build(f, clients, clientColumns, nil)
	if err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := read(bytes.NewReader(data), int64(len(data)), siteKey, detect.Builtin())
		if err == nil {
			columnsFound(table, "34567812", "O'Brien 1970-03-04", "536-90-4399")
		}
	})
}

func FuzzWords(f *testing.F) {
	f.Add("O'Brien-Żółć 12/31/1999 Straße")
	f.Fuzz(func(t *testing.T, text string) {
		var l wordList
		wordsOf(text, &l)
		for i, w := range l.all {
			if w.start < 0 || w.end > len(text) || w.start >= w.end || len(l.at(i)) == 0 || len(l.at(i)) > maxWord || i > 0 && w.start < l.all[i-1].end {
				t.Fatalf("%q: word %+v", text, w)
			}
			if w.stem != 0 && (w.stem != w.to-1 || w.stem <= w.from) || w.joint != 0 && (w.joint <= w.from || w.joint >= w.to) || i > 0 && w.from != l.all[i-1].to {
				t.Fatalf("%q: word %+v of %q", text, w, l.at(i))
			}
		}
		datesOf(text, &l, inMails, func(d day) {
			if _, err := time.Parse("20060102", fmt.Sprint(int(d))); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		})
	})
}
