// Package cuda is the engine of CUDA GPUs: each kernel's source, and beside it the Go that launches it.
//
// x.cu computes an op, x.go says with which grid, blocks and constants it is launched. A kernel's arguments are pointers to the op's
// operands, in the order of their list and null for those that are absent, and to the op's workspace behind them if it has one. All else is
// a constant, a macro that the source is compiled with, so that host and kernel cannot disagree. Each source begins with what it computes
// and with three lines that the tests hold against the Go: which block and thread computes what (Blocks), the macros (Macros), and the
// order of each sum (Sums), which results depend on.
//
// Letters mean in the sources what they mean in package kernels: n, h, w and c are an image, row, column and channel of X; p, q and k
// a row, column and channel of Y; r and s a row and column of a filter. Parameters are named as the operands are, but for w, which is
// weights.
//
// An operand has at most 2^31-1 elements, as has an image with the border that its windows reach (package model sees to that), and only a
// grid's x axis grows with them. So an int numbers elements, places, and the threads of a grid, of which there are at most 2^31 where
// each has an element. What may step beyond the last element is wider: loops with a stride count in size_t, and the tiles of products
// in unsigned, where a place before an image's first row or column wraps to one far behind the last and one comparison finds both.
//
// A kernel is launched while those before it still run (programmatic dependent launch, compute capability 9.0) if its launch is Early. It then
// includes overlap.cuh, and each of its threads calls wait_for_earlier before it reads or writes global memory, or ends: what comes before that
// call (indices, shared memory cleared, loads of what no launch ever writes) is done while others run. The weights are no such thing, as an
// optimizer writes them. A kernel that others may follow early calls let_later_begin as soon as all of its blocks may share multiprocessors
// with the blocks of the next, most often at once. The simulated GPU finds what is touched before the wait, and launches that do not wait.
package cuda

import (
	"embed"
	"fmt"
	"strconv"

	"cnn-gpu/kernels"
)

// Sources holds the CUDA sources, one .cu for each kind of op, and the headers that they include.
//
//go:embed *.cu *.cuh
var Sources embed.FS

// Launch is one launch of a CUDA kernel as a value.
type Launch struct {
	Source      string // a file of Sources
	Function    string
	Defines     []Define
	Grid, Block [3]int
	Shared      int // bytes of dynamic shared memory
	Workspace   int // bytes of memory that the op's launches share

	// Early says that the kernel may begin before the launches that it comes after have ended, where the GPU can do that: all of its threads
	// call wait_for_earlier of overlap.cuh before they touch what any launch of a list writes.
	Early bool
}

// launcher is an op of this engine, which only passes make.
type launcher interface {
	kernels.Op
	launches() []Launch
}

// Define is a macro that a source is compiled with.
type Define struct{ Name, Value string }

// Launches lists the kernels that an op runs, in order.
func Launches(op kernels.Op) ([]Launch, error) {
	for _, o := range op.Operands() {
		if o.Elements > mostElements {
			return nil, fmt.Errorf("%s: %s has more than 2^31-1 elements, %d; use a smaller batch", op.Name(), o.Name, o.Elements)
		}
	}
	launches := launchesOf(op)
	if launches == nil {
		return nil, fmt.Errorf("cuda: there is no kernel for op %q", op.Name())
	}
	for _, l := range launches {
		if err := l.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", op.Name(), err)
		}
	}
	return launches, nil
}

// The most that a launch may ask for, on every GPU since compute capability 3.0 (CUDA C++ Programming Guide, technical specifications).
var (
	mostBlocks  = [3]int{1<<31 - 1, 65535, 65535}
	mostThreads = [3]int{1024, 1024, 64}
)

const (
	mostThreadsOfBlock = 1024
	mostElements       = 1<<31 - 1 // of an operand
)

// check says what of a launch no GPU can do.
func (l Launch) check() error {
	threads := 1
	for axis := range 3 {
		if l.Grid[axis] < 1 || l.Grid[axis] > mostBlocks[axis] || l.Block[axis] < 1 || l.Block[axis] > mostThreads[axis] {
			return fmt.Errorf("%s of %s: a grid of %v blocks of %v threads is beyond what GPUs launch, %v of %v; use a smaller batch",
				l.Function, l.Source, l.Grid, l.Block, mostBlocks, mostThreads)
		}
		threads *= l.Block[axis]
	}
	if threads > mostThreadsOfBlock {
		return fmt.Errorf("%s of %s: %d threads in a block; GPUs have at most %d", l.Function, l.Source, threads, mostThreadsOfBlock)
	}
	return nil
}

// Workspace is the number of bytes that an op's launches need beside its operands.
func Workspace(launches []Launch) int {
	bytes := 0
	for _, l := range launches {
		bytes = max(bytes, l.Workspace)
	}
	return bytes
}

// define makes macros from names and values in turn. Floats are written exactly.
func define(namesAndValues ...any) []Define {
	var list []Define
	for i := 0; i < len(namesAndValues); i += 2 {
		var value string
		switch v := namesAndValues[i+1].(type) {
		case float32:
			value = literal(v)
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

func literal(v float32) string { return strconv.FormatFloat(float64(v), 'x', -1, 32) + "f" }

// windowDefines are the macros of a window.
func windowDefines(g kernels.Window) []Define {
	return define("H", g.H, "W", g.W, "R", g.R, "S", g.S, "P", g.P, "Q", g.Q, "STRIDE_H", g.StrideH, "STRIDE_W", g.StrideW,
		"DILATION_H", g.DilationH, "DILATION_W", g.DilationW, "PAD_TOP", g.PadTop, "PAD_LEFT", g.PadLeft)
}

// manyBlocks is a number of blocks that fills any GPU. Launches depend on shapes alone and not on the GPU, so that machine code can
// be made ahead of time and GPUs of one architecture agree to the bit.
const manyBlocks = 256

// sharedFloats is the dynamic shared memory for so many values, in bytes: whole vectors of four, as compilers read them, past the last value if it ends
// none.
func sharedFloats(values int) int { return kernels.RoundUp(values, 4) * kernels.Float32.Size() }

// perElement is a launch with one thread for each of a number of elements.
func perElement(source, function string, elements int, defines ...Define) Launch {
	const threads = 256
	return Launch{
		Source: source, Function: function, Defines: defines,
		Grid: [3]int{kernels.CeilDiv(elements, threads), 1, 1}, Block: [3]int{threads, 1, 1},
	}
}

// perVector is a launch with one thread for each vector of the elements of buffers, which have as many as the last.
func perVector(source, function string, buffers []*kernels.Buffer, defines ...Define) Launch {
	elements := buffers[len(buffers)-1].Elements()
	width := widthOf(elements, buffers...)
	return perElement(source, function, elements/width, append(defines, define("ELEMENTS", elements, "WIDTH", width)...)...)
}

// perRow is a launch with one warp for each row.
func perRow(source, function string, rows, columns int) Launch {
	const warps = 4
	return Launch{
		Source: source, Function: function, Defines: define("N", rows, "K", columns),
		Grid: [3]int{kernels.CeilDiv(rows, warps), 1, 1}, Block: [3]int{32, warps, 1},
	}
}

// tile is the extent of a tile of a matrix, both ways.
const tile = 64

// perTile is a launch with one block for each tile of a matrix; see tile.cuh.
func perTile(function string, defines []Define, rows, columns int) Launch {
	const sums = 4
	rowTiles := kernels.CeilDiv(rows, tile)
	return Launch{
		Source: function + ".cu", Function: function,
		Defines: append(defines, define("TILE", tile, "SUMS", sums, "ROW_TILES", rowTiles)...),
		Grid:    [3]int{rowTiles * kernels.CeilDiv(columns, tile), 1, 1}, Block: [3]int{tile / sums * (tile / sums), 1, 1},
	}
}

// widthOf is the width of the widest vectors, of up to 16 bytes, that rows of an extent consist of and that no buffer's beginning cuts.
func widthOf(extent int, buffers ...*kernels.Buffer) int {
	for _, width := range []int{4, 2} {
		fits := extent%width == 0
		for _, b := range buffers {
			if b != nil {
				_, at := b.Root()
				fits = fits && at%width == 0
			}
		}
		if fits {
			return width
		}
	}
	return 1
}
