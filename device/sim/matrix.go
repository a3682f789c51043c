package sim

import (
	"slices"

	"cnn-gpu/device/sim/ptx"
)

// matrixForm is the constant part of ldmatrix and stmatrix, beside the access.
type matrixForm struct{ transposed bool }

// decodeMatrixAccess: {ldmatrix,stmatrix}.sync.aligned.m8n8.{x1,x2,x4}{.trans}.shared.b16
func decodeMatrixAccess(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(2)
	for _, m := range s.Op.Modifiers {
		if !slices.Contains([]string{"sync", "aligned", "m8n8", "x1", "x2", "x4", "trans", "shared", "shared::cta", "b16"}, m) {
			d.fail("%w", ErrUnknownInstruction)
		}
	}
	if !s.Op.Has("m8n8") || !s.Op.Has("b16") {
		d.fail("%w", ErrUnknownInstruction)
	}
	in.exec = matrixForm{transposed: s.Op.Has("trans")}.exec
	a := &access{size: 16, n: 1, bytes: 16}
	registers, address := s.Operands[0], s.Operands[1]
	if s.Op.Name == "stmatrix" {
		registers, address = address, registers
		a.op = store
		d.k.cellBytes = min(d.k.cellBytes, 2)
	}
	elements := elementsOf(registers)
	count := map[bool]int{s.Op.Has("x1"): 1, s.Op.Has("x2"): 2, s.Op.Has("x4"): 4}[true]
	if len(elements) != count {
		d.fail("%d registers, expected %d", len(elements), count)
	}
	d.memoryOperand(in, a, address)
	if !s.Op.Has("shared") && !s.Op.Has("shared::cta") { // a generic address
		a.offset -= sharedWindow
	}
	for i, o := range elements {
		if a.op == store {
			a.vec[i] = d.src(o, 'r')
		} else {
			a.vec[i] = d.dstOrScratch(o, 'r')
		}
	}
	a.n = uint32(len(elements))
	in.mem = a
}

// elementsOf are the elements of an operand in braces, or the operand without braces.
func elementsOf(o ptx.Operand) []ptx.Operand {
	if o.Kind == ptx.VectorOperand {
		return o.Elements
	}
	return []ptx.Operand{o}
}

// exec moves 8x8 matrices of 16-bit elements: lane 8k+g has the address of row g of matrix k, and holds elements
// 2(l%4) and 2(l%4)+1 of row l/4 of each (PTX ISA, "ldmatrix").
func (f matrixForm) exec(w *warp, in *inst, m uint32) {
	a, b := in.mem, w.b
	rows := fullMask >> (32 - 8*a.n)
	w.sharedAddresses(in.a, a.wideAddr, a.offset, rows, 16)
	if b.checks&Traffic != 0 {
		w.countShared(&access{op: a.op, bytes: 16}, rows, false)
	}
	for k := range int(a.n) {
		row := w.off[8*k : 8*k+8]
		switch slot := a.vec[k]; {
		case a.op == store:
			w.storeMatrix(&w.r[slot], row, f.transposed)
		case f.transposed:
			w.loadTransposed(slot, row)
		default:
			w.loadMatrix(slot, row)
		}
	}
}

func (w *warp) loadMatrix(slot int32, row []uint32) {
	b, r := w.b, &w.r[slot]
	for g, o := range row {
		p := b.shared[o : o+16]
		for j := range 4 {
			r[(4*g+j)&31] = le.Uint32(p[4*j:])
		}
		if b.checks&SharedRaces != 0 && (b.sharedUndefined || !w.readOrdered(o, 16, 15<<(4*g))) {
			for j := range 4 {
				w.readElements(slot, 4*g+j, 0, o+uint32(4*j), 4)
			}
		}
	}
}

// loadTransposed gives lane l elements l/4 of rows 2(l%4) and 2(l%4)+1.
func (w *warp) loadTransposed(slot int32, row []uint32) {
	b, r := w.b, &w.r[slot]
	for j := range 4 {
		p, q := b.shared[row[2*j]:row[2*j]+16], b.shared[row[2*j+1]:row[2*j+1]+16]
		for g := range 8 {
			r[(4*g+j)&31] = uint32(le.Uint16(p[2*g:])) | uint32(le.Uint16(q[2*g:]))<<16
		}
	}
	if b.checks&SharedRaces == 0 {
		return
	}
	for n, o := range row {
		if b.sharedUndefined || !w.readOrdered(o, 16, 0x11111111<<(n/2)) {
			for g := range 8 {
				w.readElements(slot, 4*g+n/2, n%2*16, o+uint32(2*g), 2)
			}
		}
	}
}

// readElements checks the bytes of shared memory that become a part of a lane's register, from a bit on.
func (w *warp) readElements(slot int32, lane, shift int, off, bytes uint32) {
	never := w.readCells(lane, off, bytes)
	if w.b.checks&Uninitialized == 0 || never == 0 && !w.b.sharedUndefined {
		return
	}
	a := access{size: bytes, bank: 'r'}
	defined := w.b.definedBytes(off, bytes, never)
	w.taint(registerRef{'r', slot}, lane, a.undefinedBits(defined[:])<<shift, false, w.sharedOrigin(off, never))
}

func (w *warp) storeMatrix(r *[32]uint32, row []uint32, transposed bool) {
	b := w.b
	for l, v := range r {
		lo, hi := row[l/4]+uint32(l%4)*4, row[l/4]+uint32(l%4)*4+2
		if transposed {
			lo, hi = row[2*(l%4)]+uint32(l/4)*2, row[2*(l%4)+1]+uint32(l/4)*2
		}
		if b.checks&SharedRaces != 0 {
			w.writeCells(l, lo, 2, uint64(v&0xffff), true)
			w.writeCells(l, hi, 2, uint64(v>>16), true)
		}
		b.defineShared(lo, 2)
		b.defineShared(hi, 2)
		le.PutUint16(b.shared[lo:], uint16(v))
		le.PutUint16(b.shared[hi:], uint16(v>>16))
	}
}

// decodeMoveMatrix: movmatrix.sync.aligned.m8n8.trans.b16 d, a transposes a matrix in registers.
func decodeMoveMatrix(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(2)
	if s.Op.Text != "movmatrix.sync.aligned.m8n8.trans.b16" {
		d.fail("%w", ErrUnknownInstruction)
	}
	in.a, in.d = d.src(s.Operands[1], 'r'), d.dstOrScratch(s.Operands[0], 'r')
}

func execMoveMatrix(w *warp, in *inst, m uint32) {
	src := w.r[in.a]
	element := func(row, column int) uint32 { return src[row*4+column/2] >> (column % 2 * 16) & 0xffff }
	for l := range 32 {
		w.r[in.d][l] = element(l%4*2, l/4) | element(l%4*2+1, l/4)<<16
	}
}
