package milter

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
)

// cut splits off the string that ends with the first NUL.
func cut(data []byte) (string, []byte) {
	head, rest, _ := bytes.Cut(data, []byte{0})
	return string(head), rest
}

// The families of addresses that have a port.
const (
	family4 = '4'
	family6 = '6'
)

// splitConnect splits a CONNECT packet into the host's name, the family of its
// address, and port and address if the family is one of the Internet.
func splitConnect(data []byte) (host string, family byte, port uint16, address string) {
	host, rest := cut(data)
	if len(rest) == 0 {
		return host, 0, 0, ""
	}
	family = rest[0]
	if (family == family4 || family == family6) && len(rest) >= 3 {
		port = binary.BigEndian.Uint16(rest[1:])
		address, _ = cut(rest[3:])
	}
	return host, family, port, address
}

// splitCommand splits a MAIL or RCPT packet into the address as the client
// wrote it and its ESMTP arguments.
func splitCommand(data []byte) (address string, args []string) {
	address, rest := cut(data)
	for len(rest) > 0 {
		var arg string
		if arg, rest = cut(rest); arg != "" {
			args = append(args, arg)
		}
	}
	return address, args
}

// splitField splits a header packet into name and value. What stands behind a
// NUL within the value, which no MTA sends, is part of it: it shall be read.
func splitField(data []byte) (name, value string) {
	name, rest := cut(data)
	return name, string(bytes.TrimSuffix(rest, []byte{0}))
}

// hasArg reports whether an ESMTP argument was given, with or without a value.
func hasArg(args []string, keyword string) bool {
	for _, arg := range args {
		if name, _, _ := strings.Cut(arg, "="); strings.EqualFold(name, keyword) {
			return true
		}
	}
	return false
}

// bare takes one pair of angle brackets off an address. Postfix sends none for
// a mail that came by pickup.
func bare(address string) string {
	address = strings.TrimSpace(address)
	if len(address) >= 2 && address[0] == '<' && address[len(address)-1] == '>' {
		return address[1 : len(address)-1]
	}
	return address
}

// parseClient reads a client's address. Sendmail writes "IPv6:" before one of
// version 6. The result is not valid if there is none.
func parseClient(s string) netip.Addr {
	if len(s) > 5 && strings.EqualFold(s[:5], "IPv6:") {
		s = s[5:]
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
