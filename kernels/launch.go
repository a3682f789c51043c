package kernels

import (
	"embed"
	"fmt"
	"strconv"
)

// CUDA holds the CUDA sources, one .cu for each kind of op, and the headers that they include.
//
//go:embed cuda
var CUDA embed.FS

// Launch is one launch of a CUDA kernel as a value. The kernel's arguments are pointers to the op's operands, in the order of
// Operands and null for those that are absent, and to the op's workspace behind them if it has one. Everything else is a constant
// that the source is compiled for, so that host and kernel cannot disagree.
type Launch struct {
	Source      string // a file of CUDA
	Function    string
	Defines     []Define
	Grid, Block [3]int
	Workspace   int // bytes of memory that the op's launches share
}

// Define is a macro that a source is compiled with.
type Define struct{ Name, Value string }

// define makes macros from names and values in turn. Floats are written exactly.
func define(namesAndValues ...any) []Define {
	var list []Define
	for i := 0; i < len(namesAndValues); i += 2 {
		var value string
		switch v := namesAndValues[i+1].(type) {
		case float32:
			value = strconv.FormatFloat(float64(v), 'x', -1, 32) + "f"
		case float64:
			value = strconv.FormatFloat(v, 'x', -1, 64)
		case uint32:
			value = fmt.Sprintf("%du", v)
		case bool:
			value = "0"
			if v {
				value = "1"
			}
		default:
			value = fmt.Sprint(v)
		}
		list = append(list, Define{namesAndValues[i].(string), value})
	}
	return list
}

// defines are the macros of a window.
func (g Window) defines() []Define {
	return define("H", g.H, "W", g.W, "R", g.R, "S", g.S, "P", g.P, "Q", g.Q, "STRIDE_H", g.StrideH, "STRIDE_W", g.StrideW,
		"DILATION_H", g.DilationH, "DILATION_W", g.DilationW, "PAD_TOP", g.PadTop, "PAD_LEFT", g.PadLeft)
}

// manyBlocks is a number of blocks that fills any GPU. Launches depend on shapes alone and not on the GPU, so that machine code can
// be made ahead of time and GPUs of one architecture agree to the bit.
const manyBlocks = 256

// blocks is how many parts of the given size cover n.
func blocks(n, size int) int { return (n + size - 1) / size }

// perElement is a launch with one thread for each of a number of elements.
func perElement(source, function string, elements int, defines ...Define) Launch {
	const threads = 256
	return Launch{
		Source: source, Function: function, Defines: defines,
		Grid: [3]int{blocks(elements, threads), 1, 1}, Block: [3]int{threads, 1, 1},
	}
}

// perRow is a launch with one warp for each row.
func perRow(source, function string, rows, columns int) Launch {
	const warps = 4
	return Launch{
		Source: source, Function: function, Defines: define("N", rows, "K", columns),
		Grid: [3]int{blocks(rows, warps), 1, 1}, Block: [3]int{32, warps, 1},
	}
}

// perTile is a launch with one block of 256 threads for each 64 × 64 tile of a matrix, for each of a number of slices.
func perTile(source string, defines []Define, rows, columns, slices int) Launch {
	const tile = 64
	return Launch{
		Source: source + ".cu", Function: source, Defines: defines,
		Grid: [3]int{blocks(rows, tile), blocks(columns, tile), slices}, Block: [3]int{256, 1, 1},
	}
}
