package sim

import (
	"cmp"
	"slices"

	"cnn-gpu/device/sim/sass"
	"cnn-gpu/device/sim/sm"
)

// detachMachineCode gives PTX and the machine code that it carries, by kernel; of none, none.
func detachMachineCode(text []byte) (ptx []byte, byName map[string]*sass.Function, err error) {
	ptx, cubin, err := sass.Detach(text)
	if err != nil || len(cubin) == 0 {
		return ptx, nil, err
	}
	functions, err := sass.Read(cubin)
	if err != nil {
		return nil, nil, err
	}
	byName = map[string]*sass.Function{}
	for _, f := range functions {
		byName[f.Name] = f
	}
	return ptx, byName, nil
}

// machineProgram makes what the model of a multiprocessor runs from the machine code of a kernel. How often each block runs follows from
// the counts of the PTX, by its lines, from which the compiler says that the instructions were made.
func (v *wave) machineProgram(fn *sass.Function) *sm.Program {
	lines := v.ptxLines()
	code := fn.Code
	for i := range code {
		if code[i].Branch() && code[i].Target == i { // what fills the space behind the end begins with an endless loop
			code = code[:i]
			break
		}
	}
	starts := leaders(code)
	p := &sm.Program{}
	blocks := make([]codeBlock, len(starts)-1)
	blockOf := map[int]int{}
	for b := range blocks {
		blocks[b] = v.newCodeBlock(code[starts[b]:starts[b+1]], lines)
		blockOf[starts[b]] = b
	}
	p.Loops = loopsOf(code, starts, blockOf)
	for _, l := range p.Loops {
		for b := l.First; b <= l.Last; b++ {
			blocks[b].depth++
		}
	}
	countBlocks(blocks, lines)
	for _, b := range blocks {
		x := sm.Block{Times: b.times}
		var kept operandCache
		for i := range b.code {
			o := v.machineOp(&b.code[i], lines)
			if o.Pipe != sm.NoPipe && o.Pipe != sm.Memory {
				o.Reads = kept.reads(&b.code[i])
			}
			x.Ops = append(x.Ops, o)
		}
		p.Blocks = append(p.Blocks, x)
	}
	return p
}

// operandCache holds a register for each operand and bank, until the operand is read from that bank again: what the compiler marked for
// reuse need not be read twice (Huerta et al. 2025, section 5.2.2).
type operandCache [3][sm.Banks]int

// reads gives the registers that an instruction reads from each bank.
func (c *operandCache) reads(i *sass.Instruction) (n [sm.Banks]int) {
	for _, s := range i.Sources() {
		bank := s.Register % sm.Banks
		held := &c[s.Operand][bank]
		if *held != s.Register+1 {
			n[bank]++
		}
		*held = 0
		if s.Reuse {
			*held = s.Register + 1
		}
	}
	return n
}

// ptxLine is what the launch did at a line of the PTX: in several instructions, where a function was inlined several times.
type ptxLine struct {
	pc         int // of the first
	executions float64
	left       float64 // executions that no block accounts for yet
	traffic    pcTraffic
}

func (v *wave) ptxLines() map[int]*ptxLine {
	lines := map[int]*ptxLine{}
	for pc := range v.kernel.code {
		at := int(v.kernel.source[pc].instr.Line)
		l := lines[at]
		if l == nil {
			l = &ptxLine{pc: pc}
			lines[at] = l
		}
		l.executions += v.executed[pc] / v.launched
		l.left = l.executions
		l.traffic.add(&v.access[pc])
	}
	return lines
}

// leaders lists where blocks begin, and the end.
func leaders(code []sass.Instruction) []int {
	leader := make([]bool, len(code)+1)
	leader[0], leader[len(code)] = true, true
	for i := range code {
		if code[i].Branch() || code[i].Ends() {
			leader[i+1] = true
		}
		if t := code[i].Target; code[i].Branch() && t >= 0 && t < len(code) {
			leader[t] = true
		}
	}
	var starts []int
	for i, is := range leader {
		if is {
			starts = append(starts, i)
		}
	}
	return starts
}

// loopsOf finds the loops by their branches back, and makes those that overlap nest.
func loopsOf(code []sass.Instruction, starts []int, blockOf map[int]int) []sm.Loop {
	var loops []sm.Loop
	for b := range starts[:len(starts)-1] {
		last := &code[starts[b+1]-1]
		if first, known := blockOf[last.Target]; last.Branch() && known && first <= b {
			loops = append(loops, sm.Loop{First: first, Last: b})
		}
	}
	return nestLoops(loops)
}

// nestLoops makes loops that share their first block one, and those that overlap nest.
func nestLoops(loops []sm.Loop) []sm.Loop {
	slices.SortFunc(loops, func(a, b sm.Loop) int { return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(b.Last, a.Last)) })
	loops = slices.CompactFunc(loops, func(a, b sm.Loop) bool { return a.First == b.First })
	for i := len(loops) - 1; i >= 0; i-- {
		for _, inner := range loops[i+1:] {
			if inner.First <= loops[i].Last {
				loops[i].Last = max(loops[i].Last, inner.Last)
			}
		}
	}
	return loops
}

// codeBlock is a block of machine code.
type codeBlock struct {
	code   []sass.Instruction
	depth  int
	copies map[int]float64 // of each line that anchors it
	most   float64         // of copies, the median
	times  float64
}

// anchors says whether the compiler keeps the number of times that an instruction runs: it does not move it out of a loop, or compute
// it again.
func anchors(o sass.Opcode) bool {
	switch o.Unit() {
	case sass.Shared, sass.Global, sass.Copy, sass.Matrix, sass.Matrix64, sass.Barrier, sass.Shuffle:
		return true
	}
	return false
}

// newCodeBlock finds the lines that anchor a block: accesses to memory and their like without a guard, or else with one, or else
// all instructions. Accesses that were made of several tell nothing, as any of these may have lent its line.
func (v *wave) newCodeBlock(code []sass.Instruction, lines map[int]*ptxLine) codeBlock {
	b := codeBlock{code: code}
	for _, fits := range []func(i *sass.Instruction) bool{
		func(i *sass.Instruction) bool { return anchors(i.Op) && !i.Predicate },
		func(i *sass.Instruction) bool { return anchors(i.Op) },
		func(*sass.Instruction) bool { return true },
	} {
		b.copies = map[int]float64{}
		for i := range code {
			if l := lines[code[i].Line]; l != nil && fits(&code[i]) && !code[i].Never && !v.isMerged(&code[i], l) {
				b.copies[code[i].Line]++
			}
		}
		if len(b.copies) > 0 {
			break
		}
	}
	var all []float64
	for _, n := range b.copies {
		all = append(all, n)
	}
	b.most = median(all)
	return b
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	slices.Sort(x)
	return x[len(x)/2]
}

// countBlocks says how often each block runs. An unrolled loop comes before the loop for what is left of its turns, and what stands
// outside of all loops runs once at the most: the first part of a loop that the compiler has put before it.
func countBlocks(blocks []codeBlock, lines map[int]*ptxLine) {
	order := make([]int, len(blocks))
	for b := range order {
		order[b] = b
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(blocks[b].most, blocks[a].most), cmp.Compare(blocks[a].depth, blocks[b].depth))
	})
	for _, n := range order {
		b := &blocks[n]
		var votes []float64
		for line, copies := range b.copies {
			votes = append(votes, lines[line].left/copies)
		}
		b.times = median(votes)
		if b.depth == 0 {
			b.times = min(b.times, 1)
		}
		for line, copies := range b.copies {
			l := lines[line]
			l.left = max(0, l.left-copies*b.times)
		}
	}
}

// machineOp says what an instruction asks of the multiprocessor.
func (v *wave) machineOp(i *sass.Instruction, lines map[int]*ptxLine) sm.Op {
	t := timings{&v.chip}
	o := sm.Op{Stall: i.Stall, Write: i.Write, Read: i.Read, Wait: i.Wait, Tag: none, Result: sm.ShortScoreboard}
	l := lines[i.Line]
	if l != nil {
		o.Tag = l.pc
	}
	if i.Never {
		return o
	}
	switch u := i.Op.Unit(); u {
	case sass.Control:
	case sass.Barrier:
		o.Kind = sm.Barrier
	case sass.Wait:
		if keep, on := i.Keeps(); on != sass.None {
			o.Kind, o.Result, o.Keep, o.Board = sm.WaitCount, sm.LongScoreboard, keep, on
		}
	case sass.GridWait:
		o.Kind = sm.GridWait
	case sass.Commit:
		o.Kind, o.Result = sm.Commit, sm.LongScoreboard
	case sass.Matrix:
		flops, tf32 := i.Matrix()
		rate := t.TensorBF16
		if tf32 {
			rate = t.TensorTF32
		}
		o.Pipe, o.Busy, o.Latency = t.matrix(flops, rate)
		o.Result = sm.FixedLatency
		d, a, b, c := i.MatrixRegisters()
		o.Defines, o.Uses = registersFrom(d, 4), append(append(registersFrom(a, 4), registersFrom(b, 2)...), registersFrom(c, 4)...)
	case sass.Shared, sass.Shuffle:
		o.Pipe, o.Latency, o.Busy = sm.Memory, sharedLatency, 1
		if l != nil && l.traffic.sharedRequests > 0 {
			o.Busy = v.passes(i, l)
		}
	case sass.Global, sass.Copy:
		o.Pipe, o.Latency, o.Busy, o.Result = sm.Memory, v.chip.L2Latency, 1, sm.LongScoreboard
		o.Copy = u == sass.Copy
		if l != nil && l.traffic.globalRequests > 0 {
			n := float64(l.traffic.globalRequests)
			o.Busy = float64(l.traffic.globalLines+l.traffic.sharedWavefronts) / n
			o.Latency = v.use.latency(&v.chip, l.pc)
		}
	default:
		o.Pipe, o.Busy, o.Latency = t.unit(u)
	}
	return o
}

// none is a tag of instructions of which no line is known.
const none = -1

func registersFrom(first, n int) (all []int32) {
	const zero = 255 // reads as zero
	for r := first; r < first+n && first != zero; r++ {
		all = append(all, int32(r))
	}
	return all
}

// passes is how many passes through shared memory the access takes. The compiler makes one of several to neighbouring places.
func (v *wave) passes(i *sass.Instruction, l *ptxLine) float64 {
	t := &l.traffic
	if v.isMerged(i, l) && t.wideRequests > 0 {
		n := float64(t.wide[0])
		if i.Bytes() == 16 {
			n = float64(t.wide[1])
		}
		return n / float64(t.wideRequests)
	}
	return float64(t.sharedWavefronts) / float64(t.sharedRequests)
}

// isMerged says whether an access stands for several of the PTX.
func (v *wave) isMerged(i *sass.Instruction, l *ptxLine) bool {
	a := v.kernel.code[l.pc].mem
	if a == nil || i.Op.Matrix() {
		return false
	}
	u := i.Op.Unit()
	return (u == sass.Shared || u == sass.Global) && uint64(i.Bytes()) > a.bytes
}
