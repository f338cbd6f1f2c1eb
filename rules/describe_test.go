package rules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-mail/postern/classify/detect"
)

// TestPagesOfPacks compares docs/packs with what the packs say of themselves.
func TestPagesOfPacks(t *testing.T) {
	for _, pack := range Packs() {
		page, err := Describe(pack)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("../docs/packs", pack+".md")
		if *update {
			if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(have) != page {
			t.Errorf("%s is not what the pack says; go test ./rules -run Pages -update rewrites it", file)
		}
		if !strings.Contains(page, "## Rules") {
			t.Errorf("%s has no rules", file)
		}
	}
	if _, err := Describe("nowhere"); err == nil {
		t.Error("a pack that there is not has a page")
	}
}

func TestEveryPackListsItsClausesAndEveryRuleOneOfThem(t *testing.T) {
	for _, pack := range Packs() {
		if pack == "example" {
			continue
		}
		p, err := ReadPolicy(pack, detect.Builtin(), Options{Routes: testRoutes, Unproved: true})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Coverage()) == 0 {
			t.Errorf("pack %s lists no clauses", pack)
		}
		for _, w := range p.Warnings() {
			if strings.Contains(w.Text, "clause") {
				t.Error(w)
			}
		}
		for _, c := range p.Coverage() {
			if c.How == Enforced && len(c.Rules) == 0 || c.How != Enforced && c.Reason == "" || c.Title == "" {
				t.Errorf("pack %s, clause %s: %+v", pack, c.ID, c)
			}
		}
	}
}
