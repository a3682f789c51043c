package inspect

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// numberType is a type that the numbers of arguments and memory may have.
type numberType struct {
	name  string
	bytes int
	parse func(text string) ([]byte, error)
	put   func(b []byte, v float64) []byte // appends
	get   func(b []byte) string
	value func(b []byte) float64
}

func (n numberType) class() class {
	if strings.Contains(n.name, "f") {
		return floatClass
	}
	return integerClass
}

// numpy is NumPy's code for the type, without the byte order. It has no bf16: its bits are whole numbers there.
func (n numberType) numpy() string {
	if n.name == "bf16" {
		return "u2"
	}
	return fmt.Sprint(n.name[:1], max(n.bytes, 1))
}

// numberTypes are the types by their names.
var numberTypes = map[string]numberType{
	"i8": integer("i8", 1, true), "u8": integer("u8", 1, false), "i16": integer("i16", 2, true), "u16": integer("u16", 2, false),
	"i32": integer("i32", 4, true), "u32": integer("u32", 4, false), "i64": integer("i64", 8, true), "u64": integer("u64", 8, false),
	"f16": small("f16", 10, -14, 15), "bf16": small("bf16", 7, -126, 127),
	"f32": float("f32", 4, func(v float64) uint64 { return uint64(math.Float32bits(float32(v))) },
		func(b uint64) float64 { return float64(math.Float32frombits(uint32(b))) }),
	"f64": float("f64", 8, math.Float64bits, math.Float64frombits),
}

// appendBytes appends the low bytes of v.
func appendBytes(b []byte, v uint64, bytes int) []byte {
	return append(b, binary.LittleEndian.AppendUint64(nil, v)[:bytes]...)
}

func load(b []byte, bytes int) uint64 {
	var all [8]byte
	copy(all[:], b[:bytes])
	return binary.LittleEndian.Uint64(all[:])
}

func integer(name string, bytes int, signed bool) numberType {
	extended := func(v uint64) int64 {
		shift := 64 - 8*bytes
		return int64(v<<shift) >> shift
	}
	return numberType{name: name, bytes: bytes,
		parse: func(text string) ([]byte, error) {
			var v uint64
			var err error
			if signed {
				var i int64
				i, err = strconv.ParseInt(text, 0, 8*bytes)
				v = uint64(i)
			} else {
				v, err = strconv.ParseUint(text, 0, 8*bytes)
			}
			if err != nil {
				return nil, fmt.Errorf("%q is no %s", text, name)
			}
			return appendBytes(nil, v, bytes), nil
		},
		put: func(b []byte, v float64) []byte { return appendBytes(b, uint64(int64(v)), bytes) },
		get: func(b []byte) string {
			v := load(b, bytes)
			if signed {
				return strconv.FormatInt(extended(v), 10)
			}
			return strconv.FormatUint(v, 10)
		},
		value: func(b []byte) float64 {
			v := load(b, bytes)
			if signed {
				return float64(extended(v))
			}
			return float64(v)
		},
	}
}

func float(name string, bytes int, encode func(float64) uint64, decode func(uint64) float64) numberType {
	put := func(b []byte, v float64) []byte { return appendBytes(b, encode(v), bytes) }
	return numberType{name: name, bytes: bytes, put: put,
		parse: func(text string) ([]byte, error) {
			v, err := strconv.ParseFloat(text, 8*max(bytes, 4))
			if err != nil {
				return nil, fmt.Errorf("%q is no %s", text, name)
			}
			return put(nil, v), nil
		},
		get:   func(b []byte) string { return strconv.FormatFloat(decode(load(b, bytes)), 'g', -1, 8*max(bytes, 4)) },
		value: func(b []byte) float64 { return decode(load(b, bytes)) },
	}
}

// small is a floating-point format of 16 bits with that many bits of fraction and exponents of normal numbers from least to greatest.
func small(name string, fraction, least, greatest int) numberType {
	return float(name, 2, func(v float64) uint64 { return encodeSmall(v, fraction, least, greatest) },
		func(b uint64) float64 { return decodeSmall(b, fraction, least, greatest) })
}

// encodeSmall rounds to nearest, ties to even.
func encodeSmall(v float64, fraction, least, greatest int) uint64 {
	sign := math.Float64bits(v) >> 63 << 15
	infinity := uint64(greatest-least+2) << fraction
	switch {
	case math.IsNaN(v):
		return 0x7fff
	case math.IsInf(v, 0):
		return sign | infinity
	case v == 0:
		return sign
	}
	exponent := max(math.Ilogb(v), least)
	units := math.RoundToEven(math.Ldexp(math.Abs(v), fraction-exponent)) // a sum of exponent and fraction carries over by itself
	return sign | min(uint64(exponent-least)<<fraction+uint64(units), infinity)
}

func decodeSmall(bits uint64, fraction, least, greatest int) float64 {
	magnitude := bits & 0x7fff
	exponent, mantissa := int(magnitude>>fraction), float64(magnitude&(1<<fraction-1))
	v := 0.0
	switch {
	case exponent == greatest-least+2 && mantissa != 0:
		return math.NaN()
	case exponent == greatest-least+2:
		v = math.Inf(1)
	case exponent == 0:
		v = math.Ldexp(mantissa, least-fraction)
	default:
		v = math.Ldexp(mantissa+math.Ldexp(1, fraction), exponent-1+least-fraction)
	}
	if bits&0x8000 != 0 {
		return math.Copysign(v, -1)
	}
	return v
}
