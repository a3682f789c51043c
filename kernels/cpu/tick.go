package cpu

import "cnn-gpu/kernels"

func runTick(op kernels.Tick, mem []kernels.Mem, _ *Workers) {
	step, at, rates, rate := mem[0].I32, mem[1].I32, mem[2].F32, mem[3].F32
	if op.Step != nil {
		step[0]++
	}
	if op.At != nil {
		at[0]++
	}
	if op.Rates != nil {
		rate[0] = rates[min(at[0], at[1])-1]
	}
}
