package vector

import (
	"slices"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// loop computes its outputs from its inputs, element by element. The body gets a register of each input, and of each scalar, and
// returns one of each output. Scalars that are no parameters come from constants. If there are rows, the loop runs once for each of these.
type loop struct {
	name            string
	outputs, inputs []string
	scalars         []string
	constants       []uint32
	rows            []string // those that have several rows, beginning stride elements apart; of the others each row sees the same elements
	body            func(s span, x, k []reg.Register) []reg.Register
}

type registers = []reg.Register

const signBit = 1 << 31 // of a float32

// The order of operations is that of the Go code, with no multiply-add, so that the bits are the same.
func (asm generator) pointwise() {
	loops := []loop{
		{
			name: "addAVX2", outputs: names("y"), inputs: names("a", "b"),
			body: func(s span, x, _ registers) registers { return registers{s.apply(s.VADDPS, x[0], x[1])} },
		},
		{
			name: "addScaledAVX2", outputs: names("y"), inputs: names("y", "x"), scalars: names("a"),
			body: func(s span, x, k registers) registers {
				return registers{s.apply(s.VADDPS, x[0], s.apply(s.VMULPS, x[1], k[0]))}
			},
		},
		{
			name: "scaleAVX2", outputs: names("y"), inputs: names("y"), scalars: names("a"),
			body: func(s span, x, k registers) registers { return registers{s.apply(s.VMULPS, x[0], k[0])} },
		},
		{
			name: "reluAVX2", outputs: names("y"), inputs: names("x"), constants: []uint32{0},
			body: func(s span, x, k registers) registers {
				return registers{s.apply(s.VANDPS, s.compare(assembler.NotLessOrEqual, x[0], k[0]), x[0])}
			},
		},
		{
			name: "reluGradientAVX2", outputs: names("dx"), inputs: names("y", "dy"), constants: []uint32{0},
			body: func(s span, x, k registers) registers {
				return registers{s.apply(s.VANDPS, s.compare(assembler.Greater, x[0], k[0]), x[1])}
			},
		},
		{
			name: "clampAVX2", outputs: names("y"), inputs: names("x"), scalars: names("most"), constants: []uint32{0},
			body: func(s span, x, k registers) registers {
				positive := s.apply(s.VANDPS, s.compare(assembler.NotLessOrEqual, x[0], k[1]), x[0])
				return registers{s.apply(s.VMINPS, k[0], positive)} // the last operand of the instruction, which is the value, wins over NaN
			},
		},
		{
			name: "clampGradientAVX2", outputs: names("dx"), inputs: names("y", "dy"), scalars: names("most"), constants: []uint32{0, one},
			body: func(s span, x, k registers) registers {
				isInside := s.apply(s.VANDPS, s.compare(assembler.Greater, x[0], k[1]), s.compare(assembler.Greater, k[0], x[0]))
				return registers{s.apply(s.VMULPS, x[1], s.apply(s.VANDPS, isInside, k[2]))}
			},
		},
		{
			name: "sigmoidGradientAVX2", outputs: names("dx"), inputs: names("y", "dy"), constants: []uint32{one},
			body: func(s span, x, k registers) registers {
				return registers{s.apply(s.VMULPS, s.apply(s.VMULPS, x[1], x[0]), s.apply(s.VSUBPS, k[0], x[0]))}
			},
		},
		{
			name: "tanhGradientAVX2", outputs: names("dx"), inputs: names("y", "dy"), constants: []uint32{one},
			body: func(s span, x, k registers) registers {
				return registers{s.apply(s.VMULPS, x[1], s.apply(s.VSUBPS, k[0], s.apply(s.VMULPS, x[0], x[0])))}
			},
		},
		{
			name: "momentumStepAVX2", outputs: names("w", "v"), inputs: names("w", "v", "g"), scalars: names("momentum", "rate"),
			body: func(s span, x, k registers) registers {
				v := s.apply(s.VSUBPS, s.apply(s.VMULPS, k[0], x[1]), s.apply(s.VMULPS, k[1], x[2]))
				return registers{s.apply(s.VADDPS, x[0], v), v}
			},
		},
		{
			name: "nesterovStepAVX2", outputs: names("w", "v"), inputs: names("w", "v", "g"), scalars: names("momentum", "rate"),
			body: func(s span, x, k registers) registers {
				step := s.apply(s.VMULPS, k[1], x[2])
				v := s.apply(s.VSUBPS, s.apply(s.VMULPS, k[0], x[1]), step)
				return registers{s.apply(s.VADDPS, x[0], s.apply(s.VSUBPS, s.apply(s.VMULPS, k[0], v), step)), v}
			},
		},
		{
			name: "adamStepAVX2", outputs: names("w", "m", "v"), inputs: names("w", "m", "v", "g"),
			scalars: names("new1", "new2", "rate", "epsilon"),
			body: func(s span, x, k registers) registers {
				w, m, v, g := x[0], x[1], x[2], x[3]
				m = s.apply(s.VADDPS, m, s.apply(s.VMULPS, k[0], s.apply(s.VSUBPS, g, m)))
				v = s.apply(s.VADDPS, v, s.apply(s.VMULPS, k[1], s.apply(s.VSUBPS, s.apply(s.VMULPS, g, g), v)))
				root := s.register()
				s.VSQRTPS(v, root)
				step := s.apply(s.VDIVPS, s.apply(s.VMULPS, k[2], m), s.apply(s.VADDPS, root, k[3]))
				return registers{s.apply(s.VSUBPS, w, step), m, v}
			},
		},
		{
			name: "adagradStepAVX2", outputs: names("w", "v"), inputs: names("w", "v", "g"), scalars: names("rate", "initial", "epsilon"),
			body: func(s span, x, k registers) registers {
				v := s.apply(s.VADDPS, x[1], s.apply(s.VMULPS, x[2], x[2]))
				root := s.register()
				s.VSQRTPS(s.apply(s.VADDPS, s.apply(s.VADDPS, k[1], v), k[2]), root)
				return registers{s.apply(s.VSUBPS, x[0], s.apply(s.VDIVPS, s.apply(s.VMULPS, k[0], x[2]), root)), v}
			},
		},
		{
			name: "lambDirectionAVX2", outputs: names("r", "m", "v"), inputs: names("m", "v", "g"),
			scalars: names("new1", "new2", "scale1", "scale2", "epsilon"),
			body: func(s span, x, k registers) registers {
				m, v, g := x[0], x[1], x[2]
				m = s.apply(s.VADDPS, m, s.apply(s.VMULPS, k[0], s.apply(s.VSUBPS, g, m)))
				v = s.apply(s.VADDPS, v, s.apply(s.VMULPS, k[1], s.apply(s.VSUBPS, s.apply(s.VMULPS, g, g), v)))
				root := s.register()
				s.VSQRTPS(s.apply(s.VMULPS, v, k[3]), root)
				r := s.apply(s.VDIVPS, s.apply(s.VMULPS, m, k[2]), s.apply(s.VADDPS, root, k[4]))
				return registers{r, m, v}
			},
		},
		{
			name: "lionStepAVX2", outputs: names("w", "m"), inputs: names("w", "m", "g"), scalars: names("beta1", "new1", "beta2", "new2", "rate"),
			constants: []uint32{0, signBit, ^uint32(signBit)},
			body: func(s span, x, k registers) registers {
				mean := func(old, fresh reg.Register) reg.Register {
					return s.apply(s.VADDPS, s.apply(s.VMULPS, old, x[1]), s.apply(s.VMULPS, fresh, x[2]))
				}
				direction := mean(k[0], k[1])
				step := s.register()
				hasSign := s.compare(assembler.Greater, s.apply(s.VANDPS, direction, k[7]), k[5])
				s.VBLENDVPS(hasSign, s.apply(s.VORPS, k[4], s.apply(s.VANDPS, direction, k[6])), direction, step)
				return registers{s.apply(s.VSUBPS, x[0], step), mean(k[2], k[3])}
			},
		},
	}
	for _, l := range append(loops, rowLoops...) {
		asm.loop(l)
	}
	for _, l := range rowSums {
		asm.sums(l)
	}
}

func names(list ...string) []string { return list }

func (asm generator) loop(l loop) {
	asm.Implement(l.name)
	base := asm.bases(l)
	var scalars []reg.VecVirtual
	for _, name := range l.scalars {
		r := asm.YMM()
		asm.Load(asm.Param(name), r.AsX())
		asm.VBROADCASTSS(r.AsX(), r)
		scalars = append(scalars, r)
	}
	for _, bits := range l.constants {
		scalars = append(scalars, asm.constant(bits))
	}
	n := asm.Load(asm.Param(l.measure()).Len(), asm.GP64())
	endRow := asm.eachRow(l, base)
	asm.eachSpan(n, func(s span, at func(base reg.Register, vector int) Mem) {
		var k registers
		for _, r := range scalars {
			k = append(k, s.narrow(r))
		}
		for v := range s.vectors {
			var x registers
			for _, name := range l.inputs {
				x = append(x, s.load(at(base[name], v)))
			}
			for i, r := range l.body(s, x, k) {
				s.store(r, at(base[l.outputs[i]], v))
			}
		}
	})
	endRow()
	asm.VZEROUPPER()
	asm.RET()
}

// bases are where the parameters begin.
func (asm generator) bases(l loop) map[string]reg.Register {
	base := map[string]reg.Register{}
	for _, name := range append(l.outputs, l.inputs...) {
		if base[name] == nil {
			base[name] = asm.Load(asm.Param(name).Base(), asm.GP64())
		}
	}
	return base
}

// measure is a parameter that has as many elements as a turn over them takes.
func (l loop) measure() string {
	for _, name := range append(l.outputs, l.inputs...) {
		if !slices.Contains(l.rows, name) {
			return name
		}
	}
	panic(l.name + " has nothing but rows")
}

// eachRow begins the loop over rows, if there are any, and returns what ends it.
func (asm generator) eachRow(l loop, base map[string]reg.Register) (end func()) {
	if len(l.rows) == 0 {
		return func() {}
	}
	rows, step := asm.rowsAndStep()
	asm.Label("row")
	return func() {
		for _, name := range l.rows {
			asm.ADDQ(step, base[name])
		}
		asm.DECQ(rows)
		asm.JNZ(LabelRef("row"))
	}
}

// eachSpan loops over n elements; at tells the body where its elements lie.
func (asm generator) eachSpan(n reg.Register, body func(s span, at func(base reg.Register, vector int) Mem)) {
	i, end := asm.GP64(), asm.GP64()
	asm.XORQ(i, i)
	for _, s := range asm.spans() {
		asm.Label(s.name)
		asm.LEAQ(Mem{Base: i, Disp: s.elements}, end)
		asm.CMPQ(end, n)
		asm.JG(LabelRef(s.name + "_end"))
		body(s, func(base reg.Register, vector int) Mem { return Mem{Base: base, Index: i, Scale: 4, Disp: 32 * vector} })
		asm.MOVQ(end, i)
		asm.JMP(LabelRef(s.name))
		asm.Label(s.name + "_end")
	}
}

// squares adds the squares of eight elements at a time to eight sums.
func (asm generator) squares() {
	asm.Implement("squaresAVX2")
	sums := asm.Load(asm.Param("sums"), asm.GP64())
	x, n := asm.Load(asm.Param("x").Base(), asm.GP64()), asm.Load(asm.Param("x").Len(), asm.GP64())
	halves := []reg.VecVirtual{asm.zeros(), asm.zeros()}
	i := asm.GP64()
	asm.XORQ(i, i)
	asm.Label("eight")
	asm.CMPQ(i, n)
	asm.JGE(LabelRef("end"))
	for half, sum := range halves {
		v := asm.YMM()
		asm.VCVTPS2PD(Mem{Base: x, Index: i, Scale: 4, Disp: 16 * half}, v)
		asm.VMULPD(v, v, v)
		asm.VADDPD(v, sum, sum)
	}
	asm.ADDQ(Imm(8), i)
	asm.JMP(LabelRef("eight"))
	asm.Label("end")
	for half, sum := range halves {
		asm.VMOVUPD(sum, Mem{Base: sums, Disp: 32 * half})
	}
	asm.VZEROUPPER()
	asm.RET()
}

// finite looks for exponents of which all bits are set.
func (asm generator) finite() {
	asm.Implement("finiteAVX2")
	x, n := asm.Load(asm.Param("x").Base(), asm.GP64()), asm.Load(asm.Param("x").Len(), asm.GP64())
	exponent, found := asm.constant(0xff<<23), asm.zeros()
	asm.eachSpan(n, func(s span, at func(base reg.Register, vector int) Mem) {
		for v := range s.vectors {
			bits := s.apply(asm.VANDPS, s.load(at(x, v)), s.narrow(exponent))
			// Of a single element the other lanes are zero, and so no exponent.
			is := asm.YMM()
			asm.VPCMPEQD(s.narrow(exponent), bits, s.narrow(is))
			asm.VPOR(is, found, found)
		}
	})
	result := asm.GP8()
	asm.VPTEST(found, found)
	asm.SETEQ(result)
	asm.VZEROUPPER()
	asm.Store(result, asm.ReturnIndex(0))
	asm.RET()
}
