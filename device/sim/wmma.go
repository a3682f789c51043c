package sim

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"cnn-gpu/device/sim/ptx"
)

// wmmaForms are the loads and stores of wmma without layout and state space, as the PTX ISA has them.
var wmmaForms = []string{
	"wmma.load.{a,b}.{m16n16k16,m8n32k16,m32n8k16}.{f16,bf16,s8,u8}",
	"wmma.load.{a,b}.m16n16k8.tf32",
	"wmma.load.{a,b}.m8n8k4.f64",
	"wmma.load.{a,b}.m8n8k32.{s4,u4}",
	"wmma.load.{a,b}.m8n8k128.b1",
	"wmma.{load.c,store.d}.{m16n16k16,m8n32k16,m32n8k16}.{f16,f32,s32}",
	"wmma.{load.c,store.d}.m16n16k8.f32",
	"wmma.{load.c,store.d}.m8n8k4.f64",
	"wmma.{load.c,store.d}.{m8n8k32,m8n8k128}.s32",
}

var wmmaAccesses = sync.OnceValue(func() []string {
	var all []string
	for _, form := range wmmaForms {
		all = append(all, alternatives(form)...)
	}
	return all
})

// wmmaAccess is the constant part of wmma.load and wmma.store. A lane has elements here and there in the matrix; those that are
// neighbours in memory it accesses together, as one piece. Each piece is an access of the warp with all checks, and counts as one
// request; but for elements of 16 bits by columns (A) or rows (B) of shared memory, which the chip reads as ldmatrix.trans does.
type wmmaAccess struct {
	space     ptx.Space
	stride    int32 // slot of the elements from one row or column to the next
	align     uint64
	bits      int // of an element
	pieces    []wmmaPiece
	registers []int32
	bank      byte
	copies    int // registers of a load that hold what the first ones hold

	transposed bool // elements of 16 bits, of which a register holds two of different rows in memory
}

// wmmaPiece is one access of a warp.
type wmmaPiece struct {
	in           inst
	register     int    // of the lane
	shift        int    // where in the register its elements lie, if they are not all of it
	part         uint32 // mask of the elements, 0 for whole registers
	major, minor [32]uint8
}

// decodeWMMAAccess: wmma.load.{a,b,c}.sync.aligned.layout.shape{.ss}.type r, [p] {, stride} and
// wmma.store.d.sync.aligned.layout.shape{.ss}.type [p], r {, stride}
func decodeWMMAAccess(d *decoder, in *inst, s *ptx.Instruction) {
	parts := s.Op.Modifiers
	space, columns, form := ptx.NoSpace, false, []string{"wmma"}
	for _, m := range parts {
		switch ss, isSpace := spaces[m]; {
		case m == "sync" || m == "aligned" || m == "row":
		case m == "col":
			columns = true
		case isSpace && (ss == ptx.GlobalSpace || ss == ptx.SharedSpace):
			space = ss
		default:
			form = append(form, m)
		}
	}
	if !slices.Contains(wmmaAccesses(), strings.Join(form, ".")) || !s.Op.Has("sync") || s.Op.Has("row") == columns {
		d.fail("%w", ErrUnknownInstruction)
	}
	if len(s.Operands) != 2 && len(s.Operands) != 3 {
		d.fail("%d operands, expected 2 or 3", len(s.Operands))
	}
	shape := mmaShape{wmma: true}
	matrix := form[2][0]
	_, _ = fmt.Sscanf(form[3], "m%dn%dk%d", &shape.m, &shape.n, &shape.k)
	element, _ := mmaElementByName(form[4])
	if matrix != 'c' && matrix != 'd' && element.subByte() && columns != (matrix == 'b') {
		d.fail("%w", ErrUnknownInstruction) // these are by rows for A and by columns for B
	}
	registers, address := s.Operands[0], s.Operands[1]
	if form[1] == "store" {
		registers, address = address, registers
	}
	fragment := shape.fragment(matrix, element)
	list := elementsOf(registers)
	if len(list) != fragment.registers {
		d.fail("%d registers, expected %d", len(list), fragment.registers)
	}
	a := &access{space: space}
	if form[1] == "store" {
		a.op = store
	}
	d.memoryOperand(in, a, address)
	f := &wmmaAccess{space: space, bits: mmaElements[element].bits, bank: fragment.bank(), align: min(16, uint64(fragment.registers)*uint64(max(32, mmaElements[element].bits))/8)}
	in.mem = a
	for _, o := range list {
		if form[1] == "store" {
			f.registers = append(f.registers, d.src(o, f.bank))
		} else {
			f.registers = append(f.registers, d.dstOrScratch(o, f.bank))
		}
	}
	if len(s.Operands) == 3 {
		f.stride = d.src(s.Operands[2], 'r')
	} else {
		rows, across := shape.size(matrix)
		if columns {
			across = rows
		}
		f.stride = d.constant(uint64(across), 'r')
	}
	f.copies = len(f.registers) - shape.registers(matrix, element)
	d.wmmaPieces(f, &shape, matrix, element, columns, form[1] == "store")
	if form[1] == "store" {
		in.exec = f.store
	} else {
		in.exec = f.load
	}
}

func (e mmaElement) subByte() bool { return mmaElements[e].bits < 8 }

// place gives row and column of a lane's element, see mmaShape.
func (s *mmaShape) place(matrix byte, element mmaElement, lane, e int) (row, column int) {
	per, g, t := element.perRegister(), lane/4, lane%4
	x, across := e/per, t*per+e%per
	switch down := s.m / 8; matrix {
	case 'a':
		return g + x%down*8, across + x/down*4*per
	case 'b':
		down = s.k / (4 * per)
		return across + x%down*4*per, g + x/down*8
	default:
		return g + e/2%down*8, 2*t + e%2 + e/2/down*8
	}
}

// wmmaPieces makes the accesses.
func (d *decoder) wmmaPieces(f *wmmaAccess, s *mmaShape, matrix byte, element mmaElement, columns, stores bool) {
	per, group := element.perRegister(), 1
	switch {
	case matrix == 'a' && !columns || matrix == 'b' && columns:
		group = per
	case (matrix == 'c' || matrix == 'd') && !columns:
		group = 2
	}
	f.transposed = group == 1 && per == 2 && !stores && matrix != 'c'
	for e := 0; e < (len(f.registers)-f.copies)*per; e += group {
		p := wmmaPiece{register: e / per}
		a := &access{size: uint32(min(group*f.bits, max(32, f.bits)) / 8), bank: f.bank, space: f.space}
		a.bytes = uint64(group * f.bits / 8)
		a.n = uint32(a.bytes) / a.size
		if stores {
			a.op = store
		}
		for i := range int(a.n) {
			a.vec[i] = f.registers[p.register+i]
		}
		if a.bytes < 4 {
			a.vec[0] = d.newSlot('r')
			p.shift, p.part = e%per*f.bits, uint32(1)<<(8*a.bytes)-1
		}
		if f.space != ptx.GlobalSpace {
			d.k.cellBytes = min(d.k.cellBytes, uint64(a.size))
		}
		for l := range 32 {
			row, column := s.place(matrix, element, l, e)
			if columns {
				row, column = column, row
			}
			p.major[l], p.minor[l] = uint8(row), uint8(column)
		}
		p.in = inst{d: -1, mem: a}
		f.pieces = append(f.pieces, p)
	}
}

// begin checks the operands that all lanes have to agree on.
func (f *wmmaAccess) begin(w *warp, in *inst, m uint32) (base, stride uint64) {
	w.addresses(in.a, in.mem.wideAddr, in.mem.offset)
	first := lowest(m)
	base, stride = w.addr[first], uint64(int64(int32(w.r[f.stride][first])))
	for x := m; x != 0; x &= x - 1 {
		if i := lowest(x); w.addr[i] != base || w.r[f.stride][i] != uint32(stride) {
			w.fault(BadAddress, i, "address %#x and stride %d, lane %d has %#x and %d: all lanes must name the same matrix", w.addr[i], int32(w.r[f.stride][i]), first, base, int64(stride))
		}
	}
	if bytes := int64(stride) * int64(f.bits) / 8; base%f.align != 0 || uint64(bytes)%f.align != 0 {
		w.fault(Misaligned, first, "a matrix at %#x with a stride of %d bytes: both must be multiples of %d", base, bytes, f.align)
	}
	return base, stride
}

// access does one piece.
func (f *wmmaAccess) access(w *warp, p *wmmaPiece, base, stride uint64, m uint32) {
	address := func(l int) uint64 { return base + (uint64(p.major[l])*stride+uint64(p.minor[l]))*uint64(f.bits)/8 }
	for l := range w.addr {
		w.addr[l] = address(l)
	}
	counted := w.b.traffic
	switch f.space {
	case ptx.GlobalSpace:
		w.globalLanes(&p.in, m)
	case ptx.SharedSpace:
		w.sharedLanes(&p.in, m)
	default:
		w.genericLanes(&p.in, m)
	}
	shared := f.space == ptx.SharedSpace || f.space == ptx.NoSpace && base>>32 == sharedWindow>>32
	if !f.transposed || !shared || w.b.checks&Traffic == 0 {
		return
	}
	w.b.traffic = counted
	if p.shift == 16 { // the other half of the register has the row before
		for t := range 4 {
			w.off[2*t], w.off[2*t+1] = uint32(address(t)-2*stride), uint32(address(t))
		}
		w.countShared(&access{op: load, bytes: 16}, 0xff, false)
	}
}

func (f *wmmaAccess) load(w *warp, in *inst, m uint32) {
	base, stride := f.begin(w, in, m)
	for i := range f.pieces {
		p := &f.pieces[i]
		f.access(w, p, base, stride, m)
		if p.part != 0 {
			w.use("a part of the matrix", registerRef{'r', p.in.mem.vec[0]}, m)
			to := &w.r[f.registers[p.register]]
			for l, v := range &w.r[p.in.mem.vec[0]] {
				to[l] = to[l]&^(p.part<<p.shift) | v&p.part<<p.shift
			}
		}
	}
	own := len(f.registers) - f.copies
	for x := own; x < len(f.registers); x++ {
		w.r[f.registers[x]] = w.r[f.registers[x%own]]
	}
}

func (f *wmmaAccess) store(w *warp, in *inst, m uint32) {
	base, stride := f.begin(w, in, m)
	for i := range f.pieces {
		p := &f.pieces[i]
		if p.part != 0 {
			for l, v := range &w.r[f.registers[p.register]] {
				w.r[p.in.mem.vec[0]][l] = v >> p.shift & p.part
			}
		}
		f.access(w, p, base, stride, m)
	}
}
