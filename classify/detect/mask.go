package detect

import "strings"

// lastShown returns a mask that shows the last n characters of a value and the
// hyphens of its canonical form.
func lastShown(n int) func(string) string {
	return func(value string) string {
		shown := max(len(value)-n, 0)
		return strings.Map(func(r rune) rune {
			if r == '-' {
				return r
			}
			return '*'
		}, value[:shown]) + value[shown:]
	}
}

// maskNINO shows the last two digits and the suffix, if there is one.
func maskNINO(value string) string {
	if len(value) == 8 {
		return lastShown(2)(value)
	}
	return lastShown(3)(value)
}
