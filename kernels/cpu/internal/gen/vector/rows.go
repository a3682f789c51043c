package vector

import (
	"slices"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowLoops are those over rows of channels.
var rowLoops = []loop{
	{
		name: "normalizeAVX2", outputs: names("y"), inputs: names("x", "mean", "scale", "shift"), rows: names("y", "x"),
		body: func(s span, x, _ registers) registers {
			return registers{s.apply(s.VADDPS, s.apply(s.VMULPS, s.apply(s.VSUBPS, x[0], x[1]), x[2]), x[3])}
		},
	},
	{
		name: "normalizeGradientAVX2", outputs: names("dx"), inputs: names("dy", "x", "mean", "shift", "slope", "scale"),
		rows: names("dx", "dy", "x"),
		body: func(s span, x, _ registers) registers {
			along := s.apply(s.VMULPS, s.apply(s.VSUBPS, x[1], x[2]), x[4])
			return registers{s.apply(s.VMULPS, s.apply(s.VSUBPS, s.apply(s.VSUBPS, x[0], x[3]), along), x[5])}
		},
	},
}

// rowSums are the loops that add something of each row to their one output.
var rowSums = []loop{
	{
		name: "addRowsAVX2", outputs: names("sums"), inputs: names("sums", "x"), rows: names("x"),
		body: func(s span, x, _ registers) registers { return registers{s.apply(s.VADDPS, x[0], x[1])} },
	},
	{
		name: "addSquaresAVX2", outputs: names("sums"), inputs: names("sums", "x", "mean"), rows: names("x"),
		body: func(s span, x, _ registers) registers {
			d := s.apply(s.VSUBPS, x[1], x[2])
			return registers{s.apply(s.VADDPS, x[0], s.apply(s.VMULPS, d, d))}
		},
	},
	{
		name: "addProductsAVX2", outputs: names("sums"), inputs: names("sums", "dy", "x", "mean"), rows: names("dy", "x"),
		body: func(s span, x, _ registers) registers {
			return registers{s.apply(s.VADDPS, x[0], s.apply(s.VMULPS, x[1], s.apply(s.VSUBPS, x[2], x[3])))}
		},
	},
}

// sums runs over the rows for each span of channels by itself, so that the sums stay in registers.
func (asm generator) sums(l loop) {
	asm.Implement(l.name)
	base := asm.bases(l)
	n := asm.Load(asm.Param(l.measure()).Len(), asm.GP64())
	rows, step := asm.rowsAndStep()
	asm.eachSpan(n, func(s span, at func(base reg.Register, vector int) Mem) {
		places, left := map[string]reg.Register{}, asm.GP64()
		for _, name := range l.rows {
			places[name] = asm.GP64()
			asm.LEAQ(at(base[name], 0), places[name])
		}
		kept := map[string]registers{}
		for _, name := range l.inputs {
			for v := 0; v < s.vectors && !slices.Contains(l.rows, name); v++ {
				kept[name] = append(kept[name], s.load(at(base[name], v)))
			}
		}
		asm.MOVQ(rows, left)
		asm.Label(s.name + "_row")
		for v := range s.vectors {
			var x registers
			for _, name := range l.inputs {
				if place := places[name]; place != nil {
					x = append(x, s.load(vector(Mem{Base: place}, v)))
				} else {
					x = append(x, kept[name][v])
				}
			}
			s.VMOVAPS(l.body(s, x, nil)[0], kept[l.outputs[0]][v])
		}
		for _, name := range l.rows {
			asm.ADDQ(step, places[name])
		}
		asm.DECQ(left)
		asm.JNZ(LabelRef(s.name + "_row"))
		for v, sum := range kept[l.outputs[0]] {
			s.store(sum, at(base[l.outputs[0]], v))
		}
	})
	asm.VZEROUPPER()
	asm.RET()
}

// rowsAndStep are the number of rows and the bytes from one to the next.
func (asm generator) rowsAndStep() (rows, step reg.Register) {
	rows, step = asm.Load(asm.Param("rows"), asm.GP64()), asm.Load(asm.Param("stride"), asm.GP64())
	asm.SHLQ(Imm(2), step)
	return rows, step
}
