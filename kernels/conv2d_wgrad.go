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
	return []Operand{
		floats("x", op.X, Read, op.inputs()),
		floats("dy", op.DY, Read, op.outputs()),
		floats("dw", op.DW, Accumulate, op.weights()),
	}
}

// Cost implements [Op].
func (op Conv2DWgrad) Cost() Cost { return cost(op, op.flops()) }

// wgradChunk is the number of images that are prepared and reduced together: few enough to stay in the caches.
const wgradChunk = 16

// HostScratch implements [Scratcher].
func (op Conv2DWgrad) HostScratch(int) int {
	n, images := 0, min(op.N, wgradChunk)
	if in := op.input(); in.isPadded() {
		n += images * in.size()
	}
	if op.K != columns(op.K) {
		n += images * op.P * op.Q * columns(op.K)
	}
	return n
}

// Host implements [Op].
func (op Conv2DWgrad) Host(mem []Mem, w *Workers) {
	for n := 0; n < op.N; n += wgradChunk {
		op.chunk(mem[0].F32, mem[1].F32, mem[2].F32, n, min(n+wgradChunk, op.N), w)
	}
}

// chunk adds what the images from lo to hi contribute.
func (op Conv2DWgrad) chunk(x, dy, dw []float32, lo, hi int, w *Workers) {
	in, positions := op.input(), op.P*op.Q
	x = x[lo*op.H*op.Window.W*op.C : hi*op.H*op.Window.W*op.C]
	dy = dy[lo*positions*op.K : hi*positions*op.K]
	scratch := w.Scratch()
	images := hi - lo
	if in.isPadded() {
		var padded []float32
		padded, scratch = split(scratch, images*in.size())
		w.Run(images, func(_, i int) { in.of(x, i, padded, i) })
		x = padded
	}
	width := columns(op.K)
	if width != op.K {
		wide, _ := split(scratch, images*positions*width)
		w.Run(images, func(_, i int) {
			for m := i * positions; m < (i+1)*positions; m++ {
				clear(wide[m*width+copy(wide[m*width:(m+1)*width], dy[m*op.K:(m+1)*op.K]) : (m+1)*width])
			}
		})
		dy = wide
	}

	segments, steps := op.segments(in, images, width)
	perImage := len(segments) / images
	// The tile's sums leave the registers once in a group of images: seldom, and while the group's data is in the L1 cache.
	group := max(1, 256/positions)

	rows := op.R * op.S * op.C
	rowTiles, panels := (rows+tileRows-1)/tileRows, width/tileColumns
	tiles := rowTiles * panels
	tasks := min(tiles, 2*w.Count())
	w.Run(tasks, func(_, task int) {
		t := tile{a: x, aStep: op.StrideW * op.C, bStep: width, steps: steps}
		var edge [tileRows * tileColumns]float32
		for i := 0; i < images; i += group {
			t.segments = segments[i*perImage : min(i+group, images)*perImage]
			for at := tiles * task / tasks; at < tiles*(task+1)/tasks; at++ {
				panel, row := at/rowTiles, at%rowTiles*tileRows
				t.b = dy[panel*tileColumns:]
				for j := range tileRows {
					t.rows[j] = op.tapOffset(min(row+j, rows-1), in.width)
				}
				t.add(dw, row, min(row+tileRows, rows), panel*tileColumns, op.K, edge[:])
			}
		}
	})
}

// segments lists, for each image, the runs of output positions that X and DY step through evenly.
func (op Conv2DWgrad) segments(in image, images, width int) (list []segment, steps int) {
	rows, steps := op.P, op.Q
	if op.StrideH*in.width == op.Q*op.StrideW {
		rows, steps = 1, op.P*op.Q
	}
	for n := range images {
		for p := range rows {
			list = append(list, segment{
				a: n*in.size() + p*op.StrideH*in.width*op.C,
				b: (n*op.P + p) * op.Q * width,
			})
		}
	}
	return list, steps
}

// tapOffset is where row m = (r, s, c) of the gradient begins to read in an image.
func (op Conv2DWgrad) tapOffset(m, width int) int {
	c, tap := m%op.C, m/op.C
	r, s := tap/op.S, tap%op.S
	return (r*op.DilationH*width+s*op.DilationW)*op.C + c
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
