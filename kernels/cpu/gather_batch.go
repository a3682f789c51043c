package cpu

import "cnn-gpu/kernels"

func runGatherBatch(op kernels.GatherBatch, mem []kernels.Mem, w *Workers) {
	pixels, labels, order, at, table := mem[0].U8, mem[1].I32, mem[2].I32, mem[3].I32, mem[4].F32
	places, outside, x, y := mem[5].I32, mem[6].F32, mem[7].F32, mem[8].I32
	image := op.Image()
	w.Run(op.N, func(_, n int) {
		to := x[n*image : (n+1)*image]
		row, i := (int(at[0])-1)*op.N+n, int32(-1)
		if at[0] <= at[1] {
			i = order[row]
		}
		if i < 0 {
			clear(to)
			y[n] = -1
			return
		}
		y[n] = labels[i]
		from := pixels[int(i)*image : (int(i)+1)*image]
		if op.Places != nil {
			placeImage(op, from, table, places[row*kernels.PlaceSize:], outside, to)
			return
		}
		for j, b := range from {
			to[j] = table[j%op.C*kernels.BytesOfTable+int(b)]
		}
	})
}

// placeImage is an image that is moved and mirrored.
func placeImage(op kernels.GatherBatch, from []uint8, table []float32, place []int32, outside, to []float32) {
	for h := range op.H {
		for w := range op.W {
			pixel := to[(h*op.W+w)*op.C:][:op.C]
			if h, w := int32(h), int32(w); h < place[4] || h >= place[5] || w < place[6] || w >= place[7] {
				copy(pixel, outside)
				continue
			}
			sh, sw := int(place[0])+int(place[1])*h, int(place[2])+int(place[3])*w
			for c, b := range from[(sh*op.W+sw)*op.C:][:op.C] {
				pixel[c] = table[c*kernels.BytesOfTable+int(b)]
			}
		}
	}
}
