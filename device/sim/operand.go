package sim

import (
	"math"
	"strings"

	"cnn-gpu/device/sim/ptx"
)

// register gives the bank and the slot of a register of the current function.
func (d *decoder) register(i int32) (bank byte, slot int32) {
	f := d.frame
	bank = d.bankOf(f.fn.Registers[i].Type)
	if f.slot[i] < 0 {
		f.slot[i] = d.newSlot(bank)
	}
	return bank, f.slot[i]
}

func (d *decoder) bankOf(t ptx.Type) byte {
	switch {
	case t == ptx.Pred:
		return 'p'
	case t == ptx.B128:
		d.fail("registers of 128 bits are not supported")
	case t.Size() == 8:
		return 'q'
	}
	return 'r'
}

func (d *decoder) newSlot(bank byte) int32 {
	i := 0
	switch bank {
	case 'q':
		i = 1
	case 'p':
		i = 2
	}
	d.k.slots[i]++
	return d.k.slots[i] - 1
}

func (d *decoder) read(bank byte, slot int32) {
	r := &d.k.refs[len(d.k.refs)-1]
	r.reads = append(r.reads, registerRef{bank, slot})
}

// dst gives the slot of a result, -1 for a sink.
func (d *decoder) dst(o ptx.Operand, bank byte) int32 {
	if o.Kind == ptx.SinkOperand {
		return -1
	}
	if o.Kind != ptx.RegisterOperand {
		d.fail("the result must be a register")
	}
	d.noSelector(o, bank)
	b, slot := d.register(o.Register)
	if b != bank {
		d.fail("register %s is of another size than the instruction writes", d.frame.fn.Registers[o.Register].Name)
	}
	r := &d.k.refs[len(d.k.refs)-1]
	r.writes = append(r.writes, registerRef{bank, slot})
	return slot
}

// noSelector refuses what only video instructions take: "-%r1" and "%r1.b0".
func (d *decoder) noSelector(o ptx.Operand, bank byte) {
	name := d.frame.fn.Registers[o.Register].Name
	switch {
	case o.Name != "":
		d.fail("%s.%s: the instruction takes no part of a register", name, o.Name)
	case o.Not && bank != 'p':
		d.fail("the instruction does not take the negation of %s", name)
	}
}

// dstOrScratch is dst for instructions that always write: a sink gets a register that nobody reads.
func (d *decoder) dstOrScratch(o ptx.Operand, bank byte) int32 {
	if o.Kind == ptx.SinkOperand {
		return d.newSlot(bank)
	}
	return d.dst(o, bank)
}

// src gives the slot of an operand.
func (d *decoder) src(o ptx.Operand, bank byte) int32 {
	switch o.Kind {
	case ptx.RegisterOperand:
		d.noSelector(o, bank)
		b, slot := d.register(o.Register)
		if b != bank {
			d.fail("register %s is of another size than the instruction reads", d.frame.fn.Registers[o.Register].Name)
		}
		d.read(bank, slot)
		return slot
	case ptx.IntegerOperand, ptx.Float32Operand, ptx.Float64Operand:
		if bank == 'p' {
			return int32(bit(o.Value != 0))
		}
		if bank == 'r' && o.Kind == ptx.Float64Operand { // "1.5" is one, and takes the instruction's type
			if !d.s.Op.Has("f32") {
				d.fail("a double where 32 bits are wanted")
			}
			o.Value = uint64(math.Float32bits(float32(math.Float64frombits(o.Value))))
		}
		return d.constant(o.Value, bank)
	case ptx.VariableOperand:
		return d.address(o.Variable, o.Value, bank)
	case ptx.SpecialOperand:
		return d.specialRegister(o.Name, bank)
	case ptx.FunctionOperand:
		if bank == 'q' {
			return d.constant(d.k.module.functionAddress(o.Name), bank)
		}
	}
	d.fail("operand of a wrong kind")
	return 0
}

// constant gives the slot that holds a constant.
func (d *decoder) constant(v uint64, bank byte) int32 {
	k := d.k
	if bank == 'q' {
		slot, ok := d.const64[v]
		if !ok {
			slot = d.newSlot('q')
			d.const64[v] = slot
			k.fills = append(k.fills, fill{bank: 'q', slot: slot, value: v})
		}
		return slot
	}
	slot, ok := d.const32[uint32(v)]
	if !ok {
		slot = d.newSlot('r')
		d.const32[uint32(v)] = slot
		k.fills = append(k.fills, fill{bank: 'r', slot: slot, value: uint64(uint32(v))})
	}
	return slot
}

// address gives the slot that holds the address of a variable, in the variable's space.
func (d *decoder) address(v *ptx.Variable, add uint64, bank byte) int32 {
	if err := d.k.module.problem(v); err != nil {
		d.fail("%s is not supported: %w", v.Name, err)
	}
	switch v.Space {
	case ptx.SharedSpace:
		if v.Unsized {
			return d.dynamicStart(v, add, bank)
		}
		return d.constant(d.sharedOffset(v)+add, bank)
	case ptx.LocalSpace:
		return d.localAddress(d.localOffset(v)+add, bank)
	case ptx.GlobalSpace, ptx.ConstSpace:
		a := d.k.module.globals[v]
		if a == nil {
			d.fail("variable %s has no memory", v.Name)
		}
		if bank != 'q' {
			d.fail("the address of %s does not fit in 32 bits", v.Name)
		}
		if v.Space == ptx.ConstSpace {
			d.k.constants[v] = true
		}
		return d.constant(a.addr+add, bank)
	}
	if d.kernelParam(v) {
		return d.constant(v.Offset+add, bank)
	}
	return d.localAddress(d.localOffset(v)+add, bank)
}

// localAddress gives the slot that holds an offset in the memory of a thread: a constant, or in a function that is not inlined what each call
// writes there.
func (d *decoder) localAddress(offset uint64, bank byte) int32 {
	if d.callee == nil {
		return d.constant(offset, bank)
	}
	key := localAddress{bank, offset}
	slot, known := d.callee.addresses[key]
	if !known {
		slot = d.newSlot(bank)
		d.callee.addresses[key] = slot
		d.callee.fills = append(d.callee.fills, localFill{key, slot})
	}
	return slot
}

// dynamicStart gives the slot that holds the start of the dynamic shared memory, which is known at the launch.
func (d *decoder) dynamicStart(v *ptx.Variable, add uint64, bank byte) int32 {
	k := d.k
	k.dynamicAlign = max(k.dynamicAlign, v.Align)
	if bank == 'q' {
		if add == 0 && d.dynamic[1] >= 0 {
			return d.dynamic[1]
		}
		slot := d.newSlot('q')
		k.fills = append(k.fills, fill{bank: 'q', slot: slot, value: add, dynamic: true})
		if add == 0 {
			d.dynamic[1] = slot
		}
		return slot
	}
	if add == 0 && d.dynamic[0] >= 0 {
		return d.dynamic[0]
	}
	slot := d.newSlot('r')
	k.fills = append(k.fills, fill{bank: 'r', slot: slot, value: add, dynamic: true})
	if add == 0 {
		d.dynamic[0] = slot
	}
	return slot
}

// specialRegister gives the slot of a special register that does not change while a block runs.
func (d *decoder) specialRegister(name string, bank byte) int32 {
	key := name + string(bank)
	if slot, ok := d.special[key]; ok {
		return slot
	}
	_, known := specialRegisters[name]
	reserved, isReserved := strings.CutPrefix(name, "%reserved_smem_offset_")
	at, hasPlace := reservedOffsets[reserved]
	switch {
	case name == "%is_explicit_cluster" && bank == 'p':
		return 0 // no launch here has clusters
	case bank == 'p':
		d.fail("special register %s is no predicate", name)
	case known:
	case isReserved && hasPlace:
		return d.constant(d.reservedShared()+at, bank)
	case name == "%reserved_smem_offset_cap":
		return d.constant(reservedSharedBytes, bank)
	case strings.HasPrefix(name, "%envreg"), strings.HasPrefix(name, "%pm"), name == "%current_graph_exec", strings.HasSuffix(name, ".w"):
		return d.constant(0, bank) // nobody sets them; the fourth component is unused
	default:
		d.fail("special register %s is not supported here", name)
	}
	slot := d.newSlot(bank)
	d.special[key] = slot
	d.k.fills = append(d.k.fills, fill{bank: bank, slot: slot, special: name})
	return slot
}

// reservedSharedBytes is the shared memory of a block that the system keeps for itself from sm_80 on. Cooperative groups use what lies behind
// %reserved_smem_offset_1, 288 bytes.
const reservedSharedBytes = 1024

var reservedOffsets = map[string]uint64{"begin": 0, "0": 0, "1": 512, "end": reservedSharedBytes}

// isReserved says whether an address lies in the shared memory that the system keeps for itself.
func (k *Kernel) isReserved(off uint32) bool {
	return uint64(off) >= k.reserved.start && uint64(off) < k.reserved.end
}

// reservedShared places the reserved shared memory when it is first named. It does not count as the kernel's own.
func (d *decoder) reservedShared() uint64 {
	static := d.k.staticShared
	start := d.sharedOffset(reservedVariable)
	d.k.staticShared = static
	d.k.reserved = sharedArray{start: start, end: start + reservedSharedBytes}
	return start
}

var reservedVariable = &ptx.Variable{Name: "reserved shared memory", Space: ptx.SharedSpace, Align: 128, Size: reservedSharedBytes}

// The limits of the memories of a block, of any chip, and of a thread.
const (
	maxShared = 1 << 20
	maxLocal  = 512 << 10
)

func alignUp(x, a uint64) uint64 { return (x + a - 1) / a * a }

// sharedOffset places an array in shared memory when it is first named. Between two arrays lies a gap that is never written, so
// that a step out of one into the next is found; its size keeps the banks as they are without it.
func (d *decoder) sharedOffset(v *ptx.Variable) uint64 {
	if off, ok := d.sharedVar[v]; ok {
		return off
	}
	k := d.k
	if v.Size > maxShared || v.Align > maxShared {
		d.fail("%s has %d bytes, more than any chip has of shared memory", v.Name, v.Size)
	}
	start := alignUp(k.staticShared, max(v.Align, 1))
	k.staticShared = start + v.Size
	off := start
	if k.sharedBytes > 0 {
		off = start&127 + alignUp(k.sharedBytes, 128)
		for off < k.sharedBytes+4 {
			off += 128
		}
		off = alignUp(off, max(v.Align, 1))
	}
	k.sharedBytes = off + v.Size
	k.shared = append(k.shared, sharedArray{readable(v.Name), off, off + v.Size})
	d.sharedVar[v] = off
	return off
}

// localOffset places a local array, or a parameter of a call, in the memory of a thread.
func (d *decoder) localOffset(v *ptx.Variable) uint64 {
	off, ok := d.frame.local[v]
	if !ok {
		if v.Size+d.k.localBytes > maxLocal || v.Size > maxLocal || v.Align > maxLocal {
			d.fail("%s has %d bytes, a thread may have %d of local memory", v.Name, v.Size, maxLocal)
		}
		align := max(v.Align, 1)
		if v.Space == ptx.ParamSpace { // on the chip these are registers
			align = max(align, 16)
		}
		off = alignUp(d.k.localBytes, align)
		d.k.localBytes = off + v.Size
		d.frame.local[v] = off
	}
	return off
}

func (d *decoder) kernelParam(v *ptx.Variable) bool {
	for _, p := range d.k.fn.Params {
		if p == v {
			return true
		}
	}
	return false
}

// readable takes the variable's own name out of a linker name such as _ZZ8convpoolE2ws.
func readable(name string) string {
	last, rest := name, name
	for i := 0; i < len(rest); {
		if rest[i] < '1' || rest[i] > '9' {
			i++
			continue
		}
		n := 0
		for i < len(rest) && rest[i] >= '0' && rest[i] <= '9' && n < len(rest) {
			n = n*10 + int(rest[i]-'0')
			i++
		}
		if i+n > len(rest) || len(rest) < 2 || rest[:2] != "_Z" {
			break
		}
		last = rest[i : i+n]
		i += n
	}
	return last
}
