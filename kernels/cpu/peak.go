package cpu

// PeakRun runs the inner kernel a number of times on each worker, on operands that stay in the first-level cache, and returns how
// many floating-point operations that were. Timed, it is the most that the CPU code of an op could reach.
func PeakRun(w *Workers, times int) (flops int64) {
	const steps = 256 // 6 KiB of A and 16 KiB of B
	w.Run(w.Count(), func(_, _ int) {
		t := product{
			a: make([]float32, tileRows*steps), b: make([]float32, steps*tileColumns), c: make([]float32, tileRows*tileColumns),
			segments: []segment{{}}, steps: steps, aStep: 1, bStep: tileColumns, floor: noFloor,
		}
		for i := range tileRows {
			t.aRows, t.cRows = append(t.aRows, i*steps), append(t.cRows, i*tileColumns)
		}
		for range times {
			t.run()
		}
	})
	return int64(w.Count()) * int64(times) * 2 * tileRows * tileColumns * steps
}
