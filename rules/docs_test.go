package rules

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/postern-mail/postern/classify/detect"
)

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryExampleOfThePageLoads(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(page(t), -1)
	if len(blocks) < 10 {
		t.Fatalf("only %d examples", len(blocks))
	}
	for i, block := range blocks {
		t.Run(fmt.Sprint("example ", i+1), func(t *testing.T) {
			p, err := ReadPolicyText(`policy "p.toml"`, []byte(block[1]), ".", detect.Builtin(), enforcing())
			if err != nil {
				t.Fatal(err)
			}
			if w := p.Warnings(); len(w) > 0 {
				t.Errorf("%v\n%s", w, block[1])
			}
		})
	}
}

func TestEveryKeyStandsOnThePage(t *testing.T) {
	text := page(t)
	seen := map[reflect.Type]bool{}
	var keys func(of reflect.Type)
	keys = func(of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || seen[of] {
			return
		}
		seen[of] = true
		for f := range of.Fields() {
			key := f.Tag.Get("toml")
			if key != "" && !explained(text, key) {
				t.Errorf("%q is not explained", key)
			}
			if key != "" || f.Anonymous {
				keys(f.Type)
			}
		}
	}
	keys(reflect.TypeFor[source]())
	if len(seen) < 12 {
		t.Errorf("only %d tables seen", len(seen))
	}
}

// explained reports whether a key stands on the page: by itself, as a table, or
// as the only key of one.
func explained(text, key string) bool {
	for _, form := range []string{"`%s`", "[%s", "] %s`", "{ %s = "} {
		if strings.Contains(text, fmt.Sprintf(form, key)) {
			return true
		}
	}
	return false
}
