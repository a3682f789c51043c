package data

import (
	"slices"
)

// rule is a printed line across the page.
type rule struct {
	runs     []run
	from, to int // along the line
}

// run is a short piece of ink across the direction of the lines.
type run struct{ along, across, length int }

// dropRules drops the lines of ruled and squared paper: straight, thin, over half of the page, and further out than the drawing on
// both sides. Where a stroke crosses a line, the ink is higher than the line is thick, and stays (after the removal of staff lines by
// run lengths, C. Dalitz et al., "A comparative study of staff removal algorithms", 2008).
func (s *sheet) dropRules() {
	if min(s.strength.w, s.strength.h) < 2*mnistSide {
		return
	}
	original := s.strength
	level := findRules(original, s.edge)
	upright := findRules(original.transposed(), s.edge)
	if len(level)+len(upright) == 0 {
		return
	}
	s.strength = original.without(level, upright)
	s.parts = label(s.strength, s.edge)
	main := s.parts.heaviest()
	if main == nil {
		s.strength, s.parts = original, label(original, s.edge)
		return
	}
	outside := func(from, to int, rules []rule) []rule {
		return slices.DeleteFunc(rules, func(r rule) bool {
			before, after := from-r.from, r.to-to
			return 50*min(before, after) < main.size() || len(rules) == 1 && before+after < main.size()
		})
	}
	level = outside(main.box.Min.X, main.box.Max.X, level)
	upright = outside(main.box.Min.Y, main.box.Max.Y, upright)
	s.strength = original.without(level, upright)
	if len(level)+len(upright) > 0 {
		s.leave("ruled lines")
	}
	s.separate()
}

// without is a copy of the plane in which the rules are 0.
func (p plane) without(level, upright []rule) plane {
	out := plane{p.w, p.h, slices.Clone(p.v)}
	// erase takes the steps from pixel to pixel along the rules and across them, and how many pixels are across.
	erase := func(rules []rule, along, across, n int) {
		for _, r := range rules {
			for _, piece := range r.runs {
				for i := max(piece.across-1, 0); i < min(piece.across+piece.length+1, n); i++ {
					out.v[piece.along*along+i*across] = 0
				}
			}
		}
	}
	erase(level, 1, p.w, p.h)
	erase(upright, p.w, 1, p.w)
	return out
}

// findRules finds the parallel lines that are level, or nearly: of the slopes up to a tenth it takes the one along which the ink
// gathers into the fewest rows.
func findRules(p plane, edge byte) []rule {
	thick := max(p.h/80, 2)
	var runs []run
	for x := range p.w {
		for y := 0; y < p.h; y++ {
			from := y
			for y < p.h && p.v[y*p.w+x] >= edge {
				y++
			}
			if n := y - from; n > 0 && n <= thick {
				runs = append(runs, run{x, from, n})
			}
		}
	}
	if 2*len(runs) < p.w {
		return nil
	}
	fall := p.w / 10
	// row tells in which row a run's line begins at the left, if lines rise by so much over the width.
	row := func(r run, rise int) int { return r.across + r.length/2 + fall - (rise*r.along+p.w/2)/p.w }
	count := make([]int, p.h+2*fall+2)
	best, rise := 0, 0
	for try := -fall; try <= fall; try++ {
		clear(count)
		for _, r := range runs {
			count[row(r, try)]++
		}
		gathered := 0
		for i := 1; i < len(count); i++ {
			gathered += (count[i] + count[i-1]) * (count[i] + count[i-1])
		}
		if gathered > best {
			best, rise = gathered, try
		}
	}
	rows := make([][]run, len(count))
	for _, r := range runs {
		at := row(r, rise)
		rows[at] = append(rows[at], r)
	}
	var rules []rule
	near := thick/2 + 1
	for at := range rows {
		// A rule is where the runs of two neighbouring rows are most.
		r := rule{from: p.w}
		here := 0
		for i := max(at-near, 0); i <= min(at+near, len(rows)-1); i++ {
			here = max(here, len(rows[i]))
			for _, piece := range rows[i] {
				r.from, r.to = min(r.from, piece.along), max(r.to, piece.along+1)
			}
			r.runs = append(r.runs, rows[i]...)
		}
		if here == len(rows[at]) && here > 0 && 2*columns(r.runs) > p.w {
			rules = append(rules, r)
		}
	}
	return rules
}

// columns counts the places along the line that have ink.
func columns(runs []run) int {
	seen := map[int]bool{}
	for _, r := range runs {
		seen[r.along] = true
	}
	return len(seen)
}
