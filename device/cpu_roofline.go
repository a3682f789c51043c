package device

import (
	"time"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/cpu"
)

// The measurement of a CPU takes the best of some rounds: what slows one down is other work, never the CPU itself.
const (
	rooflineRounds = 15
	roundTime      = 10 * time.Millisecond
	copiedFloats   = 16 << 20 // 64 MiB, more than the caches hold
)

// Roofline measures the inner kernel on operands in the first-level cache, and copies between large slices, on all threads.
func (d *cpuDevice) Roofline() (Roofline, error) {
	if d.closed {
		return Roofline{}, errClosed(d.Name())
	}
	return Roofline{GFLOPS: peak(d.workers) / 1e9, GBS: bandwidth(d.workers) / 1e9, Source: "measured"}, nil
}

// peak is floating-point operations in a second.
func peak(w *cpu.Workers) float64 {
	times := 1
	for begun := time.Now(); time.Since(begun) < roundTime; times *= 2 {
		begun = time.Now()
		cpu.PeakRun(w, times)
	}
	return best(func() int64 { return cpu.PeakRun(w, times) })
}

// bandwidth is bytes read and written in a second.
func bandwidth(w *cpu.Workers) float64 {
	from, to := make([]float32, copiedFloats), make([]float32, copiedFloats)
	for i := range from { // memory that nobody wrote is one page of zeros
		from[i] = 1
	}
	return best(func() int64 { return copyRun(w, to, from) })
}

// copyRun copies on all workers and returns how many bytes that read and wrote.
func copyRun(w *cpu.Workers, to, from []float32) (bytes int64) {
	parts := w.Count()
	w.Run(parts, func(_, i int) {
		lo, hi := len(from)*i/parts, len(from)*(i+1)/parts
		copy(to[lo:hi], from[lo:hi])
	})
	return 2 * int64(len(from)) * int64(kernels.Float32.Size())
}

// best is the highest rate of some rounds.
func best(round func() (amount int64)) (rate float64) {
	for range rooflineRounds {
		begun := time.Now()
		amount := round()
		rate = max(rate, float64(amount)/time.Since(begun).Seconds())
	}
	return rate
}
