package assembler

// The predicates of VCMPPS. Of those that hold where an operand is NaN the names begin with Not.
const (
	NotEqual          = 0x04
	NotLessOrEqual    = 0x06
	Ordered           = 0x07
	NotGreaterOrEqual = 0x09
	Greater           = 0x1e
)
