package rules

import (
	"embed"
	"slices"
	"strings"
)

//go:embed packs/*.toml
var packFiles embed.FS

// defaultPack holds what stands where a policy uses no pack, labelsPack the
// labels that every policy has.
const (
	defaultPack = "default"
	labelsPack  = "labels"
	labelsTitle = "postern's labels"

	defaultTitle = `pack "default"` // as its rules name their file
)

// Packs lists the names of the shipped policies.
func Packs() []string {
	files, err := packFiles.ReadDir("packs")
	if err != nil {
		panic("internal error: " + err.Error())
	}
	var names []string
	for _, f := range files {
		if name := strings.TrimSuffix(f.Name(), ".toml"); name != defaultPack && name != labelsPack {
			names = append(names, name)
		}
	}
	return names
}

// Pack returns the text of a shipped policy.
func Pack(name string) ([]byte, bool) {
	if name != defaultPack && name != labelsPack && !slices.Contains(Packs(), name) {
		return nil, false
	}
	data, err := packFiles.ReadFile("packs/" + name + ".toml")
	return data, err == nil
}
