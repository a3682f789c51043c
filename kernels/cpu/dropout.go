package cpu

import (
	"math/bits"

	"cnn-gpu/kernels"
)

func runDropout(op kernels.Dropout, mem []kernels.Mem, w *Workers) {
	x, step, y := mem[0].F32, uint32(mem[1].I32[0]), mem[2].F32
	threshold, scale := op.Threshold(), op.Scale()
	blocks := kernels.CeilDiv(len(x), 4)
	w.Range(blocks, func(lo, hi int) {
		for block := lo; block < hi; block++ {
			words := philox([4]uint32{uint32(block), step}, [2]uint32{op.Seed, op.Stream})
			for i := 4 * block; i < min(4*block+4, len(x)); i++ {
				y[i] = 0
				if words[i-4*block] >= threshold {
					y[i] = x[i] * scale
				}
			}
		}
	})
}

// philox is Philox4x32-10.
func philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	for range 10 {
		hi0, lo0 := bits.Mul32(0xD2511F53, counter[0])
		hi1, lo1 := bits.Mul32(0xCD9E8D57, counter[2])
		counter = [4]uint32{hi1 ^ counter[1] ^ key[0], lo1, hi0 ^ counter[3] ^ key[1], lo0}
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return counter
}
