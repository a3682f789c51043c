package kernels_test

import (
	"testing"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
)

// BenchmarkOps times the suite's benchmark cases on one worker and reports what an op does in a second.
func BenchmarkOps(b *testing.B) {
	for _, c := range kerneltest.Benchmarks() {
		b.Run(c.Name, func(b *testing.B) {
			w := kernels.NewWorkers(1)
			defer w.Close()
			r := kernels.Prepare(c.Op, w.Count())
			w.Reserve(r.Scratch)
			mem := c.Memory()
			for b.Loop() {
				if r.Derive != nil {
					r.Derive(mem, w)
				}
				r.Run(mem, w)
			}
			cost, seconds := c.Op.Cost(), b.Elapsed().Seconds()/float64(b.N)
			b.ReportMetric(float64(cost.FLOPs)/seconds/1e9, "GFLOP/s")
			b.ReportMetric(float64(cost.Bytes)/seconds/1e9, "GB/s")
		})
	}
}
