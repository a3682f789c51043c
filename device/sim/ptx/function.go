package ptx

import "math"

// readFunction reads a kernel, a device function or a prototype.
func (p *parser) readFunction(linkage Linkage) {
	f := &Function{Kernel: p.text == ".entry", Linkage: linkage, Line: p.line}
	p.next()
	for p.accept(".attribute") {
		p.skipParentheses()
	}
	if !f.Kernel {
		f.Returns = p.parameters()
	}
	f.Name = p.name("a function's name")
	f.Params = p.parameters()
	p.functionDirectives(f)
	f.HasBody = p.isToken("{")
	if old := p.functions[f.Name]; old != nil && old.HasBody && f.HasBody {
		p.fail("%s is defined again; first on line %d", f.Name, old.Line)
		return
	} else if old == nil || f.HasBody {
		p.functions[f.Name] = f
	}
	p.module.Functions = append(p.module.Functions, f)
	if !f.HasBody {
		p.expect(";")
		return
	}
	p.body(f)
}

// parameters reads "(.param ..., ...)", which may be absent.
func (p *parser) parameters() []*Variable {
	if !p.accept("(") {
		return nil
	}
	var all []*Variable
	end := uint64(0)
	for p.kind != endToken && !p.isToken(")") {
		form := p.attributes(true)
		v, _ := p.declarator(form)
		v.Offset = (end + v.Align - 1) &^ (v.Align - 1)
		end = v.Offset + v.Size
		if end > maxBytes {
			p.fail("the parameters are larger than %d bytes", uint64(maxBytes))
		}
		all = append(all, v)
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return all
}

// functionDirectives reads what stands between the parameters and the body (section "Performance-Tuning Directives").
func (p *parser) functionDirectives(f *Function) {
	for p.kind == wordToken {
		directive := p.text
		p.next()
		switch directive {
		case ".maxntid":
			f.MaxThreads = p.triple()
		case ".reqntid":
			f.RequiredThreads = p.triple()
		case ".minnctapersm":
			f.MinBlocks = uint32(p.count("a count of blocks"))
		case ".maxnreg":
			f.MaxRegisters = uint32(p.count("a count of registers"))
		case ".reqnctapercluster":
			f.ClusterSize = p.triple()
		case ".maxclusterrank", ".maxnctapersm", ".abi_preserve", ".abi_preserve_control":
			p.count("a number")
		case ".noreturn", ".explicitcluster", ".blocksareclusters":
		case ".pragma":
			p.skipTo(";")
		case ".attribute":
			p.skipParentheses()
		default:
			p.fail("unknown directive %s of a function", directive)
		}
	}
}

func (p *parser) triple() [3]uint32 {
	sizes := [3]uint32{1, 1, 1}
	for i := range sizes {
		sizes[i] = uint32(min(p.count("a size"), math.MaxUint32))
		if !p.accept(",") {
			break
		}
	}
	return sizes
}

// body reads "{ ... }". Blocks inside it only bound the life of names.
func (p *parser) body(f *Function) {
	p.function, p.location = f, -1
	p.locations, p.places = map[Location]int32{}, map[place]int32{}
	p.openScope()
	for _, vars := range [][]*Variable{f.Returns, f.Params} {
		for _, v := range vars {
			if v.Space == RegisterSpace {
				v.Register = p.newRegister(v.Name, v.Type)
				p.declare(v.Name, binding{kind: registerName, index: v.Register})
				continue
			}
			p.declare(v.Name, binding{variable: v})
		}
	}
	p.next()
	for len(p.scopes) > 0 && p.kind != endToken {
		p.statement()
	}
	if len(p.scopes) > 0 {
		p.fail("the text ends within %s", f.Name)
	}
	p.scopes = p.scopes[:0]
}

func (p *parser) statement() {
	switch p.text {
	case "{":
		p.openScope()
		p.next()
	case "}":
		p.closeScope()
		p.next()
	case ";":
		p.next()
	case ".loc":
		p.loc()
	case ".reg":
		p.registers()
	case ".shared", ".local", ".param", ".const", ".global":
		for _, v := range p.declaration(Private) {
			p.declare(v.Name, binding{variable: v})
			if v.Space == GlobalSpace || v.Space == ConstSpace {
				p.module.Variables = append(p.module.Variables, v)
			} else {
				p.function.Variables = append(p.function.Variables, v)
			}
		}
	case ".pragma":
		p.skipTo(";")
	case "@":
		p.instruction()
	default:
		if p.kind != wordToken {
			p.failToken("a statement")
			return
		}
		p.labelOrInstruction()
	}
}

func (p *parser) labelOrInstruction() {
	here := p.scanner
	label := p.text
	p.next()
	if !p.accept(":") {
		p.scanner = here
		p.instruction()
		return
	}
	b := binding{kind: labelName, index: int32(len(p.function.Body))}
	switch p.text {
	case ".branchtargets":
		b.kind, b.index = tableName, p.branchTable()
	case ".callprototype", ".calltargets":
		b.kind = prototypeName
		p.skipTo(";")
	}
	p.declare(label, b)
}

// branchTable reads ".branchtargets label, ...;". The labels become known when their scope ends.
func (p *parser) branchTable() int32 {
	var names []string
	for p.next(); p.kind == wordToken; p.next() {
		names = append(names, p.text)
		if p.next(); !p.isToken(",") {
			break
		}
	}
	table := make([]int32, len(names))
	inner := &p.scopes[len(p.scopes)-1]
	for i, name := range names {
		inner.pending = append(inner.pending, pendingName{name: name, line: p.line, entry: &table[i]})
	}
	p.expect(";")
	p.function.BranchTables = append(p.function.BranchTables, table)
	return int32(len(p.function.BranchTables) - 1)
}

// instruction reads "[@[!]predicate] opcode operands;".
func (p *parser) instruction() {
	in := Instruction{Guard: -1, Line: p.line, Location: p.location}
	start := p.start
	if p.accept("@") {
		in.GuardNot = p.accept("!")
		guard, known := p.lookup(p.text)
		if !known || guard.kind != registerName {
			p.failToken("a predicate register")
		}
		in.Guard = guard.index
		p.next()
	}
	if p.kind != wordToken || p.text[0] == '.' || p.text[0] == '%' {
		p.failToken("an instruction")
	}
	in.Op = p.opcode(p.dotted())
	p.opcodeName = in.Op.Name
	first := len(p.scratch)
	for p.kind != endToken && !p.isToken(";") {
		o := p.operand(0)
		p.scratch = append(p.scratch, o)
		if !p.accept(",") {
			break
		}
	}
	in.Text = p.src[start:max(start, min(p.priorEnd, len(p.src)))]
	p.expect(";")
	in.Operands = p.keep(first)
	if in.Op.Name == "call" {
		in.Operands = completeCall(in.Operands)
	}
	p.awaitNames(in.Operands, in.Line)
	p.function.Body = append(p.function.Body, in)
}

// completeCall adds the lists that a call without results or parameters leaves out.
func completeCall(operands []Operand) []Operand {
	empty := Operand{Kind: ListOperand}
	if len(operands) > 0 && operands[0].Kind != ListOperand {
		operands = append([]Operand{empty}, operands...)
	}
	switch {
	case len(operands) == 2:
		operands = append(operands, empty)
	case len(operands) == 3 && operands[2].Kind != ListOperand: // the name of a prototype
		operands = append(operands[:2:2], empty, operands[2])
	}
	return operands
}

// keep moves the scratch operands from first on to where they stay.
func (p *parser) keep(first int) []Operand {
	n := len(p.scratch) - first
	if n == 0 {
		return nil
	}
	if len(p.operands) < n {
		p.operands = make([]Operand, max(n, 256))
	}
	kept := p.operands[:n:n]
	p.operands = p.operands[n:]
	copy(kept, p.scratch[first:])
	p.scratch = p.scratch[:first]
	return kept
}
