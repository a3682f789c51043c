package sim

import "cnn-gpu/device/sim/ptx"

// call inlines a function (section "Control Flow Instructions: call"). Its parameters are the .param variables that the caller names, or
// registers.
func (d *decoder) call(s *ptx.Instruction) {
	if len(s.Operands) != 3 || s.Operands[1].Kind != ptx.FunctionOperand {
		d.fail("indirect calls are not supported")
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
	d.body(inner)
	d.s = s
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
		switch {
		case v.Space == ptx.RegisterSpace:
			registers = append(registers, registerParam{ptx.Operand{Kind: ptx.RegisterOperand, Register: v.Register}, actual[i]})
		case actual[i].Kind != ptx.VariableOperand:
			d.fail("a parameter of a call must be a .param variable")
		default:
			inner.local[v] = d.localOffset(actual[i].Variable)
		}
	}
	return registers
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
