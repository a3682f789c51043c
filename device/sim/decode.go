package sim

import (
	"fmt"
	"runtime"
	"sync"

	"cnn-gpu/device/sim/ptx"
	"cnn-gpu/device/sim/sass"
)

// Kernel is a decoded kernel: calls are inlined where that is possible, operands are slots in the banks of registers.
type Kernel struct {
	module *Module
	fn     *ptx.Function
	code   []inst
	source []sourceRef  // of each instruction
	refs   []references // of each instruction

	slots     [3]int32 // in the banks r, q and p
	constants map[*ptx.Variable]bool
	fills     []fill // constants and special registers

	shared         []sharedArray
	reserved       sharedArray // that the system keeps for itself, if the kernel names it
	sharedBytes    uint64      // static shared memory with the gaps between the arrays
	staticShared   uint64      // the same without gaps, as on the chip
	dynamicAlign   uint64
	localBytes     uint64 // of a thread, with the stack
	stackBytes     uint64 // of that for functions that are not inlined
	callees        []*callee
	start          int32 // the kernel's first instruction, behind those of the callees
	registers      int   // of a thread, an estimate unless they are known
	registersKnown bool  // from the machine code

	machine *sass.Function // by which the time is estimated; nil if only PTX is known

	cellBytes uint64   // granularity of the order of accesses to shared memory
	spins     bool     // lanes may wait for each other in loops
	ordered   bool     // the result depends on the order of blocks, or they may wait for each other: they then take turns
	fences    bool     // orders accesses by fences, or by accesses that acquire or release
	narrow    bool     // some of what orders accesses is of scope .cta
	written   pointers // parameters that it may write through
	idle      []*block // of the last launch

	numbering sync.Once
	numbers   []int32 // of the source lines, see lineNumbers
}

// sourceRef says where an instruction comes from; caller is the call that its function was inlined at.
type sourceRef struct {
	fn     *ptx.Function
	instr  *ptx.Instruction
	caller *sourceRef
}

// fill is the content of a register that holds a constant or a special register.
type fill struct {
	bank    byte
	slot    int32
	value   uint64
	special string
	dynamic bool // value is relative to the start of the dynamic shared memory
}

// sharedArray is a variable in shared memory.
type sharedArray struct {
	name       string
	start, end uint64
}

// decodeError carries an error out of the decoding.
type decodeError struct{ err error }

type decoder struct {
	k         *Kernel
	callee    *callee // that is being decoded, nil in the kernel itself
	position  int     // of the instruction in the body of its function
	in        *inst
	s         *ptx.Instruction
	fixes     []fixup
	frame     *frame
	const32   map[uint32]int32
	const64   map[uint64]int32
	special   map[string]int32
	dynamic   [2]int32 // the start of the dynamic shared memory as a constant of 32 and 64 bits
	sharedVar map[*ptx.Variable]uint64
}

// references lists the registers that an instruction reads and writes.
type references struct{ reads, writes []registerRef }

// frame is one inlined copy of a function.
type frame struct {
	fn     *ptx.Function
	slot   []int32 // of each register, -1 before its first use
	start  []int32 // of each instruction of the body: its first decoded one
	local  map[*ptx.Variable]uint64
	caller *frame
	call   *sourceRef
}

func newFrame(f *ptx.Function, caller *frame, call *sourceRef) *frame {
	n := &frame{fn: f, slot: make([]int32, len(f.Registers)), start: make([]int32, len(f.Body)+1),
		local: map[*ptx.Variable]uint64{}, caller: caller, call: call}
	for i := range n.slot {
		n.slot[i] = -1
	}
	return n
}

// fixup is a branch whose target is still an index in the body of a frame.
type fixup struct {
	at    int32
	frame *frame
	index uint64
	entry int // in inst.list, or -1 for inst.target
}

func (d *decoder) errorf(format string, args ...any) error {
	return fmt.Errorf("sim: kernel %s, PTX line %d, %q: "+format, append([]any{d.k.fn.Name, d.s.Line, d.s.Text}, args...)...)
}

func (d *decoder) fail(format string, args ...any) { panic(decodeError{d.errorf(format, args...)}) }

func decode(m *Module, f *ptx.Function) (k *Kernel, err error) {
	if f.Err != nil {
		return nil, fmt.Errorf("sim: kernel %s: %w", f.Name, f.Err)
	}
	k = &Kernel{module: m, fn: f, constants: map[*ptx.Variable]bool{}, cellBytes: 4, dynamicAlign: 16}
	k.slots[2] = 2 // predicates 0 and 1 are the constants false and true
	d := &decoder{k: k, const32: map[uint32]int32{}, const64: map[uint64]int32{}, special: map[string]int32{},
		dynamic: [2]int32{-1, -1}, sharedVar: map[*ptx.Variable]uint64{}}
	defer func() {
		if r := recover(); r != nil {
			k, err = nil, d.recovered(r)
		}
	}()
	d.decodeCallees()
	d.body(newFrame(f, nil, nil))
	for _, x := range d.fixes {
		target := x.frame.start[x.index]
		if x.entry >= 0 {
			k.code[x.at].list[x.entry] = target
		} else {
			k.code[x.at].target = target
		}
	}
	if len(k.callees) > 0 {
		k.stackBytes = stackBytes
		k.localBytes = alignUp(k.localBytes, 16) + stackBytes
	}
	d.analyse()
	d.findWritten()
	run := int32(len(k.code))
	for i := len(k.code) - 1; i >= 0; i-- {
		if k.code[i].kind != plain {
			run = int32(i)
		}
		k.code[i].run = run
	}
	return k, nil
}

// recovered makes an error of what ended the decoding.
func (d *decoder) recovered(r any) error {
	switch e := r.(type) {
	case decodeError:
		return e.err
	case runtime.Error: // a decoder has looked for an operand or a modifier that is not there
		return d.errorf("the operands or the modifiers do not fit the instruction")
	}
	panic(r)
}

// body decodes a function at the place of its call.
func (d *decoder) body(f *frame) {
	outer := d.frame
	d.frame = f
	for i := range f.fn.Body {
		f.start[i], d.position = int32(len(d.k.code)), i
		d.instruction(&f.fn.Body[i])
	}
	f.start[len(f.fn.Body)] = int32(len(d.k.code))
	if outer == nil { // it may end without ret
		op := opcode{kind: exit, class: Control}
		d.s = &ptx.Instruction{Op: &ptx.Opcode{Text: "exit", Name: "exit"}, Guard: -1, Location: -1, Text: "end of the kernel"}
		if d.callee != nil {
			op.kind, d.s.Text = returning, "end of the function"
		}
		if n := len(f.fn.Body); n > 0 {
			d.s.Line = f.fn.Body[n-1].Line
		}
		d.emit(op)
	}
	d.frame = outer
}

// emit appends an instruction.
func (d *decoder) emit(op opcode) *inst {
	k := d.k
	k.code = append(k.code, inst{d: -1, a: -1, b: -1, c: -1, e: -1, d2: -1, guard: -1, target: -1, kind: op.kind, class: op.class, exec: op.exec})
	k.source = append(k.source, sourceRef{d.frame.fn, d.s, d.frame.call})
	k.refs = append(k.refs, references{})
	d.in = &k.code[len(k.code)-1]
	if d.s.Guard >= 0 {
		bank, slot := d.register(d.s.Guard)
		if bank != 'p' {
			d.fail("the guard is not a predicate")
		}
		d.read(bank, slot)
		d.in.guard = slot
		if d.s.GuardNot {
			d.in.guardFlip = fullMask
		}
	}
	return d.in
}

func (d *decoder) instruction(s *ptx.Instruction) {
	d.s = s
	op, ok := d.k.module.opcodes[s.Op]
	if !ok {
		if op, ok = instructions[rowOf(s.Op)]; !ok {
			d.fail("%w", ErrUnknownInstruction)
		}
		d.k.module.opcodes[s.Op] = op
	}
	if s.Op.Name == "call" {
		d.call(s)
		return
	}
	in := d.emit(op)
	if op.decode != nil {
		op.decode(d, in, s)
		return
	}
	d.byClasses(in, op.operands)
}

// byClasses resolves operands that a row of the table describes by letters.
func (d *decoder) byClasses(in *inst, classes string) {
	d.need(len(classes))
	d.in.d = d.dst(d.s.Operands[0], bankOfClass(classes[0]))
	for i, p := range []*int32{&in.a, &in.b, &in.c, &in.e} {
		if i+1 >= len(classes) {
			break
		}
		*p = d.src(d.operandOfClass(d.s.Operands[i+1], classes[i+1]), bankOfClass(classes[i+1]))
	}
}

func (d *decoder) need(n int) {
	if len(d.s.Operands) != n {
		d.fail("%d operands, expected %d", len(d.s.Operands), n)
	}
}

func bankOfClass(c byte) byte {
	switch c {
	case 'q', 'l', 'g':
		return 'q'
	case 'p':
		return 'p'
	}
	return 'r'
}

// operandOfClass cuts an immediate of a 16-bit instruction: NVRTC writes 0xaaab as -21845, for u16 too.
func (d *decoder) operandOfClass(o ptx.Operand, class byte) ptx.Operand {
	if o.Kind == ptx.IntegerOperand && (class == 'h' || class == 'k') {
		o.Value &= 0xffff
	}
	return o
}
