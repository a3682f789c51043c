package kerneltest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

const (
	addRows    = "add rows to kernels/kerneltest/cases_*.go"
	addFormula = "add its formula to kernels/kerneltest/oracle_*.go and a case of it to oracle.go"
)

// source is what the text of package kernels declares.
type source struct {
	methods map[string]map[string]bool // by type
	values  map[string]int             // how many constants of the type there are, counted from 0
}

func sourceOf(t *testing.T, pattern string) []*ast.File {
	names, err := filepath.Glob(pattern)
	require.NoError(t, err)
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, f)
	}
	return files
}

func readKernels(t *testing.T) source {
	s := source{map[string]map[string]bool{}, map[string]int{}}
	for _, file := range sourceOf(t, "../*.go") {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					continue
				}
				receiver := d.Recv.List[0].Type
				if p, ok := receiver.(*ast.StarExpr); ok {
					receiver = p.X
				}
				name := receiver.(*ast.Ident).Name
				if s.methods[name] == nil {
					s.methods[name] = map[string]bool{}
				}
				s.methods[name][d.Name.Name] = true
			case *ast.GenDecl:
				s.count(d)
			}
		}
	}
	return s
}

// count counts the constants of a block that begins with one of a named type.
func (s source) count(d *ast.GenDecl) {
	if d.Tok != token.CONST {
		return
	}
	name, isNamed := d.Specs[0].(*ast.ValueSpec).Type.(*ast.Ident)
	if !isNamed {
		return
	}
	for _, spec := range d.Specs {
		s.values[name.Name] += len(spec.(*ast.ValueSpec).Names)
	}
}

// known are the ops that the oracle has a case for.
func known(t *testing.T) map[string]bool {
	ops := map[string]bool{}
	for _, file := range sourceOf(t, "oracle.go") {
		ast.Inspect(file, func(n ast.Node) bool {
			if c, ok := n.(*ast.CaseClause); ok {
				for _, e := range c.List {
					if s, ok := e.(*ast.SelectorExpr); ok {
						ops[s.Sel.Name] = true
					}
				}
			}
			return true
		})
	}
	return ops
}

// Every op of package kernels has rows in the table, and a formula in the oracle.
func TestEveryOpIsHeld(t *testing.T) {
	held := map[string]bool{}
	for _, c := range Cases() {
		for _, op := range c.Ops {
			held[reflect.TypeOf(op).Name()] = true
		}
	}
	known := known(t)
	ops := 0
	methods := readKernels(t).methods
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		if !methods[name]["Name"] || !methods[name]["Operands"] || !methods[name]["Cost"] {
			continue
		}
		ops++
		assert.True(t, held[name], "no case has a kernels.%s: %s", name, addRows)
		assert.True(t, known[name], "the oracle does not know kernels.%s: %s", name, addFormula)
	}
	assert.Equal(t, ops, len(held))
	assert.Equal(t, ops, len(known), "the oracle has cases for what is no op any more")
}

// Every function of one value and of two, kind of pool and padding of package kernels has rows, forward and backward; the oracle computes them, or the rows would
// fail.
func TestEveryVariantIsHeld(t *testing.T) {
	type row struct {
		op    string
		value int
	}
	held := map[row]bool{}
	for _, c := range Cases() {
		for _, op := range c.Ops {
			switch op := op.(type) {
			case kernels.ActivationFprop:
				held[row{op.Name(), int(op.Function)}] = true
			case kernels.ActivationDgrad:
				held[row{op.Name(), int(op.Function)}] = true
			case kernels.BinaryFprop:
				held[row{op.Name(), int(op.Function)}] = true
			case kernels.BinaryDgrad:
				held[row{op.Name(), int(op.Function)}] = true
			case kernels.ElementLossFprop:
				held[row{op.Name(), int(op.Function)}] = true
			case kernels.ElementLossDgrad:
				held[row{op.Name(), int(op.Function)}] = true
			case kernels.Pool2DFprop:
				held[row{op.Name(), int(op.Kind)}] = true
			case kernels.Pool2DDgrad:
				held[row{op.Name(), int(op.Kind)}] = true
			case kernels.AdaptivePool2DFprop:
				held[row{op.Name(), int(op.Kind)}] = true
			case kernels.AdaptivePool2DDgrad:
				held[row{op.Name(), int(op.Kind)}] = true
			}
		}
	}
	for _, s := range convShapes {
		held[row{"convolution", int(s.padding)}] = true
	}
	for _, s := range poolShapes {
		held[row{"pool", int(s.padding)}] = true
	}
	values := readKernels(t).values
	for _, v := range []struct {
		name string
		ops  []string
	}{
		{"Function", []string{"activation_fprop", "activation_dgrad"}},
		{"BinaryFunction", []string{"binary_fprop", "binary_dgrad"}},
		{"LossFunction", []string{"element_loss_fprop", "element_loss_dgrad"}},
		{"PoolKind", []string{"pool2d_fprop", "pool2d_dgrad", "adaptive_pool2d_fprop", "adaptive_pool2d_dgrad"}},
		{"Padding", []string{"convolution", "pool"}},
	} {
		require.Greater(t, values[v.name], 1, v.name)
		for i := range values[v.name] {
			for _, op := range v.ops {
				assert.True(t, held[row{op, i}], "no %s has kernels.%s %d: %s, and its formula to oracle_*.go", op, v.name, i, addRows)
			}
		}
	}
}
