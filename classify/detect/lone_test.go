package detect

import (
	"strings"
	"testing"
)

// matchesOf finds what a detector finds in a text that comes in pieces of a size.
func matchesOf(t *testing.T, d *Detector, text string, size int) (found []string) {
	t.Helper()
	set, err := Compile([]*Detector{d}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := set.NewStream(func(m Match) {
		if m.Confidence >= Medium {
			found = append(found, text[m.Start:m.End])
		}
	})
	for rest := text; rest != ""; {
		n := min(size, len(rest))
		s.Write([]byte(rest[:n]))
		rest = rest[n:]
	}
	s.Close()
	return found
}

func TestAValueAloneHasItsLineAndTextAbove(t *testing.T) {
	c := Custom{ID: "sign-off", Title: "sign-off", Words: []string{"{kind |}regards", "many thanks", "--"}, Mask: "none", Levels: Levels{High, High, High, High}}
	d, err := c.Detector()
	if err != nil {
		t.Fatal(err)
	}
	d.Apart, d.Alone = true, true
	long := strings.Repeat("All is well with us.\n", 100)
	for _, c := range []struct{ name, text, want string }{
		{"below the mail", "The list.\n\nKind regards\nAmy", "Kind regards"},
		{"with a comma", "The list.\r\nKind regards,\r\nAmy", "Kind regards"},
		{"two hyphens", "The list.\n-- \nAmy", "--"},
		{"at the end of the text", "The list.\nRegards", "Regards"},
		{"far below", long + "\nregards\nAmy", "regards"},
		{"within a line", "The list.\nWith regards to Jo", ""},
		{"at the beginning of a line", "The list.\nMany thanks for it", ""},
		{"a rule of hyphens", "The list.\n-----\nends", ""},
		{"it opens the mail", "Many thanks,\n\nthe list", ""},
		{"it opens the mail below blank lines", "\n \n\nMany thanks\nthe list", ""},
	} {
		for _, size := range []int{1, 7, 1 << 20} {
			if got := strings.Join(matchesOf(t, d, c.text, size), "|"); got != c.want {
				t.Errorf("%s, in pieces of %d: got %q, wanted %q", c.name, size, got, c.want)
			}
		}
	}
}

func TestARowCountsOnce(t *testing.T) {
	c := Custom{ID: "name", Title: "name", Pattern: `\p{Lu}[\p{L}.-]{0,30}(?: [\p{L}.-]{1,30}){0,3}`, Keywords: []string{"name", "surname", "forename"}, Mask: "none", Levels: Levels{Label: High}}
	d, err := c.Detector()
	if err != nil {
		t.Fatal(err)
	}
	d.Apart, d.OnceARow = true, true
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"two columns", "Surname,Forename,Town\nSmith,Amy,Leeds\nJones,Bob,York\n", 2},
		{"the same name twice", "Name\tTown\nAmy Smith\tLeeds\nAmy Smith\tYork\n", 2},
		{"a quoted cell of two lines", "Surname,Forename\n\"Smith\n\",Amy\nJones,Bob\n", 2},
		{"labels on lines of their own", "Name: Amy Smith\nName: Bob Jones\n", 2},
		{"no such column", "Town,Street\nLeeds,High Street\nYork,Low Street\n", 0},
	} {
		for _, size := range []int{1, 7, 1 << 20} {
			if got := len(matchesOf(t, d, c.text, size)); got != c.want {
				t.Errorf("%s, in pieces of %d: got %d, wanted %d", c.name, size, got, c.want)
			}
		}
	}
}
