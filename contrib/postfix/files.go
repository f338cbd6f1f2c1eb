// Package postfix holds the recipes by which a Postfix works with postern.
// README.md says which file goes where; an admin needs the files only.
package postfix

import "embed"

// Files are the recipes as they ship, with their placeholders.
//
//go:embed *.cf *.regexp
var Files embed.FS
