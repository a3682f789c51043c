package cuda

import "cnn-gpu/kernels"

func add(op kernels.Add) []Launch {
	return []Launch{perVector("add.cu", "add", []*kernels.Buffer{op.A, op.B, op.Y})}
}
