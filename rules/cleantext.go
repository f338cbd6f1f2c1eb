package rules

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/postern-mail/postern/classify/detect"
)

// cleanKind is a kind of text that stands in mail of every day and is nobody's secret.
// A detector that finds it will find it every day. Each line is a text by itself.
type cleanKind struct {
	what  string
	lines []string
	words bool // it is a matter of words, not of numbers
}

// cleanText are the kinds, made once.
var cleanText = sync.OnceValue(func() []cleanKind {
	return []cleanKind{
		{what: "dates without separators", lines: []string{
			"Backup of 20260311 finished.", "The file report_20261231.pdf is there.", "Version 20250704 of the form.", "As of 311226.", "As of 19991231.", "Run 20260312102233 ended.", "Stand 12032026.", "Done 110326.", "See IMG_20260311_101500.jpg.",
		}},
		{what: "times in seconds or milliseconds since 1970", lines: []string{"It ended at 1773230400.", "Token issued 1740787200, expires 1772323200.", "ts=1773230400123 ok", "At 1773230400.512"}},
		{what: "commits and other hexadecimal numbers", lines: []string{
			"commit 1a410efbd13591db07496601ebc7a059dd55cfe9", "index 3b29adb..d5cffe9", "Merge 7c0ffee5 into main.", "Fixed by 49a120c.", "error 0x80070005 again", "Colour #ff8800, or 00aaff.", "md5 d41d8cd98f00b204e9800998ecf8427e", "Stack at 0x00007ffe3c2d1b40", "cafe4711 is the tag.", "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		}},
		{what: "dates", lines: []string{
			"Meeting on 2026-03-12.", "By 12/03/2026 at the latest.", "On 03-12-26.", "Seen on 12.03.2026.", "On 12 March 2026.", "March 12, 2026 it is.",
			"See you on 3/12/26.", "As of 2026/03/12.", "Thu, 12 Mar 2026 09:14:00 +0000", "Due 12-Mar-2026.", "From 2026-03-12T10:22:33Z on.", "In week 2026-W11.", "In Q3 2026.", "In 2026-27.",
		}},
		{what: "times", lines: []string{"From 10:22:33 to 11:45.", "At 0945 sharp.", "Till 5 pm.", "It took 00:12:37.250.", "Open 0900-1730."}},
		{what: "amounts", lines: []string{
			"The total is $1,234.56.", "Pay £1234.56 by Friday.", "EUR 99,00", "It costs 12000 pounds.", "Budget of 1.250.000,00 €.", "About 1 234 567 in all.", "2.5 million", "A share of 12.75%.", "USD 1500",
		}},
		{what: "years and small numbers", lines: []string{"In 1999 and 2026.", "There were 12 of 365.", "Room 101, floor 3, page 1024.", "Chapter 12.4.1", "It weighs 750 g.", "The 3rd of 42."}},
		{what: "telephone numbers", lines: []string{
			"Call 020 7946 0018.", "Call +1 573 555 0199.", "Call (314) 555-0142.", "Tel. 01632 960 983.", "Ring 07700 900123.", "Ring 07700900456.", "Dial 573-555-0137.", "Dial 573.555.0121.",
			"Phone 0044 1632 960001.", "Fax: 5735550178", "Text 88222.", "Dial in 1-800-555-0119 pin 4471#.", "Ext. 4471", "Mobile +44 7700 900 877",
		}},
		{what: "order, invoice and customer numbers", lines: []string{
			"Invoice 1234567.", "Your order 12345678 has left.", "Ref. 123456789.", "PO 4500123456", "Order #104-5538712-9987321", "Customer number 884213.", "Quote Q-2026-0113", "Your reference: 2026/00451",
			"Company number 01234567.", "Company No. SC123456", "VAT GB 123 4567 82", "Contract 70012345 of last year", "Delivery note 80012345", "Case 00451123 was closed.", "Article 4006381333931", "Part 17-0042-A",
		}},
		{what: "meeting ids and passcodes", lines: []string{"Meeting ID 93847562 passcode 483920.", "Meeting ID: 938 4756 2011", "Webinar 845-2210-7713", "Passcode: 7Xk2Pq", "Conference ID 884 120 345#", "Access code 5519034", "Your code is 483920."}},
		{what: "versions", lines: []string{
			"Version 1.26.8 is out.", "build 20260312.1", "v2.3.4-rc1", "Windows 10.0.19045.3803", "Firmware 12.4(25e)", "KB5031356 is installed.", "v1.2.3-45-g3b29adb", "Chrome/124.0.6367.118", "Office 16.0.17328.20282",
		}},
		{what: "IP and hardware addresses", lines: []string{"From 192.0.2.17 port 51234.", "to 2001:db8::17.", "Host 198.51.100.254/24", "MAC 00:1a:2b:3c:4d:5e", "MAC 001a.2b3c.4d5e", "AS64512"}},
		{what: "message ids and addresses", lines: []string{
			"Message-ID: <20260312102233.4F1A2B3C@mail.example.org>", "From: mary.smith42@example.org", "https://www.example.org/a/123456?id=987654321&t=1773230400", "<CAF5x8Zk=abcDEF1234567890@mail.example.com>", "See //fileserver01/share/2026/report17.docx",
		}},
		{what: "UUIDs", lines: []string{"id 6ba7b810-9dad-11d1-80b4-00c04fd430c8", "{3F2504E0-4F89-41D3-9A0C-0305E82C3301} is it", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}},
		{what: "postcodes", lines: []string{"London SW1A 2AA", "Jefferson City, MO 65101", "Madison, WI 53703-1234", "10115 Berlin", "75008 Paris", "Matlock DE4 3AG"}},
		{what: "codes of letters and digits", lines: []string{
			"See drawing A12345 and BX1234.", "Flight BA2490 is late.", "Booking X7K9PQ", "INC0012345 is solved.", "CHG0034567 is approved.", "REQ-20451", "PROJ-1234 and ABC-77", "CVE-2026-12345", "ISO 27001 and RFC 5322", "Form W-2, SA100 or P45",
			"A4 paper, B2B, H1N1, COVID-19", "Room B12, block C3", "Printer HP4250 on LPT1", "srv-db01 and web02", "The M25 and the A38", "Model XJ900S", "Toner TN2420", "Parcel 1Z999AA10123456784", "Parcel RM123456785GB", "Licence plate AB12 CDE", "ISBN 978-3-16-148410-0", "Item 0451-A-17", "Gate F17, seat 23C", "UTF-8, MP3, H.264",
		}},
		{what: "numbers in groups", lines: []string{
			"See 4827 1935.", "See 482 719 350.", "See 482-719-350.", "See 4827-1935-6620.", "See 12 34 56.", "See 12-34-56.", "See 4827 1935 6620 7714.", "See 482.719.350.", "See 48-2719350.", "See 482/7193/50.", "See 1,2,3,4,5,6,7,8.",
		}},
		{what: "words in capitals", words: true, lines: []string{
			"IMPORTANT: PLEASE READ", "REMINDER - MEETING TOMORROW", "URGENT ACTION REQUIRED", "FYI, ASAP, TBC, FAQ, HR, IT, CEO", "CONFIDENTIAL", "DISCLAIMER", "INVOICE ENCLOSED", "TERMS AND CONDITIONS", "BEGIN:VCALENDAR", "NOTE", "WARNING", "ATTACHMENT",
		}},
		{what: "names of people and places", words: true, lines: []string{"Dear Mary Ann Smith,", "John and Peter Brown were there.", "Best, Anna", "From London to New York on Monday", "Dr. James Wilson, Head of Finance", "Sarah O'Neill", "Jefferson City"}},
		{what: "everyday text", words: true, lines: everydayText},
		{what: "words of every day", words: true, lines: strings.Fields(commonWords)},
	}
})

// numberKind is a hundred bare numbers of so many digits, the same at all times. A
// check digit that one number in ten has by chance is had by some of them.
func numberKind(digits int) cleanKind {
	kind := cleanKind{what: fmt.Sprintf("bare numbers of %d digits", digits)}
	for state := uint64(digits); len(kind.lines) < 100; {
		b := make([]byte, digits)
		for i := range b {
			state = state*6364136223846793005 + 1442695040888963407
			b[i] = '0' + byte(state>>33%10)
		}
		kind.lines = append(kind.lines, fmt.Sprintf("Please see %s about it.", b))
	}
	return kind
}

// The lengths of bare numbers that are tried, and how many of the hundred must be
// found before it is told.
const (
	shortNumber = 4
	longNumber  = 20
	leastFound  = 4
)

var numberKinds = sync.OnceValue(func() []cleanKind {
	var all []cleanKind
	for n := shortNumber; n <= longNumber; n++ {
		all = append(all, numberKind(n))
	}
	return all
})

// everydayText is mail that anybody may write.
var everydayText = []string{
	"Dear Sir or Madam, thank you for your letter of last week. We have read it and will answer within ten working days. Kind regards",
	"Hi all, can we move the meeting to Thursday at half past two? The room is booked till four. I have attached the agenda and the notes of last time. Thanks",
	"Please find attached the report for the third quarter. Sales are up by four percent, costs are about what we planned. Let me know if you have any questions.",
	"The printer on the second floor is out of order again. Please use the one next to the kitchen until somebody from the service desk has looked at it.",
	"Your order has been sent and should be with you by Friday. You can follow it on our web site. If you are not at home, a neighbour may take it.",
	"We are looking for someone to help with the school fair on Saturday: tables, cakes, a raffle and the children's games. Any hour that you can give is welcome.",
	"I will be out of the office until Monday with little access to mail. If it is urgent, please call the main number and ask for my colleague.",
	"Could you please review the draft contract and send me your comments by the end of the month? Legal and finance have seen it already.",
	"This is a reminder that your password will expire in seven days. To change it, press the keys as usual; never give it to anybody, not even to us.",
	"Thanks for dinner yesterday, it was lovely to see you and the kids. The photos are on their way. Love to everybody, see you soon!",
}

// commonWords are words that stand in most mails.
const commonWords = `
a about above account across act action add address after again against age ago agree all almost alone along already also although always am among amount an and another answer any anyone anything appear apply
approve april are area around as ask assist at attach attached attachment august available away back bad bank based be because become been before begin behind being believe below best better between big bill board
body book both bring budget build building business but buy by call came can care case cause centre certain chair chance change charge check child children choose city class clear client close code come comment
committee common company complete concern condition confirm consider contact continue contract copy cost could council country course court create current customer data date day days deal dear december decide decision
delivery department details develop did different direct director do does done door down draft drive due during each early easy education effect either email employee end enough ensure enter error even evening event
ever every everyone example except expect expire explain face fact family far february feel few field file final finally finance find fine first five fix follow following food for force forward four free friday friend
from front full further future general get give given go goes going good got government great group grow had half hand happen happy hard has have he head health hear held hello help her here high him his hold home
hope hospital hour house how however i idea if important in include including increase information inside instead interest internal internet into invite invoice is issue it item its january job join july june just keep
key kind know large last late later law lead learn least leave left legal less let letter level life like likely limited line link list little live local long look lot love low made mail main make man manage
management manager many march market matter may me mean means meet meeting member men message mid might mind minute miss monday money month months more morning most move mr mrs ms much must my name national near need
never new news next nice night nine no none nor not note nothing notice november now number october of off offer office officer often ok old on once one online only open or order other others our out over own page
paper part party past pay payment people per period person personal phone place plan please point policy position possible post present president price print private problem process product program programme project
provide public purchase put quarter question quick quite read ready real reason receive received record regard regards regular reply report request required research response rest result return review right room rule
run safe said sale same saturday save saw say schedule school second secret section see seem sell send sent september service set seven several shall share she short should show side sign since sincerely site six small
so social some someone something soon sorry sort source special staff stand start state statement status stay step still stop story street student study subject such sunday support sure system table take talk tax
team tell ten term test than thank thanks that the their them then there these they thing think third this those though three through thursday time title to today together told tomorrow too took top total toward town
trade training travel true try tuesday turn two type under understand unit until up update upon urgent us use user using usual value very via view visit wait want was water way we web wednesday week weeks welcome
well went were west what when where whether which while who whole why will wish with within without woman word work working world would write wrong year years yes yesterday yet you young your yours`

// commonLabels are words that stand beside numbers of every kind, and so tell
// nothing of one as keywords.
const commonLabels = "# no no. nr nr. num number numbers id code ref ref. reference value key type name date details item record data file your the our my of for is"

// everyday warns of a detector that finds what stands in mail of every day.
func (c *compiler) everyday(one detectorSource, alone *detect.Set) {
	t := one.table
	trial := &cleanTrial{stream: alone.NewStream(nil), meant: t.Match}
	told := trial.numbers()
	numbers, words := len(told) > 0, false
	for _, kind := range cleanText() {
		if _, what := trial.try(kind); what != "" {
			told = append(told, what)
			numbers, words = numbers || !kind.words, words || kind.words
		}
	}
	if n := len(told); n > maxKindsTold {
		told = append(told[:maxKindsTold], fmt.Sprintf("%d more kinds of text", n-maxKindsTold))
	}
	if len(told) > 0 {
		var fix []string
		if numbers {
			fix = append(fix, `give it keywords and confidence = { without = "low" }, or make it narrower, by letters that stand in every value or a check digit`)
		}
		if words {
			fix = append(fix, "choose words that only your mails have, or weigh them in a lexicon")
		}
		c.warn(one.source.title, t.Line, strings.Join(fix, "; "), "detector %q: it also finds what stands in mail of every day, at %s confidence: %s", t.ID, trial.level, joinedWords(told))
	}
	for _, key := range t.Keywords {
		if slices.Contains(strings.Fields(commonLabels), strings.ToLower(strings.TrimSpace(key))) {
			c.warn(one.source.title, t.At("keywords"), `say more, as in "staff number"`, "detector %q: the keyword %q stands beside numbers of every kind", t.ID, key)
		}
	}
}

// maxKindsTold is how many kinds of text a warning tells.
const maxKindsTold = 5

// cleanTrial tries a detector on clean text but for the lines that it is meant to
// match. Only what it finds without a keyword counts: what stands under one may be
// what is meant.
type cleanTrial struct {
	stream *detect.Stream
	meant  Strings
	level  detect.Confidence // the best of all trials
}

// try returns how much of a kind of text is found, and the kind with examples, "" if
// nothing is.
func (t *cleanTrial) try(kind cleanKind) (n int, what string) {
	lines := slices.DeleteFunc(slices.Clone(kind.lines), func(line string) bool { return slices.Contains(t.meant, line) })
	text := strings.Join(lines, "\n\n")
	var examples []string
	t.stream.Reset(func(m detect.Match) {
		found := text[m.Start:m.End]
		if m.Confidence < detect.Medium || len(m.Context) > 0 || !kind.words && !strings.ContainsAny(found, "0123456789") {
			return
		}
		n++
		t.level = max(t.level, m.Confidence)
		if found = fmt.Sprintf("%q", clip(found, 24)); len(examples) < 2 && !slices.Contains(examples, found) {
			examples = append(examples, found)
		}
	})
	_, _ = t.stream.Write([]byte(text))
	_ = t.stream.Close()
	if n == 0 {
		return 0, ""
	}
	return n, fmt.Sprintf("%s (%s)", kind.what, strings.Join(examples, ", "))
}

// numbers tells how long bare numbers are that are found, and of how many one is.
func (t *cleanTrial) numbers() []string {
	var lengths []string
	found, tried, shortest, longest := 0, 0, 0, 0
	for i, kind := range numberKinds() {
		if n, _ := t.try(kind); n >= leastFound {
			found, tried, longest = found+n, tried+len(kind.lines), i
			if len(lengths) == 0 {
				shortest = i
			}
			lengths = append(lengths, fmt.Sprint(shortNumber+i))
		}
	}
	if found == 0 {
		return nil
	}
	which := joinedWords(lengths)
	if last := len(lengths) - 1; last > 1 && last == longest-shortest {
		which = lengths[0] + " to " + lengths[last]
	}
	told := fmt.Sprintf("bare numbers of %s digits", which)
	if share := (tried + found/2) / found; share > 1 {
		told = fmt.Sprintf("one in %d of all %s", share, told)
	}
	return []string{told}
}

// everydayScore warns of a lexicon by which ordinary mail scores.
func (c *compiler) everydayScore(s *source, l *sourceLexicon, try trial) {
	for _, text := range everydayText {
		if level, _ := try(text); level >= detect.Medium && !slices.Contains(l.Match, text) {
			c.warn(s.title, l.Line, "give common words less weight, or raise the thresholds", "lexicon %q: ordinary mail reaches %s confidence, as in %q", l.ID, level, clip(text, 60))
			return
		}
	}
}
