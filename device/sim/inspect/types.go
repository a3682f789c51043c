package inspect

import (
	"debug/dwarf"
	"fmt"
	"strings"

	"github.com/ianlancetaylor/demangle"

	"cnn-gpu/device/sim"
)

// Types are those of the debug data, wherever they come from: debug/dwarf's.

// bare is a type without const, volatile and the names that a typedef gives, of which no sound type has many.
func bare(t dwarf.Type) dwarf.Type {
	for range 16 {
		switch outer := t.(type) {
		case *dwarf.QualType:
			t = outer.Type
		case *dwarf.TypedefType:
			t = outer.Type
		default:
			return t
		}
	}
	return t
}

// typeName writes a type as C++ does.
func typeName(t dwarf.Type) string {
	switch t := t.(type) {
	case nil:
		return "void"
	case *dwarf.QualType:
		if pointer, ok := t.Type.(*dwarf.PtrType); ok {
			return typeName(pointer) + " " + t.Qual
		}
		return t.Qual + " " + typeName(t.Type)
	case *dwarf.PtrType:
		return strings.ReplaceAll(typeName(t.Type)+"*", "* *", "**")
	case *dwarf.ArrayType:
		return fmt.Sprintf("%s[%d]", typeName(t.Type), t.Count)
	case *dwarf.StructType:
		return demangle.Filter(mangledType(t.StructName))
	case *dwarf.EnumType:
		return demangle.Filter(mangledType(t.EnumName))
	case *dwarf.VoidType:
		return "void"
	}
	return t.Common().Name
}

// mangledType completes the mangled name of a type in no namespace, which NVIDIA's compilers write as its length and name.
func mangledType(name string) string {
	if len(name) > 0 && name[0] >= '0' && name[0] <= '9' {
		return "_Z" + name
	}
	return name
}

// A class is what a number's bits mean. Bytes may be anything.
type class int

const (
	anyClass class = iota
	integerClass
	floatClass
)

// classOf tells what numbers a type takes; ok is false for what is no number: structs, arrays, pointers.
func classOf(t dwarf.Type) (c class, ok bool) {
	switch bare(t).(type) {
	case *dwarf.IntType, *dwarf.UintType, *dwarf.CharType, *dwarf.UcharType, *dwarf.BoolType, *dwarf.EnumType:
		return integerClass, true
	case *dwarf.FloatType:
		return floatClass, true
	case *dwarf.UnspecifiedType:
		return anyClass, true
	}
	return anyClass, false
}

// numberFor is the type of numbers for a value that is given without one.
func numberFor(t dwarf.Type) (numberType, bool) {
	c, _ := classOf(t)
	letter := "i"
	switch bare(t).(type) {
	case *dwarf.UintType, *dwarf.UcharType, *dwarf.BoolType:
		letter = "u"
	case *dwarf.FloatType:
		letter = "f"
	case *dwarf.StructType:
		switch typeName(bare(t)) {
		case "__half":
			return numberTypes["f16"], true
		case "__nv_bfloat16":
			return numberTypes["bf16"], true
		}
	}
	n, known := numberTypes[fmt.Sprint(letter, 8*t.Size())]
	return n, known && c != anyClass
}

// unknownType is all that PTX tells of what is no plain number.
func unknownType(name string, bytes int64) dwarf.Type {
	return &dwarf.UnspecifiedType{BasicType: dwarf.BasicType{CommonType: dwarf.CommonType{ByteSize: bytes, Name: name}}}
}

// paramType is what the PTX tells of a parameter.
func paramType(p sim.Param) dwarf.Type {
	common := dwarf.BasicType{CommonType: dwarf.CommonType{ByteSize: int64(p.Size)}}
	switch bits := 8 * p.Size; {
	case p.Size != p.Type.Size() || p.Size == 1:
		return unknownType(fmt.Sprintf("%d bytes", p.Size), int64(p.Size))
	case p.Type.Float():
		common.Name = map[uint64]string{16: "half", 32: "float", 64: "double"}[bits]
		return &dwarf.FloatType{BasicType: common}
	case p.Size == 8:
		return unknownType("pointer or 64-bit integer", 8)
	default:
		common.Name = fmt.Sprintf("%d-bit integer", bits)
		return &dwarf.IntType{BasicType: common}
	}
}

// mangledParameters is what a mangled name tells of the parameters: pointers and plain numbers; nil for what is something else.
func mangledParameters(linkerName string) (all []parameter) {
	a, err := demangle.ToAST(linkerName)
	typed, ok := a.(*demangle.Typed)
	if err != nil || !ok {
		return nil
	}
	function, ok := typed.Type.(*demangle.FunctionType)
	if !ok {
		return nil
	}
	for _, argument := range function.Args {
		all = append(all, parameter{kind: demangledType(argument)})
	}
	return all
}

// builtin are C++'s numbers by their names, with their sizes on a GPU.
var builtin = func() map[string]dwarf.Type {
	all := map[string]dwarf.Type{}
	basic := func(name string, bytes int64) dwarf.BasicType {
		return dwarf.BasicType{CommonType: dwarf.CommonType{ByteSize: bytes, Name: name}}
	}
	for name, bytes := range map[string]int64{"char": 1, "signed char": 1, "short": 2, "int": 4, "long": 8, "long long": 8} {
		all[name] = &dwarf.IntType{BasicType: basic(name, bytes)}
	}
	for name, bytes := range map[string]int64{"bool": 1, "unsigned char": 1, "unsigned short": 2, "unsigned int": 4, "unsigned long": 8, "unsigned long long": 8} {
		all[name] = &dwarf.UintType{BasicType: basic(name, bytes)}
	}
	for name, bytes := range map[string]int64{"float": 4, "double": 8} {
		all[name] = &dwarf.FloatType{BasicType: basic(name, bytes)}
	}
	return all
}()

func demangledType(a demangle.AST) dwarf.Type {
	switch a := a.(type) {
	case *demangle.BuiltinType:
		return builtin[a.Name]
	case *demangle.PointerType:
		return &dwarf.PtrType{CommonType: dwarf.CommonType{ByteSize: 8}, Type: demangledPointee(a.Base)}
	}
	return nil
}

// demangledPointee is what a pointer points to: of what is no number only the name is known.
func demangledPointee(a demangle.AST) dwarf.Type {
	if t := demangledType(a); t != nil {
		return t
	}
	if qualified, ok := a.(*demangle.TypeWithQualifiers); ok && demangle.ASTToString(qualified.Qualifiers) == "const" {
		return &dwarf.QualType{Qual: "const", Type: demangledPointee(qualified.Base)}
	}
	return unknownType(demangle.ASTToString(a), -1)
}
