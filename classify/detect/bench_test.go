package detect

import (
	"slices"
	"testing"

	"github.com/postern-mail/postern/classify/detect/testcorpus"
)

// core compiles the detectors whose values the corpus plants.
func core(t testing.TB) *Set {
	t.Helper()
	var chosen []*Detector
	for _, d := range Builtin() {
		if slices.Contains(testcorpus.Core, d.ID) {
			chosen = append(chosen, d)
		}
	}
	set, err := Compile(chosen, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// write writes a text in pieces as a mail arrives.
func write(s *Stream, text []byte) {
	for piece := range slices.Chunk(text, 64<<10) {
		s.Write(piece)
	}
	s.Close()
}

func TestPlantedValuesAreFoundAndNothingElse(t *testing.T) {
	set := core(t)
	for _, kind := range testcorpus.Kinds {
		for seed := range uint64(2) {
			text := testcorpus.Build(kind, 512<<10, seed)
			var found []testcorpus.Plant
			s := set.NewStream(func(m Match) {
				found = append(found, testcorpus.Plant{Detector: set.Detectors[m.Detector].ID, Start: int(m.Start), End: int(m.End)})
			})
			write(s, text.Bytes)
			for _, p := range text.Plants {
				if !slices.Contains(found, p) {
					t.Errorf("%s, seed %d: the %s at %d is not found", kind, seed, p.Detector, p.Start)
				}
			}
			for _, m := range found {
				if !slices.Contains(text.Plants, m) {
					t.Errorf("%s, seed %d: found a %s at %d, where none is planted: %q", kind, seed, m.Detector, m.Start, text.Bytes[max(m.Start-80, 0):m.End])
				}
			}
		}
	}
}

// BenchmarkCorpus is the throughput over the kinds of text that mail brings.
func BenchmarkCorpus(b *testing.B) {
	for name, set := range map[string]*Set{"core": core(b), "all": builtin(b, Options{})} {
		for _, kind := range testcorpus.Kinds {
			b.Run(name+"/"+kind, func(b *testing.B) {
				text := testcorpus.Build(kind, 4<<20, 1)
				found := 0
				count := func(Match) { found++ }
				s := set.NewStream(count)
				b.SetBytes(int64(len(text.Bytes)))
				b.ReportAllocs()
				for b.Loop() {
					found = 0
					write(s, text.Bytes)
					s.Reset(count)
				}
				if found < len(text.Plants) {
					b.Errorf("found %d values, want the %d that are planted", found, len(text.Plants))
				}
			})
		}
	}
}
