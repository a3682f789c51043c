package kerneltest

import (
	"fmt"

	"cnn-gpu/kernels"
)

// copies are the ways in which layers copy, at awkward shapes; the buffers are made by the cases.
var copies = []struct {
	name string
	op   kernels.Copy
}{
	{"one", kernels.Copy{XShape: [4]int{1, 1, 1, 1}, YShape: [4]int{1, 1, 1, 1}, Axes: kernels.InOrder, Box: [4]int{1, 1, 1, 1}}},
	{"all", kernels.Copy{XShape: [4]int{3, 5, 7, 11}, YShape: [4]int{3, 5, 7, 11}, Axes: kernels.InOrder, Box: [4]int{3, 5, 7, 11}}},
	{"channels_first", kernels.Copy{XShape: [4]int{1, 1, 35, 3}, YShape: [4]int{1, 1, 35, 8}, Axes: kernels.InOrder, Box: [4]int{1, 1, 35, 3}}},
	{"channels_last", kernels.Copy{XShape: [4]int{1, 1, 35, 5}, YShape: [4]int{1, 1, 35, 8}, Axes: kernels.InOrder, Box: [4]int{1, 1, 35, 5}, YAt: [4]int{0, 0, 0, 3}}},
	{"rows", kernels.Copy{XShape: [4]int{2, 3, 5, 7}, YShape: [4]int{2, 9, 5, 7}, Axes: kernels.InOrder, Box: [4]int{2, 3, 5, 7}, YAt: [4]int{0, 4, 0, 0}}},
	{"pad", kernels.Copy{XShape: [4]int{2, 3, 5, 7}, YShape: [4]int{2, 6, 9, 7}, Axes: kernels.InOrder, Box: [4]int{2, 3, 5, 7}, YAt: [4]int{0, 1, 3, 0}}},
	{"crop", kernels.Copy{XShape: [4]int{2, 8, 9, 3}, YShape: [4]int{2, 5, 2, 3}, Axes: kernels.InOrder, Box: [4]int{2, 5, 2, 3}, XAt: [4]int{0, 3, 6, 0}}},
	{"transpose", kernels.Copy{XShape: [4]int{3, 1, 31, 33}, YShape: [4]int{3, 1, 33, 31}, Axes: [4]int{0, 1, 3, 2}, Box: [4]int{3, 1, 33, 31}}},
	{"rotate", kernels.Copy{XShape: [4]int{2, 5, 7, 3}, YShape: [4]int{2, 3, 5, 7}, Axes: [4]int{0, 3, 1, 2}, Box: [4]int{2, 3, 5, 7}}},
	{"of_all_kinds", kernels.Copy{XShape: [4]int{5, 4, 9, 3}, YShape: [4]int{3, 6, 5, 7}, Axes: [4]int{3, 0, 1, 2}, Box: [4]int{2, 4, 3, 6}, XAt: [4]int{1, 1, 2, 1}, YAt: [4]int{1, 0, 2, 1}}},
	{"large", kernels.Copy{XShape: [4]int{3, 40, 41, 13}, YShape: [4]int{3, 43, 41, 29}, Axes: kernels.InOrder, Box: [4]int{3, 40, 41, 13}, YAt: [4]int{0, 2, 0, 16}}},
}

func copyCases() []Case {
	var cases []Case
	for _, c := range copies {
		op, back := c.op, c.op.Back(nil, nil)
		op.X, op.Y = float("x", op.XShape[:]...), float("y", op.YShape[:]...)
		back.X, back.Y = float("dy", back.XShape[:]...), float("dx", back.YShape[:]...)
		keeps := op
		keeps.Keeps = true
		cases = append(cases, newCase(c.name, op, map[string]contents{"x": specials}), newCase(c.name+"_keeps", keeps, nil), newCase(c.name+"_back", back, nil))
	}
	// What comes to lie side by side is cut apart again.
	var list []kernels.Op
	y := private("y", 2, 5, 12)
	at := 0
	for i, channels := range []int{3, 1, 8} {
		x, again := float(fmt.Sprint("x", i), 2, 5, channels), float(fmt.Sprint("again", i), 2, 5, channels)
		op := kernels.Copy{XShape: [4]int{1, 1, 10, channels}, YShape: [4]int{1, 1, 10, 12}, Axes: kernels.InOrder, Box: [4]int{1, 1, 10, channels}, YAt: [4]int{0, 0, 0, at}, Keeps: i > 0, X: x, Y: y}
		list = append(list[:i], append([]kernels.Op{op}, append(list[i:], op.Back(y, again))...)...)
		at += channels
	}
	return append(cases, newListCase("joined_and_cut", list, nil))
}
