package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels/kerneltest"
)

// BenchmarkOps times the suite's benchmark cases on one worker, by each variant in turn, and reports what an op does in a second.
func BenchmarkOps(b *testing.B) {
	used := variant
	defer func() { variant = used }()
	for _, c := range kerneltest.Benchmarks() {
		for _, variant = range Variants() {
			b.Run(variant+"/"+c.Name, func(b *testing.B) {
				w := NewWorkers(1)
				defer w.Close()
				prepared, err := runner{passes: Passes()}.prepare(c.Ops, c.Memory(), w)
				require.NoError(b, err)
				run := func() {
					for _, op := range prepared {
						op.run(w)
					}
				}
				run() // touches the memory
				for b.Loop() {
					run()
				}
				cost, seconds := c.Cost(), b.Elapsed().Seconds()/float64(b.N)
				b.ReportMetric(float64(cost.FLOPs)/seconds/1e9, "GFLOP/s")
				b.ReportMetric(float64(cost.Bytes)/seconds/1e9, "GB/s")
			})
		}
	}
}
