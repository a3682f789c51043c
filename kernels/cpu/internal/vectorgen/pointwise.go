package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// loop computes its outputs from its inputs, element by element. The body gets a register of each input, and of each scalar, and
// returns one of each output. Scalars that are no parameters come from constants.
type loop struct {
	name            string
	outputs, inputs []string
	scalars         []string
	constants       []uint32
	body            func(s span, x, k []reg.Register) []reg.Register
}

type registers = []reg.Register

// The order of operations is that of the Go code, with no multiply-add, so that the bits are the same.
func pointwise() {
	loops := []loop{
		{
			name: "addAVX2", outputs: names("y"), inputs: names("a", "b"),
			body: func(s span, x, _ registers) registers { return registers{s.of(VADDPS, x[0], x[1])} },
		},
		{
			name: "addScaledAVX2", outputs: names("y"), inputs: names("y", "x"), scalars: names("a"),
			body: func(s span, x, k registers) registers {
				return registers{s.of(VADDPS, x[0], s.of(VMULPS, x[1], k[0]))}
			},
		},
		{
			name: "reluAVX2", outputs: names("y"), inputs: names("x"), constants: []uint32{0},
			body: func(s span, x, k registers) registers {
				return registers{s.of(VANDPS, s.compare(notLessOrEqual, x[0], k[0]), x[0])}
			},
		},
		{
			name: "reluGradientAVX2", outputs: names("dx"), inputs: names("y", "dy"), constants: []uint32{0},
			body: func(s span, x, k registers) registers {
				return registers{s.of(VANDPS, s.compare(greater, x[0], k[0]), x[1])}
			},
		},
		{
			name: "sigmoidGradientAVX2", outputs: names("dx"), inputs: names("y", "dy"), constants: []uint32{one},
			body: func(s span, x, k registers) registers {
				return registers{s.of(VMULPS, s.of(VMULPS, x[1], x[0]), s.of(VSUBPS, k[0], x[0]))}
			},
		},
		{
			name: "tanhGradientAVX2", outputs: names("dx"), inputs: names("y", "dy"), constants: []uint32{one},
			body: func(s span, x, k registers) registers {
				return registers{s.of(VMULPS, x[1], s.of(VSUBPS, k[0], s.of(VMULPS, x[0], x[0])))}
			},
		},
		{
			name: "momentumStepAVX2", outputs: names("w", "v"), inputs: names("w", "v", "g"), scalars: names("momentum", "rate"),
			body: func(s span, x, k registers) registers {
				v := s.of(VSUBPS, s.of(VMULPS, k[0], x[1]), s.of(VMULPS, k[1], x[2]))
				return registers{s.of(VADDPS, x[0], v), v}
			},
		},
		{
			name: "nesterovStepAVX2", outputs: names("w", "v"), inputs: names("w", "v", "g"), scalars: names("momentum", "rate"),
			body: func(s span, x, k registers) registers {
				step := s.of(VMULPS, k[1], x[2])
				v := s.of(VSUBPS, s.of(VMULPS, k[0], x[1]), step)
				return registers{s.of(VADDPS, x[0], s.of(VSUBPS, s.of(VMULPS, k[0], v), step)), v}
			},
		},
		{
			name: "adamStepAVX2", outputs: names("w", "m", "v"), inputs: names("w", "m", "v", "g"),
			scalars: names("new1", "new2", "rate", "epsilon"),
			body: func(s span, x, k registers) registers {
				w, m, v, g := x[0], x[1], x[2], x[3]
				m = s.of(VADDPS, m, s.of(VMULPS, k[0], s.of(VSUBPS, g, m)))
				v = s.of(VADDPS, v, s.of(VMULPS, k[1], s.of(VSUBPS, s.of(VMULPS, g, g), v)))
				root := s.register()
				VSQRTPS(v, root)
				step := s.of(VDIVPS, s.of(VMULPS, k[2], m), s.of(VADDPS, root, k[3]))
				return registers{s.of(VSUBPS, w, step), m, v}
			},
		},
	}
	for _, l := range loops {
		l.write()
	}
}

func names(list ...string) []string { return list }

func (l loop) write() {
	Implement(l.name)
	base := map[string]reg.Register{}
	for _, name := range append(l.outputs, l.inputs...) {
		if base[name] == nil {
			base[name] = Load(Param(name).Base(), GP64())
		}
	}
	var scalars []reg.VecVirtual
	for _, name := range l.scalars {
		r := YMM()
		Load(Param(name), r.AsX())
		VBROADCASTSS(r.AsX(), r)
		scalars = append(scalars, r)
	}
	for _, bits := range l.constants {
		scalars = append(scalars, constant(bits))
	}
	n := Load(Param(l.outputs[0]).Len(), GP64())
	eachSpan(n, func(s span, at func(base reg.Register, vector int) Mem) {
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
	VZEROUPPER()
	RET()
}

// eachSpan loops over n elements; at tells the body where its elements lie.
func eachSpan(n reg.Register, body func(s span, at func(base reg.Register, vector int) Mem)) {
	i, end := GP64(), GP64()
	XORQ(i, i)
	for _, s := range spans {
		Label(s.name)
		LEAQ(Mem{Base: i, Disp: s.elements}, end)
		CMPQ(end, n)
		JG(LabelRef(s.name + "_end"))
		body(s, func(base reg.Register, vector int) Mem { return Mem{Base: base, Index: i, Scale: 4, Disp: 32 * vector} })
		MOVQ(end, i)
		JMP(LabelRef(s.name))
		Label(s.name + "_end")
	}
}

// finite looks for exponents of which all bits are set.
func finite() {
	Implement("finiteAVX2")
	x, n := Load(Param("x").Base(), GP64()), Load(Param("x").Len(), GP64())
	exponent, found := constant(0xff<<23), zeros()
	eachSpan(n, func(s span, at func(base reg.Register, vector int) Mem) {
		for v := range s.vectors {
			bits := s.of(VANDPS, s.load(at(x, v)), s.narrow(exponent))
			// Of a single element the other lanes are zero, and so no exponent.
			is := YMM()
			VPCMPEQD(s.narrow(exponent), bits, s.narrow(is))
			VPOR(is, found, found)
		}
	})
	result := GP8()
	VPTEST(found, found)
	SETEQ(result)
	VZEROUPPER()
	Store(result, ReturnIndex(0))
	RET()
}
