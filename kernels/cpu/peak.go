package cpu

// PeakRun runs the inner kernel a number of times on each worker, on operands that stay in the first-level cache, and returns how
// many floating-point operations that were. Timed, it is the most that the CPU code of an op could reach.
func PeakRun(w *Workers, times int) (flops int64) {
	const rows, columns, steps = 24, pairColumns, 128 // 12 KiB of A and 16 KiB of B
	w.Run(w.Count(), func(_, _ int) {
		t := product{
			a: make([]float32, rows*steps), b: make([]float32, steps*columns), c: make([]float32, rows*columns),
			segments: []segment{{}}, steps: steps, aStep: 1, bStep: tileColumns, panel: steps * tileColumns, floor: noFloor,
		}
		for i := range rows {
			t.aRows, t.cRows = append(t.aRows, i*steps), append(t.cRows, i*columns)
		}
		for range times {
			t.run(columns)
		}
	})
	return int64(w.Count()) * int64(times) * 2 * rows * columns * steps
}
