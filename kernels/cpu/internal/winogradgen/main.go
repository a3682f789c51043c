// Command winogradgen writes the assembly of Winograd's transforms; see winogradTransform in package cpu.
package main

import (
	"fmt"
	"math"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/internal/winograd"
)

// Where the fields of a winogradTransform lie; a test in package cpu holds these against the struct.
const (
	fieldSrc     = 0
	fieldDst     = 24
	fieldStart   = 48
	fieldSrcRow  = 72
	fieldSrcCol  = 80
	fieldSrcTile = 88
	fieldDstRow  = 96
	fieldDstCol  = 104
	fieldDstTile = 112
	fieldTiles   = 120
	fieldVectors = 128
	fieldFloor   = 136
)

const width = 32

// halfRegisters is how many vectors of L·X are kept in registers: a transform computes some of its rows, and what follows from them, before
// the next, and reads X again rather than store L·X.
const halfRegisters = 10

func main() {
	Package("cnn-gpu/kernels/cpu")
	for _, a := range winograd.Algorithms() {
		writeTransform(fmt.Sprintf("winogradInput%dAVX2", a.Tile), a.Input, write)
		writeTransform(fmt.Sprintf("winogradFilter%dAVX2", a.Tile), a.Filter, write)
		writeTransform(fmt.Sprintf("winogradOutput%dAVX2", a.Tile), a.Output, activate)
		writeTransform(fmt.Sprintf("winogradGradient%dAVX2", a.Tile), winograd.Transposed(a.Output), write)
		writeTransform(fmt.Sprintf("winogradWeights%dAVX2", a.Tile), winograd.Transposed(a.Filter), accumulate)
		writeTransform(fmt.Sprintf("winogradSpread%dAVX2", a.Tile), winograd.Transposed(a.Input), accumulate)
	}
	Generate()
}

// constants are the vectors of coefficients that were written so far.
var constants = map[float32]Mem{}

func constant(v float32) Mem {
	if m, ok := constants[v]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("winograd%d", len(constants)), RODATA|NOPTR)
	for i := range width / 4 {
		DATA(4*i, U32(math.Float32bits(v)))
	}
	constants[v] = m
	return m
}

// ending is what a transform does with L·X·Lᵀ.
type ending int

const (
	write      ending = iota
	activate          // adds what the sums start with, and raises what is below the floor to it
	accumulate        // adds it to what is there
)

// writeTransform writes the transform by L of a square X, eight channels at a time.
func writeTransform(name string, l [][]float64, end ending) {
	out, in := len(l), len(l[0])
	Implement(name)
	t := Load(Param("t"), GP64())
	field := func(offset int) Mem { return Mem{Base: t, Disp: offset} }

	stride := func(offset int) reg.GPVirtual {
		bytes := GP64()
		MOVQ(field(offset), bytes)
		SHLQ(Imm(2), bytes)
		return bytes
	}
	srcRow, srcCol := stride(fieldSrcRow), stride(fieldSrcCol)
	dstRow, dstCol := stride(fieldDstRow), stride(fieldDstCol)
	src, dst, tiles := GP64(), GP64(), GP64()
	MOVQ(field(fieldSrc), src)
	MOVQ(field(fieldDst), dst)
	MOVQ(field(fieldTiles), tiles)

	Label("tile")
	x, y, vectors, start := GP64(), GP64(), GP64(), GP64()
	MOVQ(src, x)
	MOVQ(dst, y)
	MOVQ(field(fieldVectors), vectors)
	if end == activate {
		MOVQ(field(fieldStart), start)
	}

	Label("vector")
	row, at := GP64(), GP64()
	MOVQ(y, row)
	for first := 0; first < out; first += halfRegisters / in {
		rows := l[first:min(first+halfRegisters/in, out)]
		half := make([][]reg.VecVirtual, len(rows)) // of L·X
		column := GP64()
		MOVQ(x, column)
		for j := range in {
			values := make([]reg.VecVirtual, in)
			MOVQ(column, at)
			for k := range in {
				if slices.ContainsFunc(rows, func(row []float64) bool { return row[k] != 0 }) {
					values[k] = YMM()
					VMOVUPS(Mem{Base: at}, values[k])
				}
				if k < in-1 {
					ADDQ(srcRow, at)
				}
			}
			for i, row := range rows {
				half[i] = append(half[i], combine(row, values))
			}
			if j < in-1 {
				ADDQ(srcCol, column)
			}
		}
		var begin, floor reg.VecVirtual
		if end == activate {
			begin, floor = YMM(), YMM()
			VMOVUPS(Mem{Base: start}, begin)
			VBROADCASTSS(field(fieldFloor), floor)
		}
		for i := range rows {
			MOVQ(row, at)
			for j := range out {
				sum := combine(l[j], half[i])
				result := sum
				switch end {
				case activate:
					result = YMM()
					VADDPS(begin, sum, result)
					VMAXPS(result, floor, result) // the last operand of the instruction, here the first, wins over NaN
				case accumulate:
					result = YMM()
					VADDPS(Mem{Base: at}, sum, result)
				}
				VMOVUPS(result, Mem{Base: at})
				if j < out-1 {
					ADDQ(dstCol, at)
				}
			}
			ADDQ(dstRow, row)
		}
	}
	ADDQ(Imm(width), x)
	ADDQ(Imm(width), y)
	if end == activate {
		ADDQ(Imm(width), start)
	}
	DECQ(vectors)
	JNZ(LabelRef("vector"))

	step := func(pointer reg.GPVirtual, offset int) {
		bytes := GP64()
		MOVQ(field(offset), bytes)
		LEAQ(Mem{Base: pointer, Index: bytes, Scale: 4}, pointer)
	}
	step(src, fieldSrcTile)
	step(dst, fieldDstTile)
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// combine returns Σ coefficient · value.
func combine(coefficients []float64, values []reg.VecVirtual) reg.VecVirtual {
	var sum reg.VecVirtual
	first := slices.Index(coefficients, 1) // needs no multiplication
	if first >= 0 {
		sum = values[first]
	}
	for i, c := range coefficients {
		if c == 0 || i == first {
			continue
		}
		next := YMM()
		switch {
		case sum == nil:
			VMULPS(constant(float32(c)), values[i], next)
		case c == 1:
			VADDPS(values[i], sum, next)
		case c == -1:
			VSUBPS(values[i], sum, next)
		default:
			VMOVAPS(sum, next)
			VFMADD231PS(constant(float32(c)), values[i], next)
		}
		sum = next
	}
	return sum
}
