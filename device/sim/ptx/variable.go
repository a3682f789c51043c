package ptx

import (
	"math"
	"math/bits"
)

// maxBytes bounds a variable's size, so that sums of sizes cannot overflow.
const maxBytes = 1 << 40

// declaration reads ".space attributes .type name[dimensions] [= initialiser], ...;".
func (p *parser) declaration(linkage Linkage) []*Variable {
	form := p.attributes(false)
	form.Linkage = linkage
	var all []*Variable
	for p.kind != endToken {
		v, row := p.declarator(form)
		if p.accept("=") {
			p.initialiser(v, row)
		}
		all = append(all, v)
		if !p.accept(",") {
			break
		}
	}
	p.expect(";")
	return all
}

// attributes reads what stands before a variable's name. Size is that of one element, vectors counted as one.
func (p *parser) attributes(inParameters bool) Variable {
	v := Variable{Space: spaces[p.text], Line: p.line, Align: 1}
	if p.isToken(".reg") && inParameters {
		v.Space = RegisterSpace
	}
	if v.Space == NoSpace {
		p.failToken("a state space")
	}
	p.next()
	elements, pointer := uint64(1), false
	for p.kind == wordToken && p.text[0] == '.' {
		switch p.text {
		case ".align":
			p.next()
			align := p.count("an alignment")
			if bits.OnesCount64(align) != 1 {
				p.fail("alignment %d is no power of two", align)
			}
			if !pointer {
				v.Align = align
			}
			continue
		case ".ptr": // what follows is about what the parameter points to
			pointer = true
		case ".global", ".const", ".shared", ".local":
			if !pointer {
				p.failToken("a type")
			}
		case ".attribute":
			p.next()
			p.skipParentheses()
			continue
		case ".v2":
			elements = 2
		case ".v4":
			elements = 4
		case ".volatile":
		default:
			if v.Type = TypeByName(p.text[1:]); v.Type == NoType || v.Type == Pred && v.Space != RegisterSpace {
				p.failToken("a type of memory")
			}
		}
		p.next()
	}
	if v.Type == NoType {
		p.failToken("a type")
	}
	v.Size = elements * v.Type.Size()
	v.Align = max(v.Align, v.Size)
	return v
}

func (p *parser) skipParentheses() {
	p.expect("(")
	for depth := 1; depth > 0 && p.kind != endToken; p.next() {
		if p.isToken("(") {
			depth++
		} else if p.isToken(")") {
			depth--
		}
	}
}

// declarator reads a name with its dimensions. The second result is the count of single values in a row of the last dimension.
func (p *parser) declarator(form Variable) (*Variable, uint64) {
	v := form
	v.Line = p.line
	row := v.Size / max(1, v.Type.Size())
	dimensions := uint64(0)
	v.Name = p.name("a name")
	for v.element = v.Size; p.accept("["); dimensions++ {
		if p.accept("]") {
			v.Unsized = true
			continue
		}
		n := p.count("a dimension")
		high, size := bits.Mul64(v.Size, n)
		if high != 0 || size > maxBytes {
			p.fail("%s is larger than %d bytes", v.Name, uint64(maxBytes))
		}
		v.Size, row = size, n*(form.Size/max(1, v.Type.Size()))
		if dimensions > 0 {
			v.element *= n
		}
		p.expect("]")
	}
	if v.Unsized {
		v.Size = 0
	}
	return &v, row
}

// initialiser reads "value" or "{value, {value, ...}}". Rows must be whole, but for the last one.
func (p *parser) initialiser(v *Variable, row uint64) {
	depth, values, short := 0, uint64(0), false
	for p.kind != endToken {
		switch {
		case p.accept("{"):
			depth++
		case p.isToken("}"):
			depth--
			short = short || row > 0 && values%row != 0
			p.next()
		default:
			if short {
				p.fail("a row of %s is shorter than %d values", v.Name, row)
				return
			}
			values++
			p.initialValue(v)
		}
		if depth < 0 {
			p.failToken("a value")
		}
		if depth == 0 {
			break
		}
		p.accept(",")
	}
	size := uint64(len(v.Init))
	if v.Unsized {
		v.Size, v.Unsized = size, false
	}
	if size > v.Size {
		p.fail("the initialiser of %s has %d bytes, the variable %d", v.Name, size, v.Size)
	}
}

// initialValue reads a number, symbol, generic(symbol) or mask(symbol), the last three with "+ offset".
func (p *parser) initialValue(v *Variable) {
	size := int(v.Type.Size())
	reloc := Relocation{Offset: uint64(len(v.Init)), Bytes: size}
	var number Operand
	if p.kind != wordToken || p.text == "WARP_SZ" {
		number = p.constant()
		if !p.isToken("(") {
			v.Init = appendValue(v.Init, number, v.Type)
			return
		}
		reloc.Shift = uint8(bits.TrailingZeros64(number.Value)) & 63
		p.next()
	}
	masked := number.Value != 0
	if p.accept("generic") {
		p.expect("(")
		reloc.Generic = true
		p.symbol(&reloc)
		p.expect(")")
	} else {
		p.symbol(&reloc)
	}
	p.addend(&reloc)
	if masked {
		p.expect(")")
	}
	v.Init = append(v.Init, make([]byte, size)...)
	v.Relocations = append(v.Relocations, reloc)
}

func (p *parser) symbol(reloc *Relocation) {
	reloc.Symbol = p.name("a symbol")
	p.addend(reloc)
}

func (p *parser) addend(reloc *Relocation) {
	if p.isToken("+") || p.isToken("-") {
		p.accept("+")
		reloc.Addend += int64(p.constant().Value)
	}
}

// appendValue appends a number as the type stores it.
func appendValue(b []byte, number Operand, t Type) []byte {
	value := number.Value
	switch {
	case number.Kind == Float64Operand && t == F32:
		value = uint64(math.Float32bits(float32(math.Float64frombits(value))))
	case number.Kind == Float32Operand && t == F64:
		value = math.Float64bits(float64(math.Float32frombits(uint32(value))))
	}
	for i := range t.Size() {
		if i < 8 {
			b = append(b, byte(value>>(8*i)))
		} else {
			b = append(b, 0)
		}
	}
	return b
}
