package facts

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"
)

const (
	factsFile   = "facts.json"
	fileVersion = 1
	maxFile     = 512 << 20
	maxSlots    = 2 * slots
)

// kept is the form of the file. Volumes are of the window that stands in it.
type kept struct {
	Version  int                `json:"version"`
	Window   time.Duration      `json:"window"`
	Contacts map[string]int64   `json:"contacts"`
	Volumes  map[string]*volume `json:"volumes"`
}

// load reads the file, if there is one. One that is damaged holds nothing.
func (s *Store) load() error {
	info, err := s.root.Stat(factsFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Size() > maxFile:
		return fmt.Errorf("%s has %d bytes", factsFile, info.Size())
	}
	text, err := s.root.ReadFile(factsFile)
	if err != nil {
		return err
	}
	var all kept
	if json.Unmarshal(text, &all) != nil || all.Version != fileVersion {
		return fmt.Errorf("%s is not of version %d, or damaged", factsFile, fileVersion)
	}
	for name, last := range all.Contacts {
		if p, ok := parsePair(name); ok && len(s.contacts) < s.options.Pairs {
			s.contacts[p] = last
		}
	}
	if all.Window != s.options.Window {
		return nil // the slots are of another length
	}
	for name, v := range all.Volumes {
		if p, ok := parsePair(name); ok && v.sound() && len(s.volumes) < s.options.Pairs {
			s.volumes[p] = v
		}
	}
	return nil
}

func (v *volume) sound() bool {
	if v == nil || len(v.Slots) > maxSlots {
		return false
	}
	for _, one := range v.Slots {
		if one.Counts == nil {
			return false
		}
		for _, n := range one.Counts {
			if n < 0 {
				return false
			}
		}
	}
	return true
}

func parsePair(name string) (p pair, ok bool) {
	n, err := hex.Decode(p[:], []byte(name[:min(len(name), 2*len(p))]))
	return p, err == nil && n == len(p) && len(name) == 2*len(p)
}

// write keeps the folder up to date.
func (s *Store) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.changed:
		}
		if err := s.save(); err != nil {
			s.options.Log.Error("what is known of senders and recipients could not be written", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.options.every):
		}
	}
}

// save writes the file whole or not at all.
func (s *Store) save() error {
	contacts, volumes := s.copied()
	all := kept{fileVersion, s.options.Window, make(map[string]int64, len(contacts)), make(map[string]*volume, len(volumes))}
	for p, last := range contacts {
		all.Contacts[hex.EncodeToString(p[:])] = last
	}
	for p, v := range volumes {
		all.Volumes[hex.EncodeToString(p[:])] = v
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return s.replace(text)
}

// copied is what still counts, and drops what does not: those who ask do not wait
// for the file.
func (s *Store) copied() (map[pair]int64, map[pair]*volume) {
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest, now := s.today()-int64(memory/day), s.slot()
	maps.DeleteFunc(s.contacts, func(_ pair, last int64) bool { return last < oldest })
	maps.DeleteFunc(s.volumes, func(_ pair, v *volume) bool { return v.last() <= now-slots })
	volumes := make(map[pair]*volume, len(s.volumes))
	for p, v := range s.volumes {
		one := &volume{Slots: slices.Clone(v.Slots)}
		for i := range one.Slots {
			one.Slots[i].Counts = maps.Clone(one.Slots[i].Counts)
		}
		volumes[p] = one
	}
	return maps.Clone(s.contacts), volumes
}

func (s *Store) replace(text []byte) error {
	const temporary = factsFile + ".new"
	f, err := s.root.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return s.root.Rename(temporary, factsFile)
}
