package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scale turns times and values into places.
type scale struct {
	p          *picture
	x, y, w, h float64
	top        float64 // the value at the upper edge
}

func (s *scale) at(p point) (x, y float64) {
	begin, end := float64(s.p.from.UnixMilli())/1000, float64(s.p.to.UnixMilli())/1000
	return s.x + s.w*(p.time-begin)/(end-begin), s.y + s.h*(1-min(p.value/s.top, 1))
}

// path is the line through points.
func (s *scale) path(points []point) string {
	var b strings.Builder
	for i, p := range points {
		x, y := s.at(p)
		fmt.Fprintf(&b, "%c%.1f %.1f", "ML"[min(i, 1)], x, y)
	}
	return b.String()
}

// area is what lies between points and those below them, or the lower edge.
func (s *scale) area(points, below []point) string {
	if below == nil {
		below = []point{{points[0].time, 0}, {points[len(points)-1].time, 0}}
	}
	back := make([]point, len(below))
	for i, p := range below {
		back[len(below)-1-i] = p
	}
	return s.path(points) + "L" + strings.TrimPrefix(s.path(back), "M") + "Z"
}

// chart draws lines, or areas upon one another, with axes and a legend.
func (p *picture) chart(one *panel, all []named, at box) {
	if len(all) == 0 {
		p.text(at.x+at.w/2, at.y+at.h/2, "a m", "no data")
		return
	}
	stacked := one.Field.Defaults.Custom.Stacking.Mode == "normal"
	rows := legendRows(all, at.w-20)
	s := scale{p, at.x + 58, at.y + 6, at.w - 72, at.h - 26 - 16*float64(rows), 0}
	ticks := one.ticks(highest(all, stacked))
	s.top = ticks[len(ticks)-1]
	for _, tick := range ticks {
		_, y := s.at(point{0, tick})
		p.add(`<path d="M%.1f %.1fh%.1f" stroke="#e9edf0"/>`, s.x, y, s.w)
		p.text(s.x-6, y+3.5, "a e", one.format(tick))
	}
	for i := range 5 {
		t := p.from.Add(p.to.Sub(p.from) * time.Duration(i) / 4)
		x, _ := s.at(point{float64(t.UnixMilli()) / 1000, 0})
		class := []string{"a", "a m", "a m", "a m", "a e"}[i]
		p.text(x, s.y+s.h+14, class, t.UTC().Format("15:04"))
	}
	var below []point
	for i := range all {
		points := all[i].points
		if stacked {
			points = upon(points, below)
			p.add(`<path d="%s" fill="%s" opacity="0.78"/>`, s.area(points, below), all[i].color)
			below = points
			continue
		}
		p.add(`<path d="%s" fill="none" stroke="%s" stroke-width="1.7" stroke-linejoin="round"/>`, s.path(points), all[i].color)
	}
	p.legend(all, box{at.x + 10, s.y + s.h + 30, at.w - 20, 0})
}

// upon is points lifted by those below them. Where nothing is below, nothing
// lifts.
func upon(points, below []point) []point {
	under := map[float64]float64{}
	var times []float64
	for _, p := range below {
		under[p.time] = p.value
		times = append(times, p.time)
	}
	own := map[float64]float64{}
	for _, p := range points {
		own[p.time] = p.value
		if _, known := under[p.time]; !known {
			times = append(times, p.time)
		}
	}
	slices.Sort(times)
	lifted := make([]point, len(times))
	for i, t := range times {
		lifted[i] = point{t, own[t] + under[t]}
	}
	return lifted
}

// letter is about how wide one is in the legend.
const letter = 6.0

func legendRows(all []named, width float64) int {
	rows, x := 1, 0.0
	for i := range all {
		need := 20 + letter*float64(len(all[i].name))
		if x+need > width && x > 0 {
			rows, x = rows+1, 0
		}
		x += need
	}
	return rows
}

func (p *picture) legend(all []named, at box) {
	x, y := 0.0, at.y
	for i := range all {
		need := 20 + letter*float64(len(all[i].name))
		if x+need > at.w && x > 0 {
			x, y = 0, y+16
		}
		p.add(`<rect x="%.1f" y="%.1f" width="9" height="9" rx="2" fill="%s"/>`, at.x+x, y-8.5, all[i].color)
		p.text(at.x+x+13, y, "a", all[i].name)
		x += need
	}
}

// highest is the largest value to be shown.
func highest(all []named, stacked bool) float64 {
	top := 0.0
	sums := map[float64]float64{}
	for i := range all {
		for _, p := range all[i].points {
			sums[p.time] += p.value
			if stacked {
				top = max(top, sums[p.time])
			} else {
				top = max(top, p.value)
			}
		}
	}
	if top == 0 {
		return 1
	}
	return top
}

// ticks are round values from zero to the highest or somewhat more.
func (one *panel) ticks(top float64) []float64 {
	base := 1.0
	if unit := one.Field.Defaults.Unit; unit == "bytes" || unit == "Bps" {
		base = math.Pow(1024, math.Floor(math.Log(top)/math.Log(1024)))
	}
	rough := top / base / 3
	step := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if m*step >= rough {
			step *= m
			break
		}
	}
	var all []float64
	for v := 0.0; ; v += step * base {
		all = append(all, v)
		if v >= top {
			return all
		}
	}
}

// format writes a value in the panel's unit.
func (one *panel) format(v float64) string {
	number := func(v float64) string {
		if d := one.Field.Defaults.Decimals; d != nil {
			return strconv.FormatFloat(v, 'f', *d, 64)
		}
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	switch one.Field.Defaults.Unit {
	case "s":
		switch {
		case v == 0:
			return "0"
		case v < 1e-3:
			return number(v*1e6) + " µs"
		case v < 1:
			return number(v*1e3) + " ms"
		}
		return number(v) + " s"
	case "percentunit":
		return number(v*100) + " %"
	case "ops":
		return short(v, number) + "/s"
	case "bytes":
		return binary(v)
	case "Bps":
		return binary(v) + "/s"
	}
	return short(v, number)
}

func short(v float64, number func(float64) string) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 3, 64) + " M"
	case v >= 1e3:
		return strconv.FormatFloat(v/1e3, 'g', 3, 64) + " k"
	}
	return number(v)
}

func binary(v float64) string {
	for _, unit := range []string{" B", " KiB", " MiB"} {
		if v < 1024 {
			return strconv.FormatFloat(v, 'g', 3, 64) + unit
		}
		v /= 1024
	}
	return strconv.FormatFloat(v, 'g', 3, 64) + " GiB"
}
