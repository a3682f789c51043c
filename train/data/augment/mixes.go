package augment

import (
	"fmt"
	"math"
)

// Source is the pictures that are trained on, as data sets are.
type Source interface {
	Len() int
	// Example writes picture i into x and returns its label.
	Example(i int, x []float32) (label int32, err error)
}

// Labels are what a picture shows that may be mixed of two.
type Labels struct {
	First, Second               int32
	FirstExample, SecondExample int     // whose labels they are
	Share                       float32 // of Second, from 0 to 0.5; First has the rest
}

// Mixes says whether pictures are mixed, each with another one.
func (p *Pipeline) Mixes() bool { return len(p.mixes) > 0 }

// Example writes picture i of a set into x as an epoch sees it, and says what it shows. The shape is one that Check accepts.
func (p *Pipeline) Example(set Source, shape []int, seed uint64, epoch, i int, x []float32) (Labels, error) {
	label, err := p.seen(set, shape, seed, epoch, i, x)
	alone := Labels{First: label, Second: label, FirstExample: i, SecondExample: i}
	if err != nil || !p.Mixes() {
		return alone, err
	}
	t := p.tool()
	defer p.tools.Put(t)
	t.begin(seed^mixStream, epoch, i)
	for _, s := range p.mixes {
		if !t.happens(s.values[1]) {
			continue
		}
		partner := t.IntN(set.Len())
		own := t.beta(s.values[0])
		other := make([]float32, len(x))
		second, err := p.seen(set, shape, seed, epoch, partner, other)
		if err != nil {
			return Labels{}, fmt.Errorf("example %d, which is mixed in: %w", partner, err)
		}
		share := s.kind.mix(t, picture{x, shape[0], shape[1], shape[2]}, other, own)
		if share > 0.5 {
			return Labels{second, label, partner, i, float32(1 - share)}, nil
		}
		return Labels{label, second, i, partner, float32(share)}, nil
	}
	return alone, nil
}

// mixStream keeps the random numbers of what mixes pictures apart from those of what transforms them.
const mixStream = 1 << 35

// seen is a picture before it is mixed.
func (p *Pipeline) seen(set Source, shape []int, seed uint64, epoch, i int, x []float32) (int32, error) {
	label, err := set.Example(i, x)
	if err == nil {
		p.transform(x, shape, seed, epoch, i)
	}
	return label, err
}

// mixUp makes the picture a sum of own times itself and the rest of another one, whose share it returns.
func mixUp(_ *tool, p picture, other []float32, own float64) float64 {
	for i, v := range other {
		p.x[i] = blend(p.x[i], v, float32(1-own))
	}
	return 1 - own
}

// cutMix puts a rectangle of another picture, 1 − own of the area, into the same place of the picture, and returns how much of it lies there.
func cutMix(t *tool, p picture, other []float32, own float64) float64 {
	side := math.Sqrt(1 - own)
	w, h := int(math.Round(float64(p.w)*side)), int(math.Round(float64(p.h)*side))
	x, y := t.IntN(p.w)-w/2, t.IntN(p.h)-h/2
	left, right := max(x, 0), min(x+w, p.w)
	top, bottom := max(y, 0), min(y+h, p.h)
	for i := top; i < bottom; i++ {
		from, to := (i*p.w+left)*p.c, (i*p.w+right)*p.c
		copy(p.x[from:to], other[from:to])
	}
	return float64((right-left)*(bottom-top)) / float64(p.w*p.h)
}

// beta draws from the beta distribution of two equal parameters, as one of two gamma variables in their sum. Their logarithms are what is drawn,
// since small parameters make variables smaller than any float64.
func (t *tool) beta(alpha float64) float64 {
	a, b := t.logGamma(alpha), t.logGamma(alpha)
	return 1 / (1 + math.Exp(b-a))
}

// logGamma draws the logarithm of a gamma variable (Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26, 2000,
// sections 2 and 6).
func (t *tool) logGamma(alpha float64) float64 {
	boost := 0.0
	if alpha < 1 {
		boost = math.Log(1-t.Float64()) / alpha
		alpha++
	}
	d := alpha - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		x := t.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-t.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return math.Log(d*v) + boost
		}
	}
}
