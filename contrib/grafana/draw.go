package main

import (
	"cmp"
	"context"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"
)

// The measures of the picture, in pixels.
const (
	column  = 50
	line    = 25
	gap     = 8
	margin  = 16
	heading = 46
	columns = 24
)

var palette = []string{"#3b7dd8", "#3a9d5d", "#e0a030", "#c8423b", "#8a6fc0", "#2aa5a0", "#d0679d", "#7a8794", "#a3785a", "#5f9e2f"}

// picture is an SVG under way.
type picture struct {
	strings.Builder
	from, to time.Time
}

func (p *picture) add(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *picture) text(x, y float64, class, text string) {
	p.add(`<text x="%.1f" y="%.1f" class="%s">%s</text>`, x, y, class, html.EscapeString(text))
}

// box is a place in the picture.
type box struct{ x, y, w, h float64 }

// draw asks for all panels of the dashboard and draws them.
func draw(ctx context.Context, b *board, from source, begin, end time.Time) ([]byte, error) {
	bottom := 0
	for i := range b.Panels {
		bottom = max(bottom, b.Panels[i].Grid.Y+b.Panels[i].Grid.H)
	}
	width, height := columns*column+2*margin, heading+bottom*line+margin
	p := &picture{from: begin, to: end}
	p.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="Inter, 'Helvetica Neue', Arial, sans-serif">`, width, height, width, height)
	p.add(`<style>.t{font-size:13px;font-weight:600;fill:#2b3440}.r{font-size:14px;font-weight:600;fill:#556270}.a{font-size:10.5px;fill:#7b8794}.e{text-anchor:end}.m{text-anchor:middle}.b{font-size:30px;font-weight:600}.h{font-size:20px;font-weight:700;fill:#1d2630}.c{font-size:11.5px;fill:#2b3440}</style>`)
	p.add(`<rect width="%d" height="%d" fill="#f4f6f8"/>`, width, height)
	p.text(margin, 30, "h", b.Title)
	p.text(float64(width-margin), 30, "a e", begin.UTC().Format("2 January 2006, 15:04")+" to "+end.UTC().Format("15:04 UTC"))
	for i := range b.Panels {
		one := &b.Panels[i]
		at := box{float64(margin + one.Grid.X*column), float64(heading + one.Grid.Y*line), float64(one.Grid.W * column), float64(one.Grid.H * line)}
		if one.Type == "row" {
			p.text(at.x, at.y+18, "r", one.Title)
			continue
		}
		at = box{at.x + gap/2, at.y + gap/2, at.w - gap, at.h - gap}
		if err := p.panel(ctx, one, at, from); err != nil {
			return nil, err
		}
	}
	p.add(`</svg>`)
	return []byte(p.String()), nil
}

// named is a series with its name and colour in the picture.
type named struct {
	series
	name, color string
}

func (p *picture) panel(ctx context.Context, one *panel, at box, from source) error {
	p.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="5" fill="#ffffff" stroke="#dfe4e9"/>`, at.x, at.y, at.w, at.h)
	p.text(at.x+10, at.y+20, "t", one.Title)
	span := p.to.Sub(p.from)
	step := max(span/150, time.Second)
	var all []named
	for i := range one.Targets {
		t := &one.Targets[i]
		var found []series
		var err error
		if one.Type == "table" {
			found, err = from.at(ctx, t.query(4*step), p.to)
		} else {
			found, err = from.over(ctx, t.query(max(span/25, 10*time.Second)), p.from, p.to, step)
		}
		if err != nil {
			return fmt.Errorf("panel %q: %w", one.Title, err)
		}
		for _, s := range found {
			all = append(all, named{series: s, name: t.name(s.labels)})
		}
	}
	one.paint(all)
	inner := box{at.x, at.y + 26, at.w, at.h - 26}
	switch one.Type {
	case "stat":
		p.stat(one, all, inner)
	case "table":
		p.table(all, inner)
	default:
		p.chart(one, all, inner)
	}
	return nil
}

// paint sorts the series, the largest first, and gives each its colour.
func (one *panel) paint(all []named) {
	if one.Type == "timeseries" {
		slices.SortStableFunc(all, func(a, b named) int { return cmp.Compare(b.sum(), a.sum()) })
	}
	taken := 0
	for i := range all {
		for _, o := range one.Field.Overrides {
			if o.Matcher.Options == all[i].name && len(o.Properties) > 0 {
				all[i].color = o.Properties[0].Value.FixedColor
			}
		}
		if all[i].color == "" {
			all[i].color = palette[taken%len(palette)]
			taken++
		}
	}
}

func (s *series) sum() float64 {
	total := 0.0
	for _, p := range s.points {
		total += p.value
	}
	return total
}

func (p *picture) stat(one *panel, all []named, at box) {
	if len(all) == 0 || len(all[0].points) == 0 {
		p.text(at.x+at.w/2, at.y+at.h/2, "a m", "no data")
		return
	}
	points := all[0].points
	last := points[len(points)-1].value
	color := one.level(last)
	scale := scale{p, at.x, at.y + at.h*.55, at.w, at.h * .45, highest(all, false)}
	p.add(`<path d="%s" fill="%s" opacity="0.13"/>`, scale.area(points, nil), color)
	p.add(`<text x="%.1f" y="%.1f" class="b m" fill="%s">%s</text>`, at.x+at.w/2, at.y+at.h/2+4, color, html.EscapeString(one.format(last)))
}

// level is the colour of a value by the panel's thresholds.
func (one *panel) level(value float64) string {
	color := "#3b7dd8"
	for _, step := range one.Field.Defaults.Thresholds.Steps {
		if step.Value == nil || value >= *step.Value {
			color = map[string]string{"green": "#3a9d5d", "orange": "#d9902f", "red": "#c8423b"}[step.Color]
		}
	}
	return color
}

func (p *picture) table(all []named, at box) {
	slices.SortFunc(all, func(a, b named) int { return cmp.Compare(a.labels["instance"], b.labels["instance"]) })
	y := at.y + 16
	for _, s := range all {
		if y > at.y+at.h-8 {
			break
		}
		p.text(at.x+10, y, "c", s.labels["instance"])
		for _, label := range []string{"version", "id", "commit", "go", "checksum"} {
			if value, ok := s.labels[label]; ok {
				y += 15
				p.text(at.x+22, y, "a", label+" "+value)
			}
		}
		y += 20
	}
}
