package ptx

import (
	"math"
	"strconv"
	"strings"
)

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
func (p *parser) constant() Operand {
	v := p.ternary(0)
	return v.Operand
}

// number is a constant. Arithmetic is in 64 bits, unsigned where an operand is.
type number struct {
	Operand
	unsigned bool
}

func integerNumber(v uint64) number { return number{Operand: Operand{Kind: IntegerOperand, Value: v}} }

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// ternary reads "a ? b : c" or what binds more.
func (p *parser) ternary(depth int) number {
	condition := p.expression(0, depth)
	if !p.accept("?") {
		return condition
	}
	a := p.ternary(depth + 1)
	p.expect(":")
	b := p.ternary(depth + 1)
	if p.integer(condition.Operand) != 0 {
		return a
	}
	return b
}

// precedence of the binary operators on integers, as in C.
var precedence = map[string]int{
	"||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, "<=": 7, ">": 7, ">=": 7,
	"<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}

func (p *parser) expression(least, depth int) number {
	left := p.unary(depth)
	for p.kind == signToken {
		operator := p.text
		level := precedence[operator]
		if level == 0 || level <= least {
			break
		}
		p.next()
		right := p.expression(level, depth+1)
		p.integer(left.Operand)
		p.integer(right.Operand)
		left = p.binary(operator, left, right)
	}
	return left
}

func (p *parser) unary(depth int) number {
	if depth > maxDepth {
		p.fail("an expression is nested too deep")
		return integerNumber(0)
	}
	switch {
	case p.accept("-"):
		n := p.unary(depth + 1)
		switch n.Kind {
		case Float32Operand:
			n.Value ^= 1 << 31
		case Float64Operand:
			n.Value ^= 1 << 63
		default:
			n.Value = -n.Value
		}
		return n
	case p.accept("+"):
		return p.unary(depth + 1)
	case p.accept("~"):
		n := p.unary(depth + 1)
		n.Value = ^p.integer(n.Operand)
		return n
	case p.accept("!"):
		return integerNumber(truth(p.integer(p.unary(depth+1).Operand) == 0))
	case p.accept("("):
		if p.isToken(".s64") || p.isToken(".u64") {
			unsigned := p.text == ".u64"
			p.next()
			p.expect(")")
			n := p.unary(depth + 1)
			p.integer(n.Operand)
			n.unsigned = unsigned
			return n
		}
		n := p.ternary(depth + 1)
		p.expect(")")
		return n
	case p.accept("WARP_SZ"):
		return integerNumber(32)
	case p.kind == numberToken:
		o, ok := parseNumber(p.text)
		if !ok {
			p.failToken("a number")
		}
		n := number{o, o.Kind == IntegerOperand && (strings.HasSuffix(p.text, "U") || int64(o.Value) < 0)}
		p.next()
		return n
	}
	p.failToken("a number")
	return integerNumber(0)
}

func (p *parser) integer(o Operand) uint64 {
	if o.Kind != IntegerOperand {
		p.fail("an integer is wanted here")
	}
	return o.Value
}

func (p *parser) binary(operator string, left, right number) number {
	a, b := left.Value, right.Value
	unsigned := left.unsigned || right.unsigned
	less := func(a, b uint64) bool { return unsigned && a < b || !unsigned && int64(a) < int64(b) }
	result := func(v uint64) number {
		n := integerNumber(v)
		n.unsigned = unsigned
		return n
	}
	switch operator {
	case "||":
		return integerNumber(truth(a != 0 || b != 0))
	case "&&":
		return integerNumber(truth(a != 0 && b != 0))
	case "==":
		return integerNumber(truth(a == b))
	case "!=":
		return integerNumber(truth(a != b))
	case "<":
		return integerNumber(truth(less(a, b)))
	case "<=":
		return integerNumber(truth(!less(b, a)))
	case ">":
		return integerNumber(truth(less(b, a)))
	case ">=":
		return integerNumber(truth(!less(a, b)))
	case "|":
		return result(a | b)
	case "^":
		return result(a ^ b)
	case "&":
		return result(a & b)
	case "<<":
		return number{result(a << b).Operand, left.unsigned}
	case ">>":
		if left.unsigned {
			return number{result(a >> b).Operand, true}
		}
		return integerNumber(uint64(int64(a) >> min(b, 63)))
	case "+":
		return result(a + b)
	case "-":
		return result(a - b)
	case "*":
		return result(a * b)
	}
	if b == 0 {
		p.fail("division by zero")
		return result(0)
	}
	switch {
	case operator == "/" && unsigned:
		return result(a / b)
	case operator == "/":
		return result(uint64(int64(a) / int64(b)))
	case unsigned:
		return result(a % b)
	}
	return result(uint64(int64(a) % int64(b)))
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
