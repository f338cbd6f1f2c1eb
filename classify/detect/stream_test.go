package detect

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/postern-mail/postern/classify/anchor"
)

// snippets are pieces that random texts are made of: values, keywords, and all
// that could confuse a scanner.
var snippets = []string{
	"536-90-4399", "078 05 1123", "078.05.1123", "536904399", "24036805", "0054510356", "20231105", "AB123456C", "ab 12 34 56 c", "AB-12-34-56-C",
	"AB 12 34 56", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111", "378282246310005", "3714 496353 98431", "4111 1111 11 111111", "6011000990139424",
	"４１１１１１１１１１１１１１１１", "5\u200b36-90-\u00ad4399", "536\u201390\u201343\u205f99", "SSN", "ssn: ", "Social Security\nNumber ", "socialSecurityNumber", "número de seguro social ",
	"DCN", "DCNs: ", "dcn=", "client number ", "Missouri ", "MO HealthNet ID ", "NINO ", "National Insurance ", "NI No.", "card no. ", "cardNumber", "PAN ", "visa ", "expiry 12/27 ",
	" order ", "Order no: ", "ref ", "account ", "tracking ", " and ", " or ", ", ", "; ", " / ", " & ", "|", "\t", ",", ";", " ", "  ", "\n", "\r\n", "\r", "\n\n",
	"\"", "'", "<", ">", "=", ":", "#", "_", "-", ".", "@", "+", "$", "£ ", "https://example.com/", "?ssn=", "&dcn=", "user@example.com", "<536904399@x>", "data:image/png;base64,",
	"name,ssn,dob\n", "Name\tDCN\n", "| Client | NINO |\n", "a;card number\n", "%B4111111111111111^", ";4111111111111111=2712", "DE89 3704 0044 0532 0130 00",
	"41111111-1111-4111-8111-111111111111", "\xff", "\xc3", "é", "中文", "\u200b", "\u00a0", "\U0001d7d3", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY3ODkw", "12 ", "7", "x",
	"GB29 NWBK 6016 1331 9268 19", "gb29nwbk60161331926819", "CVV 123 ", "cvv: ", "security code ", "ITIN 911-70-1234", "EIN 12-3456789", "12-3456789 ", "sort code ", "10-79-99", " 10 79 99", "107999 ",
	"account number 88837491", "88837491", "a/c ", "routing 021000021", "acct 998877", "savings account ", "021000021 ", "NHS ", "401 023 2137", "4010232137", "MBI ", "1EG4-TE5-MK73", "1EG4TE5MK73",
	"Dx: ", "E11.9", "I10", "DL ", "Y520-3703-1205-08", "X5205904908906", "driver license ", "H12234567", "S123-4567-8901", "passport ", "British ", "123456789", "CD7654321",
	"9250764733GBR8809117F2007162<<<<<<<<<<<<<<08", "DOB ", "born on ", "31/12/1980", "December 31, 1980", "1 Jan 80", "1980-12-31", "postcode ", "SW1A 2AA", "10 Downing Street, ", "GIR 0AA",
	"221 E High Street, Jefferson City, MO 65101", "Madison, WI 53703", "PO Box 7, ", "Missouri 65201-1234", "tel ", "(202) 555-0143", "+44 (0)20 7946 0018", "07700 900123", "2025550143",
	"Universal Credit ", "£342.72", "$291", "GBP 77.20", "overpayment ", "OFFICIAL-SENSITIVE", "OFFICIAL", "TOP SECRET", "[", "]", "classification: ", "E_M_A_I_L_B_L_O_C_K", "[encrypt]", "Subject: ",
	"FTI ", "federal tax information", "IRS match", "PHI", "hiv-positive", "patient ", "driver record", "NCIC", "Curriculum Vitae", "\nSkills\n", "\n## Work Experience:\n", "2015 - 2019", "Mar 2015 to present",
	"This communication is being transmitted by the Department of Social Services (DSS) and is confidential, privileged, and intended only for the use of the recipient", "> ", "if you are not the intended recipient ",
	strings.Repeat(" ", 280), strings.Repeat("lorem ipsum ", 30), strings.Repeat("\u200b", 300), strings.Repeat("1 ", 40), strings.Repeat("x,", 40),
}

func randomText(random *rand.Rand, pieces int) string {
	var b strings.Builder
	for range pieces {
		b.WriteString(snippets[random.IntN(len(snippets))])
	}
	return b.String()
}

func randomCuts(random *rand.Rand, n int) []int {
	var cuts []int
	for at := 0; at < n; {
		cuts = append(cuts, at)
		at += 1 + random.IntN(1+random.IntN(200))
	}
	return cuts
}

// scanIn scans with a buffer that leaves so many bytes between two scans.
func scanIn(set *Set, text string, cuts []int, stretch int) []Match {
	var matches []Match
	s := set.NewStream(func(m Match) { matches = append(matches, m) })
	s.room = history + ahead + stretch
	from := 0
	for _, cut := range append(cuts, len(text)) {
		s.Write([]byte(text[from:cut]))
		from = cut
	}
	s.Close()
	return matches
}

func TestMatchesAreTheSameForAnyCut(t *testing.T) {
	set := builtin(t, Options{})
	random := rand.New(rand.NewPCG(3, 4))
	total := 0
	for range 300 {
		text := randomText(random, 20+random.IntN(400))
		want := scan(set, text, nil)
		total += len(want)
		for how, got := range map[string][]Match{
			"random cuts":      scan(set, text, randomCuts(random, len(text))),
			"every byte":       scan(set, text, everyByte(len(text))),
			"a small buffer":   scanIn(set, text, nil, 16),
			"an uneven buffer": scanIn(set, text, randomCuts(random, len(text)), 16+random.IntN(500)),
		} {
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: %q\ngot  %v\nwant %v", how, text, got, want)
			}
		}
	}
	if total < 1000 {
		t.Errorf("only %d matches in all texts: they test too little", total)
	}
}

func TestALongTextMatchesAsItsBufferMovesOn(t *testing.T) {
	set := builtin(t, Options{})
	random := rand.New(rand.NewPCG(5, 6))
	for range 6 {
		text := randomText(random, 20000)
		want := scan(set, text, nil)
		for _, stretch := range []int{64, 1000, 4097} {
			if got := scanIn(set, text, randomCuts(random, len(text)), stretch); !reflect.DeepEqual(got, want) {
				t.Fatalf("a buffer with a stretch of %d finds other matches in a text of %d bytes", stretch, len(text))
			}
		}
		// The same text further down the stream holds the same matches.
		const shift = 12345
		got := scan(set, strings.Repeat("\n", shift)+text, nil)
		for i := range got {
			got[i].Start -= shift
			got[i].End -= shift
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatal("a text finds other matches further down the stream")
		}
	}
}

// spanning are detectors whose matches span what is not theirs.
var spanning = map[string]bool{"uk-bank": true, "us-bank": true, "us-address": true, "disclaimer": true, "us-fti": true, "phi-terms": true, "cji-terms": true, "cv-resume": true}

func FuzzMatchesAreTheSameForAnyCut(f *testing.F) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 20 {
		f.Add([]byte(randomText(random, 40)), uint16(7))
	}
	set := builtin(f, Options{})
	f.Fuzz(func(t *testing.T, text []byte, cut uint16) {
		want := scan(set, string(text), nil)
		at := 0
		if len(text) > 0 {
			at = int(cut) % len(text)
		}
		for how, got := range map[string][]Match{
			"every byte":     scan(set, string(text), everyByte(len(text))),
			"one cut":        scan(set, string(text), []int{at}),
			"a small buffer": scanIn(set, string(text), nil, 16),
		} {
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: got %v, want %v", how, got, want)
			}
		}
		for i, m := range want {
			if m.Start < 0 || m.Start >= m.End || m.End > int64(len(text)) || m.Confidence == None || m.Value == "" {
				t.Errorf("impossible match %d-%d of a text of %d bytes", m.Start, m.End, len(text))
			}
			if spans := spanning[set.Detectors[m.Detector].ID] || i > 0 && spanning[set.Detectors[want[i-1].Detector].ID]; !spans && i > 0 && m.Start < want[i-1].End {
				t.Errorf("match at %d overlaps the one before", m.Start)
			}
		}
	})
}

func TestAResetStreamKnowsNothingOfTheTextBefore(t *testing.T) {
	set := builtin(t, Options{})
	random := rand.New(rand.NewPCG(9, 10))
	s := set.NewStream(nil)
	s.Close()
	for range 100 {
		text := randomText(random, 300)
		var got []Match
		s.Reset(func(m Match) { got = append(got, m) })
		s.Write([]byte(text))
		s.Close()
		if want := scan(set, text, nil); !reflect.DeepEqual(got, want) {
			t.Fatalf("a reset stream finds %v, a new one %v", got, want)
		}
	}
}

// adversarial are texts made to be slow or to grow the memory of a Stream.
var adversarial = map[string]string{
	"digits":             "1",
	"separators":         " ",
	"keywords":           "ssn ",
	"negative keywords":  "po ",
	"numbers":            "536904399 ",
	"labelled numbers":   "po 536904399 ",
	"single digits":      "4 ",
	"groups of four":     "4111 ",
	"cards":              "4111 1111 1111 1111 ",
	"hyphenated numbers": "536-90-4399,",
	"slashes":            "536904399/",
	"one URL":            "/24036805",
	"one long row":       "24036805,ssn,",
	"short rows":         "a,b\nc,d,e\n",
	"empty rows":         ",,,,;;;;\n",
	"quotes":             "\"a,b\n",
	"ignorables":         "\u200b",
	"digits, ignorables": "5\u200b",
	"fullwidth":          "４",
	"no-break spaces":    "\u00a0",
	"malformed bytes":    "\xe2",
	"line ends":          "\r",
	"lists":              "DCN 24036805, ",
	"dates":              "12/27 4111 1111 1111 1111",
	"addresses":          "24036805@a ",
	"codes of cards":     "cvv 123 ",
	"halves of pairs":    "sort code 10-79-99 ",
	"accounts":           "12345678 88837491 ",
	"postal addresses":   "1 A B C D E MO 65101 ",
	"streets":            "1 A ",
	"births":             "dob 1 Jan 1980 ",
	"phones":             "020 7946 0018 ",
	"amounts":            "PIP £1 ",
	"markings":           "OFFICIAL - SENSITIVE ",
	"open brackets":      "OFFICIAL-SENSITIVE [",
	"terms":              "tax return transcript ",
	"statement":          "if you are not the intended recipient ",
	"headings":           "\n - - - - skills",
	"years":              "2015-2016 ",
	"licences":           "dl# A1-B2-C3-D4-",
	"wide headers":       wideHeaders(),
}

// wideHeaders are tables with headers of the greatest size, each with a row.
func wideHeaders() string {
	var b strings.Builder
	for cells := 1015; cells < 1020; cells++ {
		for _, delim := range []string{"\t", "|", ";", ","} {
			b.WriteString(strings.Repeat("ssn of a child"+delim, cells) + "\n")
		}
		b.WriteString(strings.Repeat(",", cells) + "536904399\n")
	}
	return b.String()
}

func TestMemoryOfAStreamIsBoundedWhateverTheLength(t *testing.T) {
	set := builtin(t, Options{})
	for name, unit := range adversarial {
		t.Run(name, func(t *testing.T) {
			chunk := []byte(strings.Repeat(unit, 1+64<<10/len(unit)))
			s := set.NewStream(func(Match) {})
			heap := func(n int) uint64 {
				for range n {
					s.Write(chunk)
				}
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			early := heap(4)
			late := heap(16)
			if size := s.size(); size > MaxStreamBytes {
				t.Errorf("the stream holds %d bytes, want at most %d", size, MaxStreamBytes)
			}
			if late > early+256<<10 {
				t.Errorf("the heap grew from %d to %d bytes in a megabyte of text", early, late)
			}
			s.Close()
		})
	}
}

// size is the memory that a stream holds on to.
func (s *Stream) size() int {
	match := int(reflect.TypeFor[held]().Size()) + 64
	n := cap(s.text.buf) + cap(s.text.shift)*24 + cap(s.anchors)*16 + cap(s.finder.scratch)*24 + cap(s.pending.held)*match
	for _, list := range s.finder.found {
		n += cap(list) * 24
	}
	n += cap(s.finder.pans.found)*24 + cap(s.finder.against.found)*24 + cap(s.finder.coming)*32
	n += len(s.finder.halves) * int(reflect.TypeFor[half]().Size())
	n += len(s.finder.rows) * 8
	for i := range s.finder.scorers {
		sc := &s.finder.scorers[i]
		n += int(reflect.TypeFor[scorer]().Size()) + cap(sc.count) + cap(sc.found)*32 + cap(sc.cluster)*int(reflect.TypeFor[termHit]().Size())
		for _, h := range sc.shares {
			n += cap(h.seen)
		}
	}
	n += cap(s.text.marks)*16 + cap(s.text.lines)*16 + cap(s.text.cells)*40 + int(reflect.TypeFor[anchor.WordList]().Size()) + cap(s.text.made)*4
	headers := s.finder.columns.spare
	for _, tables := range s.finder.columns.tables {
		n += cap(tables) * int(reflect.TypeFor[table]().Size())
		for _, t := range tables {
			if t.head != nil {
				headers = append(headers, t.head)
			}
		}
	}
	for _, h := range headers {
		n += cap(h.text) + cap(h.ends)*4 + (cap(h.own.spans)+cap(h.negative.spans))*8 + (cap(h.own.hits)+cap(h.negative.hits))*24
	}
	return n
}

func TestWritesDoNotAllocatePerByte(t *testing.T) {
	set := builtin(t, Options{})
	s := set.NewStream(func(Match) {})
	chunk := bytes.Repeat([]byte("Dear Bob, the meeting on 2024-05-06 at 10:30 is moved; call 555 0100 for more.\r\n"), 1000)
	s.Write(chunk)
	if n := testing.AllocsPerRun(5, func() { s.Write(chunk) }); n > 100 {
		t.Errorf("%v allocations for %d bytes", n, len(chunk))
	}
}

func benchmarkText(b *testing.B, text []byte) {
	b.Helper()
	set := builtin(b, Options{})
	s := set.NewStream(func(Match) {})
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for rest := text; len(rest) > 0; rest = rest[min(len(rest), 64<<10):] {
			s.Write(rest[:min(len(rest), 64<<10)])
		}
		s.Close()
		s.Reset(func(Match) {})
	}
}

// BenchmarkStream is the throughput over whole texts of the usual sorts.
func BenchmarkStream(b *testing.B) {
	random := rand.New(rand.NewPCG(11, 12))
	repeat := func(line func() string) []byte {
		var text []byte
		for len(text) < 1<<20 {
			text = append(text, line()...)
		}
		return text
	}
	for name, line := range map[string]func() string{
		"prose": func() string {
			return "The committee met on Tuesday, 4 May, and agreed; nobody wished to speak against the plan,\nso the chair closed the meeting at noon and thanked all who had come.\n\n"
		},
		"numbers": func() string {
			return fmt.Sprintf("%d,%09d,%04d-%02d-%02d,%d.%02d,%08d\n", random.IntN(1e6), random.IntN(1e9), 1990+random.IntN(40), 1+random.IntN(12), 1+random.IntN(28), random.IntN(1e4), random.IntN(100), random.IntN(1e8))
		},
		"base64": func() string {
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
			line := []byte(strings.Repeat("\n", 77))
			for i := range 76 {
				line[i] = alphabet[random.IntN(64)]
			}
			return string(line)
		},
		"html": func() string {
			return fmt.Sprintf("<td style=\"padding:0 %dpx;color:#%06x\"><a href=\"https://news.example.com/c/%d?id=%d\">Read more</a></td>\n", random.IntN(40), random.IntN(1<<24), random.IntN(1e8), random.Int64N(1e16))
		},
	} {
		b.Run(name, func(b *testing.B) { benchmarkText(b, repeat(line)) })
	}
}

// BenchmarkAdversarial shows that time stays linear: twice the text, twice the
// time, at a throughput of its own for each sort of text.
func BenchmarkAdversarial(b *testing.B) {
	for name, unit := range adversarial {
		for _, size := range []int{256 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("%s/%dKiB", strings.ReplaceAll(name, " ", "-"), size>>10), func(b *testing.B) {
				benchmarkText(b, []byte(strings.Repeat(unit, 1+size/len(unit))))
			})
		}
	}
}

func TestAClosedStreamHoldsNoText(t *testing.T) {
	set, err := Compile(Builtin(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	s := set.NewStream(func(Match) { found++ })
	_, _ = s.Write([]byte("SSN 536-90-4399 " + strings.Repeat("lorem ipsum ", 10000) + " SSN 078-05-1123 \xf0\x9f"))
	_ = s.Close()
	if found == 0 {
		t.Fatal("nothing was found")
	}
	for name, b := range map[string][]byte{"text": s.text.buf[:cap(s.text.buf)], "part": s.text.part[:cap(s.text.part)]} {
		if i := bytes.IndexFunc(b, func(r rune) bool { return r != 0 }); i >= 0 {
			t.Errorf("%s still holds %q", name, b[i:min(i+20, len(b))])
		}
	}
}
