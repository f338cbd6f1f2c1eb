package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/postern-mail/postern/classify/detect/testcorpus"
)

// files are a text and the list of its plants, each a line: index into
// testcorpus.Core, start, end.
type files struct {
	text, plants string
	bytes        int
	planted      int
}

// put writes a text for the children.
func put(dir, name string, text []byte, plants []hit) (files, error) {
	f := files{filepath.Join(dir, name), filepath.Join(dir, name+".plants"), len(text), len(plants)}
	var list strings.Builder
	for _, p := range plants {
		fmt.Fprintln(&list, p.id, p.start, p.end)
	}
	return f, errors.Join(os.WriteFile(f.text, text, 0o600), os.WriteFile(f.plants, []byte(list.String()), 0o600))
}

func putText(dir string, t testcorpus.Text) (files, error) {
	var plants []hit
	for _, p := range t.Plants {
		plants = append(plants, hit{coreIndex(p.Detector), p.Start, p.End})
	}
	return put(dir, t.Kind, t.Bytes, plants)
}

// putMail numbers the plants of a mail: a report does not say where they stood.
func putMail(dir, name string, size int, seed uint64) (files, error) {
	mail, planted := testcorpus.Mail(name, size, seed)
	var plants []hit
	for i, id := range testcorpus.Core {
		for n := range planted[id] {
			plants = append(plants, hit{i, n, n})
		}
	}
	return put(dir, name, mail, plants)
}

func readPlants(name string) ([]hit, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var plants []hit
	for {
		var h hit
		if _, err := fmt.Fscan(f, &h.id, &h.start, &h.end); errors.Is(err, io.EOF) {
			return plants, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		plants = append(plants, h)
	}
}

func (f files) name() string { return filepath.Base(f.text) }
