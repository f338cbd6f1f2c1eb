//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/postern-mail/postern/milter/mta"
	"github.com/postern-mail/postern/rules"
)

// Postfix's own programs answer for a table that it would use.
func TestTheRegistryIsComparedWithPostfixsOwnTables(t *testing.T) {
	dir := t.TempDir()
	entries := mta.Entries([]rules.Partner{{Domain: "justice.example", Route: rules.TLSVerified}, {Domain: "tls.example", Route: rules.TLSForced}}, mta.Postfix)
	tables := map[string]string{
		"one":     "justice.example secure match=nexthop\n.justice.example may\n",
		"two":     "tls.example encrypt\njustice.example may\n",
		"main.cf": "compatibility_level = 3.6\nbiff = yes\nbiff = no\nsmtp_tls_policy_maps = texthash:$config_directory/one, texthash:" + dir + "/two\n",
	}
	for name, text := range tables {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	installed, err := mta.OpenInstalled(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	different, err := mta.Differences(entries, mta.Postfix, installed.Lookup)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, d := range different {
		got[d.Key] = d.Problem
	}
	if len(got) != 2 || got[".justice.example"] != "weaker" || got[".tls.example"] != "missing" {
		t.Errorf("got %v, want .justice.example weaker and .tls.example missing", different)
	}
	if err := os.Remove(filepath.Join(dir, "two")); err != nil {
		t.Fatal(err)
	}
	if _, err := mta.Differences(entries, mta.Postfix, installed.Lookup); err == nil {
		t.Error("a table that cannot be opened is no error")
	}
}
