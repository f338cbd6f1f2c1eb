package numfmt

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestNumbersAreShownAsTheReaderSeesThem(t *testing.T) {
	for _, c := range []struct {
		code  string
		value float64
		want  string
	}{
		{"000-00-0000", 78051123, "078-05-1123"},
		{`000\-00\-0000`, 78051123, "078-05-1123"},
		{`000"-"00"-"0000`, 78051123, "078-05-1123"},
		{"000 00 0000", 78051123, "078 05 1123"},
		{"000000000", 78051123, "078051123"},
		{"[<=9999999]###-####;(###) ###-####", 5551234, "555-1234"},
		{"[<=9999999]###-####;(###) ###-####", 2025551234, "(202) 555-1234"},
		{"00000", 1234, "01234"},
		{"00000-0000", 12345678, "01234-5678"},
		{"0000 0000 0000 0000", 4111111111111111, "4111 1111 1111 1111"},
		{"####-####-####-####", 4111111111111111, "4111-1111-1111-1111"},
		{"General", 4111111111111111, "4111111111111111"},
		{"", 4111111111111111, "4111111111111111"},
		{"0", 4111111111111111, "4111111111111111"},
		{"0.00E+00", 4111111111111111, "4111111111111111"},
		{"@", 4111111111111111, "4111111111111111"},
		{";;;", 78051123, "78051123"},
		{"General", 0.1 + 0.2, "0.3"},
		{"General", -12.5, "-12.5"},
		{"General", 1e20, "1E+20"},
		{"0.00", 1.005, "1.01"},
		{"0.00", 1234.5, "1234.50"},
		{"0", 0.5, "1"},
		{"0.00", -0.001, "0.00"},
		{"#,##0", 1234567, "1,234,567"},
		{"#,##0.00", 999999.999, "1,000,000.00"},
		{"0,000", 12, "0,012"},
		{"#,##0,", 1234500, "1234500"},
		{"#,##0.0,", 1234.56, "1.2"},
		{"0%", 0.256, "26%"},
		{"0.0%", 0.256, "25.6%"},
		{"0.00E+00", 12345.678, "1.23E+04"},
		{"##0.0E+0", 12345.678, "12.3E+3"},
		{"0.00E-00", 0.00012, "1.20E-04"},
		{"# ?/?", 2.5, "2 1/2"},
		{"# ??/??", 3.14159, "3 1/7"},
		{"# ?/8", 0.375, "3/8"},
		{"?/?", 1.5, "3/2"},
		{`"$"#,##0.00_);("$"#,##0.00)`, -1234.5, "($1,234.50)"},
		{"[$€-407] #,##0.00", 12.5, "€ 12.50"},
		{`0.00" EUR"`, 3, "3.00 EUR"},
		{"[Red]-0;[Blue]0;\"nil\"", 0, "nil"},
		{"0;-0;;@", 5, "5"},
		{"#", 0, ""},
		{`"ID "0`, 77, "ID 77"},
		{`"x"`, 78051123, "78051123"},
		{"[>100]\"big \"0;[<=100]\"small \"0", 150, "big 150"},
		{"[>100]\"big \"0;[<=100]\"small \"0", 50, "small 50"},
		{"0.0?", 1.5, "1.5"},
		{"#.##", 1.5, "1.5"},
		{".00", 1.5, "1.50"},
		{`000\.000\.000\-00`, 12345678901, "123.456.789-01"},
	} {
		if got := Parse(c.code).String(c.value); got != c.want {
			t.Errorf("%q shows %v as %q, want %q", c.code, c.value, got, c.want)
		}
	}
}

func TestDatesAreShownInTheirOrder(t *testing.T) {
	for _, c := range []struct {
		code  string
		value float64
		mac   bool
		want  string
	}{
		{"m/d/yyyy", 29354, false, "5/13/1980"},
		{"dd/mm/yyyy", 29354, false, "13/05/1980"},
		{"yyyy-mm-dd", 29354, false, "1980-05-13"},
		{"yyyy\\-mm\\-dd;@", 29354, false, "1980-05-13"},
		{"d. mmmm yyyy", 29354, false, "13. May 1980"},
		{"dddd, mmm d, yy", 29354, false, "Tuesday, May 13, 80"},
		{"[$-409]d-mmm-yy;@", 29354, false, "13-May-80"},
		{"[$-F800]dddd, mmmm dd, yyyy", 29354, false, "Tuesday, May 13, 1980"},
		{"yyyy-mm-dd", 27892, true, "1980-05-13"},
		{"yyyy-mm-dd", 60, false, "1900-02-29"},
		{"yyyy-mm-dd", 61, false, "1900-03-01"},
		{"yyyy-mm-dd", 1, false, "1900-01-01"},
		{"h:mm AM/PM", 0.75, false, "6:00 PM"},
		{"h:mm:ss", 0.5, false, "12:00:00"},
		{"mm:ss.0", 0.0001, false, "00:08.6"},
		{"[h]:mm:ss", 1.5, false, "36:00:00"},
		{"m/d/yyyy h:mm", 29354.5, false, "5/13/1980 12:00"},
		{"yyyy-mm-dd hh:mm:ss", 29354.9999999, false, "1980-05-14 00:00:00"},
		{"yyyy-mm-dd", 78051123, false, "78051123"},
		{"yyyy-mm-dd", -5, false, "-5"},
	} {
		f := Parse(c.code)
		f.Date1904 = c.mac
		if got := f.String(c.value); got != c.want {
			t.Errorf("%q shows %v as %q, want %q", c.code, c.value, got, c.want)
		}
	}
}

func TestEveryBuiltinShowsANumber(t *testing.T) {
	for id := range 82 {
		code, ok := Builtin(id)
		if !ok {
			continue
		}
		if got := Parse(code).String(29354); !strings.ContainsAny(got, "0123456789") {
			t.Errorf("id %d, %q, shows %q", id, code, got)
		}
	}
	if code, _ := Builtin(14); code != "m/d/yyyy" {
		t.Errorf("id 14 is %q", code)
	}
	if _, ok := Builtin(163); ok {
		t.Error("id 163 is built in")
	}
}

// FuzzFormat holds that no code panics, that what is shown stays short, and
// that no code makes a whole number lose its digits.
func FuzzFormat(f *testing.F) {
	for _, code := range []string{"000-00-0000", "#,##0.00_);[Red](#,##0.00)", "[h]:mm:ss.000", "# ??/??", "##0.0E+0", "[<5]0;[>=7]\"x\"", "[$-F800]dddd", "\\", "_", "*", "\"", "[", "s.0", ",,,", "é;;;@"} {
		f.Add(code, 78051123.0)
		f.Add(code, -0.5)
	}
	f.Fuzz(func(t *testing.T, code string, value float64) {
		shown := Parse(code).String(value)
		if len(shown) > 4*maxCode+400 {
			t.Fatalf("%q shows %v in %d bytes", code, value, len(shown))
		}
		if utf8.ValidString(code[:min(len(code), maxCode)]) && !utf8.ValidString(shown) {
			t.Fatalf("%q shows %v as %q", code, value, shown)
		}
		format := Parse(code)
		if v := math.Abs(value); !format.IsDate() && v >= 1e6 && v < 1e15 && v == math.Trunc(v) && loses(v, shown) {
			if s, _ := format.choose(value); s == nil || s.kind != date {
				t.Fatalf("%q shows %v as %q", code, value, shown)
			}
		}
	})
}

func TestTheQuickWaysShowWhatStringShows(t *testing.T) {
	codes := []string{
		"0", "0.00", "#,##0.00", "#,##0_);(#,##0)", "??0.0?", `"No. "000-00-0000`, "#.##", "0.0", `_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)`, "#,##0.###", ".00", "[>5]0.0;0",
		"m/d/yyyy", "yyyy-mm-dd", `[$-409]d\-mmm\-yy;@`, "dddd, mmmm d, yyyy", "mmmmm e", "h:mm", "General", "0.0E+0", "0%", "0,", "@", "0;-0;",
	}
	quick := 0
	r := rand.New(rand.NewPCG(1, 2))
	for _, code := range codes {
		f := Parse(code)
		for range 2000 {
			day := r.IntN(3e6)
			if got, ok := f.AppendDay(nil, day, false); ok {
				quick++
				if want := f.String(float64(day)); string(got) != want {
					t.Fatalf("%s shows day %d as %q, want %q", code, day, got, want)
				}
			}
			whole, part := strings.TrimLeft(strconv.Itoa(int(r.ExpFloat64()*1e3)), "0"), strconv.Itoa(r.IntN(1e6))[r.IntN(2):]
			if r.IntN(4) == 0 {
				part += "99995"
			}
			value, err := strconv.ParseFloat("0"+whole+"."+part, 64)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := f.AppendDecimal(nil, []byte(whole), []byte(part)); ok {
				quick++
				if want := f.String(value); string(got) != want {
					t.Fatalf("%s shows %s.%s as %q, want %q", code, whole, part, got, want)
				}
			}
		}
	}
	if quick < 20000 {
		t.Errorf("only %d were shown the quick way", quick)
	}
}

func TestEachDayIsThatOfTheCalendar(t *testing.T) {
	date := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := 1; n < lastDay; n++ {
		if y, m, d := civil(n); y != date.Year() || m != int(date.Month()) || d != date.Day() {
			t.Fatalf("day %d is %d-%d-%d, want %s", n, y, m, d, date)
		}
		date = date.AddDate(0, 0, 1)
	}
}
