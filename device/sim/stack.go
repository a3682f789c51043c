package sim

import (
	"slices"

	"cnn-gpu/device/sim/ptx"
)

// stackBytes is the memory of a thread for the frames of functions that are not inlined. A card has 1 KB unless CU_LIMIT_STACK_SIZE says more,
// and frames of another size: only endless recursions are meant to end here.
const stackBytes = 16 << 10

// callee is a function that is not inlined. Its registers are the same in every call: a call saves what the lane had in them.
type callee struct {
	fn         *ptx.Function
	err        error // why it could not be decoded
	entry      int32
	from, to   [3]int32 // its registers in the banks r, q and p
	localBytes uint64   // of a frame
	returns    []framePlace
	params     []framePlace
	addresses  map[localAddress]int32
	fills      []localFill
}

// framePlace is a parameter in a frame.
type framePlace struct{ offset, size uint64 }

// localPlace is a variable in the memory of a thread: the register of 64 bits that holds its offset.
type localPlace struct {
	slot int32
	size uint64
}

// localAddress is an offset in a frame, as a register of a bank holds it.
type localAddress struct {
	bank   byte
	offset uint64
}

// localFill is a register that each call of a function fills with an address in the new frame.
type localFill struct {
	localAddress
	slot int32
}

// callForm is the constant part of a call: the variables of the caller for results and parameters.
type callForm struct {
	target          *callee // nil: the address is in a register
	returns, params []localPlace
}

// activation is a call of one thread that has not returned.
type activation struct {
	callee  *callee
	back    int32 // where it returns to
	base    uint64
	results []uint64 // where the caller wants them
	r       []uint32
	q       []uint64
	p       []bool
}

// laneStack holds the calls of a thread. Frames lie behind the kernel's own local memory.
type laneStack []activation

func (w *warp) resetStack() {
	if w.stack == nil {
		return
	}
	for i := range w.stack {
		w.stack[i] = w.stack[i][:0]
	}
}

// call enters a function, or as many as the lanes have addresses of.
func (w *warp) call(in *inst, m uint32) {
	w.checkRegisters(in, m)
	w.groups = appendGroup(w.groups, w.pc+1, w.active&^m)
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		c := in.call.target
		if c == nil {
			c = w.calleeAt(i, w.q[in.a][i])
		}
		w.enter(in.call, c, i)
		w.groups = append(w.groups, group{pc: c.entry, mask: 1 << i})
	}
	w.active = 0
	w.pick()
}

// calleeAt finds the function at an address.
func (w *warp) calleeAt(lane int, address uint64) *callee {
	f := w.b.k.module.functionAt(address)
	if f == nil {
		w.fault(BadCall, lane, "address %#x is not that of a function of this module", address)
	}
	c := w.b.k.callee(f)
	if c == nil {
		w.fault(BadCall, lane, "%s cannot be called by its address", readable(f.Name))
	}
	return c
}

// enter makes a frame, saves the registers of the function, and copies the parameters.
func (w *warp) enter(f *callForm, c *callee, i int) {
	size, stack := w.b.k.localBytes, &w.stack[i]
	if c.err != nil {
		w.fault(Unsupported, i, "%s: %v", readable(c.fn.Name), c.err)
	}
	a := activation{callee: c, back: w.pc + 1, base: size - w.b.k.stackBytes}
	if n := len(*stack); n > 0 {
		a.base = (*stack)[n-1].base + (*stack)[n-1].callee.localBytes
	}
	if a.base+c.localBytes > size {
		w.fault(StackOverflow, i, "%s is called %d calls deep; the stack of a thread has %d bytes here, and 1024 on a card unless CU_LIMIT_STACK_SIZE says more",
			readable(c.fn.Name), len(*stack)+1, w.b.k.stackBytes)
	}
	if len(f.params) != len(c.params) || len(f.returns) != len(c.returns) {
		w.fault(BadCall, i, "%d parameters and %d results, %s has %d and %d", len(f.params), len(f.returns), readable(c.fn.Name), len(c.params), len(c.returns))
	}
	w.markLocal(i, a.base, c.localBytes, unwritten)
	for j, p := range c.params {
		if f.params[j].size != p.size {
			w.fault(BadCall, i, "parameter %d of %d bytes, %s takes %d", j, f.params[j].size, readable(c.fn.Name), p.size)
		}
		w.copyLocal(i, a.base+p.offset, w.q[f.params[j].slot][i], p.size)
	}
	for j, p := range c.returns {
		if f.returns[j].size != p.size {
			w.fault(BadCall, i, "a result of %d bytes, %s gives %d", f.returns[j].size, readable(c.fn.Name), p.size)
		}
		a.results = append(a.results, w.q[f.returns[j].slot][i])
	}
	for slot := c.from[0]; slot < c.to[0]; slot++ {
		a.r = append(a.r, w.r[slot][i])
	}
	for slot := c.from[1]; slot < c.to[1]; slot++ {
		a.q = append(a.q, w.q[slot][i])
	}
	for slot := c.from[2]; slot < c.to[2]; slot++ {
		a.p = append(a.p, w.p[slot]>>i&1 != 0)
	}
	for _, fill := range c.fills {
		if fill.bank == 'q' {
			w.q[fill.slot][i] = a.base + fill.offset
		} else {
			w.r[fill.slot][i] = uint32(a.base + fill.offset)
		}
	}
	*stack = append(*stack, a)
}

// returnFrom leaves a function: results go to the caller, and the registers get back what they held before the call.
func (w *warp) returnFrom(m uint32) {
	w.groups = appendGroup(w.groups, w.pc+1, w.active&^m)
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		stack := &w.stack[i]
		a := (*stack)[len(*stack)-1]
		*stack = (*stack)[:len(*stack)-1]
		c := a.callee
		for j, p := range c.returns {
			w.copyLocal(i, a.results[j], a.base+p.offset, p.size)
		}
		w.markLocal(i, a.base, c.localBytes, frameEnded)
		w.forgetLane(c, i)
		for j, v := range a.r {
			w.r[c.from[0]+int32(j)][i] = v
		}
		for j, v := range a.q {
			w.q[c.from[1]+int32(j)][i] = v
		}
		for j, v := range a.p {
			w.setPredicate(c.from[2]+int32(j), 1<<i, spread(v))
		}
		w.groups = append(w.groups, group{pc: a.back, mask: 1 << i})
	}
	w.active = 0
	w.pick()
}

// depths are how many calls each lane is in.
func (w *warp) depths() (n [32]int) {
	if w.stack != nil {
		for i := range w.stack {
			n[i] = len(w.stack[i])
		}
	}
	return n
}

// forgetLane forgets what is undefined in the registers of a function that a lane leaves.
func (w *warp) forgetLane(c *callee, lane int) {
	if w.tracking == 0 {
		return
	}
	for n, bank := range []byte("rqp") {
		for slot := c.from[n]; slot < c.to[n]; slot++ {
			w.clean(registerRef{bank, slot}, 1<<lane)
		}
	}
}

// callers gives the places of the calls that a thread is in, the latest first, as many as people read.
func (w *warp) callers(lane int) (all []Place) {
	if w.stack == nil {
		return nil
	}
	for j := len(w.stack[lane]) - 1; j >= 0 && len(all) < 8; j-- {
		all = append(all, w.b.k.places(w.b.k.source[w.stack[lane][j].back-1])...)
	}
	return all
}

// memoryState is what is known of bytes in the memory of a thread.
type memoryState byte

const (
	unwritten memoryState = iota
	written
	frameEnded // their function has returned
)

// markLocal notes what is known of bytes in the memory of a thread.
func (w *warp) markLocal(lane int, offset, size uint64, state memoryState) {
	if w.localDef == nil {
		return
	}
	at := uint64(lane)*w.b.k.localBytes + offset
	fillBytes(w.localDef[at:at+size], byte(spread(state == written)))
	for i := range size {
		w.ended[at+i] = state == frameEnded
	}
}

// frameEnded reports whether one of the bytes belongs to a function that has returned.
func (w *warp) frameEnded(at, size uint64) bool { return slices.Contains(w.ended[at:at+size], true) }

// copyLocal copies within the memory of a thread, with what is known of it.
func (w *warp) copyLocal(lane int, to, from, size uint64) {
	at := uint64(lane) * w.b.k.localBytes
	copy(w.local[at+to:at+to+size], w.local[at+from:])
	if w.localDef != nil {
		copy(w.localDef[at+to:at+to+size], w.localDef[at+from:])
		copy(w.ended[at+to:at+to+size], w.ended[at+from:])
	}
}

// frameMemory is the begin or the end of the local arrays of an inlined function.
type frameMemory struct {
	arrays []localPlace
	state  memoryState
}

func (f frameMemory) exec(w *warp, _ *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		for _, a := range f.arrays {
			w.markLocal(i, w.q[a.slot][i], a.size, f.state)
		}
	}
}
