package cpu

import "cnn-gpu/kernels"

func runTick(op kernels.Tick, mem []kernels.Mem, _ *Workers) { mem[0].I32[0]++ }
