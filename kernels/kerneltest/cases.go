package kerneltest

import (
	"sync"

	"cnn-gpu/kernels"
)

// Cases is the case table: every op in awkward shapes, and short lists of ops that a device may compute in one go.
func Cases() []Case { return allCases() }

var allCases = sync.OnceValue(func() []Case {
	var cases []Case
	for _, list := range [][]Case{
		convCases(), chainCases(), convSumCases(), pooledGradientCases(), depthFirstCases(), firstLayerCases(), sharedCases(), lookalikeCases(), winogradCases(), denseCases(), poolCases(),
		activationCases(), preluCases(), classCases(), lossCases(), dropoutCases(), noiseCases(), bilinearCases(), binaryCases(), copyCases(), optimizerCases(), smallCases(), randomCases(), batchNormCases(), batchNormLists(), batchNormChains(), movingAverageLists(),
		groupNormCases(), foldCases(), adaptivePoolCases(), thresholdReLUCases(), gatherBatchCases(), tickCases(), groupedCases(), penaltyCases(), tileCases(), splitCases(), gradientStepCases(), paddedCases(), roundTripCases(), denseHeadCases(),
	} {
		cases = append(cases, list...)
	}
	return cases
})

// Short is the part of the table that is cheap enough for a slow device, such as a simulated one: every op, and of its cases
// those that take little work.
func Short() []Case {
	// Sums of so many rows and columns are split both ways, or computed by larger tiles, and others into slices; so many rows of a classifier's
	// end take turns.
	large := map[string]bool{"bias_wgrad/1537x33": true, "bias_wgrad/1537x33_int": true, manyHeads: true}
	for _, c := range append(tileCases(), splitCases()...) {
		large[c.Name] = true
	}
	var cases []Case
	for _, c := range Cases() {
		if cost := c.Cost(); cost.FLOPs <= 20_000 && cost.Bytes <= 20_000 || large[c.Name] {
			cases = append(cases, c)
		}
	}
	return cases
}

// float is a value that a person may see before and after the run.
func float(name string, shape ...int) *kernels.Buffer {
	return kernels.Kept(name, kernels.Float32, shape...)
}

func integer(name string, shape ...int) *kernels.Buffer {
	return kernels.Kept(name, kernels.Int32, shape...)
}

// private is a value that ops hand on among themselves, which need never lie in memory.
func private(name string, shape ...int) *kernels.Buffer {
	return kernels.NewBuffer(name, kernels.Float32, shape...)
}

// must returns the window of a literal table's row, which fits.
func must(w kernels.Window, err error) kernels.Window {
	if err != nil {
		panic("kerneltest: " + err.Error())
	}
	return w
}
