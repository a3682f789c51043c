package kerneltest

import (
	"math"

	"cnn-gpu/kernels"
)

// guardSize is the number of canaries on each side of a buffer.
const guardSize = 64

// poison is a NaN, so that it spoils every sum that it gets into, and as an integer no label, tap or step.
const poison = 0x7fc0dead

// guarded is memory with canaries around it.
type guarded struct {
	mem      kernels.Mem
	elements int
}

func newGuarded(t kernels.Type, elements int) *guarded {
	g := &guarded{kernels.NewMem(t, elements+2*guardSize), elements}
	for i := range g.mem.F32 {
		g.mem.F32[i] = math.Float32frombits(poison)
	}
	for i := range g.mem.I32 {
		g.mem.I32[i] = poison
	}
	for i := range g.mem.U8 {
		g.mem.U8[i] = poison & math.MaxUint8
	}
	return g
}

func (g *guarded) inner() kernels.Mem { return g.mem.Slice(guardSize, g.elements) }

// isIntact reports whether the canaries live, and otherwise which element was written, counted from the first inside.
func (g *guarded) isIntact() (at int, ok bool) {
	for i := range guardSize {
		for _, at := range [2]int{-1 - i, g.elements + i} {
			if !g.isPoison(guardSize + at) {
				return at, false
			}
		}
	}
	return 0, true
}

func (g *guarded) isPoison(i int) bool {
	switch {
	case g.mem.I32 != nil:
		return uint32(g.mem.I32[i]) == poison
	case g.mem.U8 != nil:
		return g.mem.U8[i] == poison&math.MaxUint8
	}
	return math.Float32bits(g.mem.F32[i]) == poison
}

// at is element i inside.
func (g *guarded) at(i int) float64 {
	switch {
	case g.mem.I32 != nil:
		return float64(g.mem.I32[guardSize+i])
	case g.mem.U8 != nil:
		return float64(g.mem.U8[guardSize+i])
	}
	return float64(g.mem.F32[guardSize+i])
}

func (g *guarded) fill(values []float64) {
	mem := g.inner()
	for i, v := range values {
		switch {
		case mem.I32 != nil:
			mem.I32[i] = int32(v)
		case mem.U8 != nil:
			mem.U8[i] = uint8(v)
		default:
			mem.F32[i] = float32(v)
		}
	}
}

// guarded makes memory for the kept buffers: filled with what they hold before the run, or poison if they are only written.
func (c Case) guarded() map[*kernels.Buffer]*guarded {
	guards := map[*kernels.Buffer]*guarded{}
	for _, b := range keptBuffers(c.Ops) {
		guards[b] = newGuarded(b.Type, b.Elements())
		guards[b].fill(c.before()[b])
	}
	return guards
}

// inner is the memory without the canaries.
func inner(guards map[*kernels.Buffer]*guarded) map[*kernels.Buffer]kernels.Mem {
	mem := map[*kernels.Buffer]kernels.Mem{}
	for b, g := range guards {
		mem[b] = g.inner()
	}
	return mem
}
