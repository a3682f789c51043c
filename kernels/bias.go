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

func (op BiasWgrad) blocks() int { return (op.M + biasBlock - 1) / biasBlock }

// HostScratch implements [Scratcher].
func (op BiasWgrad) HostScratch(int) int { return op.blocks() * op.K }

// Host implements [Op].
func (op BiasWgrad) Host(mem []Mem, w *Workers) {
	dy, db, sums := mem[0].F32, mem[1].F32, w.Scratch()
	w.Run(op.blocks(), func(_, block int) {
		first := block * biasBlock
		column := taps{ // one window over a column of the block's rows
			image: dy[first*op.K:], values: sums[block*op.K : (block+1)*op.K],
			windows: 1, channels: op.K, rows: min(biasBlock, op.M-first), columns: 1, rowStep: op.K, divisor: 1,
		}
		column.average()
	})
	for block := range op.blocks() {
		add(db, db, sums[block*op.K:(block+1)*op.K])
	}
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
