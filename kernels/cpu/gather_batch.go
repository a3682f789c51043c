package cpu

import "cnn-gpu/kernels"

func runGatherBatch(op kernels.GatherBatch, mem []kernels.Mem, w *Workers) {
	pixels, labels, order, at, table, x, y := mem[0].U8, mem[1].I32, mem[2].I32, mem[3].I32, mem[4].F32, mem[5].F32, mem[6].I32
	image := op.P * op.C
	w.Run(op.N, func(_, n int) {
		row := x[n*image : (n+1)*image]
		i := int32(-1)
		if at[0] <= at[1] {
			i = order[(int(at[0])-1)*op.N+n]
		}
		if i < 0 {
			clear(row)
			y[n] = -1
			return
		}
		for j, b := range pixels[int(i)*image : (int(i)+1)*image] {
			row[j] = table[j%op.C*kernels.BytesOfTable+int(b)]
		}
		y[n] = labels[i]
	})
}
