package extract

import "testing"

func TestLinksThatHideWhereTheyLead(t *testing.T) {
	for _, c := range []struct {
		name, html        string
		hidden, concealed int
	}{
		{"the whole address is shown", `<a href="https://www.gov.uk/benefits">https://www.gov.uk/benefits</a>`, 0, 0},
		{"the host is shown", `see <a href="https://www.gov.uk/benefits">gov.uk/benefits</a>`, 0, 0},
		{"a host above the target is shown", `<a href="https://go.agency.example.com/x">example.com</a>`, 0, 0},
		{"another host is shown", `<a href="https://evil.example.com/">www.gov.uk</a>`, 0, 1},
		{"another host is shown, cut by markup and entities", `<a href='https&#58;//evil.example.com/'>www.<b>gov</b>.uk</a>`, 0, 1},
		{"a host that only begins like the one shown", `<a href="https://www.gov.uk.evil.example.com/">www.gov.uk</a>`, 0, 1},
		{"user information in front of the host", `<a href="https://www.gov.uk@evil.example.com/">https://www.gov.uk</a>`, 0, 1},
		{"no address is shown", `<a href="https://www.gov.uk/">click here</a>`, 1, 0},
		{"an unquoted target", `<a href=https://www.gov.uk/x>here</a>`, 1, 0},
		{"a link that is never closed", `<a href="//evil.example.com">www.gov.uk`, 0, 1},
		{"an address of mail", `<a href="mailto:a@agency.example">write to us</a>`, 0, 0},
		{"a place on the page", `<a href="#top">up</a> <a name="x">gov.uk</a>`, 0, 0},
		{"file names are no hosts", `<a href="https://www.gov.uk/a">report.docx</a>`, 1, 0},
		{"two links", `<a href="https://a.gov.uk">a.gov.uk</a><a href="https://b.gov.uk">a.gov.uk</a>`, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, s := read(t, "Content-Type: text/html\n\n"+c.html, DefaultLimits, 7)
			hidden, concealed := 0, 0
			for _, p := range s.parts {
				hidden, concealed = hidden+p.HiddenLinks, concealed+p.ConcealedLinks
			}
			if hidden != c.hidden || concealed != c.concealed {
				t.Errorf("got %d hidden and %d concealed, wanted %d and %d", hidden, concealed, c.hidden, c.concealed)
			}
		})
	}
}
