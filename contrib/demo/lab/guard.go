package lab

import (
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// guard is a process that outlives a lab which was killed: it ends what the lab
// had started and removes its directory. (The kernel's own parent-death signal
// will not do: it is forgotten when a process changes its user, as Postfix's
// master does.)
type guard struct {
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

// The end of the input without a last word means that the lab is no more.
const guardScript = `
pids=
while read -r word; do
	if [ "$word" = done ]; then exit 0; fi
	pids="$pids $word"
done
if [ -n "$pids" ]; then kill $pids 2>/dev/null; sleep 2; fi
rm -rf "$1"
`

func startGuard(dir string) (*guard, error) {
	g := &guard{cmd: exec.Command("/bin/sh", "-c", guardScript, "lab-guard", dir)}
	// In a process group of its own an interrupt from the terminal spares it.
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if g.pipe, err = g.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return g, g.cmd.Start()
}

// watch adds a process that ends with the lab.
func (g *guard) watch(pid int) { fmt.Fprintln(g.pipe, pid) }

// Close dismisses the guard: the lab has cleaned up by itself.
func (g *guard) Close() error {
	fmt.Fprintln(g.pipe, "done")
	_ = g.pipe.Close()
	return g.cmd.Wait()
}
