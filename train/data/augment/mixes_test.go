package augment

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A sum has as much of the other picture as the labels say, the one with more first, and of both sides as often.
func TestMixUp(t *testing.T) {
	shape := []int{3, 4, 3}
	p, plain := parsed(t, "mixup:0.5"), pictureOf(shape).x
	first := 0
	for i := range 200 {
		x := make([]float32, len(plain))
		labels, err := p.Example(source{shape, i}, shape, 1, 0, i, x)
		require.NoError(t, err)
		if labels.Second == labels.First { // the picture's partner is itself
			continue
		}
		assert.True(t, labels.Share >= 0 && labels.Share <= 0.5)
		own := float64(1 - labels.Share)
		if labels.First == 2 {
			own = float64(labels.Share)
		} else {
			first++
		}
		assert.Equal(t, labels.First == 1, labels.FirstExample == i)
		assert.Equal(t, labels.Second == 1, labels.SecondExample == i)
		for j, v := range plain {
			assert.InDelta(t, own*float64(v)+(1-own)*(1-float64(v)), x[j], 1e-6)
		}
	}
	assert.InDelta(t, 100, first, 30)
	none := parsed(t, "mixup:0.5:0,cutmix:1:0")
	x := make([]float32, len(plain))
	labels, err := none.Example(source{shape, 5}, shape, 1, 0, 5, x)
	require.NoError(t, err)
	assert.Equal(t, Labels{1, 1, 5, 5, 0}, labels)
	assert.Equal(t, plain, x)
	assert.False(t, parsed(t, "flip").Mixes())
}

// Mean and variance are those of Beta(alpha, alpha), and at 1 all shares are as frequent.
func TestBeta(t *testing.T) {
	tool := newTool()
	for _, alpha := range []float64{0.01, 0.2, 0.5, 1, 3, 100} {
		const n = 20000
		var draws []float64
		var sum, squares float64
		tool.begin(1, 0, int(alpha*100))
		for range n {
			v := tool.beta(alpha)
			require.True(t, v >= 0 && v <= 1)
			draws = append(draws, v)
			sum += v
			squares += (v - 0.5) * (v - 0.5)
		}
		variance := 1 / (4 * (2*alpha + 1))
		assert.InDelta(t, 0.5, sum/n, 5*math.Sqrt(variance/n), "alpha %v", alpha)
		assert.InDelta(t, variance, squares/n, 0.05*variance, "alpha %v", alpha)
		if slices.Sort(draws); alpha == 1 {
			for k, v := range draws {
				require.InDelta(t, float64(k)/n, v, 0.02)
			}
		}
	}
}

// The rectangle of the other picture has the share of the second label, or of the first where it is the larger part.
func TestCutMix(t *testing.T) {
	shape := []int{10, 12, 1}
	p, plain := parsed(t, "cutmix:1:1"), pictureOf(shape).x
	var sum float64
	const n = 500
	for i := range n {
		x := make([]float32, len(plain))
		labels, err := p.Example(source{shape, i}, shape, 1, 0, i, x)
		require.NoError(t, err)
		if labels.Second == labels.First {
			continue
		}
		left, right, top, bottom, changed := 12, -1, 10, -1, 0
		for j, v := range x {
			if v != plain[j] {
				require.Equal(t, 1-plain[j], v)
				left, right, top, bottom = min(left, j%12), max(right, j%12), min(top, j/12), max(bottom, j/12)
				changed++
			}
		}
		if changed > 0 {
			assert.Equal(t, (right-left+1)*(bottom-top+1), changed, "a rectangle")
		}
		share := float64(labels.Share)
		if labels.First == 2 {
			share = 1 - share
		}
		assert.InDelta(t, float64(changed)/120, share, 1e-6)
		sum += share
	}
	// Of a side r of 1, r − r²/4 lies within on average; the mean of its square, r² being uniform, is 1/2 − 1/5 + 1/48.
	assert.InDelta(t, 0.321, sum/n, 0.04)
}

// numbered has pictures of one pixel, each of its own level.
type numbered struct{ err error }

func (numbered) Len() int { return 10 }

func (s numbered) Example(i int, x []float32) (int32, error) {
	x[0] = float32(i) / 20
	if i == 7 {
		return 7, s.err
	}
	return int32(i), nil
}

// Every picture is another one's partner equally often, transformed as the epoch sees it; where it cannot be read, that is the error.
func TestPartners(t *testing.T) {
	shape := []int{1, 1, 1}
	p, jitter := parsed(t, "color_jitter:0.5:0,mixup:1:1"), parsed(t, "color_jitter:0.5:0")
	partners := make([]int, 10)
	const n = 3000
	for epoch := range n {
		x, own, other := make([]float32, 1), make([]float32, 1), make([]float32, 1)
		labels, err := p.Example(numbered{}, shape, 1, epoch, 3, x)
		require.NoError(t, err)
		partner, share := labels.Second, labels.Share
		if labels.First != 3 {
			partner, share = labels.First, 1-share
		}
		partners[partner]++
		_, err = jitter.Example(numbered{}, shape, 1, epoch, 3, own)
		require.NoError(t, err)
		_, err = jitter.Example(numbered{}, shape, 1, epoch, int(partner), other)
		require.NoError(t, err)
		assert.InDelta(t, own[0]*(1-share)+other[0]*share, x[0], 1e-6)
	}
	for i, count := range partners {
		assert.InDelta(t, n/10, count, 80, "partner %d", i)
	}
	broken := errors.New("a broken disk")
	for epoch := range 100 {
		if _, err := p.Example(numbered{broken}, shape, 1, epoch, 3, make([]float32, 1)); err != nil {
			assert.EqualError(t, err, "example 7, which is mixed in: a broken disk")
			assert.ErrorIs(t, err, broken)
			return
		}
	}
	assert.Fail(t, "never mixed with the seventh")
}
