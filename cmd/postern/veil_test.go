package main

import (
	"strings"
	"testing"

	"github.com/postern-mail/postern/rules"
)

func TestNamesAreShownWithoutWhatDetectorsFindInThem(t *testing.T) {
	engine, err := rules.LoadText("policy \"p\"", []byte("[detectors.project]\nwords = [\"grey goose\"]\n[detectors.open]\nwords = [\"falcon\"]\nmask = \"none\"\n"), "", rules.Options{})
	must(t, err)
	v := newVeil(t.Context(), engine.Scanner())
	for name, want := range map[string]string{
		"":                               "",
		"report.pdf":                     "report.pdf",
		"minutes 2026-03-12.docx":        "minutes 2026-03-12.docx",
		"SSN 536-90-4399.txt":            "SSN ***-**-4399.txt",
		"SSN 536-90-4399, 219-09-1243":   "SSN ***-**-4399, ***-**-1243",
		"Größe SSN 536-90-4399 ü.txt":    "Größe SSN ***-**-4399 ü.txt",
		"Grey Goose plan.txt":            "********* plan.txt",
		"falcon.txt":                     "falcon.txt", // which masks nothing
		"OFFICIAL-SENSITIVE.txt":         "OFFICIAL-SENSITIVE.txt",
		"broken \xff SSN 536-90-4399":    "broken \ufffd SSN ***-**-4399",
		"Subject: SSN 536-90-4399":       "Subject: SSN ***-**-4399",
		"card 4539 1488 0343 6467 x.csv": "card ************6467 x.csv",
	} {
		if got := v.name(name); got != want {
			t.Errorf("%q is shown as %q, want %q", name, got, want)
		}
	}
	for path, want := range map[string]string{
		"2":                              "2",
		"2!SSN 536-90-4399.zip!a.txt":    "2!SSN ***-**-4399.zip!a.txt",
		"2.1!odd%21name!SSN 536-90-4399": "2.1!odd%21name!SSN ***-**-4399",
	} {
		if got := v.path(path); got != want {
			t.Errorf("%q is shown as %q, want %q", path, got, want)
		}
	}
	for declared, want := range map[string]string{
		"application/pdf": "application/pdf",
		"application/vnd.ms-excel.sheet.macroenabled.12": "application/vnd.ms-excel.sheet.macroenabled.12",
		"application/x-219-09-1241":                      "application/x-***-**-1241",
		"application/vnd.219-09-1241+xml":                "application/vnd.***-**-1241+xml",
		"x/" + strings.Repeat("a.", 300) + "219-09-1241": "x/" + strings.Repeat("a.", 300) + "***-**-****",
	} {
		if got := v.declared(declared); got != want {
			t.Errorf("%q is shown as %q, want %q", declared, got, want)
		}
	}
	if got := (*veil)(nil).path("1!SSN 536-90-4399"); got != "1!SSN 536-90-4399" {
		t.Errorf("without a veil: %q", got)
	}
}
