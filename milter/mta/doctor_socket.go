package mta

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// checkSocket looks whether a service of Postfix, which runs as its own user, may
// open a Unix socket: each folder on the way, and the socket itself.
func (x *postfixExam) checkSocket(s *service, where, spec string) {
	to := parseAddress(spec)
	if to.family != "unix" {
		return
	}
	path := x.inJail(s, to.host)
	owner, err := user.Lookup(x.main["mail_owner"])
	if err != nil {
		return // it cannot be said who would open it
	}
	groups, _ := owner.GroupIds()
	for folder := filepath.Dir(path); ; folder = filepath.Dir(folder) {
		if !x.mayPass(where, folder, owner.Uid, groups, 0o111, "pass through") || folder == filepath.Dir(folder) {
			break
		}
	}
	x.mayPass(where, path, owner.Uid, groups, 0o222, "write to")
}

// mayPass tells what bars the user's way. A socket that is not there is told by
// postern's own alert; a folder that is not there is a wrong path.
func (x *postfixExam) mayPass(where, path, uid string, groups []string, bits fs.FileMode, what string) bool {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if bits == 0o111 {
			x.add(Wrong, "socket", where, path+" is not there", "Postfix cannot reach postern at a path that does not exist", "let [milter] listen and postern_milter name the same path, below the queue directory")
		}
		return false
	}
	stat, ok := infoStat(info)
	if err != nil || !ok {
		return true
	}
	allowed := info.Mode().Perm() & bits & 0o007
	if slices.Contains(groups, strconv.Itoa(int(stat.Gid))) {
		allowed = info.Mode().Perm() & bits & 0o070
	}
	if uid == strconv.Itoa(int(stat.Uid)) {
		allowed = info.Mode().Perm() & bits & 0o700
	}
	if allowed != 0 || uid == "0" {
		return true
	}
	x.add(Wrong, "socket", where, fmt.Sprintf("%s has mode %04o", path, info.Mode().Perm()),
		"the user that Postfix runs as may not "+what+" it: every mail meets the default action", "[milter] socket_group = \"postfix\" and socket_mode = \"0660\"; the folder for that group, too")
	return false
}

func infoStat(info fs.FileInfo) (*syscall.Stat_t, bool) {
	if info == nil {
		return nil, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return stat, ok
}
