package cpu

import "cnn-gpu/kernels"

func runFiniteCheck(op kernels.FiniteCheck, mem []kernels.Mem, _ *Workers) {
	if mem[2].I32[0] == 0 && !finite(mem[0].F32) {
		mem[2].I32[0] = mem[1].I32[0]
	}
}
