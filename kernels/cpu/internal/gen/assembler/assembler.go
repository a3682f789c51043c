// Package assembler is what the generators of package cpu's assembly share: avo's context, with what the Go code declares.
package assembler

import (
	"fmt"
	"go/constant"
	"go/types"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

// Assembler collects the functions of one file. Its methods panic where the Go code declares no such thing: the generator is wrong then.
type Assembler struct {
	*build.Context
	declarations *types.Package
}

// Assemble returns the file of the functions that write adds. The declarations are those of package cpu.
func Assemble(declarations *types.Package, write func(asm *Assembler)) ([]byte, error) {
	asm := &Assembler{build.NewContext(), declarations}
	write(asm)
	file, err := asm.Result()
	if err != nil {
		return nil, err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return nil, err
	}
	return printer.NewGoAsm(printer.Config{Name: "internal/gen", Pkg: declarations.Name()}).Print(file)
}

// Implement begins a function that the Go code declares.
func (asm *Assembler) Implement(name string) {
	s, err := gotypes.LookupSignature(asm.declarations, name)
	if err != nil {
		panic(err)
	}
	asm.Function(name)
	asm.Signature(s)
}

// Constant is the value of a constant of the Go code.
func (asm *Assembler) Constant(name string) int {
	if c, isConst := asm.declarations.Scope().Lookup(name).(*types.Const); isConst {
		if v, isExact := constant.Int64Val(c.Val()); isExact {
			return int(v)
		}
	}
	panic(fmt.Sprintf("package %s has no integer constant %s", asm.declarations.Name(), name))
}

// Expect holds that a constant of the Go code has the value that a generator is written for.
func (asm *Assembler) Expect(name string, value int) {
	if v := asm.Constant(name); v != value {
		panic(fmt.Sprintf("constant %s of package %s is %d, and the generator is written for %d", name, asm.declarations.Name(), v, value))
	}
}

// Size is the number of bytes of a struct of the Go code.
func (asm *Assembler) Size(name string) int { return int(gotypes.Sizes.Sizeof(asm.structure(name))) }

// Fields returns where the fields of a struct of the Go code lie that a register points to. A slice begins with its pointer.
func (asm *Assembler) Fields(name string, pointer reg.Register) func(field string) operand.Mem {
	structure := asm.structure(name)
	var fields []*types.Var
	for f := range structure.Fields() {
		fields = append(fields, f)
	}
	offsets := gotypes.Sizes.Offsetsof(fields)
	return func(field string) operand.Mem {
		for i, f := range fields {
			if f.Name() == field {
				return operand.Mem{Base: pointer, Disp: int(offsets[i])}
			}
		}
		panic(fmt.Sprintf("struct %s of package %s has no field %s", name, asm.declarations.Name(), field))
	}
}

// Word loads 64 bits into a register of its own.
func (asm *Assembler) Word(m operand.Mem) reg.GPVirtual {
	r := asm.GP64()
	asm.MOVQ(m, r)
	return r
}

// Length is where the length of a slice lies.
func Length(slice operand.Mem) operand.Mem {
	return slice.Offset(int(gotypes.PointerSize))
}

func (asm *Assembler) structure(name string) *types.Struct {
	if t, isType := asm.declarations.Scope().Lookup(name).(*types.TypeName); isType {
		if s, isStruct := t.Type().Underlying().(*types.Struct); isStruct {
			for f := range s.Fields() {
				if f.Type() == types.Typ[types.Invalid] {
					panic(fmt.Sprintf("the type of field %s of struct %s is of another package: its size is not known here", f.Name(), name))
				}
			}
			return s
		}
	}
	panic(fmt.Sprintf("package %s has no struct %s", asm.declarations.Name(), name))
}

// Lanes declares a vector of 32 bits a lane.
func (asm *Assembler) Lanes(name string, lanes int, value func(lane int) uint32) operand.Mem {
	m := asm.StaticGlobal(name)
	asm.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range lanes {
		asm.AddDatum(4*i, operand.U32(value(i)))
	}
	return m
}
