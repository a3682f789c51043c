package cpu

import (
	"strings"
	"time"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// depthFirst runs some ops on a few images of their batch, then on the next few, so that what one op hands to another is still in the
// cache. The code of each is a [chunker] of the same batch.
type depthFirst struct {
	Ops   []rewrite.Op
	Local []*kernels.Buffer // float32 values for each image that nothing but these ops sees
}

// Name implements [kernels.Op].
func (op depthFirst) Name() string {
	var names []string
	for _, member := range op.Ops {
		names = append(names, member.Name())
	}
	return strings.Join(names, "+")
}

// Cost implements [kernels.Op].
func (op depthFirst) Cost() kernels.Cost { return costOf(op, rewrite.Plain(op.Ops)) }

// Operands implements [kernels.Op]. Each buffer is listed once, as the first op that names it has it.
func (op depthFirst) Operands() []kernels.Operand {
	operands, _ := op.operands()
	return operands
}

// operands lists the operands, and for each op the indices of its own among them, localOperand for one that is local.
func (op depthFirst) operands() (all []kernels.Operand, indices [][]int) {
	known := map[*kernels.Buffer]int{}
	for _, b := range op.Local {
		known[b] = localOperand
	}
	for _, member := range op.Ops {
		var own []int
		for _, o := range member.Operands() {
			index, isKnown := known[o.Buffer]
			if !isKnown || o.Buffer == nil {
				index = len(all)
				known[o.Buffer] = index
				all = append(all, o)
			}
			own = append(own, index)
		}
		indices = append(indices, own)
	}
	return all, indices
}

// localOperand is the index of what is local.
const localOperand = -1

func (op depthFirst) prepare(workers int) Routine {
	d := newDepthFirstCode(codeOf(op.Ops[0].Op).(chunker).chunking().Batch, workers)
	local := map[*kernels.Buffer]int{}
	for _, b := range op.Local {
		local[b] = d.locals
		d.locals += roundToLines(b.Elements() / d.batch)
	}
	_, indices := op.operands()
	var r Routine
	var members []Routine
	for i, member := range op.Ops {
		code := codeOf(member.Op).prepare(workers)
		d.add(member.Op, code.Chunk, indices[i], local)
		members = append(members, code)
		r.Derived += code.Derived
		for _, weights := range code.Weights {
			r.Weights = append(r.Weights, indices[i][weights])
		}
	}
	r.keep = func(derived []float32) {
		for _, code := range members {
			if code.keep != nil {
				own, rest := split(derived, code.Derived)
				code.keep(own)
				derived = rest
			}
		}
	}
	r.Derive = func(mem []kernels.Mem, w *Workers) {
		for i, code := range members {
			if code.Derive != nil {
				code.Derive(d.wholeBatch(i, mem), w)
			}
		}
	}
	r.Scratch = d.scratch()
	r.Run = func(mem []kernels.Mem, w *Workers) { d.run(mem, w, nil) }
	r.Profile = func(mem []kernels.Mem, w *Workers) []float64 {
		spent := make([][]time.Duration, workers)
		for i := range spent {
			spent[i] = make([]time.Duration, len(op.Ops), len(op.Ops)+workerMargin)
		}
		d.run(mem, w, spent)
		return shares(spent)
	}
	return r
}

// workerMargin is the room, in elements, behind a list that one worker writes: no cache line then holds values of two workers.
const workerMargin = 32

// shares is the part of all time that each op took; spent holds what it took each worker.
func shares(spent [][]time.Duration) []float64 {
	all := time.Duration(0)
	list := make([]float64, len(spent[0]))
	for _, times := range spent {
		for i, t := range times {
			all += t
			list[i] += float64(t)
		}
	}
	for i := range list {
		list[i] /= float64(max(all, 1))
	}
	return list
}

// depthFirstCode is the code of ops that run on a few images at a time. Each part of the batch has sums of its own, so that the bits do not
// depend on the workers.
type depthFirstCode struct {
	batch, workers int
	ops            []chunkedOp
	images         int // that are run together
	own            int // values that an op works with
	locals         int // local values for an image
	sums           int // for a part
}

// chunkedOp is an op with its operands.
type chunkedOp struct {
	*chunkCode
	operands []chunkedOperand
	views    [][]kernels.Mem // of the operands, for each worker
	sums     int             // that the ops before it have
}

// chunkedOperand is where an operand lies.
type chunkedOperand struct {
	index  int // among all operands, or localOperand
	local  int // values for an image that lie before it among the local ones
	stride int // its values for an image, 0 if it is not batched
}

func newDepthFirstCode(batch, workers int) *depthFirstCode {
	return &depthFirstCode{batch: batch, workers: workers, images: 1}
}

// add appends an op, the indices of its operands among all, and where local ones begin.
func (d *depthFirstCode) add(op kernels.Op, s *chunkCode, indices []int, local map[*kernels.Buffer]int) {
	chunked := chunkedOp{chunkCode: s, sums: d.sums}
	for i, o := range op.Operands() {
		chunked.operands = append(chunked.operands, chunkedOperand{index: indices[i], local: local[o.Buffer]})
	}
	for _, i := range s.Batched {
		chunked.operands[i].stride = op.Operands()[i].Elements / d.batch
	}
	for range d.workers {
		chunked.views = append(chunked.views, make([]kernels.Mem, len(indices), max(len(indices), workerMargin)))
	}
	d.ops = append(d.ops, chunked)
	d.images = max(d.images, s.Images)
	d.own = max(d.own, s.Scratch)
	d.sums += s.Sums
}

// parts is the number of parts of the batch: enough for some workers, but not too much memory for their sums.
func (d *depthFirstCode) parts() int {
	if d.sums == 0 {
		return kernels.CeilDiv(d.batch, d.images)
	}
	return max(1, min(16, kernels.CeilDiv(d.batch, 4), 1<<22/d.sums))
}

// roundToLines rounds a number of values up to whole cache lines, so that what follows begins with one.
func roundToLines(values int) int {
	const line = 16
	return kernels.CeilDiv(values, line) * line
}

// forWorker is the number of values that a worker needs.
func (d *depthFirstCode) forWorker() int { return roundToLines(d.own) + d.images*d.locals }

func (d *depthFirstCode) scratch() int { return d.workers*d.forWorker() + d.parts()*d.sums }

// run runs the ops. Unless spent is nil, it adds what each op takes each worker to it.
func (d *depthFirstCode) run(mem []kernels.Mem, w *Workers, spent [][]time.Duration) {
	parts, size := d.parts(), d.forWorker()
	scratch, sums := split(w.Scratch(), d.workers*size)
	w.Run(parts, func(worker, part int) {
		own, locals := split(scratch[worker*size:(worker+1)*size], roundToLines(d.own))
		for _, op := range d.ops {
			clear(op.partSums(sums, parts, part))
		}
		lo, hi := d.batch*part/parts, d.batch*(part+1)/parts
		chunks := kernels.CeilDiv(hi-lo, d.images)
		for i := range chunks {
			first, last := lo+(hi-lo)*i/chunks, lo+(hi-lo)*(i+1)/chunks
			for j, op := range d.ops {
				begun := now(spent)
				op.chunkCode.Run(worker, op.view(worker, mem, locals, d.images, first, last), last-first, own, op.partSums(sums, parts, part))
				addTime(spent, worker, j, begun)
			}
		}
	})
	for j, op := range d.ops {
		if op.Sums > 0 {
			begun := now(spent)
			op.Add(d.wholeBatch(j, mem), sums[parts*op.sums:][:parts*op.Sums], w)
			addTime(spent, 0, j, begun)
		}
	}
}

// now is the time, if times are measured: spent is not nil then.
func now(spent [][]time.Duration) (now time.Time) {
	if spent != nil {
		now = time.Now()
	}
	return now
}

// addTime adds the time since begun to what an op took a worker, if times are measured.
func addTime(spent [][]time.Duration, worker, op int, begun time.Time) {
	if spent != nil {
		spent[worker][op] += time.Since(begun)
	}
}

// partSums are the sums of one part of the batch.
func (op *chunkedOp) partSums(sums []float32, parts, part int) []float32 {
	return sums[parts*op.sums+part*op.Sums:][:op.Sums]
}

// wholeBatch is the memory of an op's operands for the whole batch, without the local ones.
func (d *depthFirstCode) wholeBatch(op int, mem []kernels.Mem) []kernels.Mem {
	return d.ops[op].view(0, mem, nil, 0, 0, d.batch)
}

// view is the memory of the operands for images first to last. Locals, which may be nil, is that of the local ones, with room for a
// number of images.
func (op *chunkedOp) view(worker int, mem []kernels.Mem, locals []float32, images, first, last int) []kernels.Mem {
	view := op.views[worker]
	for i, o := range op.operands {
		switch {
		case o.index == localOperand:
			view[i] = kernels.Mem{}
			if locals != nil {
				view[i].F32 = locals[images*o.local:][:(last-first)*o.stride]
			}
		case o.stride > 0 && isPresent(mem[o.index]):
			view[i] = mem[o.index].Slice(first*o.stride, (last-first)*o.stride)
		default:
			view[i] = mem[o.index]
		}
	}
	return view
}

func isPresent(m kernels.Mem) bool { return m.F32 != nil || m.I32 != nil || m.U8 != nil }
