package main

import (
	"strings"

	"github.com/postern-mail/postern/classify/detect/testcorpus"
)

// full are the shapes of the core detectors' values as one writes them for RE2,
// in the order of testcorpus.Core: no check digits, no ranges, no context. The
// engines beside postern understand them all in the same way.
var full = []string{
	`\b(?:\d{3}-\d{2}-\d{4}|\d{3} \d{2} \d{4}|\d{3}\.\d{2}\.\d{4}|\d{9})\b`,
	`\b\d(?:[ .-]?\d){11,18}\b`,
	`\b[A-Za-z]{2}[ -]?\d{2}[ -]?\d{2}[ -]?\d{2}(?:[ -]?[A-Da-d])?\b`,
	`\b(?:00)?\d{8}\b`,
}

// A finder only points to places worth a look. Two digits stand in each of the
// values; six, with at most one separator between any two, is the most that can
// be asked of all of them.
const (
	twoDigits = `\d\d`
	sixDigits = `\d(?:[ .-]?\d){5}`
)

// words are the expressions of terms; none of these holds a character that means
// more than itself.
func words(terms []string) []string {
	var all []string
	for _, term := range terms {
		all = append(all, `\b`+strings.ReplaceAll(term, " ", `\s{1,4}`)+`\b`)
	}
	return all
}

// coreIndex is the place of a detector in testcorpus.Core, or -1.
func coreIndex(id string) int {
	for i, known := range testcorpus.Core {
		if known == id {
			return i
		}
	}
	return -1
}
