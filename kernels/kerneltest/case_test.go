package kerneltest_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
)

// exactDevice computes in float64 and rounds what it leaves; then change, if any, spoils it.
type exactDevice struct {
	algorithm string
	change    func(name string, m kernels.Mem)
}

func (d exactDevice) Run(ops []kernels.Op, mem map[*kernels.Buffer]kernels.Mem) ([]string, error) {
	o := upload(mem)
	if err := o.Run(ops); err != nil {
		return nil, err
	}
	download(o, mem)
	if d.change != nil {
		for b, m := range mem {
			d.change(b.Name, m)
		}
	}
	return slices.Repeat([]string{d.algorithm}, len(ops)), nil
}

func upload(mem map[*kernels.Buffer]kernels.Mem) *kerneltest.Oracle {
	o := &kerneltest.Oracle{}
	for b, m := range mem {
		values := o.Of(b)
		for i := range values {
			switch {
			case m.I32 != nil:
				values[i] = float64(m.I32[i])
			case m.U8 != nil:
				values[i] = float64(m.U8[i])
			default:
				values[i] = float64(m.F32[i])
			}
		}
	}
	return o
}

func download(o *kerneltest.Oracle, mem map[*kernels.Buffer]kernels.Mem) {
	for b, m := range mem {
		for i, v := range o.Of(b) {
			switch {
			case m.I32 != nil:
				m.I32[i] = int32(v)
			case m.U8 != nil:
				m.U8[i] = uint8(v)
			default:
				m.F32[i] = float32(v)
			}
		}
	}
}

func TestAnExactDevicePasses(t *testing.T) {
	for _, c := range kerneltest.Short() {
		result, err := c.Check(exactDevice{})
		assert.NoError(t, err)
		assert.LessOrEqual(t, result.Ratio, 1.)
	}
}

func caseOf(t *testing.T, name string) kerneltest.Case {
	for _, c := range kerneltest.Cases() {
		if c.Name == name {
			return c
		}
	}
	require.Fail(t, "there is no such case", name)
	return kerneltest.Case{}
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	add := caseOf(t, "add/33")
	for _, c := range []struct {
		name   string
		change func(name string, m kernels.Mem)
		want   string
	}{
		{"a result", func(name string, m kernels.Mem) {
			if name == "y" {
				m.F32[17] += 1e-6
			}
		}, "y[17] is"},
		{"NaN", func(name string, m kernels.Mem) {
			if name == "y" {
				m.F32[3] = float32(math.NaN())
			}
		}, "y[3] is NaN"},
		{"what is only read", func(name string, m kernels.Mem) {
			if name == "b" {
				m.F32[32] = 7
			}
		}, "b[32] is 7"},
	} {
		_, err := add.Check(exactDevice{change: c.change})
		assert.ErrorContains(t, err, "add/33: "+c.want, c.name)
	}
}

// beyond writes outside of y.
type beyond int

func (at beyond) Run(ops []kernels.Op, mem map[*kernels.Buffer]kernels.Mem) ([]string, error) {
	for b, m := range mem {
		if b.Name == "y" {
			*(*float32)(unsafe.Add(unsafe.Pointer(&m.F32[0]), 4*int(at))) = 0
		}
	}
	return exactDevice{}.Run(ops, mem)
}

func TestCheckFindsWhatIsWrittenOutside(t *testing.T) {
	for _, at := range []int{-64, -1, 33, 96} {
		_, err := caseOf(t, "add/33").Check(beyond(at))
		assert.ErrorContains(t, err, fmt.Sprintf("y[33]: element %d, beyond its end, was written", at))
	}
	_, err := caseOf(t, "add/33").Check(beyond(32))
	assert.NoError(t, err)
}

func TestCheckSaysWhatARunnerLacks(t *testing.T) {
	zero := caseOf(t, "zero/33")
	_, err := zero.Check(failing{errors.New("out of memory")})
	assert.ErrorContains(t, err, "zero/33: out of memory")
	_, err = zero.Check(failing{})
	assert.ErrorContains(t, err, "0 algorithms for 1 ops")
	_, err = zero.Check(exactDevice{algorithm: "FFT"})
	assert.ErrorContains(t, err, `zero was computed by "FFT"`)
	assert.ErrorContains(t, err, "Winograd F(2x2, 3x3)")
	_, err = zero.Check(exactDevice{algorithm: "Winograd F(2x2, 3x3)"})
	assert.ErrorContains(t, err, "3x3 filters")
	for _, name := range []string{"conv2d_fprop", "conv2d_dgrad", "conv2d_wgrad"} {
		_, err = caseOf(t, name+"/2x2x2x33_33@3x3_same").Check(exactDevice{algorithm: "Winograd F(2x2, 3x3)"})
		assert.NoError(t, err)
		_, err = caseOf(t, name+"/1x4x4x7_16@5x5_same_stride2x2").Check(exactDevice{algorithm: "Winograd F(2x2, 3x3)"})
		assert.ErrorContains(t, err, "3x3 filters")
	}
}

type failing struct{ err error }

func (d failing) Run([]kernels.Op, map[*kernels.Buffer]kernels.Mem) ([]string, error) {
	return nil, d.err
}

// A device that says F(3x3, 3x3) computed integers is held to the bound of real numbers, one that says F(2x2, 3x3) to equality.
func TestIntegersByWinograd(t *testing.T) {
	nudge := func(name string, m kernels.Mem) {
		if name == "y" {
			m.F32[0] += 1e-3
		}
	}
	c := caseOf(t, "conv2d_fprop/9x5x5x32_32@3x3_valid_int")
	for algorithm, isRight := range map[string]bool{"": false, "Winograd F(2x2, 3x3)": false, "Winograd F(3x3, 3x3)": true} {
		_, err := c.Check(exactDevice{algorithm: algorithm})
		assert.NoError(t, err)
		result, err := c.Check(exactDevice{algorithm: algorithm, change: nudge})
		assert.Equal(t, isRight, err == nil, "%q: %v", algorithm, result)
	}
}

// A device that computed integers in a precision is held to equality where that has all factors and the result, and to a bound elsewhere.
func TestIntegersInAPrecision(t *testing.T) {
	for _, c := range []struct {
		algorithm string
		nudge     float32 // added to the largest result, as a part of it
		isRight   bool
	}{{"tf32", 0x1p-12, false}, {"bf16", 0x1p-12, true}, {"bf16", 0x1p-6, false}, {"tf32", 0, true}, {"bf16", 0, true}} {
		result, err := caseOf(t, "conv2d_fprop/9x5x5x32_32@3x3_valid_int").Check(exactDevice{algorithm: c.algorithm, change: func(name string, m kernels.Mem) {
			if name == "y" {
				largest := slices.Index(m.F32, slices.Max(m.F32))
				assert.Greater(t, m.F32[largest], float32(256), "bfloat16 has not all integers from there on")
				assert.Less(t, m.F32[largest], float32(2048), "TF32 has all integers up to there")
				m.F32[largest] *= 1 + c.nudge
			}
		}})
		assert.Equal(t, c.isRight, err == nil, "%v: %v", c, result)
	}
	_, err := caseOf(t, "zero/33").Check(exactDevice{algorithm: "tf32"})
	assert.NoError(t, err, "zeros may be stored in any precision")
	_, err = caseOf(t, "tick/step0").Check(exactDevice{algorithm: "bf16"})
	assert.ErrorContains(t, err, "tick was computed in bf16, which is for products and for what is handed on to them")
}
