// Package sendmail holds the recipes by which a Sendmail works with postern.
// README.md says which file goes where; an admin needs the files only.
package sendmail

import "embed"

// Files are the recipes as they ship, with their placeholders.
//
//go:embed *.m4 mailertable access
var Files embed.FS
