package sass

import "fmt"

// Opcode is what an instruction does: the lowest 9 bits; the next 3 say where its operands come from.
type Opcode uint16

// Unit is the part of a multiprocessor that executes an instruction, by what it does.
type Unit uint8

const (
	Integer Unit = iota // additions, logic, shifts, comparisons, minima, selections, moves
	Float32
	IntegerMultiply
	Float64
	Half
	SpecialFunction
	Conversion
	Uniform // one value for the warp
	Control
	Barrier  // of a block
	Wait     // DEPBAR: for a scoreboard to come down to a number
	Commit   // LDGDEPBAR: a group of asynchronous copies
	GridWait // ACQBULK: for the launches before (griddepcontrol.wait)
	Matrix   // of floating-point numbers or integers
	Matrix64 // of double precision
	Shared
	Global // and generic and local
	Copy   // from global to shared memory
	Shuffle
	Constant
	Special // registers of the system
)

// Opcodes whose bits mean something of their own.
const (
	bra     Opcode = 0x147
	callRel Opcode = 0x144
	exit    Opcode = 0x14d
	ret     Opcode = 0x150
	ldsm    Opcode = 0x3b
	dmma    Opcode = 0x3f
	imma    Opcode = 0x37
)

type opcodeRow struct {
	name  string
	unit  Unit
	three bool // it has three operands
}

// opcodes has the names that nvdisasm prints for what NVRTC 12.9 makes of the kernels here, and for sm_80 to sm_90. Units: CUDA C++
// Programming Guide, "Throughput of Native Arithmetic Instructions", and the table of pipelines of Nsight Compute's manual.
var opcodes = map[Opcode]opcodeRow{
	0x002: {"MOV", Integer, false}, 0x003: {"P2R", Integer, false}, 0x004: {"R2P", Integer, false}, 0x005: {"CS2R", Integer, false}, 0x006: {"VOTE", Integer, false},
	0x007: {"SEL", Integer, false}, 0x008: {"FSEL", Integer, false}, 0x009: {"FMNMX", Integer, false}, 0x00b: {"FSETP", Integer, false}, 0x00c: {"ISETP", Integer, false},
	0x010: {"IADD3", Integer, false}, 0x011: {"LEA", Integer, false}, 0x012: {"LOP3", Integer, false}, 0x013: {"IABS", Integer, false}, 0x016: {"PRMT", Integer, false},
	0x017: {"IMNMX", Integer, false}, 0x019: {"SHF", Integer, false}, 0x01a: {"SGXT", Integer, false}, 0x01b: {"BMSK", Integer, false}, 0x01c: {"PLOP3", Integer, false},
	0x036: {"VIADD", Integer, false}, 0x048: {"VIMNMX", Integer, false}, 0x02f: {"ELECT", Integer, false}, 0x03e: {"F2FP", Integer, false}, 0x102: {"FCHK", SpecialFunction, false},
	0x020: {"FMUL", Float32, false}, 0x021: {"FADD", Float32, false}, 0x023: {"FFMA", Float32, true},
	0x024: {"IMAD", IntegerMultiply, true}, 0x025: {"IMAD.WIDE", IntegerMultiply, true}, 0x026: {"IDP", IntegerMultiply, true}, 0x027: {"IMAD.HI", IntegerMultiply, true},
	0x028: {"DMUL", Float64, false}, 0x029: {"DADD", Float64, false}, 0x02a: {"DSETP", Float64, false}, 0x02b: {"DFMA", Float64, true},
	0x030: {"HADD2", Half, false}, 0x031: {"HFMA2", Half, true}, 0x032: {"HMUL2", Half, false}, 0x033: {"HSETP2", Half, false}, 0x034: {"HSET2", Half, false},
	0x035: {"HFMA2.MMA", Half, true}, 0x040: {"HMNMX2", Integer, false},
	0x108: {"MUFU", SpecialFunction, false}, 0x109: {"POPC", SpecialFunction, false}, 0x100: {"FLO", SpecialFunction, false}, 0x101: {"BREV", SpecialFunction, false},
	0x104: {"F2F", Conversion, false}, 0x105: {"F2I", Conversion, false}, 0x106: {"I2F", Conversion, false}, 0x107: {"FRND", Conversion, false},
	0x110: {"F2F.64", Conversion, false}, 0x111: {"F2I.64", Conversion, false}, 0x112: {"I2F.64", Conversion, false}, 0x113: {"FRND.64", Conversion, false}, 0x045: {"I2FP", Integer, false},
	0x082: {"UMOV", Uniform, false}, 0x08c: {"UISETP", Uniform, false}, 0x090: {"UIADD3", Uniform, false}, 0x091: {"ULEA", Uniform, false}, 0x092: {"ULOP3", Uniform, false},
	0x096: {"UPRMT", Uniform, false}, 0x099: {"USHF", Uniform, false}, 0x0a4: {"UIMAD", Uniform, false}, 0x0b9: {"ULDC", Uniform, false}, 0x0ca: {"R2UR", Uniform, false},
	0x118: {"NOP", Control, false}, 0x141: {"BSYNC", Control, false}, 0x142: {"BREAK", Control, false}, 0x143: {"CALL.ABS", Control, false}, callRel: {"CALL.REL", Control, false},
	0x145: {"BSSY", Control, false}, 0x146: {"YIELD", Control, false}, bra: {"BRA", Control, false}, 0x148: {"WARPSYNC", Control, false}, exit: {"EXIT", Control, false},
	0x14e: {"LEPC", Control, false}, ret: {"RET", Control, false}, 0x18f: {"CCTL", Control, false}, 0x192: {"MEMBAR", Control, false}, 0x1ab: {"ERRBAR", Control, false},
	0x1c6: {"FENCE", Control, false}, 0x11d: {"BAR", Barrier, false}, 0x11a: {"DEPBAR", Wait, false}, 0x1af: {"LDGDEPBAR", Commit, false},
	0x02d: {"PREEXIT", Control, false}, 0x02e: {"ACQBULK", GridWait, false},
	imma: {"IMMA", Matrix, false}, 0x03c: {"HMMA", Matrix, false}, dmma: {"DMMA", Matrix64, false}, 0x03a: {"MOVM", Shuffle, false},
	ldsm: {"LDSM", Shared, false}, 0x184: {"LDS", Shared, false}, 0x188: {"STS", Shared, false}, 0x18c: {"ATOMS", Shared, false}, 0x18d: {"ATOMS.CAS", Shared, false},
	0x1a7: {"SYNCS", Shared, false}, 0x1b2: {"SYNCS.EXCH", Shared, false},
	0x180: {"LD", Global, false}, 0x181: {"LDG", Global, false}, 0x183: {"LDL", Global, false}, 0x185: {"ST", Global, false}, 0x186: {"STG", Global, false}, 0x187: {"STL", Global, false},
	0x18a: {"ATOM", Global, false}, 0x18b: {"ATOM.CAS", Global, false}, 0x18e: {"RED", Global, false}, 0x1a6: {"REDG", Global, false}, 0x1a8: {"ATOMG", Global, false}, 0x1a9: {"ATOMG.CAS", Global, false},
	0x1ae: {"LDGSTS", Copy, false}, 0x1ba: {"UBLKCP", Copy, false},
	0x189: {"SHFL", Shuffle, false}, 0x1a1: {"MATCH", Shuffle, false}, 0x1c4: {"REDUX", Shuffle, false},
	0x182: {"LDC", Constant, false}, 0x119: {"S2R", Special, false}, 0x1c3: {"S2UR", Special, false},
}

// String is nvdisasm's name without modifiers.
func (o Opcode) String() string {
	if row, known := opcodes[o]; known {
		return row.name
	}
	return fmt.Sprintf("opcode %#03x", uint16(o))
}

// Matrix says whether it loads matrices, of which each lane has a row's address.
func (o Opcode) Matrix() bool { return o == ldsm }

// Unit is the unit that executes it; what is not known counts as Integer.
func (o Opcode) Unit() Unit { return opcodes[o].unit }
