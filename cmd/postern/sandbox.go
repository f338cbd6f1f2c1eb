package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/landlock-lsm/go-landlock/landlock"
	kernel "github.com/landlock-lsm/go-landlock/landlock/syscall"

	"github.com/postern-mail/postern/rules"
)

// What Landlock may grant of a folder, and of a file.
const (
	look     = kernel.AccessFSReadFile | kernel.AccessFSReadDir
	execute  = look | kernel.AccessFSExecute
	keep     = look | kernel.AccessFSWriteFile | kernel.AccessFSTruncate | kernel.AccessFSMakeReg | kernel.AccessFSMakeDir | kernel.AccessFSRemoveFile | kernel.AccessFSRemoveDir
	unlink   = kernel.AccessFSRemoveFile
	ofAFile  = kernel.AccessFSReadFile | kernel.AccessFSWriteFile | kernel.AccessFSTruncate | kernel.AccessFSExecute
	noPlaces = "nothing"
)

// system is what the Go runtime and its libraries read late: names (by libraries
// of C, in builds with cgo) and certificates, the clock's zones, what /metrics
// tells of the process. Landlock hides of /proc what belongs to other processes.
var system = []string{
	"/etc", "/lib", "/lib64", "/usr/lib", "/usr/share/zoneinfo", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
	"/run/systemd/resolve", "/proc", "/sys/fs/cgroup",
}

// programs is where tesseract and what it is made of can be.
var programs = []string{"/bin", "/lib", "/lib64", "/usr", "/opt"}

// reach is a place with what is granted there.
type reach struct {
	path   string
	access landlock.AccessFSSet
}

// confine has the kernel (Landlock, Linux 5.13 and later) refuse the daemon every
// file but those that it was configured to need, for good: a reader that a mail
// took over could not look around, write elsewhere, or run a program. It comes
// after all listeners and files are open, and holds for all threads and for
// tesseract as well.
func (s *server) confine(listeners []net.Listener) error {
	use := s.conf.Sandbox.Use
	if use == "off" {
		s.log.Info("sandbox is off")
		return nil
	}
	abi, err := kernel.LandlockGetABIVersion()
	if err != nil || abi < 1 {
		if use == "require" {
			return hinted{
				errors.New("this kernel offers no Landlock, and [sandbox] use is \"require\""),
				"boot with lsm=landlock,… or say use = \"auto\"; the systemd unit confines postern as well",
			}
		}
		s.log.Info("no sandbox: this kernel offers no Landlock")
		return nil
	}
	places := s.reaches(listeners)
	granted := make([]landlock.Rule, len(places))
	for i, r := range places {
		granted[i] = landlock.PathAccess(r.access, r.path).IgnoreIfMissing()
	}
	if err := landlock.V8.BestEffort().RestrictPaths(granted...); err != nil {
		if use == "require" {
			return fmt.Errorf("sandbox: %w", err)
		}
		s.log.Warn("no sandbox", "error", err)
		return nil
	}
	s.confined = true
	s.log.Info("sandbox", "landlock", abi, "reads", named(places, kernel.AccessFSReadFile, system),
		"writes", named(places, kernel.AccessFSWriteFile, nil), "runs", named(places, kernel.AccessFSExecute, nil))
	return nil
}

// reaches are all places that the daemon needs from now on.
func (s *server) reaches(listeners []net.Listener) []reach {
	var all []reach
	add := func(access landlock.AccessFSSet, paths ...string) {
		for _, path := range paths {
			if r, ok := grant(path, access); ok {
				all = append(all, r)
			}
		}
	}
	add(look, system...)
	add(keep, os.TempDir(), "/dev/null")
	for _, file := range s.files() {
		add(look, around(file)...)
	}
	add(look, s.conf.Sandbox.Read...)
	add(keep, s.conf.Sandbox.Write...)
	if file := s.conf.Audit.File; file != "" {
		add(keep, around(file)...)
	}
	if file := s.conf.Probe.Cache; s.probes != nil && file != "" {
		add(keep, around(file)...)
	}
	if s.conf.Notices.Folder != "" {
		add(keep, s.conf.Notices.Folder)
	}
	if s.conf.Facts.Folder != "" {
		add(keep, s.conf.Facts.Folder)
	}
	if file := s.conf.Probe.Cache; file != "" && s.conf.Probe.Enabled {
		add(keep, around(file)...)
	}
	for _, l := range listeners {
		if l.Addr().Network() == "unix" {
			add(unlink, filepath.Dir(l.Addr().String()))
		}
	}
	if s.ocr != nil {
		add(execute, programs...)
		add(execute, around(s.conf.OCR.Command)...)
		add(look, "/dev/urandom")
	}
	return all
}

// files are those that a reload reads again.
func (s *server) files() []string {
	files := []string{s.global.config, s.conf.Keys.FingerprintFile, s.conf.Probe.CAFile}
	for _, e := range s.engines() {
		files = append(files, e.Files()...)
	}
	return slices.DeleteFunc(files, func(file string) bool { return file == "" })
}

// engines are the policy in force, and the shadow policy if there is one.
func (s *server) engines() []*rules.Engine {
	if shadow := s.shadow.Load(); shadow != nil {
		return []*rules.Engine{s.engine.Load(), shadow}
	}
	return []*rules.Engine{s.engine.Load()}
}

// around is the folder of a file, so that one which replaces it can be reached
// too, and the folder that the file is really in. Of the root it is the file
// alone, and of devices.
func around(file string) []string {
	var places []string
	names := []string{file}
	if resolved, err := filepath.EvalSymlinks(file); err == nil {
		names = append(names, resolved)
	}
	for _, name := range names {
		if abs, err := filepath.Abs(name); err == nil {
			name = abs
		}
		switch dir := filepath.Dir(name); dir {
		case "/", "/dev":
			places = append(places, name)
		default:
			places = append(places, dir)
		}
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// grant cuts what is granted down to what there is: a file has no entries. What
// is not there cannot be granted.
func grant(path string, access landlock.AccessFSSet) (reach, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return reach{}, false
	}
	if !info.IsDir() {
		access &= ofAFile
	}
	return reach{path, access}, true
}

// named lists the places where something is granted, for the log.
func named(places []reach, access landlock.AccessFSSet, without []string) string {
	var names []string
	for _, r := range places {
		if r.access&access != 0 && !slices.Contains(without, r.path) {
			names = append(names, r.path)
		}
	}
	if len(names) == 0 {
		return noPlaces
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// sandboxHint explains a reload that was refused a file.
func (s *server) sandboxHint(err error) {
	if s.confined && (errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "permission denied")) {
		s.log.Error("the sandbox opens the folders that were known at the start, no others: restart postern, or name the new one in [sandbox] read")
	}
}
