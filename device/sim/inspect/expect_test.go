package inspect

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExpectations(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		kind          string
		found, wanted []float64
		tolerance     float64
		different     int
		worst         float64
	}{
		{"f32", []float64{1, 2, 3}, []float64{1, 2, 3}, 0, 0, 0},
		{"f32", []float64{1, 2.5, 3}, []float64{1, 2, 3}, 0, 1, 0.5},
		{"f32", []float64{1, 2.5, 3}, []float64{1, 2, 3}, 0.25, 0, 0.5},
		{"f32", []float64{0.5, 0}, []float64{0.25, 0}, 0.25, 0, 0.25},
		{"f32", []float64{0.75, 0}, []float64{0.25, 0}, 0.25, 1, 0.5},
		{"f64", []float64{1000, 900}, []float64{1001, 1000}, 1e-3, 1, 100},
		{"f32", []float64{nan, inf, -inf, 0}, []float64{nan, inf, -inf, math.Copysign(0, -1)}, 0, 0, 0},
		{"f32", []float64{nan, 1, inf}, []float64{1, nan, -inf}, 1e9, 3, 0},
		{"i32", []float64{1, 5}, []float64{1, 4}, 0, 1, 1},
		{"f16", []float64{1, 2}, []float64{1, 2.5}, 0, 1, 0.5},
		{"bf16", []float64{1, 2}, []float64{1, 2}, 0, 0, 0},
	} {
		n := numberTypes[test.kind]
		var found, wanted []byte
		for i := range test.found {
			found, wanted = n.put(found, test.found[i]), n.put(wanted, test.wanted[i])
		}
		file := filepath.Join(t.TempDir(), "want")
		require.NoError(t, os.WriteFile(file, wanted, 0o644))
		c, err := Expectation{Name: "y", File: file, Tolerance: test.tolerance}.compare(found, n, "")
		require.NoError(t, err)
		assert.Equal(t, test.different, c.Different, test)
		assert.Equal(t, test.different == 0, c.Met, test)
		if test.worst > 0 {
			require.NotNil(t, c.WorstError, test)
			assert.InDelta(t, test.worst, *c.WorstError, 1e-12, test)
		} else {
			assert.Nil(t, c.WorstError, test)
		}
	}
	i64 := numberTypes["i64"]
	one, other := appendBytes(nil, 1<<60, 8), appendBytes(nil, 1<<60+1, 8)
	same, _ := i64.near(one, other, 0)
	assert.False(t, same, "integers that float64 does not tell apart")

	f32 := numberTypes["f32"]
	c, err := Expectation{Name: "y", Values: []float64{0, 4}}.compare(f32.put(f32.put(f32.put(nil, 0), 3.5), 9), f32, "")
	require.NoError(t, err)
	assert.Equal(t, "y: 1 of 2 f32 differ from 0, 4: the first, [1], is 3.5, expected 4, greatest error 0.5", c.String())
	_, err = Expectation{Name: "y", Values: []float64{0, 4}}.compare(f32.put(nil, 0), f32, "")
	assert.ErrorContains(t, err, "expectation of y: 0, 4 holds 8 bytes, y has 4 (1 of f32)")
	_, err = Expectation{Name: "y", File: "none"}.compare(nil, f32, "there")
	assert.ErrorContains(t, err, "there/none does not exist")
}

// A variable can be expected, too.
func TestExpectationsOfVariables(t *testing.T) {
	s := script(t, arguments, "variables", 4, "y=empty:f32:4")
	require.NoError(t, s.Buffers.Add("b=zeros:f32:4"))
	for _, set := range []string{"table=iota:f32:4", "target=@b"} {
		require.NoError(t, s.Variables.Add(set))
	}
	s.Expect = Expectations{{Name: "table", Values: []float64{0, 1, 2, 3}}, {Name: "b", Values: []float64{0, 1, 2, 4}}}
	r, err := Run(s)
	require.NoError(t, err)
	assert.True(t, r.Compared[0].Met)
	assert.False(t, r.Compared[1].Met)
	assert.False(t, r.Clean())
	assert.Equal(t, "1 expectation not met", r.Summary())
}
