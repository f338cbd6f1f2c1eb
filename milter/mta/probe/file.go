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
	keepEvery   = time.Second     // between two writes
	lookEvery   = 2 * time.Second // for what others have written
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

// keep writes the file after results have come, once a second at most, and takes
// up what another process has written to it.
func (c *Cache) keep() {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-look.C:
			if err := c.reload(); err != nil {
				c.options.Log.Warn("what another process has found out about other mail systems could not be read", "file", c.options.File, "error", err)
			}
			continue
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

// reload takes up the file if it is not the one that was read or written last.
func (c *Cache) reload() error {
	info, err := os.Stat(c.options.File)
	if errors.Is(err, fs.ErrNotExist) || err == nil && c.seen.same(info) {
		return nil
	}
	if err != nil {
		return err
	}
	// What is put there after this moment is another file, and is seen next time.
	c.seen = version{info}
	others, err := load(c.options.File)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.merge(others)
	return nil
}

// version tells one file of results from the next.
type version struct{ info fs.FileInfo }

func (v version) same(info fs.FileInfo) bool {
	return v.info != nil && os.SameFile(v.info, info) && v.info.ModTime().Equal(info.ModTime()) && v.info.Size() == info.Size()
}

// merge takes up results of another process where they are newer than ours and
// tell more. The lock is held.
func (c *Cache) merge(others []*Result) {
	now := c.options.now()
	for _, r := range others {
		e := c.entries[r.Domain]
		switch {
		case !r.Expires.After(now):
		case e == nil && len(c.entries) < c.options.Domains:
			c.entries[r.Domain] = &entry{result: r, asked: r.Time}
		case e != nil && (e.result == nil || r.Time.After(e.result.Time) && !e.outlives(r, now)):
			e.result = r
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
	c.merge(others)
	now := c.options.now()
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
	info, err := replace(c.options.File, text)
	if err == nil {
		c.seen = version{info}
	}
	return err
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

// replace puts a text into the place of a file, at once, and tells which file it
// is now.
func replace(file string, text []byte) (fs.FileInfo, error) {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return nil, err
	}
	owned(f, file)
	_, err = f.Write(text)
	info, statErr := f.Stat()
	err = errors.Join(err, statErr, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(f.Name()))
	}
	return info, nil
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
