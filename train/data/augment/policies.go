package augment

import (
	"fmt"
	"math"
	"strings"
)

// Operation is one of those that randaugment and trivialaugment choose from.
type Operation struct {
	Word string
	Help string // what it does at a strength s from 0 to 1, M being the most of the policy
	// RandAugment and TrivialAugment are the most M of each, in the operation's unit; 0 where it has no strength.
	RandAugment, TrivialAugment float64
	Unit                        Unit
	side                        func(p picture) int                       // that RandAugment is a part of, TrivialAugment being a number of pixels; nil for others
	apply                       func(t *tool, p picture, m, fill float64) // m is M·s, in pixels where it is a part of the side, with a sign that is drawn where it has one
	signed                      bool
}

// MostOf writes the most that a policy does; nothing where the operation has no strength.
func (o Operation) MostOf(most float64, unit Unit) string {
	if most == 0 {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%.3g %s", most, strings.TrimPrefix(string(unit), string(factor))))
}

// TrivialUnit is the unit of TrivialAugment.
func (o Operation) TrivialUnit() Unit {
	if o.side != nil {
		return pixels
	}
	return o.Unit
}

// operations are as in AutoAugment, but for those that need a second picture, Invert and Cutout, which neither paper has.
var operations = []Operation{
	{Word: "identity", Help: "nothing", apply: func(*tool, picture, float64, float64) {}},
	{Word: "shear_x", Help: "slants by ±M·s along the rows", RandAugment: 0.3, TrivialAugment: 0.99, Unit: factor, signed: true,
		apply: func(t *tool, p picture, m, fill float64) { slant(t, p, m, 0, fill) }},
	{Word: "shear_y", Help: "slants by ±M·s along the columns", RandAugment: 0.3, TrivialAugment: 0.99, Unit: factor, signed: true,
		apply: func(t *tool, p picture, m, fill float64) { slant(t, p, 0, m, fill) }},
	{Word: "translate_x", Help: "moves by ±M·s, in whole pixels, along the rows", RandAugment: 150. / 331, TrivialAugment: 32, Unit: side, signed: true,
		side:  func(p picture) int { return p.w },
		apply: func(t *tool, p picture, m, fill float64) { move(t, p, int(math.Round(m)), 0, fill) }},
	{Word: "translate_y", Help: "moves by ±M·s, in whole pixels, along the columns", RandAugment: 150. / 331, TrivialAugment: 32, Unit: side, signed: true,
		side:  func(p picture) int { return p.h },
		apply: func(t *tool, p picture, m, fill float64) { move(t, p, 0, int(math.Round(m)), fill) }},
	{Word: "rotate", Help: "turns by ±M·s", RandAugment: 30, TrivialAugment: 135, Unit: degrees, signed: true, apply: turn},
	{Word: "brightness", Help: "brightness, as of color_jitter, by 1 ± M·s", RandAugment: 0.9, TrivialAugment: 0.99, Unit: factor, signed: true,
		apply: func(_ *tool, p picture, m, _ float64) { brighten(p, float32(1+m)) }},
	{Word: "color", Help: "saturation likewise", RandAugment: 0.9, TrivialAugment: 0.99, Unit: factor, signed: true,
		apply: func(_ *tool, p picture, m, _ float64) { saturate(p, float32(1+m)) }},
	{Word: "contrast", Help: "contrast likewise", RandAugment: 0.9, TrivialAugment: 0.99, Unit: factor, signed: true,
		apply: func(_ *tool, p picture, m, _ float64) { contrast(p, float32(1+m)) }},
	{Word: "sharpness", Help: "takes each level within the border 1 ± M·s times as far from the mean of its 3x3 pixels, of which it counts five times",
		RandAugment: 0.9, TrivialAugment: 0.99, Unit: factor, signed: true,
		apply: func(t *tool, p picture, m, _ float64) { sharpen(t, p, float32(1+m)) }},
	{Word: "posterize", Help: "keeps the upper 8 − M·s bits of each byte, rounded", RandAugment: 4, TrivialAugment: 6, Unit: "bits",
		apply: func(_ *tool, p picture, m, _ float64) { posterize(p, 8-int(math.Round(m))) }},
	{Word: "solarize", Help: "makes negatives of the levels from 1 − M·s on", RandAugment: 1, TrivialAugment: 1, Unit: "part of the levels",
		apply: func(_ *tool, p picture, m, _ float64) { solarize(p, float32(1-m)) }},
	{Word: "autocontrast", Help: "stretches each channel's levels to from 0 to 1", apply: func(_ *tool, p picture, _, _ float64) { stretch(p) }},
	{Word: "equalize", Help: "makes each channel's bytes about as frequent as each other", apply: func(_ *tool, p picture, _, _ float64) { equalize(p) }},
}

func randAugment(t *tool, p picture, v []float64) {
	for range int(v[0]) {
		o := operations[t.IntN(len(operations))]
		m := o.RandAugment * v[1] / 10
		if o.side != nil {
			m *= float64(o.side(p))
		}
		o.apply(t, p, t.signed(o, m), v[2])
	}
}

func trivialAugment(t *tool, p picture, v []float64) {
	o := operations[t.IntN(len(operations))]
	o.apply(t, p, t.signed(o, o.TrivialAugment*float64(t.IntN(31))/30), v[0])
}

// signed draws the sign of a strength.
func (t *tool) signed(o Operation, m float64) float64 {
	if o.signed && t.happens(0.5) {
		return -m
	}
	return m
}
