package rules

import (
	"embed"
	"slices"
	"strings"
)

//go:embed packs/*.toml
var packFiles embed.FS

// defaultPack holds what stands where a policy uses no pack.
const defaultPack = "default"

// Packs lists the names of the shipped policies.
func Packs() []string {
	files, err := packFiles.ReadDir("packs")
	if err != nil {
		panic("internal error: " + err.Error())
	}
	var names []string
	for _, f := range files {
		if name := strings.TrimSuffix(f.Name(), ".toml"); name != defaultPack {
			names = append(names, name)
		}
	}
	return names
}

// Pack returns the text of a shipped policy.
func Pack(name string) ([]byte, bool) {
	if name != defaultPack && !slices.Contains(Packs(), name) {
		return nil, false
	}
	data, err := packFiles.ReadFile("packs/" + name + ".toml")
	return data, err == nil
}
