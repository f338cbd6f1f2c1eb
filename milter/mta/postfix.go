package mta

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// PostfixInstance runs the programs of one Postfix instance.
type PostfixInstance struct {
	// Config is where its main.cf is; empty is Postfix's default.
	Config string
}

// toolFolders are where the programs of an MTA are beside PATH, which often lacks
// them for those who are not root.
var toolFolders = []string{"/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/lib/sendmail", "/usr/libexec/sendmail"}

// waitDelay is how long a program that was ended may keep its output open.
const waitDelay = time.Second

// tool finds a program in PATH and in the usual folders.
func tool(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	for _, folder := range toolFolders {
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not on this machine: it is in neither PATH nor %s", name, toolFolders[0])
}

// command is one of Postfix's programs, to be run on this instance.
func (p PostfixInstance) command(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	path, err := tool(name)
	if err != nil {
		return nil, err
	}
	if p.Config != "" {
		args = append([]string{"-c", p.Config}, args...)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.WaitDelay = waitDelay
	return cmd, nil
}

// run runs a program to its end. Its error holds what the program said.
func (p PostfixInstance) run(ctx context.Context, stdin, name string, args ...string) (out, said string, err error) {
	cmd, err := p.command(ctx, name, args...)
	if err != nil {
		return "", "", err
	}
	cmd.Stdin = strings.NewReader(stdin)
	stdout, stderr := &bounded{}, &bounded{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Run()
	said = otherThanTwice(stderr.String())
	if err != nil {
		err = failure(name, said, err)
	}
	return stdout.String(), said, err
}

// otherThanTwice leaves out what every program says of a main.cf that sets a
// parameter twice, or one that nobody reads: that says nothing about its own work.
func otherThanTwice(said string) string {
	var rest strings.Builder
	for line := range strings.Lines(said) {
		if !strings.Contains(line, ": overriding earlier entry: ") && !strings.Contains(line, ": unused parameter: ") {
			rest.WriteString(line)
		}
	}
	return rest.String()
}

// failed is the error of a program that ran and said no.
type failed struct {
	name, said string
	err        error
}

func (f *failed) Error() string {
	if f.said == "" {
		return fmt.Sprintf("%s: %v", f.name, f.err)
	}
	return fmt.Sprintf("%s: %s", f.name, Cut(f.said, 500))
}

func (f *failed) Unwrap() error { return f.err }

func failure(name, said string, err error) error {
	said = strings.TrimSpace(said)
	said = strings.TrimPrefix(said, filepath.Base(name)+": ")
	return &failed{name, strings.TrimPrefix(said, "fatal: "), err}
}

// exited reports whether a program ended with that status.
func exited(err error, code int) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == code
}

// maxOutput bounds what is kept of a program's output.
const maxOutput = 8 << 20

// bounded keeps the beginning of what is written to it.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if room := maxOutput - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
