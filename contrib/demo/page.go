package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// page prints the demo: in colour to a terminal, plain otherwise.
type page struct {
	out    io.Writer
	colour bool
}

func newPage(out *os.File) *page {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &page{out: out, colour: terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// The columns of the table.
var widths = []int{2, 26, 38, 22, 7}

const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
	amber = "33"
)

func (p *page) paint(style, text string) string {
	if !p.colour || text == "" || style == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

func (p *page) title(text string) { fmt.Fprintf(p.out, "\n%s\n\n", p.paint(bold, text)) }

func (p *page) text(lines ...string) {
	for _, line := range lines {
		fmt.Fprintln(p.out, line)
	}
}

func (p *page) section(text string) { fmt.Fprintln(p.out, p.paint(bold, text)) }

func (p *page) lines(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(p.out, "  "+line)
	}
	fmt.Fprintln(p.out)
}

func (p *page) head() {
	fmt.Fprintln(p.out)
	p.cells([]string{"", "THE MAIL", "THE SENDER SAW", "WHERE IT LANDED", "THE HOP"}, []string{"", dim, dim, dim, dim}, "")
}

// row prints what became of a mail and reports whether that was right.
func (p *page) row(number int, m mail, got outcome) bool {
	styles := []string{dim, bold, green, "", green}
	switch {
	case got.reply.Code >= 400:
		styles[2] = red
	case got.place == onHold || got.place == returned:
		styles[3] = amber
	}
	if got.hop == "clear" {
		styles[4] = ""
	}
	hop := got.hop
	if hop == "" {
		hop = "-"
		styles[4] = dim
	}
	ok := m.right(got)
	mark := p.paint(green, "ok")
	if !ok {
		mark = p.paint(red, fmt.Sprintf("WRONG: want %d %s, %s %s", m.code, m.says, m.fate.place, m.fate.hop))
	}
	p.cells([]string{fmt.Sprint(number), m.title + "\nto " + m.to, got.reply.String(), got.place, hop}, styles, mark)
	return ok
}

// cells prints one row of the table, each cell folded to its column.
func (p *page) cells(texts, styles []string, mark string) {
	folded := make([][]string, len(texts))
	height := 0
	for i, text := range texts {
		folded[i] = fold(text, widths[i])
		height = max(height, len(folded[i]))
	}
	for line := range height {
		var out strings.Builder
		for i, cell := range folded {
			text := ""
			if line < len(cell) {
				text = cell[line]
			}
			style := styles[i]
			if i == 1 && line > 0 {
				style = dim
			}
			out.WriteString(p.paint(style, text) + strings.Repeat(" ", widths[i]-len([]rune(text))+1))
		}
		if line == 0 {
			out.WriteString(mark)
		}
		fmt.Fprintln(p.out, strings.TrimRight(out.String(), " "))
	}
	fmt.Fprintln(p.out)
}

// fold breaks text at blanks, and at width where there is none.
func fold(text string, width int) []string {
	var lines []string
	for part := range strings.SplitSeq(text, "\n") {
		line := ""
		for word := range strings.FieldsSeq(part) {
			for len(word) > width {
				if line != "" {
					lines, line = append(lines, line), ""
				}
				lines, word = append(lines, word[:width]), word[width:]
			}
			switch {
			case line == "":
				line = word
			case len(line)+1+len(word) <= width:
				line += " " + word
			default:
				lines, line = append(lines, line), word
			}
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// audit shows the audit line of the mail with that queue id.
func (s *stage) audit(page *page, number int, id string) error {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		text, err := os.ReadFile(s.postern.Audit)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if id == "" || !strings.Contains(line, `"`+id+`"`) {
				continue
			}
			fields, err := members(line)
			if err != nil {
				return fmt.Errorf("the audit line of %s is no JSON: %w", id, err)
			}
			page.section(fmt.Sprintf("The audit line of mail %d, a field a line, long ones cut", number))
			page.lines(fields)
			return nil
		}
	}
	return fmt.Errorf("the audit file has no line for %s", id)
}

// members are the members of a JSON object in their order, each cut to the width
// of the page.
func members(object string) ([]string, error) {
	in := json.NewDecoder(strings.NewReader(object))
	if _, err := in.Token(); err != nil {
		return nil, err
	}
	var all []string
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return nil, err
		}
		line := []rune(fmt.Sprintf("%-12v %s", name, value))
		if most := 100; len(line) > most {
			line = append(line[:most-1], '…')
		}
		all = append(all, string(line))
	}
	return all, nil
}
