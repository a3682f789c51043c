package data_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/draw"
	"gorgonia.org/tensor"

	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
)

// scene draws one digit's trial: a page with the digit on it, and what a scanner, a camera or a window adds.
type scene struct {
	name  string
	least float64 // of 1, for each digit that is known on the plain page
	draw  func(r *rand.Rand, p *page)
}

// digits is how many digits are drawn for a scene, each on paper and on black. Where some are lost they are many, so that the seed does not
// decide.
func (s scene) digits() int {
	switch s.name {
	case "28 pixels", "small in the corner of 28":
		return mostDigits
	case "squared", "27 pixels", "turned on a dark table", "ruled and turned":
		return 60
	}
	return 20
}

const mostDigits = 300

var scenes = []scene{
	{"plain", 1, func(_ *rand.Rand, p *page) { p.write() }},
	{"frame of 1 pixel", 0.9, func(_ *rand.Rand, p *page) { p.write(); p.frame(p.img.Rect, 1, p.pen) }},
	{"frame of 4 pixels", 0.9, func(_ *rand.Rand, p *page) { p.write(); p.frame(p.img.Rect, 4, p.pen) }},
	{"letterbox", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		bar := 20 + r.IntN(120)
		p.on(color.NRGBA{0, 0, 0, 255}, p.side, p.side+2*bar, 0, bar)
	}},
	{"pillars", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		bar := 20 + r.IntN(120)
		p.on(color.NRGBA{0, 0, 0, 255}, p.side+2*bar, p.side, bar, 0)
	}},
	{"dark table", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		p.on(color.NRGBA{40, 34, 30, 255}, p.side+80+r.IntN(160), p.side+80+r.IntN(160), 20+r.IntN(50), 20+r.IntN(50))
	}},
	{"turned on a dark table", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		p.turned(40, (r.Float64()-0.5)*0.25, 0.6+0.25*r.Float64())
	}},
	{"transparent margin", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		m := 10 + r.IntN(60)
		p.on(color.NRGBA{}, p.side+2*m, p.side+2*m, m, m)
	}},
	{"shadow", 0.9, func(r *rand.Rand, p *page) { p.write(); p.shadow(20 + r.IntN(40)) }},
	{"rounded corners", 0.9, func(r *rand.Rand, p *page) { p.write(); p.round(20 + 60*r.Float64()) }},
	{"shaded to 80%", 0.9, func(r *rand.Rand, p *page) { p.write(); p.slope(r, 0.8) }},
	{"shaded to 60%", 0.86, func(r *rand.Rand, p *page) { p.write(); p.slope(r, 0.6) }},
	{"vignette", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		fall := 0.3 + 0.3*r.Float64()
		p.shade(func(x, y float64) float64 { return 1 - fall*2*((x-0.5)*(x-0.5)+(y-0.5)*(y-0.5)) })
	}},
	{"edge of a shadow", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		at, slant := 0.2+0.6*r.Float64(), r.Float64()-0.5
		p.shade(func(x, y float64) float64 { return 0.7 + 0.3/(1+math.Exp(-40*(x+slant*y-at-slant/2))) })
	}},
	{"light ink on mid-grey", 0.9, func(r *rand.Rand, p *page) {
		p.paper, p.pen = uint8(100+r.IntN(50)), uint8(190+r.IntN(60))
		p.write()
	}},
	{"dark ink on mid-grey", 0.9, func(r *rand.Rand, p *page) {
		p.paper, p.pen = uint8(110+r.IntN(50)), uint8(10+r.IntN(60))
		p.write()
	}},
	{"speck", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		x, y := 3+r.IntN(20), 3+r.IntN(20)
		if r.IntN(2) == 0 {
			x = p.side - 3 - x
		}
		if r.IntN(2) == 0 {
			y = p.side - 3 - y
		}
		p.fill(image.Rect(x, y, x+3, y+3), p.pen)
	}},
	{"dust", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		for range p.side * p.side / 500 {
			x, y := r.IntN(p.side), r.IntN(p.side)
			p.fill(image.Rect(x, y, x+1, y+1), p.pen)
		}
	}},
	{"salt and pepper", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		for i := range p.side * p.side / 500 {
			x, y := r.IntN(p.side), r.IntN(p.side)
			p.fill(image.Rect(x, y, x+1, y+1), uint8(255*(i%2)))
		}
	}},
	{"ruled", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		gap, line := 25+r.IntN(40), uint8((2*int(p.pen)+int(p.paper))/3)
		for y := r.IntN(gap); y < p.side; y += gap {
			p.fill(image.Rect(0, y, p.side, y+1+r.IntN(2)), line)
		}
	}},
	{"squared", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		gap, line := 25+r.IntN(30), uint8((int(p.pen)+int(p.paper))/2)
		for at := r.IntN(gap); at < p.side; at += gap {
			p.fill(image.Rect(0, at, p.side, at+1), line)
			p.fill(image.Rect(at, 0, at+1, p.side), line)
		}
	}},
	{"ruled and turned", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		gap, line := 30+r.IntN(40), uint8((2*int(p.pen)+int(p.paper))/3)
		for y := r.IntN(gap); y < p.side; y += gap {
			p.fill(image.Rect(0, y, p.side, y+2), line)
		}
		p.turned(p.paper, (r.Float64()-0.5)*0.1, 1)
	}},
	{"drawn box", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		p.frame(p.digit.Inset(-5-r.IntN(40)).Intersect(p.img.Rect), 1+r.IntN(5), p.pen)
	}},
	{"grain", 0.9, func(r *rand.Rand, p *page) {
		p.paper, p.pen = uint8(int(p.paper)*170/255+45), uint8(int(p.pen)*170/255+45)
		p.write()
		for i := range p.img.Pix {
			if i%4 == 0 {
				v := uint8(min(max(float64(p.img.Pix[i])+15*r.NormFloat64(), 0), 255))
				p.img.Pix[i], p.img.Pix[i+1], p.img.Pix[i+2] = v, v, v
			}
		}
	}},
	{"27 pixels", 0.9, func(r *rand.Rand, p *page) { p.large(r); p.write(); p.shrink(27) }},
	{"28 pixels", 0.9, func(r *rand.Rand, p *page) { p.large(r); p.write(); p.shrink(28) }},
	{"29 pixels", 0.9, func(r *rand.Rand, p *page) { p.large(r); p.write(); p.shrink(29) }},
	{"small in the corner of 28", 0.9, func(r *rand.Rand, p *page) {
		p.side = 28
		at := image.Pt(r.IntN(2)*13, r.IntN(2)*13)
		p.digit = image.Rect(0, 0, 15, 15).Add(at)
		p.write()
	}},
	{"tightly cropped", 0.9, func(r *rand.Rand, p *page) {
		p.write()
		crop := image.NewNRGBA(image.Rect(0, 0, p.digit.Dx(), p.digit.Dy()))
		draw.Draw(crop, crop.Rect, p.img, p.digit.Min, draw.Src)
		p.img = crop.SubImage(inkOf(crop, p.paper)).(*image.NRGBA)
	}},
}

// TestPictureScores draws digits that a network knows on pages as people photograph, scan and save them. What is known on the plain page
// has to be known in nearly all of the others. The seed changes from run to run.
func TestPictureScores(t *testing.T) {
	if testing.Short() {
		t.Skip("it trains a network")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	training, test := data.Digits()
	m, err := model.Open("mnist-cnn")
	require.NoError(t, err)
	network, err := train.Compile(m, train.Options{Optimizer: train.Adam{}, Seed: 1})
	require.NoError(t, err)
	defer network.Close()
	_, err = network.Fit(context.Background(), training, train.FitOptions{Epochs: 2, Batch: 32})
	require.NoError(t, err)

	known := scores(t, network, test, scenes[0], mostDigits, seed) // on the plain page
	for _, s := range scenes {
		count, lost := 0, 0
		for i, ok := range scores(t, network, test, s, s.digits(), seed) {
			if known[i] {
				count++
				if !ok {
					lost++
				}
			}
		}
		t.Logf("%-26s %d of %d", s.name, count-lost, count)
		assert.GreaterOrEqual(t, float64(count-lost), s.least*float64(count), s.name)
	}
	assert.GreaterOrEqual(t, count(known), 9*len(known)/10, "on the plain page")
}

func count(all []bool) (n int) {
	for _, ok := range all {
		if ok {
			n++
		}
	}
	return n
}

// scores tells of so many digits whether the network knows them in a scene: each on paper, then on black.
func scores(t *testing.T, network *train.Trainer, test data.Set, s scene, digits int, seed uint64) []bool {
	n := 2 * digits
	inputs, labels := make([]float32, n*28*28), make([]int32, n)
	doubted := make([]bool, n)
	var all sync.WaitGroup
	for worker := range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := worker; i < n; i += runtime.GOMAXPROCS(0) {
				r := rand.New(rand.NewPCG(seed, uint64(i/2)))
				x := make([]float32, 28*28)
				label, err := test.Example(r.IntN(test.Len()), x)
				assert.NoError(t, err)
				p := newPage(r, x, i%2 == 1)
				s.draw(r, p)
				var file bytes.Buffer
				assert.NoError(t, (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&file, p.img))
				picture, err := data.PictureFrom(s.name, &file, []int{28, 28, 1}, data.PictureOptions{Preparation: data.PreparationNamed("digits")})
				if assert.NoError(t, err) {
					doubted[i] = picture.Doubt != ""
					labels[i] = label
					copy(inputs[i*28*28:], picture.Pixels)
				}
			}
		})
	}
	all.Wait()
	assert.LessOrEqual(t, count(doubted), n/10, "%s: doubts", s.name)
	y, err := network.Predict(context.Background(), tensor.New(tensor.WithShape(n, 28, 28, 1), tensor.WithBacking(inputs)))
	require.NoError(t, err)
	right := make([]bool, n)
	for i, label := range labels {
		probabilities, best := y.Data().([]float32)[10*i:][:10], 0
		for class, p := range probabilities {
			if p > probabilities[best] {
				best = class
			}
		}
		right[i] = best == int(label)
	}
	return right
}
