package ptx

import (
	"math"
	"strconv"
	"strings"
)

type nameKind uint8

const (
	variableName nameKind = iota
	registerName
	vectorName // of registers: index is the first of count
	labelName
	tableName
	prototypeName
)

// binding is what a name means.
type binding struct {
	kind     nameKind
	index    int32
	count    int32
	variable *Variable
}

// registerRange is ".reg .b32 %r<count>". Its registers come to be when they are named.
type registerRange struct {
	prefix string
	count  uint64
	typ    Type
	width  int32 // 2 or 4 where each is a vector
}

// pendingName is a use of a name that may be a label further down. One of operand and entry is set.
type pendingName struct {
	name    string
	line    int32
	operand *Operand
	entry   *int32
}

type scope struct {
	names   map[string]binding
	ranges  []registerRange
	pending []pendingName
}

func (p *parser) openScope() {
	p.scopes = append(p.scopes, scope{names: map[string]binding{}})
}

// closeScope gives labels to the branches that wait for them; names that are not of this scope may be of the one around it.
func (p *parser) closeScope() {
	inner := p.scopes[len(p.scopes)-1]
	p.scopes = p.scopes[:len(p.scopes)-1]
	for _, use := range inner.pending {
		b, known := inner.names[use.name]
		switch {
		case known && use.operand != nil:
			use.operand.set(b)
		case known && b.kind == labelName:
			*use.entry = b.index
		case len(p.scopes) > 0:
			outer := &p.scopes[len(p.scopes)-1]
			outer.pending = append(outer.pending, use)
		case use.operand != nil && p.functions[use.name] != nil:
			use.operand.Kind = FunctionOperand
		default:
			p.line = use.line
			p.fail("%s is not declared", use.name)
		}
	}
}

// set fills the operand with what its name means.
func (o *Operand) set(b binding) {
	switch b.kind {
	case variableName:
		o.Kind, o.Variable = VariableOperand, b.variable
	case registerName:
		o.Kind, o.Register = RegisterOperand, b.index
	case vectorName:
		o.Kind = VectorOperand
		for i := range b.count {
			o.Elements = append(o.Elements, Operand{Kind: RegisterOperand, Register: b.index + i})
		}
	case labelName:
		o.Kind, o.Value = LabelOperand, uint64(b.index)
	case tableName:
		o.Kind, o.Value = TableOperand, uint64(b.index)
	case prototypeName:
		o.Kind = PrototypeOperand
	}
}

func (p *parser) declare(name string, b binding) {
	if len(p.scopes) == 0 {
		return // after a failure
	}
	names := p.scopes[len(p.scopes)-1].names
	if _, known := names[name]; known {
		p.fail("%s is declared twice in one scope", name)
		return
	}
	names[name] = b
}

// lookup finds a name in the scopes, from the inner to the outer, and among the variables of the module.
func (p *parser) lookup(name string) (binding, bool) {
	for i := len(p.scopes) - 1; i >= 0; i-- {
		s := &p.scopes[i]
		if b, known := s.names[name]; known {
			return b, true
		}
		vector, _, _ := strings.Cut(name, ".")
		for _, r := range s.ranges {
			switch {
			case r.width == 1 && r.holds(name):
				b := binding{kind: registerName, index: p.newRegister(name, r.typ)}
				s.names[name] = b
				return b, true
			case r.width > 1 && r.holds(vector):
				p.vectorRegister(s, vector, r.typ, r.width)
				b, known := s.names[name]
				return b, known
			}
		}
	}
	if v := p.variables[name]; v != nil {
		return binding{variable: v}, true
	}
	return binding{}, false
}

// holds reports whether the name is one of the range's.
func (r registerRange) holds(name string) bool {
	digits, found := strings.CutPrefix(name, r.prefix)
	if !found || digits == "" || digits[0] == '0' && digits != "0" || digits[0] == '+' {
		return false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return err == nil && n < r.count
}

func (p *parser) newRegister(name string, t Type) int32 {
	p.function.Registers = append(p.function.Registers, Register{name, t})
	return int32(len(p.function.Registers) - 1)
}

// registers reads ".reg [.v2 | .v4] .type name | name<count>, ...;".
func (p *parser) registers() {
	p.next()
	width := int32(1)
	switch p.text {
	case ".v2":
		width = 2
		p.next()
	case ".v4":
		width = 4
		p.next()
	}
	typ := TypeByName(strings.TrimPrefix(p.name("a type"), "."))
	if typ == NoType {
		p.fail("unknown type of a register")
	}
	for p.kind != endToken {
		name := p.name("a register's name")
		switch {
		case p.accept("<"):
			inner := &p.scopes[len(p.scopes)-1]
			inner.ranges = append(inner.ranges, registerRange{name, min(p.count("a count of registers"), math.MaxInt32), typ, width})
			p.expect(">")
		case width > 1:
			p.vectorRegister(&p.scopes[len(p.scopes)-1], name, typ, width)
		default:
			p.declare(name, binding{kind: registerName, index: p.newRegister(name, typ)})
		}
		if !p.accept(",") {
			break
		}
	}
	p.expect(";")
}

// vectorRegister declares v with its components, which have two names: v.x and v.r and so on (section "Vectors as Operands").
func (p *parser) vectorRegister(s *scope, name string, typ Type, width int32) {
	if _, known := s.names[name]; known {
		p.fail("%s is declared twice in one scope", name)
		return
	}
	s.names[name] = binding{kind: vectorName, index: int32(len(p.function.Registers)), count: width}
	for i := range width {
		b := binding{kind: registerName, index: p.newRegister(name+"."+"xyzw"[i:i+1], typ)}
		s.names[name+"."+"xyzw"[i:i+1]], s.names[name+"."+"rgba"[i:i+1]] = b, b
	}
}
