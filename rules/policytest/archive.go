package policytest

import "strings"

// archive is a txtar file: a comment, then files, each after a line "-- name --".
type archive struct {
	comment string
	files   map[string]string
}

func parseArchive(text string) archive {
	a := archive{files: map[string]string{}}
	name, begun := "", false
	var b strings.Builder
	end := func() {
		if begun {
			a.files[name] = b.String()
		} else {
			a.comment = b.String()
		}
		b.Reset()
	}
	for line := range strings.Lines(text) {
		trimmed := strings.TrimRight(line, "\r\n")
		if inner, ok := strings.CutPrefix(trimmed, "-- "); ok {
			if next, ok := strings.CutSuffix(inner, " --"); ok && strings.TrimSpace(next) != "" {
				end()
				name, begun = strings.TrimSpace(next), true
				continue
			}
		}
		b.WriteString(line)
	}
	end()
	return a
}
