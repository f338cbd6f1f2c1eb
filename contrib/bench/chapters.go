package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/postern-mail/postern/classify/detect"
	"github.com/postern-mail/postern/classify/detect/testcorpus"
)

// races compares all entrants on each kind of text.
func races(b *bench, p plan, out io.Writer) error {
	speeds, ratios := newTable("GB/s, best (median)"), newTable("times as fast")
	for _, kind := range testcorpus.Kinds {
		f, err := putText(b.dir, testcorpus.Build(kind, p.mib<<20, p.seed))
		if err != nil {
			return err
		}
		if err := b.prepare(f); err != nil {
			return err
		}
		taken, err := b.race(p.rounds)
		if err != nil {
			return err
		}
		column := fmt.Sprintf("%s (%d found)", kind, f.planted)
		for _, e := range b.entrants {
			s := taken[e.name]
			if s == nil {
				speeds.set(e.name, column, "-")
				continue
			}
			speeds.set(e.name, column, fmt.Sprintf("%.3f (%.3f)", speed(f.bytes, s.best()), speed(f.bytes, s.median())))
		}
		for _, pair := range pairs {
			if taken[pair.we] != nil && taken[pair.they] != nil {
				ratios.set(pair.we+" / "+pair.they, kind, fmt.Sprintf("%.2f", ratio(taken[pair.they], taken[pair.we])))
			}
		}
	}
	speeds.print(out)
	fmt.Fprintln(out)
	ratios.print(out)
	return nil
}

// pairs are the ratios that are printed.
var pairs = []struct{ we, they string }{
	{core, hsFull},
	{core, hsTwo},
	{core, hsSix},
	{core, ripgrep},
	{core, goRegexp},
	{core, clamav},
	{portable, hsFull},
	{portable, hsTwo},
	{portable, hsSix},
	{portable, ripgrep},
	{portable, goRegexp},
	{everything, hsTerms},
	{everything, core},
}

// growth shows what more detectors and more terms cost, on a quarter of a text.
func growth(b *bench, p plan, out io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var steps []string
	all := len(detect.Builtin())
	for n := 1; n < all; n *= 2 {
		steps = append(steps, fmt.Sprintf("first:%d", n))
	}
	steps = append(steps, "all:0", "all:128", "all:1000", fmt.Sprintf("all:%d", most))

	curve := &bench{dir: b.dir}
	defer curve.close()
	for _, step := range steps {
		curve.add(step, anything)(start(self, "-serve", step))
	}
	table := newTable("detectors, GB/s (share of the first)")
	for _, kind := range testcorpus.Kinds {
		f, err := putText(b.dir, testcorpus.Build(kind, p.mib<<18, p.seed))
		if err != nil {
			return err
		}
		if err := curve.prepare(f); err != nil {
			return err
		}
		taken, err := curve.race(p.rounds)
		if err != nil {
			return err
		}
		first := taken[curve.entrants[0].name]
		for _, e := range curve.entrants {
			table.set(label(e.name, all), kind, fmt.Sprintf("%.3f (%.2f)", speed(f.bytes, taken[e.name].best()), ratio(first, taken[e.name])))
		}
	}
	table.print(out)
	b.leftOut = append(b.leftOut, curve.leftOut...)
	return nil
}

// label is a step of the curve in words.
func label(step string, all int) string {
	kind, n, _ := strings.Cut(step, ":")
	if kind == "first" {
		return "first " + n
	}
	return fmt.Sprintf("all %d, %s terms", all, n)
}

// wholeMails measures mails from their first byte to the report.
func wholeMails(b *bench, p plan, out io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c, err := start(self, "-serve", "mail")
	if err != nil {
		return err
	}
	mails := &bench{dir: b.dir, entrants: []entrant{{name: "mail", engine: c, judge: exact}}}
	defer mails.close()
	table := newTable("whole mails, all detectors")
	for _, m := range []struct {
		name, row string
		bytes     int
	}{{"text", "4 KiB of text", 4 << 10}, {"html", "64 KiB of HTML", 64 << 10}, {"base64", "10 MiB, tables in base64", 10 << 20}} {
		f, err := putMail(b.dir, m.name, min(m.bytes, p.mib<<20), p.seed)
		if err != nil {
			return err
		}
		if err := mails.prepare(f); err != nil {
			return err
		}
		taken, err := mails.race(p.rounds)
		if err != nil {
			return err
		}
		best := taken["mail"].best()
		table.set(m.row, "GB/s", fmt.Sprintf("%.3f", speed(f.bytes, best)))
		table.set(m.row, "ms a mail", fmt.Sprintf("%.3f", best.Seconds()*1000))
		table.set(m.row, "found", fmt.Sprint(f.planted))
	}
	table.print(out)
	return nil
}

// hostile measures texts that are meant to be slow at two lengths, side by side:
// where time is linear, four times the text takes four times as long.
func hostile(b *bench, p plan, out io.Writer) error {
	pair := &bench{dir: b.dir}
	defer pair.close()
	for _, length := range []string{"short", "long"} {
		c, _, err := startEverything()
		if err != nil {
			return err
		}
		pair.entrants = append(pair.entrants, entrant{name: length, engine: c, judge: anything})
	}
	table := newTable("hostile texts, everything")
	var steep []string
	for _, name := range testcorpus.HostileNames() {
		short := p.mib << 16
		for i, e := range pair.entrants {
			f, err := put(b.dir, name, testcorpus.Hostile(name, short<<(2*i)), nil)
			if err == nil {
				err = e.engine.load(f)
			}
			if err != nil {
				return err
			}
		}
		taken, err := pair.race(max(p.rounds, 3))
		if err != nil {
			return err
		}
		growth := ratio(taken["long"], taken["short"])
		if growth > tooSteep {
			steep = append(steep, name)
		}
		table.set(name, "GB/s", fmt.Sprintf("%.3f", speed(4*short, taken["long"].best())))
		table.set(name, "time for 4 times the length", fmt.Sprintf("%.2f", growth))
	}
	table.print(out)
	if len(steep) > 0 {
		return fmt.Errorf("time is not linear on the hostile texts %q", steep)
	}
	return nil
}

// tooSteep lies between 4, which is linear, and 16, which is quadratic: caches
// and neighbours on the machine do not reach it.
const tooSteep = 8
