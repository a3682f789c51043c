package sim

import (
	"math"

	"cnn-gpu/device/sim/ptx"
)

// Instructions of several lanes of a warp. They run when all lanes of their member mask, inst.e, have come.

// decodeWarpBarrier: bar.warp.sync membermask. A lane waits until all members have executed any bar.warp.sync with this mask.
func decodeWarpBarrier(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(1)
	in.meets = true
	in.e = d.src(s.Operands[0], 'r')
}

func execWarpBarrier(w *warp, in *inst, m uint32) { w.order.syncWarp() }

// shuffleMode says from which lane shfl reads.
type shuffleMode uint8

const (
	shuffleUp shuffleMode = iota
	shuffleDown
	shuffleButterfly
	shuffleIndex
)

var shuffleModes = map[string]shuffleMode{"up": shuffleUp, "down": shuffleDown, "bfly": shuffleButterfly, "idx": shuffleIndex}

// decodeShuffle: shfl.sync.{up,down,bfly,idx}.b32 d{|p}, a, b, c, membermask
func decodeShuffle(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(5)
	mods := s.Op.Modifiers
	if len(mods) != 3 || mods[0] != "sync" || mods[2] != "b32" {
		d.fail("%w", ErrUnknownInstruction)
	}
	mode, ok := shuffleModes[mods[1]]
	if !ok {
		d.fail("%w", ErrUnknownInstruction)
	}
	in.exec = mode.exec
	in.a, in.b, in.c, in.e = d.src(s.Operands[1], 'r'), d.src(s.Operands[2], 'r'), d.src(s.Operands[3], 'r'), d.src(s.Operands[4], 'r')
	d.valueAndPredicate(in, s.Operands[0])
}

// valueAndPredicate decodes a result d or d|p.
func (d *decoder) valueAndPredicate(in *inst, o ptx.Operand) {
	if o.Kind == ptx.PairOperand {
		in.d, in.d2 = d.dstOrScratch(o.Elements[0], 'r'), d.dst(o.Elements[1], 'p')
		return
	}
	in.d = d.dstOrScratch(o, 'r')
}

func (mode shuffleMode) exec(w *warp, in *inst, m uint32) {
	src := w.r[in.a]
	pb, pc, pd := &w.r[in.b], &w.r[in.c], &w.r[in.d]
	var inRange uint32
	for x := m; x != 0; x &= x - 1 {
		i := lowest(x)
		lane, c := int(pb[i]&31), pc[i]
		segment := int(c >> 8 & 31)
		first, last := i&segment, i&segment|int(c&31)&^segment
		var j int
		switch mode {
		case shuffleUp:
			j = i - lane
		case shuffleDown:
			j = i + lane
		case shuffleButterfly:
			j = i ^ lane
		default:
			j = first | lane&^segment
		}
		ok := j <= last
		if mode == shuffleUp {
			ok = j >= last // the clamp of shfl.up is the lowest lane
		}
		if !ok {
			j = i
		} else {
			inRange |= 1 << i
			if m>>uint(j)&1 == 0 {
				w.report(BadShuffle, i, "reads lane %d, which does not take part", j)
			}
		}
		pd[i] = src[j&31]
	}
	w.setPredicate(in.d2, m, inRange)
}

// ballots are the masks that vote gives for the lanes that take part and those of them in which its predicate holds. All but ballot
// write them to a predicate.
var ballots = map[string]func(members, v uint32) uint32{
	"all":    func(members, v uint32) uint32 { return spread(v == members) },
	"any":    func(_, v uint32) uint32 { return spread(v != 0) },
	"uni":    func(members, v uint32) uint32 { return spread(v == members || v == 0) },
	"ballot": func(_, v uint32) uint32 { return v },
}

// decodeVote: vote.sync.{all,any,uni,ballot} d, {!}a, membermask
func decodeVote(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(3)
	mods := s.Op.Modifiers
	if len(mods) != 3 || mods[0] != "sync" || ballots[mods[1]] == nil {
		d.fail("%w", ErrUnknownInstruction)
	}
	ballot, flip := ballots[mods[1]], spread(s.Operands[1].Not)
	in.a, in.e = d.src(s.Operands[1], 'p'), d.src(s.Operands[2], 'r')
	if mods[1] == "ballot" {
		in.d = d.dstOrScratch(s.Operands[0], 'r')
		in.exec = func(w *warp, in *inst, m uint32) {
			broadcast32(&w.r[in.d], ballot(m, (w.p[in.a]^flip)&m), m)
		}
		return
	}
	in.d = d.dstOrScratch(s.Operands[0], 'p')
	in.exec = func(w *warp, in *inst, m uint32) {
		w.setPredicate(in.d, m, ballot(m, (w.p[in.a]^flip)&m))
	}
}

func decodeActiveMask(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(1)
	in.d = d.dst(s.Operands[0], 'r')
}

func execActiveMask(w *warp, in *inst, m uint32) {
	for x := m; x != 0; x &= x - 1 {
		w.r[in.d][lowest(x)] = m
	}
}

// decodeElect: elect.sync d|p, membermask gives the lowest lane.
func decodeElect(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(2)
	in.e = d.src(s.Operands[1], 'r')
	d.valueAndPredicate(in, s.Operands[0])
}

func execElect(w *warp, in *inst, m uint32) {
	for x := m; x != 0; x &= x - 1 {
		w.r[in.d][lowest(x)] = uint32(lowest(m))
	}
	w.setPredicate(in.d2, m, m&-m)
}

// matchForm is the constant part of match.
type matchForm struct {
	all  bool // else any
	wide bool // values of 64 bits
}

// decodeMatch: match.{any,all}.sync.{b32,b64} d{|p}, a, membermask
func decodeMatch(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(3)
	mods := s.Op.Modifiers
	bank := d.bankOf(ptx.TypeByName(mods[len(mods)-1]))
	in.exec = matchForm{all: mods[0] == "all", wide: bank == 'q'}.exec
	in.a, in.e = d.src(s.Operands[1], bank), d.src(s.Operands[2], 'r')
	d.valueAndPredicate(in, s.Operands[0])
}

func (f matchForm) exec(w *warp, in *inst, m uint32) {
	value := func(i int) uint64 {
		if f.wide {
			return w.q[in.a][i]
		}
		return uint64(w.r[in.a][i])
	}
	var v [32]uint64
	for x := m; x != 0; x &= x - 1 {
		v[lowest(x)] = value(lowest(x))
	}
	for x := m; x != 0; x &= x - 1 {
		i := lowest(x)
		var same uint32
		for y := m; y != 0; y &= y - 1 {
			same |= bit(v[lowest(y)] == v[i]) << lowest(y)
		}
		if f.all {
			w.setPredicate(in.d2, 1<<i, spread(same == m))
			if same != m {
				same = 0
			}
		}
		w.r[in.d][i] = same
	}
}

// reductions joins two values by the operation and the type of redux.
var reductions = map[string]func(a, b uint32) uint32{
	"add.u32": func(a, b uint32) uint32 { return a + b },
	"add.s32": func(a, b uint32) uint32 { return a + b },
	"min.u32": func(a, b uint32) uint32 { return min(a, b) },
	"max.u32": func(a, b uint32) uint32 { return max(a, b) },
	"min.s32": func(a, b uint32) uint32 { return uint32(min(int32(a), int32(b))) },
	"max.s32": func(a, b uint32) uint32 { return uint32(max(int32(a), int32(b))) },
	"and.b32": func(a, b uint32) uint32 { return a & b },
	"or.b32":  func(a, b uint32) uint32 { return a | b },
	"xor.b32": func(a, b uint32) uint32 { return a ^ b },

	"min.f32":     func(a, b uint32) uint32 { return floats(minNum[float32], a, b) },
	"max.f32":     func(a, b uint32) uint32 { return floats(maxNum[float32], a, b) },
	"min.NaN.f32": func(a, b uint32) uint32 { return floats(func(a, b float32) float32 { return min(a, b) }, a, b) },
	"max.NaN.f32": func(a, b uint32) uint32 { return floats(func(a, b float32) float32 { return max(a, b) }, a, b) },
	"min.abs.f32": func(a, b uint32) uint32 { return floats(minNum[float32], a&^(1<<31), b&^(1<<31)) },
	"max.abs.f32": func(a, b uint32) uint32 { return floats(maxNum[float32], a&^(1<<31), b&^(1<<31)) },
	"min.abs.NaN.f32": func(a, b uint32) uint32 {
		return floats(func(a, b float32) float32 { return min(abs(a), abs(b)) }, a, b)
	},
	"max.abs.NaN.f32": func(a, b uint32) uint32 {
		return floats(func(a, b float32) float32 { return max(abs(a), abs(b)) }, a, b)
	},
}

func floats(f func(a, b float32) float32, a, b uint32) uint32 {
	return f32Bits(f(math.Float32frombits(a), math.Float32frombits(b)))
}

// decodeRedux: redux.sync.op.type d, a, membermask
func decodeRedux(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(3)
	name := ""
	for _, m := range s.Op.Modifiers[1:] {
		name += "." + m
	}
	join := reductions[name[min(1, len(name)):]]
	if join == nil {
		d.fail("%w", ErrUnknownInstruction)
	}
	in.a, in.e = d.src(s.Operands[1], 'r'), d.src(s.Operands[2], 'r')
	in.d = d.dstOrScratch(s.Operands[0], 'r')
	in.exec = func(w *warp, in *inst, m uint32) {
		pa := &w.r[in.a]
		v := pa[lowest(m)]
		if s.Op.Has("abs") {
			v &^= 1 << 31
		}
		for x := m & (m - 1); x != 0; x &= x - 1 {
			v = join(v, pa[lowest(x)])
		}
		for x := m; x != 0; x &= x - 1 {
			w.r[in.d][lowest(x)] = v
		}
	}
}
