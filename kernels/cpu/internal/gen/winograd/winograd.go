// Package winograd writes the assembly of Winograd's transforms; see winogradTransform in package cpu.
package winograd

import (
	"fmt"
	"math"
	"slices"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
	"cnn-gpu/kernels/internal/winograd"
)

// width is the number of bytes of a register.
const width = 32

// halfRegisters is how many vectors of L·X are kept in registers: a transform computes some of its rows, and what follows from them, before
// the next, and reads X again rather than store L·X.
const halfRegisters = 10

// Write writes the functions.
func Write(asm *assembler.Assembler) {
	asm.Expect("winogradVector", width/4)
	g := &generator{asm, map[float32]Mem{}}
	for _, a := range winograd.Algorithms() {
		g.writeTransform(fmt.Sprintf("winogradInput%dAVX2", a.Tile), a.Input, write)
		g.writeTransform(fmt.Sprintf("winogradFilter%dAVX2", a.Tile), a.Filter, write)
		g.writeTransform(fmt.Sprintf("winogradOutput%dAVX2", a.Tile), a.Output, activate)
		g.writeTransform(fmt.Sprintf("winogradGradient%dAVX2", a.Tile), winograd.Transposed(a.Output), write)
		g.writeTransform(fmt.Sprintf("winogradWeights%dAVX2", a.Tile), winograd.Transposed(a.Filter), accumulate)
		g.writeTransform(fmt.Sprintf("winogradSpread%dAVX2", a.Tile), winograd.Transposed(a.Input), accumulate)
	}
}

type generator struct {
	*assembler.Assembler
	constants map[float32]Mem // the vectors of coefficients that were written so far
}

func (asm *generator) constant(v float32) Mem {
	if m, ok := asm.constants[v]; ok {
		return m
	}
	m := asm.Lanes(fmt.Sprintf("winograd%d", len(asm.constants)), width/4, func(int) uint32 { return math.Float32bits(v) })
	asm.constants[v] = m
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
func (asm *generator) writeTransform(name string, l [][]float64, end ending) {
	out, in := len(l), len(l[0])
	asm.Implement(name)
	t := asm.Load(asm.Param("t"), asm.GP64())
	field := asm.Fields("winogradTransform", t)

	stride := func(name string) reg.GPVirtual {
		bytes := asm.GP64()
		asm.MOVQ(field(name), bytes)
		asm.SHLQ(Imm(2), bytes)
		return bytes
	}
	srcRow, srcCol := stride("srcRow"), stride("srcCol")
	dstRow, dstCol := stride("dstRow"), stride("dstCol")
	src, dst, tiles := asm.GP64(), asm.GP64(), asm.GP64()
	asm.MOVQ(field("src"), src)
	asm.MOVQ(field("dst"), dst)
	asm.MOVQ(field("tiles"), tiles)

	asm.Label("tile")
	x, y, vectors, start := asm.GP64(), asm.GP64(), asm.GP64(), asm.GP64()
	asm.MOVQ(src, x)
	asm.MOVQ(dst, y)
	asm.MOVQ(field("vectors"), vectors)
	if end == activate {
		asm.MOVQ(field("start"), start)
	}

	asm.Label("vector")
	row, at := asm.GP64(), asm.GP64()
	asm.MOVQ(y, row)
	for first := 0; first < out; first += halfRegisters / in {
		rows := l[first:min(first+halfRegisters/in, out)]
		half := make([][]reg.VecVirtual, len(rows)) // of L·X
		column := asm.GP64()
		asm.MOVQ(x, column)
		for j := range in {
			values := make([]reg.VecVirtual, in)
			asm.MOVQ(column, at)
			for k := range in {
				if slices.ContainsFunc(rows, func(row []float64) bool { return row[k] != 0 }) {
					values[k] = asm.YMM()
					asm.VMOVUPS(Mem{Base: at}, values[k])
				}
				if k < in-1 {
					asm.ADDQ(srcRow, at)
				}
			}
			for i, row := range rows {
				half[i] = append(half[i], asm.combine(row, values))
			}
			if j < in-1 {
				asm.ADDQ(srcCol, column)
			}
		}
		var begin, floor reg.VecVirtual
		if end == activate {
			begin, floor = asm.YMM(), asm.YMM()
			asm.VMOVUPS(Mem{Base: start}, begin)
			asm.VBROADCASTSS(field("floor"), floor)
		}
		for i := range rows {
			asm.MOVQ(row, at)
			for j := range out {
				sum := asm.combine(l[j], half[i])
				result := sum
				switch end {
				case activate:
					result = asm.YMM()
					asm.VADDPS(begin, sum, result)
					asm.VMAXPS(result, floor, result) // the last operand of the instruction, here the first, wins over NaN
				case accumulate:
					result = asm.YMM()
					asm.VADDPS(Mem{Base: at}, sum, result)
				}
				asm.VMOVUPS(result, Mem{Base: at})
				if j < out-1 {
					asm.ADDQ(dstCol, at)
				}
			}
			asm.ADDQ(dstRow, row)
		}
	}
	asm.ADDQ(Imm(width), x)
	asm.ADDQ(Imm(width), y)
	if end == activate {
		asm.ADDQ(Imm(width), start)
	}
	asm.DECQ(vectors)
	asm.JNZ(LabelRef("vector"))

	step := func(pointer reg.GPVirtual, name string) {
		bytes := asm.GP64()
		asm.MOVQ(field(name), bytes)
		asm.LEAQ(Mem{Base: pointer, Index: bytes, Scale: 4}, pointer)
	}
	step(src, "srcTile")
	step(dst, "dstTile")
	asm.DECQ(tiles)
	asm.JNZ(LabelRef("tile"))
	asm.VZEROUPPER()
	asm.RET()
}

// combine returns Σ coefficient · value.
func (asm *generator) combine(coefficients []float64, values []reg.VecVirtual) reg.VecVirtual {
	var sum reg.VecVirtual
	first := slices.Index(coefficients, 1) // needs no multiplication
	if first >= 0 {
		sum = values[first]
	}
	for i, c := range coefficients {
		if c == 0 || i == first {
			continue
		}
		next := asm.YMM()
		switch {
		case sum == nil:
			asm.VMULPS(asm.constant(float32(c)), values[i], next)
		case c == 1:
			asm.VADDPS(values[i], sum, next)
		case c == -1:
			asm.VSUBPS(values[i], sum, next)
		default:
			asm.VMOVAPS(sum, next)
			asm.VFMADD231PS(asm.constant(float32(c)), values[i], next)
		}
		sum = next
	}
	return sum
}
