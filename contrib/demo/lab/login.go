package lab

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
)

// Password is that of every login of the lab; any login name will do.
const Password = "open-sesame"

// loginServer checks logins for Postfix, by the authentication protocol of
// Dovecot (smtpd_sasl_type = dovecot), PLAIN only.
type loginServer struct{ listener net.Listener }

func listenLogin(address string) (*loginServer, error) {
	listener, err := net.Listen("tcp4", address+":0")
	if err != nil {
		return nil, err
	}
	s := &loginServer{listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s, nil
}

// Close stops the server.
func (s *loginServer) Close() error { return s.listener.Close() }

func (s *loginServer) path() string { return "inet:" + s.listener.Addr().String() }

func (s *loginServer) serve(conn net.Conn) {
	defer conn.Close()
	fmt.Fprint(conn, "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00000000000000000000000000000001\nDONE\n")
	in := bufio.NewScanner(conn)
	for in.Scan() {
		fields := strings.Split(in.Text(), "\t")
		if fields[0] != "AUTH" || len(fields) < 3 {
			continue
		}
		if user, ok := plain(fields[3:]); ok {
			fmt.Fprintf(conn, "OK\t%s\tuser=%s\n", fields[1], user)
		} else {
			fmt.Fprintf(conn, "FAIL\t%s\n", fields[1])
		}
	}
}

// plain finds the initial response of PLAIN (RFC 4616) and checks it.
func plain(fields []string) (user string, ok bool) {
	for _, f := range fields {
		encoded, found := strings.CutPrefix(f, "resp=")
		if !found {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(encoded)
		parts := bytes.Split(raw, []byte{0})
		if err == nil && len(parts) == 3 && string(parts[2]) == Password {
			return string(parts[1]), true
		}
	}
	return "", false
}
