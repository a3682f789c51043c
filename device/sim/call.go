package sim

import (
	"slices"

	"cnn-gpu/device/sim/ptx"
)

// call inlines a function (section "Control Flow Instructions: call"). Its parameters are the .param variables that the caller names, or
// registers. Functions that call themselves, and those that are called by their address, are not inlined: see callees.
func (d *decoder) call(s *ptx.Instruction) {
	if s.Operands[1].Kind == ptx.RegisterOperand {
		d.callFrame(s, nil)
		return
	}
	if s.Operands[1].Kind != ptx.FunctionOperand {
		d.fail("a call takes the name of a function, or a register with its address")
	}
	name := s.Operands[1].Name
	if row, ok := systemCalls[name]; ok {
		row.decode(d, d.emit(row), s)
		return
	}
	f := d.k.module.ast.Function(name)
	switch {
	case f == nil || !f.HasBody:
		d.fail("the function %s has no body", name)
	case f.Err != nil:
		d.fail("the function %s: %w", name, f.Err)
	}
	if c := d.k.callee(f); c != nil {
		d.callFrame(s, c)
		return
	}
	if s.Guard >= 0 { // the lanes whose guard does not hold go around the body
		in := d.emit(opcode{kind: branch, class: Control})
		in.guardFlip = ^in.guardFlip
		d.fixes = append(d.fixes, fixup{len32(d.k.code) - 1, d.frame, uint64(d.position + 1), -1})
	}
	outer := d.frame
	inner := newFrame(f, outer, &sourceRef{outer.fn, s, outer.call})
	returns := d.bind(inner, f.Returns, s.Operands[0].Elements)
	for _, p := range d.bind(inner, f.Params, s.Operands[2].Elements) {
		d.moveRegister(inner, p.formal, outer, p.actual)
	}
	d.frameMemory(inner, unwritten)
	d.body(inner)
	d.s = s
	d.frameMemory(inner, frameEnded)
	for _, p := range returns {
		d.moveRegister(outer, p.actual, inner, p.formal)
	}
}

// registerParam is a parameter that is a register: that of the function and what the caller gives.
type registerParam struct{ formal, actual ptx.Operand }

// bind places the parameters of a function where the caller has them. Those that are registers have to be moved; they are returned.
func (d *decoder) bind(inner *frame, formal []*ptx.Variable, actual []ptx.Operand) []registerParam {
	if len(formal) != len(actual) {
		d.fail("%d parameters, %s takes %d", len(actual), inner.fn.Name, len(formal))
	}
	var registers []registerParam
	for i, v := range formal {
		if v.Space == ptx.RegisterSpace {
			registers = append(registers, registerParam{ptx.Operand{Kind: ptx.RegisterOperand, Register: v.Register}, actual[i]})
		} else {
			inner.local[v] = d.localOffset(d.paramVariable(actual[i]))
		}
	}
	return registers
}

// paramVariable gives the variable that a call names as a parameter or for a result.
func (d *decoder) paramVariable(o ptx.Operand) *ptx.Variable {
	if o.Kind != ptx.VariableOperand {
		d.fail("a parameter of a call must be a .param variable")
	}
	return o.Variable
}

// moveRegister copies a parameter between the registers of two frames.
func (d *decoder) moveRegister(to *frame, result ptx.Operand, from *frame, value ptx.Operand) {
	if result.Kind == ptx.SinkOperand {
		return
	}
	here := d.frame
	defer func() { d.frame = here }()
	if result.Kind != ptx.RegisterOperand {
		d.fail("a parameter in a register takes a register")
	}
	bank := d.bankOf(to.fn.Registers[result.Register].Type)
	in := d.emit(map[byte]opcode{'r': arithmetic["mov.b32"], 'q': arithmetic["mov.b64"], 'p': instructions["mov.pred"]}[bank])
	d.frame = from
	in.a = d.src(value, bank)
	d.frame = to
	in.d = d.dst(result, bank)
}

// frameMemory marks the local arrays of a function as unwritten where it begins and as gone where it ends, so that a pointer to them that
// outlives the call is found.
func (d *decoder) frameMemory(f *frame, state memoryState) {
	here := d.frame
	defer func() { d.frame = here }()
	var form frameMemory
	for _, v := range f.fn.Variables {
		if v.Space == ptx.LocalSpace {
			d.frame = f
			form.arrays = append(form.arrays, localPlace{d.address(v, 0, 'q'), v.Size})
		}
	}
	if form.arrays == nil {
		return
	}
	d.frame = here
	form.state = state
	d.emit(opcode{class: Control, exec: form.exec})
}

// callees finds the functions that cannot be inlined in a kernel: those that may call themselves, and where some call is by address, those
// whose address the module takes.
func (m *Module) callees(kernel *ptx.Function) (all []*ptx.Function) {
	const visiting, visited = 1, 2
	state := map[*ptx.Function]int{}
	indirect := false
	add := func(f *ptx.Function) {
		if !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	var visit func(f *ptx.Function)
	visit = func(f *ptx.Function) {
		state[f] = visiting
		for i := range f.Body {
			in := &f.Body[i]
			if in.Op.Name != "call" || len(in.Operands) < 2 {
				continue
			}
			o := in.Operands[1]
			indirect = indirect || o.Kind == ptx.RegisterOperand
			next := m.ast.Function(o.Name)
			if o.Kind != ptx.FunctionOperand || next == nil || !next.HasBody {
				continue
			}
			if state[next] == visiting {
				add(next)
			} else if state[next] == 0 {
				visit(next)
			}
		}
		state[f] = visited
	}
	visit(kernel)
	for taken := m.addressed(); indirect; {
		before := len(all)
		for _, f := range taken {
			add(f)
			if state[f] == 0 {
				visit(f)
			}
		}
		if len(all) == before {
			break
		}
	}
	return all
}

// addressed lists the functions whose address is in a variable or an operand, in the order of the text.
func (m *Module) addressed() (all []*ptx.Function) {
	names := map[string]bool{}
	for _, v := range m.ast.Variables {
		for _, r := range v.Relocations {
			names[r.Symbol] = true
		}
	}
	for _, f := range m.ast.Functions {
		for i := range f.Body {
			for j, o := range f.Body[i].Operands {
				if o.Kind == ptx.FunctionOperand && (f.Body[i].Op.Name != "call" || j != 1) {
					names[o.Name] = true
				}
			}
		}
	}
	for _, f := range m.ast.Functions {
		if f.HasBody && !f.Kernel && names[f.Name] {
			all = append(all, f)
		}
	}
	return all
}

// functionWindow is the region of the addresses of functions.
const functionWindow = uint64(4) << 32

// functionAddress gives the address of a function, or 0 where there is none of that name.
func (m *Module) functionAddress(name string) uint64 {
	if i := slices.Index(m.ast.Functions, m.ast.Function(name)); i >= 0 {
		return functionWindow + 16*uint64(i)
	}
	return 0
}

// functionAt is the inverse of functionAddress.
func (m *Module) functionAt(address uint64) *ptx.Function {
	i := address - functionWindow
	if address < functionWindow || i%16 != 0 || i/16 >= uint64(len(m.ast.Functions)) {
		return nil
	}
	return m.ast.Functions[i/16]
}

// callee gives what a function that is not inlined became, or nil.
func (k *Kernel) callee(f *ptx.Function) *callee {
	for _, c := range k.callees {
		if c.fn == f {
			return c
		}
	}
	return nil
}

// decodeCallees decodes the functions that are not inlined. They lie before the kernel's own code: lanes that are in a function run first, and
// join the others behind the call.
func (d *decoder) decodeCallees() {
	k := d.k
	for _, f := range k.module.callees(k.fn) {
		k.callees = append(k.callees, &callee{fn: f, addresses: map[localAddress]int32{}})
	}
	for _, c := range k.callees {
		if c.err = d.tryCallee(c); c.err != nil {
			c.entry = -1
		}
	}
	k.start, d.callee, k.localBytes = len32(k.code), nil, 0
}

// tryCallee decodes a function. Where that fails, the kernels that call it get the error.
func (d *decoder) tryCallee(c *callee) (err error) {
	k := d.k
	code, fixes := len(k.code), len(d.fixes)
	defer func() {
		if r := recover(); r != nil {
			k.code, k.source, k.refs, d.fixes, d.frame = k.code[:code], k.source[:code], k.refs[:code], d.fixes[:fixes], nil
			err = d.recovered(r)
		}
	}()
	if c.fn.Err != nil {
		return c.fn.Err
	}
	d.callee, k.localBytes = c, 0
	c.entry, c.from = len32(k.code), k.slots
	f := newFrame(c.fn, nil, nil)
	d.frame, d.s = f, &ptx.Instruction{Op: &ptx.Opcode{}, Guard: -1, Line: c.fn.Line, Text: c.fn.Name}
	place := func(vars []*ptx.Variable) (places []framePlace) {
		for _, v := range vars {
			if v.Space == ptx.RegisterSpace {
				d.fail("a function that is called by its address or calls itself takes no parameters in registers")
			}
			places = append(places, framePlace{d.localOffset(v), v.Size})
		}
		return places
	}
	c.returns, c.params = place(c.fn.Returns), place(c.fn.Params)
	d.frame = nil
	d.body(f)
	c.to, c.localBytes = k.slots, alignUp(k.localBytes, 16)
	return nil
}

// callFrame decodes a call that is not inlined: of a callee, or by the address in a register.
func (d *decoder) callFrame(s *ptx.Instruction, target *callee) {
	in := d.emit(opcode{kind: call, class: Control})
	form := &callForm{target: target}
	if target == nil {
		in.a = d.src(s.Operands[1], 'q')
	}
	places := func(list ptx.Operand) (all []localPlace) {
		for _, o := range list.Elements {
			v := d.paramVariable(o)
			all = append(all, localPlace{d.address(v, 0, 'q'), v.Size})
		}
		return all
	}
	form.returns, form.params = places(s.Operands[0]), places(s.Operands[2])
	in.call = form
}
