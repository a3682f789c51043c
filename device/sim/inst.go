package sim

import "cnn-gpu/device/sim/ptx"

// fullMask is the mask of all lanes of a warp. Bit i of a mask is lane i.
const fullMask = ^uint32(0)

// execFunc runs an instruction in the lanes of m, which is not zero.
type execFunc func(w *warp, in *inst, m uint32)

// compareFunc compares two registers in all lanes.
type compareFunc func(w *warp, a, b int32) uint32

// instKind says what the loop of a warp has to do with an instruction.
type instKind uint8

const (
	plain   instKind = iota // call exec in the active lanes
	watched                 // plain, with a look at registers that may not have been written
	branch
	tableBranch
	exit
	collect // wait until all lanes of the member mask are here, then call exec
	blockBarrier
	yield // call exec, then let other warps run
	call
	returning // from a function that is not inlined
)

// inst is a decoded instruction. d, a, b, c and e are slots in a bank of registers: constants and special registers have slots
// there too, so that an operand needs no cases. The assembly reads the first four. What else an instruction has that is constant lies
// in a type of its own, most often called a form, with exec as its method.
type inst struct {
	d, a, b, c int32
	e, d2      int32  // the fourth operand or the member mask; a second result
	guard      int32  // predicate, or -1
	guardFlip  uint32 // all ones for @!p
	run        int32  // the first instruction from here on that is not plain
	target     int32  // of a branch
	kind       instKind
	class      Class
	meets      bool // lanes at instructions of this kind meet by their member masks, wherever those stand
	exec       execFunc
	mem        *access
	mma        *mmaShape
	barrier    *barrierForm
	list       []int32 // branch targets of brx, registers of mma, results of a vector atomic, parameters of a system call
	call       *callForm
	watch      *watch
}

// registerRef names a register.
type registerRef struct {
	bank byte // r 32 bits, q 64 bits, p predicate
	slot int32
}

// watch lists the registers of an instruction that are not written on every path before it: those are the ones that need a look.
type watch struct {
	reads, writes []registerRef
}

// opcode is a row of the instruction table.
type opcode struct {
	operands string // classes of the operands, the result first; see gen/alu/table.txt, and p for a predicate
	class    Class
	kind     instKind
	exec     execFunc
	decode   func(d *decoder, in *inst, s *ptx.Instruction) // for what classes of operands do not describe
}

// memOp is what an access does.
type memOp uint8

const (
	load memOp = iota
	store
	update
	asyncCopy
)

// access describes the memory side of an instruction.
type access struct {
	op         memOp
	space      ptx.Space // NoSpace for generic addresses
	size       uint32    // bytes of an element
	n          uint32    // elements
	bytes      uint64    // size * n
	bank       byte      // of the data
	wideAddr   bool      // the address is in a 64-bit register
	signed     bool
	halfDst    bool // the destination is a 16-bit register
	strong     bool // an atomic, or volatile, relaxed, acquire or release
	acquire    bool
	release    bool
	narrow     bool // strong only within the block: scope .cta
	floatAdd   bool // an atomic addition that rounds
	polls      bool // its result may be what a loop waits for
	bypass     bool // of L1
	atom       atomicOp
	globalAtom atomicOp // the same on global memory
	offset     uint64
	vec        [8]int32
}
