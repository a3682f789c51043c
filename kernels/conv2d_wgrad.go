package kernels

// Conv2DWgrad adds a convolution's gradient by its filters,
//
//	DW[r,s,c,k] += Σ_{n,p,q} X[n, p·StrideH + r·DilationH − PadTop, q·StrideW + s·DilationW − PadLeft, c] · DY[n,p,q,k].
type Conv2DWgrad struct {
	Conv2D
	X, DY, DW *Buffer
}

// Name implements [Op].
func (op Conv2DWgrad) Name() string { return "conv2d_wgrad" }

// Operands implements [Op].
func (op Conv2DWgrad) Operands() []Operand {
	return []Operand{{"x", op.X, Read}, {"dy", op.DY, Read}, {"dw", op.DW, Accumulate}}
}

// Cost implements [Op].
func (op Conv2DWgrad) Cost() Cost { return cost(op, op.flops()) }

// wgradChunk is the number of images that are prepared and reduced together: few enough to stay in the caches.
const wgradChunk = 16

// Host implements [Op].
func (op Conv2DWgrad) Host(mem []Mem, w *Workers) { prepareAndRun(op, mem, w) }

// Prepare implements [Preparer].
func (op Conv2DWgrad) Prepare(workers int) Routine {
	g := newDirectWgrad(op.Conv2D, workers)
	return Routine{
		Scratch: g.scratch(),
		Run: func(mem []Mem, w *Workers) {
			for lo := 0; lo < op.N; lo += wgradChunk {
				g.chunk(mem[0].F32, mem[1].F32, mem[2].F32, lo, min(lo+wgradChunk, op.N), w)
			}
		},
	}
}

// directWgrad is the gradient as the product of the images, one row for each (r, s, c), with the output's gradient. The terms of a
// sum are the positions of a group of images at a time: seldom leave the sums the registers, and the group's data stays in the L1 cache.
type directWgrad struct {
	Conv2D
	in           image
	images       int // of a chunk
	group        int
	segments     []segment // of a group
	steps        int
	aRows, cRows []int
	tasks        int
}

func newDirectWgrad(g Conv2D, workers int) *directWgrad {
	d := &directWgrad{Conv2D: g, in: g.input(), images: min(g.N, wgradChunk)}
	d.group = min(d.images, max(1, 256/(g.P*g.Q)))
	rows := g.P
	d.steps = g.Q
	if g.StrideH*d.in.width == g.Q*g.StrideW { // the positions of X are evenly spaced beyond the rows' ends
		rows, d.steps = 1, g.P*g.Q
	}
	for n := range d.group {
		for p := range rows {
			d.segments = append(d.segments, segment{
				a: n*d.in.size() + p*g.StrideH*d.in.width*g.C,
				b: (n*g.P + p) * g.Q * tileColumns,
			})
		}
	}
	for r := range g.R {
		for s := range g.S {
			for c := range g.C {
				d.aRows = append(d.aRows, (r*g.DilationH*d.in.width+s*g.DilationW)*g.C+c)
				d.cRows = append(d.cRows, len(d.cRows)*g.K)
			}
		}
	}
	d.tasks = min(blocks(len(d.aRows), tileRows)*columns(g.K)/tileColumns, 2*workers)
	return d
}

// scratch holds the padded images of a chunk, and DY packed in panels.
func (d *directWgrad) scratch() int {
	n := d.images * d.P * d.Q * columns(d.K)
	if d.in.isPadded() {
		n += d.images * d.in.size()
	}
	return n
}

// chunk adds what the images from lo to hi contribute.
func (d *directWgrad) chunk(x, dy, dw []float32, lo, hi int, w *Workers) {
	images, positions := hi-lo, d.P*d.Q
	x = x[lo*d.H*d.Window.W*d.C : hi*d.H*d.Window.W*d.C]
	dy = dy[lo*positions*d.K : hi*positions*d.K]
	panels, padded := split(w.Scratch(), images*positions*columns(d.K))
	w.Run(images, func(_, n int) {
		if d.in.isPadded() {
			d.in.of(x, n, n+1, padded[n*d.in.size():])
		}
		for at := 0; at < d.K; at += tileColumns {
			packPanel(panels[(at*images+n*tileColumns)*positions:], dy[n*positions*d.K:], positions, d.K, at)
		}
	})
	if d.in.isPadded() {
		x = padded
	}

	rowBlocks := blocks(len(d.aRows), tileRows)
	all := rowBlocks * columns(d.K) / tileColumns
	w.Run(d.tasks, func(_, task int) {
		t := product{aStep: d.StrideW * d.C, bStep: tileColumns, steps: d.steps, floor: noFloor}
		var e edge
		first, last := all*task/d.tasks, all*(task+1)/d.tasks
		for n := 0; n < images; n += d.group {
			t.segments = d.segments[:len(d.segments)/d.group*min(d.group, images-n)]
			t.a = x[n*d.in.size():]
			for block := first; block < last; {
				panel := block / rowBlocks
				end := min(last, (panel+1)*rowBlocks)
				from, to := (block-panel*rowBlocks)*tileRows, min((end-panel*rowBlocks)*tileRows, len(d.aRows))
				t.aRows, t.cRows = d.aRows[from:to], d.cRows[from:to]
				at := panel * tileColumns
				t.b, t.c = panels[(at*images+n*tileColumns)*positions:], dw[at:]
				t.runColumns(min(tileColumns, d.K-at), &e)
				block = end
			}
		}
	})
}

// Launches implements [Op].
func (op Conv2DWgrad) Launches() []Launch {
	values, positions := op.R*op.S*op.C, op.N*op.P*op.Q
	defines := op.defines()
	parts := perTile("conv2d_wgrad", nil, values, op.K, 1)
	// Enough slices to fill a GPU, and none with too little to do.
	slices := max(1, min(manyBlocks/(parts.Grid[0]*parts.Grid[1]), positions/256))
	defines = append(defines, define("SLICES", slices)...)
	parts.Grid[2], parts.Defines = slices, defines
	parts.Workspace = slices * values * op.K * Float32.Size()
	return []Launch{parts, perElement("conv2d_wgrad.cu", "conv2d_wgrad_sum", values*op.K, defines...)}
}
