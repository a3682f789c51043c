package kerneltest

import (
	"fmt"
	"strings"

	"cnn-gpu/kernels"
)

// Benchmarks is the part of the suite that is worth timing: the tutorial's layers at batch 32 and the 3x3 convolutions of a
// residual network. They are cases like the others, but too large for every test run.
func Benchmarks() []Case {
	var cases []Case
	one, two, three, five, seven := [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}, [2]int{5, 5}, [2]int{7, 7}
	for _, s := range []convShape{
		{32, 28, 28, 1, 32, three, one, one, kernels.Valid},
		{32, 13, 13, 32, 64, three, one, one, kernels.Valid},
		{32, 5, 5, 64, 64, three, one, one, kernels.Valid},
		{8, 32, 32, 16, 16, three, one, one, kernels.Same},
		{8, 32, 32, 64, 64, three, one, one, kernels.Same},
		{8, 16, 16, 128, 128, three, one, one, kernels.Same},
		{8, 8, 8, 256, 256, three, one, one, kernels.Same},
		{8, 32, 32, 64, 128, three, two, one, kernels.Same},
		{8, 16, 16, 64, 256, one, one, one, kernels.Valid},
		{32, 16, 16, 35, 129, one, one, one, kernels.Valid},
		{32, 32, 32, 17, 65, one, one, one, kernels.Valid},
		{32, 32, 32, 65, 35, one, two, one, kernels.Valid},
		{32, 14, 14, 13, 29, five, one, one, kernels.Same},
		{32, 18, 20, 21, 43, five, one, one, kernels.Same},
		{8, 28, 28, 32, 64, seven, two, one, kernels.Same},
		{32, 8, 8, 63, 127, three, two, one, kernels.Same},
		{32, 7, 7, 29, 51, five, one, one, kernels.Valid},
		{32, 28, 28, 1, 19, three, one, one, kernels.Same},
		{32, 32, 32, 3, 33, three, one, one, kernels.Same},
		{4, 112, 112, 3, 64, seven, two, one, kernels.Same},
		// Those that make bench-cpu holds against PyTorch.
		{32, 32, 32, 16, 16, three, one, one, kernels.Same},
		{32, 32, 32, 32, 32, three, one, one, kernels.Same},
		{32, 16, 16, 64, 64, three, one, one, kernels.Same},
		{32, 16, 16, 128, 128, three, one, one, kernels.Same},
		{32, 8, 8, 256, 256, three, one, one, kernels.Same},
	} {
		fprop, dgrad, wgrad := s.ops()
		name := s.String()
		cases = append(cases, newCase(name, fprop, nil), newCase(name, dgrad, nil), newCase(name, wgrad, nil))
	}
	for _, s := range []groupedShape{ // MobileNetV2's depthwise convolutions, and ResNeXt's
		{convShape{8, 56, 56, 32, 32, three, one, one, kernels.Same}, 32},
		{convShape{8, 56, 56, 144, 144, three, one, one, kernels.Same}, 144},
		{convShape{8, 56, 56, 144, 144, three, two, one, kernels.Same}, 144},
		{convShape{8, 28, 28, 192, 192, three, one, one, kernels.Same}, 192},
		{convShape{8, 14, 14, 384, 384, three, one, one, kernels.Same}, 384},
		{convShape{8, 14, 14, 576, 576, three, one, one, kernels.Same}, 576},
		{convShape{8, 14, 14, 576, 576, three, two, one, kernels.Same}, 576},
		{convShape{8, 28, 28, 128, 128, three, one, one, kernels.Same}, 32},
	} {
		fprop, dgrad, wgrad := convOps(s.geometry())
		name := s.String()
		cases = append(cases, newCase(name, fprop, nil), newCase(name, dgrad, nil), newCase(name, wgrad, nil))
	}
	for _, s := range []chainShape{
		{convShape{32, 28, 28, 1, 32, three, one, one, kernels.Valid}, two, two, kernels.Valid},
		{convShape{32, 13, 13, 32, 64, three, one, one, kernels.Valid}, two, two, kernels.Valid},
	} {
		p := s.pooledGradient(kernels.MaxPool, s.conv.c > 1, true)
		cases = append(cases, newListCase(s.String(), s.chain(kernels.MaxPool, true).ops(), nil),
			newListCase(s.String(), p.ops(), p.sparse()))
	}
	for _, g := range []kernels.Dense{{N: 32, C: 576, K: 64}, {N: 32, C: 64, K: 10}} {
		fprop, dgrad, wgrad := denseOps(g)
		name := fmt.Sprintf("%dx%d_%d", g.N, g.C, g.K)
		cases = append(cases, newCase(name, fprop, nil), newCase(name, dgrad, nil), newCase(name, wgrad, nil))
	}
	for _, s := range []poolShape{{32, 26, 26, 32, two, two, one, kernels.Valid}, {32, 11, 11, 64, two, two, one, kernels.Valid}} {
		for kind := kernels.MaxPool; kind <= kernels.AveragePool; kind++ {
			fprop, dgrad := s.ops(kind)
			name := fmt.Sprintf("%v_%v", s, kind)
			cases = append(cases, newCase(name, fprop, nil), newCase(name, dgrad, map[string]contents{"index": constant(3)}))
		}
	}
	for _, g := range []kernels.BatchNorm{{N: 32, P: 32 * 32, C: 16}, {N: 32, P: 16 * 16, C: 64}, {N: 32, P: 8 * 8, C: 256}} {
		ops := newBatchNormOps(g, nil, true, true)
		fill := map[string]contents{"variance": positives}
		for _, op := range []kernels.Op{ops.stats, ops.fprop, ops.sums, ops.dgrad} {
			cases = append(cases, newCase(g.String(), op, fill))
		}
	}
	for _, f := range allActivations() {
		cases = append(cases, activationCasesOf(f, 32*26*26*32)...)
	}
	cases = append(cases, biasCasesOf(32*26*26, 32)[1], adamCase(93322, 7, 0))
	for _, c := range classCasesOf(32, 10) {
		if strings.HasSuffix(c.Name, "/32x10") {
			cases = append(cases, c)
		}
	}
	return cases
}
