package ptx

import (
	"math"
	"strconv"
	"strings"
)

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
	case p.isToken("("):
		if p.parenthesisedConstant() {
			return p.constant()
		}
		p.next()
		return Operand{Kind: ListOperand, Elements: p.elements(")", depth)}
	case p.isToken("-"), p.isToken("~"):
		return p.constant()
	case p.accept("!"):
		o := p.operand(depth + 1)
		if o.Kind != RegisterOperand || o.Not {
			p.fail("only a predicate register can be negated")
		}
		o.Not = true
		return o
	}
	p.failToken("an operand")
	return Operand{}
}

// parenthesisedConstant tells "(1+2)" from a call's list "(%r1, %r2)" and "(func_retval0)". The lists of NVRTC hold names only.
func (p *parser) parenthesisedConstant() bool {
	here := p.scanner
	for p.isToken("(") || p.isToken("-") || p.isToken("~") {
		p.next()
	}
	number := p.kind == numberToken
	p.scanner = here
	return number
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

// named reads a name, "a|b", or "variable + offset".
func (p *parser) named(depth int) Operand {
	name := p.text
	o := Operand{}
	b, known := p.lookup(name)
	switch {
	case known:
		o.set(b)
	case name == "_":
		o.Kind = SinkOperand
	case name == "WARP_SZ":
		return p.constant()
	case specialRegisters[name]:
		o.Kind, o.Name = SpecialOperand, name
	case name[0] == '%':
		p.fail("register %s is not declared", name)
	default:
		o.Kind, o.Name = unresolvedOperand, name
	}
	p.next()
	switch {
	case p.accept("|"):
		first := len(p.scratch)
		p.scratch = append(p.scratch, o)
		second := p.operand(depth + 1)
		p.scratch = append(p.scratch, second)
		return Operand{Kind: PairOperand, Elements: p.keep(first)}
	case o.Kind == VariableOperand && (p.isToken("+") || p.isToken("-")):
		o.Value = p.offset()
	}
	return o
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

// count reads an unsigned number.
func (p *parser) count(what string) uint64 {
	n, err := strconv.ParseUint(p.text, 0, 64)
	if p.kind != numberToken || err != nil {
		p.failToken(what)
		return 0
	}
	if n > maxBytes {
		p.fail("%s of %d is too large", what, n)
		return 0
	}
	p.next()
	return n
}

// constant reads a number or an expression of numbers (section "Constant Expressions").
func (p *parser) constant() Operand { return p.expression(0, 0) }

// precedence of the binary operators on integers. The remainder is left out: its sign begins the names of registers.
var precedence = map[string]int{"|": 1, "^": 2, "&": 3, "<<": 4, ">>": 4, "+": 5, "-": 5, "*": 6, "/": 6}

func (p *parser) expression(least, depth int) Operand {
	left := p.unary(depth)
	for p.kind == signToken {
		operator := p.text
		level := precedence[operator]
		if level == 0 || level <= least {
			break
		}
		p.next()
		right := p.integer(p.expression(level, depth+1))
		left.Value = p.binary(operator, p.integer(left), right)
	}
	return left
}

func (p *parser) unary(depth int) Operand {
	if depth > maxDepth {
		p.fail("an expression is nested too deep")
		return Operand{Kind: IntegerOperand}
	}
	switch {
	case p.accept("-"):
		o := p.unary(depth + 1)
		switch o.Kind {
		case Float32Operand:
			o.Value ^= 1 << 31
		case Float64Operand:
			o.Value ^= 1 << 63
		default:
			o.Value = -o.Value
		}
		return o
	case p.accept("~"):
		return Operand{Kind: IntegerOperand, Value: ^p.integer(p.unary(depth + 1))}
	case p.accept("("):
		o := p.expression(0, depth+1)
		p.expect(")")
		return o
	case p.accept("WARP_SZ"):
		return Operand{Kind: IntegerOperand, Value: 32}
	case p.kind == numberToken:
		o, ok := parseNumber(p.text)
		if !ok {
			p.failToken("a number")
		}
		p.next()
		return o
	}
	p.failToken("a number")
	return Operand{Kind: IntegerOperand}
}

func (p *parser) integer(o Operand) uint64 {
	if o.Kind != IntegerOperand {
		p.fail("an integer is wanted here")
	}
	return o.Value
}

func (p *parser) binary(operator string, a, b uint64) uint64 {
	switch operator {
	case "|":
		return a | b
	case "^":
		return a ^ b
	case "&":
		return a & b
	case "<<":
		return a << b
	case ">>":
		return uint64(int64(a) >> min(b, 63))
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	}
	if b == 0 {
		p.fail("division by zero")
		return 0
	}
	if int64(b) == -1 {
		return -a
	}
	return uint64(int64(a) / int64(b))
}

// parseNumber reads the literals of the sections "Integer Constants" and "Floating-Point Constants".
func parseNumber(text string) (Operand, bool) {
	if len(text) > 2 && text[0] == '0' {
		switch text[1] {
		case 'f', 'F':
			v, err := strconv.ParseUint(text[2:], 16, 32)
			return Operand{Kind: Float32Operand, Value: v}, err == nil && len(text) == 10
		case 'd', 'D':
			v, err := strconv.ParseUint(text[2:], 16, 64)
			return Operand{Kind: Float64Operand, Value: v}, err == nil && len(text) == 18
		}
	}
	hexadecimal := strings.HasPrefix(text, "0x") || strings.HasPrefix(text, "0X")
	if !hexadecimal && strings.ContainsAny(text, ".eE") {
		v, err := strconv.ParseFloat(text, 64)
		return Operand{Kind: Float64Operand, Value: math.Float64bits(v)}, err == nil
	}
	v, err := strconv.ParseUint(strings.TrimSuffix(text, "U"), 0, 64)
	return Operand{Kind: IntegerOperand, Value: v}, err == nil
}
