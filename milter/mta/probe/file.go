package probe

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The format of the file, and its bounds.
const (
	fileVersion = 1
	maxFile     = 256 << 20
	keepEvery   = time.Second
)

type kept struct {
	Version int       `json:"version"`
	Results []*Result `json:"results"`
}

// Read returns the results that a file of a Cache holds, expired ones included. A
// file that is not there holds none.
func Read(file string) (map[string]*Result, error) {
	results, err := load(file)
	all := make(map[string]*Result, len(results))
	for _, r := range results {
		all[r.Domain] = r
	}
	return all, err
}

// load reads the file. One that is damaged is an error, and holds nothing.
func load(file string) ([]*Result, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	var all kept
	if len(text) > maxFile || json.Unmarshal(text, &all) != nil || all.Version != fileVersion {
		return nil, fmt.Errorf("%s: not a file of results of version %d, or damaged", file, fileVersion)
	}
	return slices.DeleteFunc(all.Results, func(r *Result) bool { return !r.sound() }), nil
}

// sound reports whether a result that was read can be one of ours.
func (r *Result) sound() bool {
	return r != nil && ValidDomain(r.Domain) && r.State.rank() >= 0 && !r.Time.After(time.Now().Add(time.Hour)) &&
		r.Expires.Sub(r.Time) > 0 && len(r.Hosts) <= maxHosts && (r.State == Verified) == (r.By != "")
}

// take fills the cache with results that were kept.
func (c *Cache) take(results []*Result) {
	now := c.options.now()
	for _, r := range results {
		if r.Expires.After(now) && len(c.entries) < c.options.Domains {
			c.entries[r.Domain] = &entry{result: r, asked: r.Time}
		}
	}
}

// keep writes the file after results have come, once a second at most.
func (c *Cache) keep() {
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.changed:
		}
		if err := c.save(); err != nil {
			c.options.Log.Error("what is known of other mail systems could not be written", "file", c.options.File, "error", err)
		}
		select {
		case <-c.ctx.Done():
			return
		case <-time.After(keepEvery):
		}
	}
}

// save writes the file whole or not at all. Results in it that are newer than ours,
// since another process has probed, stay.
func (c *Cache) save() error {
	lock, err := lockFile(c.options.File + ".lock")
	if err != nil {
		return err
	}
	defer lock.Close()
	others, _ := load(c.options.File) // what is damaged is written anew
	c.mu.Lock()
	now := c.options.now()
	for _, r := range others {
		e := c.entries[r.Domain]
		switch {
		case !r.Expires.After(now):
		case e == nil && len(c.entries) < c.options.Domains:
			c.entries[r.Domain] = &entry{result: r, asked: r.Time}
		case e != nil && (e.result == nil || r.Time.After(e.result.Time)):
			e.result = r
		}
	}
	all := kept{Version: fileVersion, Results: []*Result{}}
	for _, e := range c.entries {
		if e.result != nil && e.result.Expires.After(now) {
			all.Results = append(all.Results, e.result)
		}
	}
	c.mu.Unlock()
	slices.SortFunc(all.Results, func(a, b *Result) int { return strings.Compare(a.Domain, b.Domain) })
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return replace(c.options.File, text)
}

// lockFile keeps other processes from writing the same file.
func lockFile(file string) (*os.File, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	owned(f, file)
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// replace puts a text into the place of a file, at once.
func replace(file string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	owned(f, file)
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// owned gives a file that root makes to the owner of its folder: the daemon, which
// is not root, must be able to read it.
func owned(f *os.File, file string) {
	if os.Geteuid() != 0 {
		return
	}
	info, err := os.Stat(filepath.Dir(file))
	if err != nil {
		return
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(owner.Uid), int(owner.Gid)) // if not, the daemon says that it cannot read it
	}
}
