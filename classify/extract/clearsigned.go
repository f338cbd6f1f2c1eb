package extract

// clearSigned begins a text that is signed and can be read without any program.
const clearSigned = "-----BEGIN PGP SIGNED MESSAGE"

// unescaped undoes what is done in such a text to lines that begin with a hyphen:
// another one stands before them, and a space (RFC 9580 section 7.2).
type unescaped struct {
	next   stage
	at     int  // in the line
	hyphen bool // the line's first byte was one, and is held
}

func (u *unescaped) write(b []byte) {
	from := 0
	for i, c := range b {
		switch {
		case u.at == 0 && c == '-':
			u.next.write(b[from:i])
			from, u.hyphen = i+1, true
		case u.hyphen && c == ' ':
			from, u.hyphen = i+1, false
		case u.hyphen:
			u.next.write([]byte{'-'})
			u.hyphen = false
		}
		if u.at++; c == '\n' {
			u.at = 0
		}
	}
	u.next.write(b[from:])
}

func (u *unescaped) close() {
	if u.hyphen {
		u.next.write([]byte{'-'})
	}
	u.next.close()
}
