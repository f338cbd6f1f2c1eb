package rules

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/postern-mail/postern/classify/detect"
)

// maxListFile bounds a list file.
const maxListFile = 64 << 20

// reader reads a policy and all that it draws on.
type reader struct {
	mistakes *Mistakes
	sources  []*source
	packs    []string // in use, or being read
	files    []string // that were read, or could not be
	hash     hash.Hash
}

func newReader() *reader { return &reader{mistakes: &Mistakes{}, hash: sha256.New()} }

// read returns the sources of a policy: packs first, the admin's own file last.
// After a mistake that hides the rest, there are none.
func (r *reader) read(nameOrFile string) []*source {
	r.labels()
	if nameOrFile == "" || nameOrFile == defaultPack {
		r.pack(defaultPack)
		return r.sources
	}
	if slices.Contains(Packs(), nameOrFile) {
		r.pack(nameOrFile)
		return r.sources
	}
	title := fmt.Sprintf("policy %q", nameOrFile)
	data, err := r.file(nameOrFile, maxTOML)
	if err != nil {
		fix := ""
		if errors.Is(err, fs.ErrNotExist) && filepath.Base(nameOrFile) == nameOrFile {
			fix = didYouMean(nameOrFile, Packs())
		}
		r.mistakes.Add(title, 0, fix, "no shipped pack has that name, and the file cannot be read: %v", plainError(err))
		return nil
	}
	return r.text(title, strings.TrimSuffix(filepath.Base(nameOrFile), ".toml"), data, filepath.Dir(nameOrFile))
}

// text reads a policy that is no pack; id is its id if it names none.
func (r *reader) text(title, id string, data []byte, dir string) []*source {
	r.labels()
	s := r.source(title, id, data, false)
	if s == nil {
		return nil
	}
	s.dir = dir
	r.listFiles(s)
	r.detectorFiles(s)
	if len(r.packs) == 0 {
		r.pack(defaultPack)
		r.sources[len(r.sources)-1].giveWay(s)
	}
	r.sources = append(r.sources, s)
	return r.sources
}

// giveWay drops the rules in whose place another file has its own: nobody asked
// for those that hold where a policy uses no pack.
func (s *source) giveWay(to *source) {
	s.Rules = slices.DeleteFunc(s.Rules, func(r sourceRule) bool {
		return slices.ContainsFunc(to.Rules, func(o sourceRule) bool { return o.ID == r.ID && !o.onlyOff() })
	})
}

// labels reads the labels that every policy has, once.
func (r *reader) labels() {
	if len(r.sources) > 0 {
		return
	}
	data, ok := Pack(labelsPack)
	if !ok {
		panic("internal error: no labels")
	}
	if s := r.source(labelsTitle, labelsPack, data, true); s != nil {
		r.sources = append(r.sources, s)
	}
}

// pack reads a shipped pack, and those that it uses, once each.
func (r *reader) pack(name string) {
	if slices.Contains(r.packs, name) {
		return
	}
	r.packs = append(r.packs, name)
	data, ok := Pack(name)
	if !ok {
		panic("internal error: no pack " + name)
	}
	s := r.source(fmt.Sprintf("pack %q", name), name, data, true)
	if s == nil {
		return
	}
	for _, list := range s.Lists {
		if list.Has("file") {
			r.mistakes.Add(s.title, list.At("file"), "", "a pack has no list files")
		}
	}
	for i := range s.Detectors {
		if d := &s.Detectors[i]; d.File != "" {
			r.mistakes.Add(s.title, d.At("file"), "", "a pack has no files")
		}
		if d := &s.Detectors[i]; d.SortCodes != "" {
			r.mistakes.Add(s.title, d.At("sort_codes"), "", "a pack has no files")
		}
	}
	for i := range s.Lexicons {
		if l := &s.Lexicons[i]; l.File != "" {
			r.mistakes.Add(s.title, l.At("file"), "", "a pack has no files")
		}
	}
	r.sources = append(r.sources, s)
}

// source parses one file, and reads the packs that it uses.
func (r *reader) source(title, id string, data []byte, pack bool) *source {
	r.count(title, data)
	s := &source{
		title: title, pack: pack, fromFile: map[string][]entry{},
		wordsOf: map[string][]fileWord{}, termsOf: map[string][]weighted{},
	}
	if m := DecodeTOML(title, data, s); m != nil {
		r.mistakes.List = append(r.mistakes.List, m.List...)
		if s.keys == nil {
			return nil // not TOML at all
		}
	}
	if s.Policy.ID == "" {
		s.Policy.ID = id
	}
	if len(s.Policy.Judges) == 0 {
		s.Policy.Judges = Strings{string(Outbound)}
	}
	for _, name := range s.Policy.Use {
		if !slices.Contains(Packs(), name) {
			r.mistakes.Add(title, s.Policy.At("use"), didYouMean(name, Packs()), "unknown pack %q", name)
			continue
		}
		r.pack(name)
	}
	return s
}

func (r *reader) listFiles(s *source) {
	for _, name := range slices.Sorted(maps.Keys(s.Lists)) {
		list := s.Lists[name]
		if list.File == "" {
			continue
		}
		path := s.beside(list.File)
		data, err := r.file(path, maxListFile)
		if err != nil {
			r.mistakes.Add(s.title, list.At("file"), "", "list %q: cannot read %q: %v", name, path, plainError(err))
			continue
		}
		r.count(name, data)
		s.fromFile[name] = readList(fmt.Sprintf("list %q", path), data, r.mistakes)
	}
}

// detectorFiles reads the words of detectors and the terms of lexicons.
func (r *reader) detectorFiles(s *source) {
	for i := range s.Detectors {
		d := &s.Detectors[i]
		if f := r.words(s, fmt.Sprintf("detector %q", d.ID), d.Pos, d.File); f != nil {
			s.wordsOf[d.ID] = f.words()
		}
		r.sortCodes(s, d)
	}
	for i := range s.Lexicons {
		l := &s.Lexicons[i]
		if f := r.words(s, fmt.Sprintf("lexicon %q", l.ID), l.Pos, l.File); f != nil {
			s.termsOf[l.ID] = f.terms(l.Pos)
		}
	}
}

// sortCodes reads the table of weights of UK banks, where the policy names one.
func (r *reader) sortCodes(s *source, d *sourceDetector) {
	if d.SortCodes == "" {
		return
	}
	data, err := r.file(s.beside(d.SortCodes), maxListFile)
	if err == nil {
		r.count("sort codes", data)
		s.sortCodes, err = detect.ReadSortCodes(bytes.NewReader(data))
	}
	if err != nil {
		d.blame("sort_codes")
		r.mistakes.Add(s.title, d.At("sort_codes"), "", "detector %q: cannot read %q: %v", d.ID, s.beside(d.SortCodes), plainError(err))
	}
}

// count takes a file into the checksum.
func (r *reader) count(title string, data []byte) {
	fmt.Fprintf(r.hash, "%q %d\n", title, len(data))
	r.hash.Write(data)
}

func (r *reader) checksum() string { return hex.EncodeToString(r.hash.Sum(nil))[:16] }

// file reads one of the files of the policy.
func (r *reader) file(path string, most int64) ([]byte, error) {
	r.files = append(r.files, path)
	return readFile(path, most)
}

func readFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	return data, err
}

// plainError is an error without the path, which stands before it already.
func plainError(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}
