package kerneltest

import (
	"sync"

	"cnn-gpu/kernels"
)

// Cases is the case table: every op in awkward shapes.
func Cases() []Case { return allCases() }

var allCases = sync.OnceValue(func() []Case {
	var cases []Case
	for _, list := range [][]Case{
		convCases(), fusedCases(), depthFirstCases(), winogradCases(), denseCases(), poolCases(), activationCases(), classCases(), dropoutCases(), optimizerCases(), smallCases(),
		randomCases(),
	} {
		cases = append(cases, list...)
	}
	return cases
})

// Short is the part of the table that is cheap enough for a slow device, such as a simulated one: every op, and of its cases
// those that take little work.
func Short() []Case {
	var cases []Case
	for _, c := range Cases() {
		if cost := c.Op.Cost(); cost.FLOPs <= 20_000 && cost.Bytes <= 20_000 {
			cases = append(cases, c)
		}
	}
	return cases
}

func float(name string, shape ...int) *kernels.Buffer {
	return kernels.NewBuffer(name, kernels.Float32, shape...)
}

func integer(name string, shape ...int) *kernels.Buffer {
	return kernels.NewBuffer(name, kernels.Int32, shape...)
}

// must returns the window of a literal table's row, which fits.
func must(w kernels.Window, err error) kernels.Window {
	if err != nil {
		panic("kerneltest: " + err.Error())
	}
	return w
}
