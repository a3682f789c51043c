package vector

// rowLoops are those over rows of channels.
var rowLoops = []loop{
	{
		name: "addRowsAVX2", outputs: names("sums"), inputs: names("sums", "x"), rows: names("x"),
		body: func(s span, x, _ registers) registers { return registers{s.apply(s.VADDPS, x[0], x[1])} },
	},
	{
		name: "addSquaresAVX2", outputs: names("sums"), inputs: names("sums", "x", "mean"), rows: names("x"),
		body: func(s span, x, _ registers) registers {
			d := s.apply(s.VSUBPS, x[1], x[2])
			return registers{s.apply(s.VADDPS, x[0], s.apply(s.VMULPS, d, d))}
		},
	},
	{
		name: "addProductsAVX2", outputs: names("sums"), inputs: names("sums", "dy", "x", "mean"), rows: names("dy", "x"),
		body: func(s span, x, _ registers) registers {
			return registers{s.apply(s.VADDPS, x[0], s.apply(s.VMULPS, x[1], s.apply(s.VSUBPS, x[2], x[3])))}
		},
	},
	{
		name: "normalizeAVX2", outputs: names("y"), inputs: names("x", "mean", "scale", "shift"), rows: names("y", "x"),
		body: func(s span, x, _ registers) registers {
			return registers{s.apply(s.VADDPS, s.apply(s.VMULPS, s.apply(s.VSUBPS, x[0], x[1]), x[2]), x[3])}
		},
	},
	{
		name: "normalizeGradientAVX2", outputs: names("dx"), inputs: names("dy", "x", "mean", "shift", "slope", "scale"),
		rows: names("dx", "dy", "x"),
		body: func(s span, x, _ registers) registers {
			along := s.apply(s.VMULPS, s.apply(s.VSUBPS, x[1], x[2]), x[4])
			return registers{s.apply(s.VMULPS, s.apply(s.VSUBPS, s.apply(s.VSUBPS, x[0], x[3]), along), x[5])}
		},
	},
}
