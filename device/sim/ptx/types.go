package ptx

// Space is a state space (section "State Spaces").
type Space uint8

const (
	NoSpace Space = iota
	ConstSpace
	GlobalSpace
	LocalSpace
	ParamSpace
	SharedSpace
	RegisterSpace // of a function's parameter: ".func (.reg .b32 r) f(.reg .b32 a)"
)

var spaceNames = [...]string{"", "const", "global", "local", "param", "shared", "reg"}

func (s Space) String() string { return spaceNames[s] }

// spaces maps a directive to the space it declares.
var spaces = map[string]Space{
	".const": ConstSpace, ".global": GlobalSpace, ".local": LocalSpace, ".param": ParamSpace, ".shared": SharedSpace,
}

// Type is a fundamental type or one of the packed types that variables and registers may have (sections "Fundamental Types" and "Packed Data Types").
type Type uint8

const (
	NoType Type = iota
	Pred
	B8
	B16
	B32
	B64
	B128
	U8
	U16
	U32
	U64
	S8
	S16
	S32
	S64
	F16
	F16x2
	BF16
	BF16x2
	F32
	F64
)

// typeTable has a row for each Type, in order. A predicate has no size in memory.
var typeTable = [...]struct {
	name string
	size uint64
}{
	{"", 0}, {"pred", 0},
	{"b8", 1}, {"b16", 2}, {"b32", 4}, {"b64", 8}, {"b128", 16},
	{"u8", 1}, {"u16", 2}, {"u32", 4}, {"u64", 8},
	{"s8", 1}, {"s16", 2}, {"s32", 4}, {"s64", 8},
	{"f16", 2}, {"f16x2", 4}, {"bf16", 2}, {"bf16x2", 4}, {"f32", 4}, {"f64", 8},
}

var typesByName = func() map[string]Type {
	m := make(map[string]Type, len(typeTable))
	for t := Pred; int(t) < len(typeTable); t++ {
		m[typeTable[t].name] = t
	}
	return m
}()

// TypeByName returns the type that a modifier such as "s32" names, or NoType.
func TypeByName(name string) Type { return typesByName[name] }

func (t Type) String() string { return typeTable[t].name }

// Size returns the bytes that a value of the type takes in memory.
func (t Type) Size() uint64 { return typeTable[t].size }

// Signed reports whether the type is a signed integer.
func (t Type) Signed() bool { return t >= S8 && t <= S64 }

// Float reports whether the type is a floating-point one, packed pairs included.
func (t Type) Float() bool { return t >= F16 && t <= F64 }
