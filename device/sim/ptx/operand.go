package ptx

import "strings"

// maxDepth bounds how deep operands and expressions may nest.
const maxDepth = 32

// unresolvedOperand is a name that closeScope will explain.
const unresolvedOperand OperandKind = 255

// operand reads one operand.
func (p *parser) operand(depth int) Operand {
	if depth > maxDepth {
		p.fail("an operand is nested too deep")
		return Operand{}
	}
	switch {
	case p.kind == numberToken:
		return p.constant()
	case p.kind == wordToken:
		return p.named(depth)
	case p.accept("{"):
		return Operand{Kind: VectorOperand, Elements: p.elements("}", depth)}
	case p.accept("["):
		return p.address(depth)
	case p.opcodeName == "call" && p.accept("("): // a list, not an expression
		return Operand{Kind: ListOperand, Elements: p.elements(")", depth)}
	case p.isToken("-"):
		here := p.scanner
		p.next()
		if p.kind == wordToken && p.text != "WARP_SZ" { // an operand of vmad
			o := p.operand(depth + 1)
			if o.Kind != RegisterOperand || o.Not {
				p.fail("only a number or a register can be negated")
			}
			o.Not = true
			return o
		}
		p.scanner = here
		return p.constant()
	case p.isToken("("), p.isToken("+"), p.isToken("~"):
		return p.constant()
	case p.accept("!"):
		o := p.operand(depth + 1)
		if o.Kind == IntegerOperand {
			o.Value = truth(o.Value == 0)
			return o
		}
		if o.Kind != RegisterOperand || o.Not {
			p.fail("only a predicate register can be negated")
		}
		o.Not = true
		return o
	}
	p.failToken("an operand")
	return Operand{}
}

// elements reads "a, b, ... end".
func (p *parser) elements(end string, depth int) []Operand {
	first := len(p.scratch)
	for p.kind != endToken && !p.isToken(end) {
		element := p.operand(depth + 1)
		p.scratch = append(p.scratch, element)
		if !p.accept(",") {
			break
		}
	}
	p.expect(end)
	return p.keep(first)
}

// address reads "base [+ offset] [, ...]]" behind its bracket.
func (p *parser) address(depth int) Operand {
	base := p.operand(depth + 1)
	o := Operand{Kind: AddressOperand, Register: -1}
	switch {
	case base.Kind == RegisterOperand && !base.Not:
		o.Register = base.Register
	case base.Kind == VariableOperand:
		o.Variable, o.Value = base.Variable, base.Value
	case base.Kind == IntegerOperand:
		o.Value = base.Value
	default:
		p.fail("an address must begin with a register, a variable or a number")
	}
	if p.isToken("+") || p.isToken("-") {
		o.Value += p.offset()
	}
	if p.accept(",") {
		o.Elements = p.elements("]", depth)
	} else {
		p.expect("]")
	}
	return o
}

// offset reads "+ constant" or "- constant".
func (p *parser) offset() uint64 {
	p.accept("+")
	return p.integer(p.constant())
}

// named reads a name, "a|b", "variable + offset" or "variable[index]".
func (p *parser) named(depth int) Operand {
	name := p.dotted()
	o := Operand{}
	b, known := p.lookup(name)
	if dot := strings.LastIndexByte(name, '.'); !known && dot > 0 { // a part of a register, "%r1.b0"
		if b, known = p.lookup(name[:dot]); b.kind != registerName {
			known = false
		} else {
			o.Name = name[dot+1:]
		}
	}
	switch {
	case known:
		o.set(b)
	case name == "_":
		o.Kind = SinkOperand
	case name == "WARP_SZ":
		return Operand{Kind: IntegerOperand, Value: 32}
	case specialRegisters[name]:
		o.Kind, o.Name = SpecialOperand, name
	case name[0] == '%':
		p.fail("register %s is not declared", name)
	default:
		o.Kind, o.Name = unresolvedOperand, name
	}
	switch {
	case p.accept("|"):
		first := len(p.scratch)
		p.scratch = append(p.scratch, o)
		second := p.operand(depth + 1)
		p.scratch = append(p.scratch, second)
		return Operand{Kind: PairOperand, Elements: p.keep(first)}
	case o.Kind == VariableOperand && (p.isToken("+") || p.isToken("-")):
		o.Value = p.offset()
	case o.Kind == VariableOperand && p.accept("["): // an element of an array
		if p.kind == wordToken {
			p.fail("%s is indexed by %s: only constants are supported", name, p.text)
		}
		o.Value = o.Variable.element * p.integer(p.constant())
		p.expect("]")
		if p.opcodeName == "ld" || p.opcodeName == "st" {
			return Operand{Kind: AddressOperand, Register: -1, Variable: o.Variable, Value: o.Value}
		}
	}
	return o
}

// dotted reads a name with its component, "%tid.x". ptxas takes blanks before the dot.
func (p *parser) dotted() string {
	name := p.text
	for p.next(); p.kind == wordToken && p.text[0] == '.'; p.next() {
		name += p.text
	}
	return name
}

// awaitNames notes the operands whose names are not known yet.
func (p *parser) awaitNames(operands []Operand, line int32) {
	for i := range operands {
		o := &operands[i]
		if o.Kind == unresolvedOperand {
			inner := &p.scopes[len(p.scopes)-1]
			inner.pending = append(inner.pending, pendingName{name: o.Name, line: line, operand: o})
		}
		p.awaitNames(o.Elements, line)
	}
}
