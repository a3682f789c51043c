package ptx

import "strings"

// parser holds what is known so far. Its methods leave the first error in the scanner, whose tokens then are all the end: so
// no loop may run on at the end of the text.
type parser struct {
	scanner
	module       *Module
	opcodes      map[string]*Opcode
	variables    map[string]*Variable // of module scope
	functions    map[string]*Function
	strings      []byte // of .section .debug_str
	stringLabels map[string]int
	operands     []Operand // unused part of a block that instructions' operands are cut from
	scratch      []Operand
	opcodeName   string // of the instruction that is being read

	// Of the function that is being read:
	function  *Function
	scopes    []scope
	location  int32
	locations map[Location]int32
	places    map[place]int32 // the latest location of that place
}

// Parse reads a PTX module. A failure is an [*Error] with the line.
func Parse(src []byte) (*Module, error) {
	text := string(src)
	p := &parser{
		scanner:      scanner{src: text, lineAtPos: 1},
		module:       &Module{Source: text, Files: map[int]string{}, aliases: map[string]string{}},
		opcodes:      map[string]*Opcode{},
		variables:    map[string]*Variable{},
		functions:    map[string]*Function{},
		stringLabels: map[string]int{},
	}
	p.next()
	for p.kind != endToken {
		start, functions := p.scanner, len(p.module.Functions)
		p.moduleStatement()
		if p.firstError != nil {
			p.forget(functions)
			p.leaveOut(start)
		}
	}
	if p.firstError == nil && p.module.Version == "" {
		p.fail("no .version: this is not PTX")
	}
	if p.firstError != nil {
		return nil, p.firstError
	}
	p.nameInlined()
	return p.module, nil
}

// linkages maps a directive to what it says.
var linkages = map[string]Linkage{".visible": Visible, ".extern": Extern, ".weak": Weak, ".common": Common}

func (p *parser) moduleStatement() {
	linkage := Private
	for linkages[p.text] != Private {
		linkage = linkages[p.text]
		p.next()
	}
	switch p.text {
	case ".entry", ".func":
		p.readFunction(linkage)
	case ".global", ".const", ".shared":
		for _, v := range p.declaration(linkage) {
			p.declareInModule(v)
		}
	case ".version":
		p.next()
		p.module.Version = p.text
		p.next()
	case ".target":
		p.next()
		p.module.Target = p.name("an architecture")
		for p.accept(",") {
			p.name("an option of .target")
		}
	case ".address_size":
		p.next()
		if p.text != "64" {
			p.fail("address size %s: only 64 bits are supported", p.text)
		}
		p.next()
	case ".file":
		p.file()
	case ".section":
		p.section()
	case ".pragma":
		p.skipTo(";")
	case ".alias":
		p.next()
		alias := p.name("a function's name")
		p.expect(",")
		p.module.aliases[alias] = p.name("the name of another function")
		p.expect(";")
	case ";":
		p.next()
	default:
		p.failToken("a directive of module scope")
	}
}

func (p *parser) declareInModule(v *Variable) {
	if old := p.variables[v.Name]; old != nil {
		if old.Linkage != Extern || v.Linkage == Extern {
			p.fail("%s is declared again; first on line %d", v.Name, old.Line)
			return
		}
		*old = *v // operands may point to the declaration
		return
	}
	p.variables[v.Name] = v
	p.module.Variables = append(p.module.Variables, v)
}

// skipTo moves behind the next token of that text.
func (p *parser) skipTo(text string) {
	for p.kind != endToken && !p.isToken(text) {
		p.next()
	}
	p.expect(text)
}

// opcode returns the one Opcode of that text.
func (p *parser) opcode(text string) *Opcode {
	if op := p.opcodes[text]; op != nil {
		return op
	}
	parts := strings.Split(text, ".")
	op := &Opcode{Text: text, Name: parts[0], Modifiers: parts[1:]}
	p.opcodes[text] = op
	return op
}
