package kernels

// BiasWgrad adds the gradient by a bias, DB[k] += Σ_m DY[m,k]. DY is [M K] for any leading dimensions that make M rows.
//
// Rows are summed in blocks of a fixed size and the blocks' sums in order, so that the bits do not depend on the workers.
type BiasWgrad struct {
	M, K   int
	DY, DB *Buffer
}

const biasBlock = 512

// Name implements [Op].
func (op BiasWgrad) Name() string { return "bias_wgrad" }

// Operands implements [Op].
func (op BiasWgrad) Operands() []Operand {
	return []Operand{floats("dy", op.DY, Read, op.M*op.K), floats("db", op.DB, Accumulate, op.K)}
}

// Cost implements [Op].
func (op BiasWgrad) Cost() Cost { return cost(op, op.M*op.K) }

// Host implements [Op].
func (op BiasWgrad) Host(mem []Mem, w *Workers) { prepareAndRun(op, mem, w) }

// Prepare implements [Preparer].
func (op BiasWgrad) Prepare(int) Routine {
	parts := blocks(op.M, biasBlock)
	return Routine{
		Scratch: parts * op.K,
		Run: func(mem []Mem, w *Workers) {
			dy, sums := mem[0].F32, w.Scratch()
			w.Run(parts, func(_, part int) {
				first := part * biasBlock
				sumRows(sums[part*op.K:(part+1)*op.K], dy[first*op.K:min(first+biasBlock, op.M)*op.K])
			})
			op.add(mem[1].F32, sums[:parts*op.K])
		},
		Slice: &Slice{
			Slicing: op.Slicing(), Batched: []int{0}, Scratch: op.K, Sums: op.K,
			Run: func(_ int, mem []Mem, _ int, scratch, sums []float32) {
				sumRows(scratch[:op.K], mem[0].F32)
				accumulate(sums, scratch)
			},
			Add: func(mem []Mem, sums []float32, _ *Workers) { op.add(mem[1].F32, sums) },
		},
	}
}

// Slicing implements [Slicer].
func (op BiasWgrad) Slicing() Slicing { return slicingOf(op.DY) }

// add adds sums to db, one after the other.
func (op BiasWgrad) add(db, sums []float32) {
	for at := 0; at < len(sums); at += op.K {
		accumulate(db, sums[at:at+op.K])
	}
}

// sumRows computes the sum of some rows of x, each as long as sums.
func sumRows(sums, x []float32) {
	column := taps{image: x, values: sums, windows: 1, channels: len(sums), rows: len(x) / len(sums), columns: 1, rowStep: len(sums), divisor: 1}
	column.average() // of one window over all rows
}

// Launches implements [Op].
func (op BiasWgrad) Launches() []Launch {
	const rows, columns = 1024, 32
	slices := blocks(op.M, rows)
	defines := define("M", op.M, "K", op.K, "ROWS", rows, "BLOCKS", slices)
	return []Launch{
		{
			Source: "bias_wgrad.cu", Function: "bias_wgrad", Defines: defines,
			Grid: [3]int{blocks(op.K, columns), slices, 1}, Block: [3]int{columns, 8, 1},
			Workspace: slices * op.K * Float32.Size(),
		},
		perElement("bias_wgrad.cu", "bias_wgrad_sum", op.K, defines...),
	}
}
