package augment

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parsed(t testing.TB, text string) *Pipeline {
	t.Helper()
	p, err := Parse(text)
	require.NoError(t, err)
	return p
}

// source has golden.py's picture with the label 1 at one place, and its negative with the label 2 at all others.
type source struct {
	shape []int
	at    int
}

func (s source) Len() int { return 1000 }

func (s source) Example(i int, x []float32) (int32, error) {
	copy(x, pictureOf(s.shape).x)
	if i == s.at {
		return 1, nil
	}
	for j, v := range x {
		x[j] = 1 - v
	}
	return 2, nil
}

// seen is what a pipeline makes of golden.py's picture of a shape.
func seen(p *Pipeline, shape []int, seed uint64, epoch, index int) []float32 {
	x := make([]float32, shape[0]*shape[1]*shape[2])
	_, _ = p.Example(source{shape, index}, shape, seed, epoch, index, x) // which has no error
	return x
}

// every is all transformations.
func every() string { return strings.Join(Words(), ",") } // those that mix are the last

// What a picture becomes follows from the seed, the epoch and its number alone, whoever computes it and in whichever order.
func TestOrderDoesNotMatter(t *testing.T) {
	p, shape := parsed(t, every()), []int{9, 8, 3}
	const n = 40
	var want [n][]float32
	for i := range n {
		want[i] = seen(p, shape, 7, 3, i)
	}
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := n - 1 - worker; i >= 0; i-- {
				assert.Equal(t, want[i], seen(p, shape, 7, 3, i))
			}
		})
	}
	all.Wait()
	assert.Equal(t, want[5], seen(parsed(t, p.String()), shape, 7, 3, 5), "another pipeline of the same text")
	assert.NotEqual(t, want[5], want[6])
	assert.NotEqual(t, want[5], seen(p, shape, 8, 3, 5), "another seed")
	assert.NotEqual(t, want[5], seen(p, shape, 7, 4, 5), "another epoch")
}

// The bits of a training must not change from version to version of this program.
func TestNumbersThatAreDrawn(t *testing.T) {
	assert.Equal(t, uint64(6457827717110365317), mix(1234567), "SplitMix64's first word after 1234567")
	tool := newTool()
	tool.begin(1, 2, 3)
	assert.Equal(t, "0x26d25d1f4c0e66b3", fmt.Sprintf("%#x", tool.Uint64()))
	tool.begin(1, 2, 4)
	assert.Equal(t, "0x67151f57cd782beb", fmt.Sprintf("%#x", tool.Uint64()))
}

// Each transformation of the table has all that docs and help say of it, stays within 0 and 1 on pictures of any size, changes some and, where it
// is about chance, not all.
func TestEveryTransformation(t *testing.T) {
	for _, row := range kinds {
		kind := row.Value
		assert.NotEmpty(t, kind.Help, row.Word)
		assert.NotEmpty(t, kind.Formula, row.Word)
		assert.NotEmpty(t, kind.Source, row.Word)
		for _, parameter := range kind.Parameters {
			assert.NotEmpty(t, parameter.Help, "%s: %s", row.Word, parameter.Word)
			assert.NotEmpty(t, parameter.Unit, "%s: %s", row.Word, parameter.Word)
			read, err := parameter.read(fmt.Sprint(parameter.Default))
			assert.NoError(t, err, row.Word)
			assert.Equal(t, parameter.Default, read)
		}
		p := parsed(t, row.Word)
		for _, shape := range [][]int{{8, 8, 3}, {9, 17, 3}, {17, 9, 1}, {16, 16, 1}} {
			if kind.Colours && shape[2] == 1 {
				assert.ErrorContains(t, p.Check(shape), row.Word+" needs three colours, the pictures are "+fmt.Sprint(shape))
				continue
			}
			require.NoError(t, p.Check(shape), row.Word)
			plain, changed := pictureOf(shape).x, 0
			const n = 200
			for i := range n {
				x := seen(p, shape, 1, 0, i)
				assert.False(t, slices.ContainsFunc(x, func(v float32) bool { return !(v >= 0 && v <= 1) }), "%s of %v", row.Word, shape)
				if !slices.Equal(plain, x) {
					changed++
				}
			}
			if at := slices.IndexFunc(kind.Parameters, func(p Parameter) bool { return p.Unit == probability }); at >= 0 {
				usual := kind.Parameters[at].Default
				assert.InDelta(t, usual, float64(changed)/n, 4*math.Sqrt(usual*(1-usual)/n), row.Word)
			} else {
				assert.Greater(t, changed, n/2, row.Word)
			}
		}
	}
}

// The least and the largest settings, on the least pictures too, keep within the picture and its levels.
func TestExtremes(t *testing.T) {
	for _, shape := range [][]int{{1, 1, 1}, {1, 1, 3}, {1, 5, 3}, {4, 1, 1}, {3, 40, 3}} {
		for _, row := range kinds {
			if row.Value.Colours && shape[2] == 1 {
				continue
			}
			for _, most := range []bool{false, true} {
				s := step{word: row.Word, kind: row.Value}
				for _, parameter := range row.Value.Parameters {
					v := parameter.Least
					if parameter.ExcludeLeast {
						v = 1e-6
					}
					if most {
						v = parameter.Most
						if parameter.Unit == pixels {
							v = float64(min(shape[0], shape[1]))
						}
					}
					s.values = append(s.values, v)
				}
				p := &Pipeline{steps: []step{s}}
				if row.Value.mix != nil {
					p = &Pipeline{mixes: []step{s}}
				}
				require.NoError(t, p.Check(shape), row.Word)
				for i := range 20 {
					for _, v := range seen(p, shape, 1, 0, i) {
						require.True(t, v >= 0 && v <= 1, "%s of %v: %v", row.Word, shape, v)
					}
				}
			}
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"flip":                              "flip",
		"flip, crop:4":                      "flip,crop",
		"crop:2:0.5":                        "crop:padding=2:fill=0.5",
		"crop:fill=0.5:padding=2,rotate:30": "crop:padding=2:fill=0.5,rotate:degrees=30",
		"flip:1,flip":                       "flip:probability=1,flip",
		"flip,cutmix:0.5,mixup":             "flip,cutmix:alpha=0.5,mixup",
		"erase:0.25":                        "erase:probability=0.25",
		"color_jitter:hue=0.05,randaugment:3:4.5": "color_jitter:hue=0.05,randaugment:operations=3:magnitude=4.5",
	} {
		p := parsed(t, text)
		assert.Equal(t, want, p.String())
		assert.Equal(t, want, parsed(t, p.String()).String())
	}
	for text, want := range map[string]string{
		"":                           `augment: unknown augmentation ""; choose shift, flip, `,
		"flipp":                      `augment: unknown augmentation "flipp"; did you mean flip?`,
		"flip,,crop":                 `unknown augmentation ""`,
		"crop:-1":                    "augment: crop: padding -1; give a whole number from 0 on",
		"crop:1.5":                   "crop: padding 1.5; give a whole number from 0 on",
		"crop:":                      "crop: padding ; give",
		"crop:many":                  "crop: padding many; give a whole number from 0 on",
		"crop:NaN":                   "crop: padding NaN; give",
		"crop:1:0:3":                 "crop: 3 settings; it takes padding and fill",
		"crop:pading=3":              "crop: there is no pading; it takes padding and fill",
		"crop:2:padding=3":           "crop: padding is given twice; give it once",
		"flip:1.5":                   "flip: probability 1.5; give a number from 0 to 1",
		"rotate:200":                 "rotate: degrees 200; give a number from 0 to 180",
		"zoom:1.2:0.8":               "zoom: min 1.2 is above max 0.8; give it at most as much",
		"resized_crop:0":             "resized_crop: min_area 0; give a number above 0 and up to 1",
		"resized_crop:0.5:0.2":       "resized_crop: min_area 0.5 is above max_area 0.2",
		"resized_crop:min_ratio=2":   "min_ratio 2 is above max_ratio 1.33",
		"erase:min_area=0.5":         "min_area 0.5 is above max_area 0.4",
		"blur:3":                     "min_sigma 3 is above max_sigma 1",
		"randaugment:15":             "operations 15; give a whole number from 1 to 14",
		"mixup,flip":                 "augment: flip stands behind mixup, which mixes pictures that are done; put it in front",
		"cutmix:0":                   "cutmix: alpha 0; give a number from 0.01 to 100",
		"randaugment:magnitude=10.5": "magnitude 10.5; give a number from 0 to 10",
	} {
		_, err := Parse(text)
		assert.ErrorContains(t, err, want, text)
	}
}

func TestCheck(t *testing.T) {
	for text, want := range map[string]string{
		"flip of [10]":                "augment: examples of shape [10] are no pictures [height width channels]; leave the augmentation out",
		"crop:9 of [8 12 1]":          "augment: crop: padding 9 is more than the pictures' 8 pixels ([8 12 1]); give less",
		"cutout:size=13 of [12 12 3]": "augment: cutout: size 13 is more than the pictures' 12 pixels",
		"color_jitter of [8 8 4]":     "augment: color_jitter takes grey pictures or three colours, the pictures are [8 8 4]; leave it out",
		"randaugment of [8 8 2]":      "randaugment takes grey pictures or three colours",
	} {
		pipeline, shape, _ := strings.Cut(text, " of ")
		var extents []int
		for _, word := range strings.Fields(strings.Trim(shape, "[]")) {
			var n int
			_, err := fmt.Sscan(word, &n)
			require.NoError(t, err)
			extents = append(extents, n)
		}
		assert.ErrorContains(t, parsed(t, pipeline).Check(extents), want, text)
	}
	assert.NoError(t, parsed(t, "flip,crop:8,rotate,erase").Check([]int{8, 8, 5}), "any channels are moved")
}

func BenchmarkTransform(b *testing.B) {
	shape := []int{32, 32, 3}
	for _, text := range append([]string{"flip,crop"}, Words()...) {
		b.Run(text, func(b *testing.B) {
			p, plain := parsed(b, text), pictureOf(shape).x
			x := make([]float32, len(plain))
			for i := range b.N {
				copy(x, plain)
				p.transform(x, shape, 1, 0, i)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
