package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

func runGaussianNoise(op kernels.GaussianNoise, mem []kernels.Mem, w *Workers) {
	x, step, y := mem[0].F32, uint32(mem[1].I32[0]), mem[2].F32
	w.Range(kernels.CeilDiv(len(x), 4), func(lo, hi int) {
		for block := lo; block < hi; block++ {
			words := philox([4]uint32{uint32(block), step}, [2]uint32{op.Seed, op.Stream})
			var normals [4]float64
			normals[0], normals[1] = boxMuller(words[0], words[1])
			normals[2], normals[3] = boxMuller(words[2], words[3])
			for i := 4 * block; i < min(4*block+4, len(x)); i++ {
				y[i] = x[i] + float32(float64(op.Deviation)*normals[i-4*block])
			}
		}
	})
}

// boxMuller makes two normal numbers of two random words.
func boxMuller(first, second uint32) (a, b float64) {
	const unit = 1.0 / (1 << 24)
	radius := math.Sqrt(-2 * math.Log(float64(first>>8+1)*unit))
	sin, cos := math.Sincos(2 * math.Pi * float64(second>>8) * unit)
	return radius * cos, radius * sin
}
