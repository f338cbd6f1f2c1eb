package extract

import "strings"

// isVolume reports whether a file is called as one piece of an archive that was
// split: what it holds goes on in another file, or began in one, so that it
// cannot be read whole.
func isVolume(name string) bool {
	name = strings.ToLower(name)
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 {
		return false
	}
	stem, ending := name[:dot], name[dot+1:]
	switch {
	case len(ending) >= 3 && digits(ending): // x.7z.001, as 7-Zip has it
		before := stem[strings.LastIndexByte(stem, '.')+1:]
		switch before {
		case "7z", "zip", "rar", "tar", "gz", "tgz", "bz2", "xz", "zst", "iso", "wim", "cab":
			return true
		}
	case len(ending) == 3 && (ending[0] == 'z' || ending[0] == 'r') && digits(ending[1:]): // x.z01, x.r00
		return true
	case ending == "rar" || ending == "exe": // x.part1.rar
		_, n, ok := strings.Cut(stem[strings.LastIndexByte(stem, '.')+1:], "part")
		return ok && digits(n)
	}
	return false
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
