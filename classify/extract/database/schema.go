package database

import "strings"

// columnsOf lists the columns that CREATE TABLE names, and which of them is
// another name of the row's number; -1 if none is.
func columnsOf(sql string) (columns []string, rowid int) {
	rowid = -1
	_, body, ok := cutQuoted(sql, '(')
	if !ok {
		return nil, rowid
	}
	for more := true; more; {
		var definition string
		definition, body, more = cutQuoted(body, ',')
		definition = strings.TrimSpace(definition)
		name, rest := firstWord(definition)
		upper := strings.ToUpper(rest)
		switch first := strings.ToUpper(name); {
		case definition == "":
			continue
		case strings.HasPrefix(definition, name) && (first == "CONSTRAINT" || first == "CHECK" || first == "FOREIGN" || first == "PRIMARY" || first == "UNIQUE"):
			return columns, rowid // what holds for the table stands last
		}
		if fields := strings.Fields(upper); len(fields) >= 3 && fields[0] == "INTEGER" && strings.Contains(upper, "PRIMARY KEY") {
			rowid = len(columns)
		}
		columns = append(columns, strings.NewReplacer("\t", " ", "\n", " ").Replace(name))
	}
	return columns, rowid
}

// cutQuoted cuts at the first c that stands in no quotes and no parentheses. The
// parenthesis that closes what was open ends the text.
func cutQuoted(s string, c byte) (before, after string, found bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch q := s[i]; {
		case depth == 0 && q == c:
			return s[:i], s[i+1:], true
		case q == '(':
			depth++
		case q == ')':
			if depth--; depth < 0 {
				return s[:i], "", false
			}
		case q == '"' || q == '\'' || q == '`' || q == '[':
			if q == '[' {
				q = ']'
			}
			end := strings.IndexByte(s[i+1:], q)
			if end < 0 {
				return s, "", false
			}
			i += 1 + end
		}
	}
	return s, "", false
}

func firstWord(s string) (word, rest string) {
	if s == "" {
		return "", ""
	}
	if i := strings.IndexByte("\"'`[", s[0]); i >= 0 {
		word, rest, _ = strings.Cut(s[1:], "\"'`]"[i:i+1])
		return word, rest
	}
	end := strings.IndexAny(s, " \t\r\n(")
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end:]
}
