package sim

import "math"

// atomicOp is the operation of an atomic, on values of up to 32 or of 64 bits: the old value, the operand, and that of cas.
type atomicOp struct {
	f32      func(old, x, y uint32) uint32
	f64      func(old, x, y uint64) uint64
	commutes bool // the order of the operations does not change the last value
}

var atomicNames = []string{"add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec"}

var atomicOps = map[string]atomicOp{
	"add.u32": {f32: func(a, x, _ uint32) uint32 { return a + x }, commutes: true},
	"add.s32": {f32: func(a, x, _ uint32) uint32 { return a + x }, commutes: true},
	"min.u32": {f32: func(a, x, _ uint32) uint32 { return min(a, x) }, commutes: true},
	"max.u32": {f32: func(a, x, _ uint32) uint32 { return max(a, x) }, commutes: true},
	"min.s32": {f32: func(a, x, _ uint32) uint32 { return uint32(min(int32(a), int32(x))) }, commutes: true},
	"max.s32": {f32: func(a, x, _ uint32) uint32 { return uint32(max(int32(a), int32(x))) }, commutes: true},
	"and.b32": {f32: func(a, x, _ uint32) uint32 { return a & x }, commutes: true},
	"or.b32":  {f32: func(a, x, _ uint32) uint32 { return a | x }, commutes: true},
	"xor.b32": {f32: func(a, x, _ uint32) uint32 { return a ^ x }, commutes: true},
	"inc.u32": {f32: increment, commutes: true},
	"dec.u32": {f32: decrement, commutes: true},

	"exch.b32": {f32: func(_, x, _ uint32) uint32 { return x }},
	"exch.b64": {f64: func(_, x, _ uint64) uint64 { return x }},
	"cas.b16":  {f32: swap32},
	"cas.b32":  {f32: swap32},
	"cas.b64": {f64: func(a, x, y uint64) uint64 {
		if a == x {
			return y
		}
		return a
	}},

	"add.u64": {f64: func(a, x, _ uint64) uint64 { return a + x }, commutes: true},
	"add.s64": {f64: func(a, x, _ uint64) uint64 { return a + x }, commutes: true},
	"min.u64": {f64: func(a, x, _ uint64) uint64 { return min(a, x) }, commutes: true},
	"max.u64": {f64: func(a, x, _ uint64) uint64 { return max(a, x) }, commutes: true},
	"min.s64": {f64: func(a, x, _ uint64) uint64 { return uint64(min(int64(a), int64(x))) }, commutes: true},
	"max.s64": {f64: func(a, x, _ uint64) uint64 { return uint64(max(int64(a), int64(x))) }, commutes: true},
	"and.b64": {f64: func(a, x, _ uint64) uint64 { return a & x }, commutes: true},
	"or.b64":  {f64: func(a, x, _ uint64) uint64 { return a | x }, commutes: true},
	"xor.b64": {f64: func(a, x, _ uint64) uint64 { return a ^ x }, commutes: true},

	"add.f32": {f32: func(a, x, _ uint32) uint32 {
		return f32Bits(math.Float32frombits(a) + math.Float32frombits(x))
	}},
	"add.f64": {f64: func(a, x, _ uint64) uint64 {
		return f64Bits(math.Float64frombits(a) + math.Float64frombits(x))
	}},
	"add.f16":   {f32: func(a, x, _ uint32) uint32 { return f16Bits(f16(a) + f16(x)) }},
	"add.bf16":  {f32: func(a, x, _ uint32) uint32 { return bf16Bits(addOdd(bf16(a), bf16(x))) }},
	"add.f16x2": {f32: func(a, x, _ uint32) uint32 { return pairF16(a, x, 0, func(a, b, _ float64) float64 { return a + b }) }},
	"add.bf16x2": {f32: func(a, x, _ uint32) uint32 {
		return pairBF16(a, x, 0, func(a, b, _ float64) float64 { return addOdd(a, b) })
	}},
	"min.f16":  {f32: func(a, x, _ uint32) uint32 { return f16Bits(minNum(f16(a), f16(x))) }, commutes: true},
	"max.f16":  {f32: func(a, x, _ uint32) uint32 { return f16Bits(maxNum(f16(a), f16(x))) }, commutes: true},
	"min.bf16": {f32: func(a, x, _ uint32) uint32 { return bf16Bits(minNum(bf16(a), bf16(x))) }, commutes: true},
	"max.bf16": {f32: func(a, x, _ uint32) uint32 { return bf16Bits(maxNum(bf16(a), bf16(x))) }, commutes: true},
	"min.f16x2": {f32: func(a, x, _ uint32) uint32 {
		return pairF16(a, x, 0, func(a, b, _ float64) float64 { return minNum(a, b) })
	}, commutes: true},
	"max.f16x2": {f32: func(a, x, _ uint32) uint32 {
		return pairF16(a, x, 0, func(a, b, _ float64) float64 { return maxNum(a, b) })
	}, commutes: true},
	"min.bf16x2": {f32: func(a, x, _ uint32) uint32 {
		return pairBF16(a, x, 0, func(a, b, _ float64) float64 { return minNum(a, b) })
	}, commutes: true},
	"max.bf16x2": {f32: func(a, x, _ uint32) uint32 {
		return pairBF16(a, x, 0, func(a, b, _ float64) float64 { return maxNum(a, b) })
	}, commutes: true},
}

// globalAtomics are the operations that differ on global memory: add.f32 flushes subnormal numbers there (PTX ISA, "atom").
var globalAtomics = map[string]atomicOp{
	"add.f32": {f32: func(a, x, _ uint32) uint32 {
		return f32Bits(flush(flush(math.Float32frombits(a)) + flush(math.Float32frombits(x))))
	}},
}

// increment wraps to zero at x, decrement from zero to x.
func increment(a, x, _ uint32) uint32 {
	if a >= x {
		return 0
	}
	return a + 1
}

func decrement(a, x, _ uint32) uint32 {
	if a == 0 || a > x {
		return x
	}
	return a - 1
}

func swap32(a, x, y uint32) uint32 {
	if a == x {
		return y
	}
	return a
}

// update does the atomic of the lanes of m on buf at w.off, in the order of the lanes.
func (w *warp) update(in *inst, op *atomicOp, buf []byte, m uint32) {
	a := in.mem
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		for k := range a.n {
			p := buf[w.off[i]+k*a.size:]
			result := in.d
			if in.list != nil {
				result = in.list[k]
			}
			if a.size == 8 {
				old := le.Uint64(p)
				var y uint64
				if in.c >= 0 {
					y = w.q[in.c][i]
				}
				next := op.f64(old, w.q[a.vec[k]][i], y)
				le.PutUint64(p, next)
				w.b.changed = w.b.changed || next != old
				if result >= 0 {
					w.q[result][i] = old
				}
				continue
			}
			var old, y uint32
			if in.c >= 0 {
				y = w.r[in.c][i]
			}
			x := w.r[a.vec[k]][i]
			var next uint32
			if a.size == 2 {
				old = uint32(le.Uint16(p))
				next = op.f32(old, x, y)
				le.PutUint16(p, uint16(next))
			} else {
				old = le.Uint32(p)
				next = op.f32(old, x, y)
				le.PutUint32(p, next)
			}
			w.b.changed = w.b.changed || next != old
			if result >= 0 {
				w.r[result][i] = old
			}
		}
	}
}
