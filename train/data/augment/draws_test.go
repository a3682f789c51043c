package augment

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// counted is the pictures that a pipeline makes of one, by how often.
func counted(t *testing.T, text string, shape []int, n int) map[string]int {
	p, counts := parsed(t, text), map[string]int{}
	for i := range n {
		counts[key(seen(p, shape, 1, 0, i))]++
	}
	return counts
}

func key(x []float32) string {
	var s []byte
	for _, v := range x {
		s = append(s, byte(math.Round(float64(v)*255)))
	}
	return string(s)
}

// of is the picture of a shape whose value at row y, column x and channel k is what value says of golden.py's.
func of(shape []int, value func(at func(y, x, k int) float32, y, x, k int) float32) []float32 {
	p := pictureOf(shape)
	at := func(y, x, k int) float32 { return p.x[(y*p.w+x)*p.c+k] }
	var to []float32
	for y := range p.h {
		for x := range p.w {
			for k := range p.c {
				to = append(to, value(at, y, x, k))
			}
		}
	}
	return to
}

func TestFlips(t *testing.T) {
	for _, shape := range [][]int{{3, 4, 3}, {4, 5, 1}} {
		mirrored := of(shape, func(at func(y, x, k int) float32, y, x, k int) float32 { return at(y, shape[1]-1-x, k) })
		assert.Equal(t, map[string]int{key(mirrored): 10}, counted(t, "flip:1", shape, 10))
		upended := of(shape, func(at func(y, x, k int) float32, y, x, k int) float32 { return at(shape[0]-1-y, x, k) })
		assert.Equal(t, map[string]int{key(upended): 10}, counted(t, "flip_vertical:1", shape, 10))
		assert.Equal(t, map[string]int{key(pictureOf(shape).x): 10}, counted(t, "flip:0,flip_vertical:0", shape, 10))
	}
}

// A crop is each window of the bordered picture, equally often; a shift the same, but that the outermost windows have half a pixel's share.
func TestCropAndShift(t *testing.T) {
	shape := []int{5, 6, 3}
	window := func(dy, dx int) string {
		return key(of(shape, func(at func(y, x, k int) float32, y, x, k int) float32 {
			if y -= dy; y < 0 || y >= shape[0] {
				return 0.6
			}
			if x -= dx; x < 0 || x >= shape[1] {
				return 0.6
			}
			return at(y, x, k)
		}))
	}
	const n = 5000
	crops := counted(t, "crop:2:0.6", shape, n)
	assert.Len(t, crops, 25)
	for dy := -2; dy <= 2; dy++ {
		for dx := -2; dx <= 2; dx++ {
			assert.InDelta(t, n/25, crops[window(dy, dx)], 5*math.Sqrt(n/25), "%d, %d", dy, dx)
		}
	}
	shifts := counted(t, "shift:0.5:0.6", shape, n) // by up to 2.5 rows and 3 columns
	share := func(d int, most float64) float64 {
		return max(0, min(float64(d)+0.5, most)-max(float64(d)-0.5, -most)) / (2 * most)
	}
	assert.Len(t, shifts, 5*7)
	for dy := -2; dy <= 2; dy++ {
		for dx := -3; dx <= 3; dx++ {
			want := n * share(dy, 2.5) * share(dx, 3)
			assert.InDelta(t, want, shifts[window(dy, dx)], 5*math.Sqrt(want), "%d, %d", dy, dx)
		}
	}
}

// The parts of resized_crop have the areas and the proportions that were asked for, up to a pixel, and lie within the picture.
func TestResizedCrop(t *testing.T) {
	p := pictureOf([]int{60, 80, 1})
	tool := newTool()
	var areas []float64
	least, most := math.Inf(1), 0.0
	for i := range 2000 {
		tool.begin(1, 0, i)
		x, y, w, h := tool.part(p, []float64{0.1, 0.5, 0.5, 2})
		assert.True(t, x >= 0 && y >= 0 && w > 0 && h > 0 && x+w <= p.w && y+h <= p.h)
		areas = append(areas, float64(w*h)/float64(p.w*p.h))
		least, most = min(least, float64(w)/float64(h)), max(most, float64(w)/float64(h))
	}
	slices.Sort(areas)
	assert.InDelta(t, 0.1, areas[0], 0.01)
	assert.InDelta(t, 0.5, areas[len(areas)-1], 0.02)
	assert.InDelta(t, 0.3, areas[len(areas)/2], 0.02)
	assert.InDelta(t, 0.5, least, 0.03)
	assert.InDelta(t, 2, most, 0.1)

	// A part of these proportions that has the whole area fits nowhere: it is the middle one.
	x, y, w, h := tool.part(p, []float64{1, 1, 0.5, 0.5})
	assert.Equal(t, [4]int{25, 0, 30, 60}, [4]int{x, y, w, h})
	x, y, w, h = tool.part(p, []float64{1, 1, 2, 2})
	assert.Equal(t, [4]int{0, 10, 80, 40}, [4]int{x, y, w, h})
	whole := pictureOf([]int{6, 5, 3})
	enlarge(tool, whole, 0, 0, 5, 6)
	assert.Equal(t, pictureOf([]int{6, 5, 3}).x, whole.x, "the whole picture is what it was")
}

// The factors of what is drawn lie evenly in their range: told by a grey plane that brightness or zoom changes.
func TestRanges(t *testing.T) {
	for _, c := range []struct {
		text        string
		least, most float64
	}{
		{"color_jitter:0.4:0:0:0", 0.6, 1.4},
		{"color_jitter:1:0:0:0", 0, 2},
	} {
		var factors []float64
		p := parsed(t, c.text)
		for i := range 2000 {
			x := []float32{0.25, 0.25, 0.25}
			p.transform(x, []int{1, 1, 3}, 1, 0, i)
			factors = append(factors, float64(x[0])/0.25)
		}
		slices.Sort(factors)
		assert.InDelta(t, c.least, factors[0], 0.01, c.text)
		assert.InDelta(t, c.most, factors[len(factors)-1], 0.01, c.text)
		assert.InDelta(t, (c.least+c.most)/2, factors[len(factors)/2], 0.05, c.text)
	}
	for _, c := range []struct {
		text  string
		apply func(t *tool, p picture, u float64)
		least float64
		most  float64
	}{
		{"rotate:30:0.5", func(t *tool, p picture, u float64) { turn(t, p, u, 0.5) }, -30, 30},
		{"zoom:0.5:2:0.25", func(t *tool, p picture, u float64) { scale(t, p, u, 0.25) }, 0.5, 2},
		{"blur:0.5:2:1", func(t *tool, p picture, u float64) { smear(t, p, u) }, 0.5, 2},
	} {
		shape := []int{9, 9, 3}
		p := parsed(t, c.text)
		for i := range 20 {
			want := pictureOf(shape)
			tool := newTool()
			tool.begin(1, 0, i)
			if c.text[:4] == "blur" {
				tool.Float64() // whether
			}
			c.apply(tool, want, c.least+(c.most-c.least)*tool.Float64())
			assert.Equal(t, want.x, seen(p, shape, 1, 0, i), c.text)
		}
	}
}

// All orders of the four changes of colour happen.
func TestColorJitterTakesAnyOrder(t *testing.T) {
	shape := []int{1, 2, 3}
	twice := counted(t, "color_jitter:0:0:0:0", shape, 20)
	assert.Equal(t, map[string]int{key(pictureOf(shape).x): 20}, twice, "nothing is changed by nothing")
	grey := pictureOf([]int{4, 4, 1})
	want := slices.Clone(grey.x)
	saturate(grey, 0)
	turnHue(grey, 0.3)
	assert.Equal(t, want, grey.x, "grey has neither saturation nor hue")
}

// What is erased is a rectangle of a size that was asked for, of values from anywhere between 0 and 1; where a picture has none, it stays.
func TestErase(t *testing.T) {
	shape := []int{40, 50, 3}
	p := parsed(t, "erase:1:0.1:0.3:0.5")
	for i := range 200 {
		x := make([]float32, 40*50*3)
		for j := range x {
			x[j] = -1
		}
		p.transform(x, shape, 1, 0, i)
		left, right, top, bottom, n := 50, -1, 40, -1, 0
		var sum float64
		for j, v := range x {
			if v >= 0 {
				col, row := j/3%50, j/3/50
				left, right, top, bottom = min(left, col), max(right, col), min(top, row), max(bottom, row)
				n++
				sum += float64(v)
			}
		}
		w, h := right-left+1, bottom-top+1
		assert.Equal(t, n, 3*w*h, "a rectangle")
		assert.InDelta(t, 0.2, float64(w*h)/2000, 0.115)
		assert.InDelta(t, 0, math.Log(float64(h)/float64(w)), math.Log(2)+0.1)
		assert.InDelta(t, 0.5, sum/float64(n), 0.1)
	}
	plain := []int{1, 30, 1}
	assert.Equal(t, map[string]int{key(pictureOf(plain).x): 20}, counted(t, "erase:1:0.9:1:0.9", plain, 20), "none fits")
}

// A cutout's middle is anywhere, so that each corner of the picture is covered as often as a quarter of a square says.
func TestCutout(t *testing.T) {
	p, shape := parsed(t, "cutout:4:0.5"), []int{10, 10, 1}
	covered := make([]int, 100)
	const n = 2000
	for i := range n {
		x := make([]float32, 100)
		p.transform(x, shape, 1, 0, i)
		for j, v := range x {
			if v == 0.5 {
				covered[j]++
			}
		}
	}
	assert.InDelta(t, n*0.16, covered[55], 80, "within, as often as 4x4 of 100 places")
	assert.InDelta(t, n*0.09, covered[0], 60, "in the first corner, 3x3 of 100")
	assert.InDelta(t, n*0.04, covered[99], 40, "in the last corner, 2x2 of 100")
}

// The policies choose each operation equally often, at strengths that their papers have: told by drawing the same numbers.
func TestPolicies(t *testing.T) {
	shape := []int{20, 26, 3}
	rand, trivial := parsed(t, "randaugment:2:5:0.25"), parsed(t, "trivialaugment:0.25")
	assert.Len(t, operations, 14)
	chosen := map[string]int{}
	for i := range 300 {
		tool := newTool()
		tool.begin(1, 0, i)
		want := pictureOf(shape)
		for range 2 {
			o := operations[tool.IntN(14)]
			m := map[string]float64{
				"shear_x": 0.15, "shear_y": 0.15, "translate_x": 75. / 331 * 26, "translate_y": 75. / 331 * 20, "rotate": 15,
				"brightness": 0.45, "color": 0.45, "contrast": 0.45, "sharpness": 0.45, "posterize": 2, "solarize": 0.5,
			}[o.Word]
			if o.signed && tool.Float64() < 0.5 {
				m = -m
			}
			o.apply(tool, want, m, 0.25)
		}
		assert.Equal(t, want.x, seen(rand, shape, 1, 0, i), "picture %d", i)

		tool.begin(1, 0, i)
		want = pictureOf(shape)
		o := operations[tool.IntN(14)]
		chosen[o.Word]++
		m := float64(tool.IntN(31)) / 30 * map[string]float64{
			"shear_x": 0.99, "shear_y": 0.99, "translate_x": 32, "translate_y": 32, "rotate": 135,
			"brightness": 0.99, "color": 0.99, "contrast": 0.99, "sharpness": 0.99, "posterize": 6, "solarize": 1,
		}[o.Word]
		if o.signed && tool.Float64() < 0.5 {
			m = -m
		}
		o.apply(tool, want, m, 0.25)
		if got := seen(trivial, shape, 1, 0, i); !assert.InDeltaSlice(t, want.x, got, 1e-6, "%s by %v", o.Word, m) {
			break
		}
	}
	assert.Len(t, chosen, 14)
	for word, n := range chosen {
		assert.InDelta(t, 300/14, n, 20, word)
	}
}

// The operations of the policies do at their strengths what the golden vectors hold.
func TestOperations(t *testing.T) {
	shape := []int{20, 26, 3}
	for word, want := range map[string]func(t *tool, p picture){
		"identity":     func(*tool, picture) {},
		"shear_x":      func(t *tool, p picture) { slant(t, p, 0.5, 0, 0.25) },
		"shear_y":      func(t *tool, p picture) { slant(t, p, 0, 0.5, 0.25) },
		"translate_x":  func(t *tool, p picture) { move(t, p, 1, 0, 0.25) },
		"translate_y":  func(t *tool, p picture) { move(t, p, 0, 1, 0.25) },
		"rotate":       func(t *tool, p picture) { turn(t, p, 0.5, 0.25) },
		"brightness":   func(_ *tool, p picture) { brighten(p, 1.5) },
		"color":        func(_ *tool, p picture) { saturate(p, 1.5) },
		"contrast":     func(_ *tool, p picture) { contrast(p, 1.5) },
		"sharpness":    func(t *tool, p picture) { sharpen(t, p, 1.5) },
		"posterize":    func(_ *tool, p picture) { posterize(p, 7) },
		"solarize":     func(_ *tool, p picture) { solarize(p, 0.5) },
		"autocontrast": func(_ *tool, p picture) { stretch(p) },
		"equalize":     func(_ *tool, p picture) { equalize(p) },
	} {
		at := slices.IndexFunc(operations, func(o Operation) bool { return o.Word == word })
		tool, got, expected := newTool(), pictureOf(shape), pictureOf(shape)
		operations[at].apply(tool, got, 0.5, 0.25)
		want(tool, expected)
		assert.Equal(t, expected.x, got.x, word)
	}
}
