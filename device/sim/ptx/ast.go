// Package ptx parses PTX, the assembly language that NVRTC and nvcc make from CUDA C++.
//
// [Parse] resolves what needs no knowledge of the machine: scopes are gone, a register operand is an index into
// [Function.Registers], a label is an index into [Function.Body], a name of a variable is a pointer to its declaration. What an
// instruction means, and whether its operands fit it, is left to the reader of the tree: the parser takes every opcode.
//
// The language is described in NVIDIA's "Parallel Thread Execution ISA"; the sections named in this package are those of version 8.8.
package ptx

// Module is one PTX text.
type Module struct {
	Version   string // of the PTX language, "8.8"
	Target    string // the architecture, "sm_90"
	Source    string // the whole text; Text fields are parts of it
	Files     map[int]string
	Functions []*Function // kernels, device functions and prototypes with no body, in order of the text
	Variables []*Variable // of module scope
	aliases   map[string]string
}

// Function returns the function of that name or alias, the one with a body if there is one, or nil.
func (m *Module) Function(name string) *Function {
	if other, known := m.aliases[name]; known {
		name = other
	}
	var found *Function
	for _, f := range m.Functions {
		if f.Name == name && (found == nil || f.HasBody) {
			found = f
		}
	}
	return found
}

// Linkage says who sees a function or a variable of module scope (section "Linking Directives").
type Linkage uint8

const (
	Private Linkage = iota
	Visible
	Extern
	Weak
	Common
)

// Function is a kernel (.entry) or a device function (.func).
type Function struct {
	Name    string
	Kernel  bool // .entry
	HasBody bool // false for a prototype
	Linkage Linkage
	Line    int32
	Err     error       // why it could not be read; the rest is then empty
	Returns []*Variable // of a .func, in space .param or .reg
	Params  []*Variable // of a kernel: Offset is the place in the buffer of parameters

	MaxThreads      [3]uint32 // .maxntid, zero where not given; given dimensions after the first that are absent are 1
	RequiredThreads [3]uint32 // .reqntid, likewise
	MinBlocks       uint32    // .minnctapersm
	MaxRegisters    uint32    // .maxnreg
	ClusterSize     [3]uint32 // .reqnctapercluster, likewise zero where not given

	Registers    []Register    // those that the body names and the single ones it declares
	Variables    []*Variable   // .shared, .local and .param of the body, those of nested scopes too
	Body         []Instruction // flat; a branch to len(Body) leaves the function
	Locations    []Location    // see Instruction.Location
	BranchTables [][]int32     // .branchtargets: indices into Body
}

// Register is one declared register. Registers of nested scopes that share a name are different registers.
type Register struct {
	Name string
	Type Type
}

// ParamBytes is the size of a kernel's buffer of parameters.
func (f *Function) ParamBytes() uint64 {
	if len(f.Params) == 0 {
		return 0
	}
	last := f.Params[len(f.Params)-1]
	return last.Offset + last.Size
}

// Variable is a named place in memory.
type Variable struct {
	Name        string
	Space       Space
	Linkage     Linkage
	Type        Type   // of one element
	Align       uint64 // bytes; at least that of the type
	Size        uint64 // bytes; 0 where Unsized
	Unsized     bool   // "extern __shared__ float s[]": the launch says how much
	Offset      uint64 // of a parameter: bytes from the first one
	Init        []byte // the first bytes, the rest is zero; nil where there is no initialiser
	Relocations []Relocation
	Line        int32
	Register    int32  // of a parameter in space .reg: its index in Function.Registers
	Err         error  // why the declaration could not be read; only name, space and line are known then
	element     uint64 // bytes from one element of an array to the next, in its first dimension
}

// Relocation says that a part of an initialiser is the address of a variable or a function.
type Relocation struct {
	Offset  uint64 // in Init
	Bytes   int
	Shift   uint8 // bits that the address is shifted down before its low bytes are stored
	Symbol  string
	Addend  int64
	Generic bool // generic(symbol): the generic address and not the one in the symbol's space
}

// Location is a place in the CUDA C++ source (.loc).
type Location struct {
	File, Line, Column int32
	Function           string // linker name of the inlined function that the place lies in; empty in the kernel itself
	Caller             int32  // index in Function.Locations of the place that this function was inlined at, or -1
}

// Opcode is an instruction's name. Instructions of one module that have the same name share one Opcode.
type Opcode struct {
	Text      string   // "mad.lo.s32"
	Name      string   // "mad"
	Modifiers []string // "lo", "s32"
}

// Has reports whether the modifier stands in the name.
func (o *Opcode) Has(modifier string) bool {
	for _, m := range o.Modifiers {
		if m == modifier {
			return true
		}
	}
	return false
}

// Instruction is one instruction.
//
// A call has three operands or four: a List of return parameters, the function's name or the register with its address,
// a List of parameters (both lists empty where not written), and for an indirect call the name of its prototype.
type Instruction struct {
	Op       *Opcode
	Guard    int32 // the predicate register of "@%p1", or -1
	GuardNot bool  // "@!%p1"
	Line     int32 // in the PTX, from 1
	Location int32 // index in Function.Locations, or -1
	Operands []Operand
	Text     string // as written, without the semicolon
}

// OperandKind says which fields of an Operand are used.
type OperandKind uint8

const (
	// RegisterOperand: Register, Not ("!%p1" or "-%r1"), Name (the part that a video instruction takes, "b0" of "%r1.b0").
	RegisterOperand OperandKind = iota
	// SpecialOperand is a special register such as %tid.x: Name, Not.
	SpecialOperand
	// IntegerOperand: Value in two's complement. The instruction takes as many low bits as its type has, whatever the sign:
	// "mul.wide.u16 %r1, %rs1, -21845" multiplies by 0xaaab.
	IntegerOperand
	// Float32Operand is 0f3F800000: Value holds the 32 bits.
	Float32Operand
	// Float64Operand is 0d3FF0000000000000 or 1.0: Value holds the 64 bits of the double.
	Float64Operand
	// VariableOperand is the address of a variable: Variable, Value (bytes to add).
	VariableOperand
	// FunctionOperand is the address of a function or its name in a call: Name.
	FunctionOperand
	// LabelOperand: Value is the index in Function.Body.
	LabelOperand
	// TableOperand is a table of branch targets: Value is the index in Function.BranchTables.
	TableOperand
	// PrototypeOperand is the label of a .callprototype or .calltargets: Name.
	PrototypeOperand
	// AddressOperand is [base+offset]: Variable, or Register where that is not -1, or neither, and Value, the signed bytes to add.
	// Elements are what stands behind a comma in the brackets, as in the tensor copies' [map, {x, y}].
	AddressOperand
	// VectorOperand is {a, b}: Elements.
	VectorOperand
	// PairOperand is a|b: two Elements.
	PairOperand
	// ListOperand is (a, b): Elements. Only calls have it.
	ListOperand
	// SinkOperand is _, a result that nobody wants.
	SinkOperand
)

// Operand is one operand of an instruction.
type Operand struct {
	Kind     OperandKind
	Not      bool
	Register int32
	Value    uint64
	Variable *Variable
	Name     string
	Elements []Operand
}
