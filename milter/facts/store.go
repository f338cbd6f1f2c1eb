package facts

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options says where facts are kept. Dir must be set; whatever else is zero has a
// default.
type Options struct {
	Dir    string        // for postern alone
	Window time.Duration // that volumes cover; default 24 h
	Pairs  int           // of each kind; default 200,000
	Log    *slog.Logger

	now   func() time.Time // for tests
	every time.Duration    // between two writes, for tests; default 10 s
}

func (o *Options) setDefaults() {
	o.Window = cmp.Or(o.Window, 24*time.Hour)
	o.Pairs = cmp.Or(o.Pairs, 200_000)
	o.every = cmp.Or(o.every, 10*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.now == nil {
		o.now = time.Now
	}
}

const (
	day    = 24 * time.Hour
	memory = 365 * day // of contacts
	slots  = 24        // of a window
)

// Store is the memory. A nil Store knows nothing. It is safe for concurrent use.
type Store struct {
	options Options
	root    *os.Root
	key     []byte
	cancel  context.CancelFunc
	done    sync.WaitGroup
	changed chan struct{}

	mu       sync.Mutex
	contacts map[pair]int64 // the day of the last mail, since 1970
	volumes  map[pair]*volume
}

// pair is a keyed hash of two addresses.
type pair [12]byte

// volume is what was sent between two, by slots of the window.
type volume struct {
	Slots []slot `json:"slots"`
}

type slot struct {
	Number int64          `json:"slot"` // since 1970
	Counts map[string]int `json:"counts"`
}

// Open takes up what an earlier run has kept.
func Open(options Options) (*Store, error) {
	options.setDefaults()
	root, err := os.OpenRoot(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("folder of facts: %w", err)
	}
	s := &Store{options: options, root: root, changed: make(chan struct{}, 1), contacts: map[pair]int64{}, volumes: map[pair]*volume{}}
	if s.key, err = readKey(root); err != nil {
		return nil, errors.Join(fmt.Errorf("folder of facts: %w", err), root.Close())
	}
	if err := s.load(); err != nil {
		options.Log.Warn("what was known of senders and recipients is lost", "error", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.done.Go(func() { s.write(ctx) })
	return s, nil
}

const keyFile = "key"

// readKey reads the key of the hashes, or makes one.
func readKey(root *os.Root) ([]byte, error) {
	key, err := root.ReadFile(keyFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		return key, root.WriteFile(keyFile, key, 0o600)
	case err == nil && len(key) != 32:
		return nil, fmt.Errorf("%s has %d bytes, want 32", keyFile, len(key))
	}
	return key, err
}

// Close writes the folder a last time.
func (s *Store) Close() error {
	if s == nil {
		return nil
	}
	s.cancel()
	s.done.Wait()
	return errors.Join(s.save(), s.root.Close())
}

func (s *Store) pair(kind, from, to string) (p pair) {
	mac := hmac.New(sha256.New, s.key)
	fmt.Fprintf(mac, "%s\x00%s\x00%s", kind, strings.ToLower(from), strings.ToLower(to))
	copy(p[:], mac.Sum(nil))
	return p
}

// First says of each recipient whether the sender has never written to it.
func (s *Store) First(from string, to []string) map[string]bool {
	if s == nil {
		return nil
	}
	first := make(map[string]bool, len(to))
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest := s.today() - int64(memory/day)
	for _, one := range to {
		last, known := s.contacts[s.pair("contact", from, one)]
		first[one] = !known || last < oldest
	}
	return first
}

// Volumes counts the values that the sender has sent to each domain within the
// window, by detector. A domain that nothing was sent to has an empty count.
func (s *Store) Volumes(from string, domains []string) map[string]map[string]int {
	if s == nil {
		return nil
	}
	all := make(map[string]map[string]int, len(domains))
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.slot()
	for _, domain := range domains {
		counts := map[string]int{}
		if v := s.volumes[s.pair("volume", from, domain)]; v != nil {
			for _, one := range v.Slots {
				if one.Number > now-slots {
					for id, n := range one.Counts {
						counts[id] += n
					}
				}
			}
		}
		all[domain] = counts
	}
	return all
}

// Note adds a mail: the sender has written to recipients, and has sent them values.
func (s *Store) Note(from string, to, domains []string, counts map[string]int) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	today, now := s.today(), s.slot()
	for _, one := range to {
		s.contacts[s.pair("contact", from, one)] = today
	}
	if len(counts) > 0 {
		for _, domain := range domains {
			s.add(s.pair("volume", from, domain), now, counts)
		}
	}
	s.bound()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// add adds counts to the slot of now, and drops those that have left the window.
func (s *Store) add(p pair, now int64, counts map[string]int) {
	v := s.volumes[p]
	if v == nil {
		v = &volume{}
		s.volumes[p] = v
	}
	v.Slots = slices.DeleteFunc(v.Slots, func(one slot) bool { return one.Number <= now-slots })
	i := slices.IndexFunc(v.Slots, func(one slot) bool { return one.Number == now })
	if i < 0 {
		i = len(v.Slots)
		v.Slots = append(v.Slots, slot{now, map[string]int{}})
	}
	for id, n := range counts {
		v.Slots[i].Counts[id] += n
	}
}

// bound drops a sixteenth of the pairs, those that were silent the longest, where
// there are too many.
func (s *Store) bound() {
	if len(s.contacts) > s.options.Pairs {
		forget(s.contacts, s.options.Pairs, func(last int64) int64 { return last })
	}
	if len(s.volumes) > s.options.Pairs {
		forget(s.volumes, s.options.Pairs, (*volume).last)
	}
}

func (v *volume) last() int64 {
	last := int64(0)
	for _, one := range v.Slots {
		last = max(last, one.Number)
	}
	return last
}

func forget[T any](all map[pair]T, most int, last func(T) int64) {
	pairs := make([]pair, 0, len(all))
	for p := range all {
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(last(all[a]), last(all[b])) })
	for _, p := range pairs[:len(pairs)-most+most/16] {
		delete(all, p)
	}
}

func (s *Store) today() int64 { return s.options.now().Unix() / int64(day/time.Second) }

// slot is the number of the slot of now.
func (s *Store) slot() int64 {
	return s.options.now().UnixNano() / int64(max(s.options.Window/slots, time.Nanosecond))
}
