package cuda

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// Every op of package kernels has launches, and every sample is of an op.
func TestEveryOpHasLaunches(t *testing.T) {
	samples := map[string]bool{}
	for _, op := range sampleOps(t) {
		samples[reflect.TypeOf(op).Name()] = true
	}
	launched := launchedTypes(t)
	types := opTypes(t)
	require.NotEmpty(t, types)
	for _, name := range types {
		assert.Contains(t, launched, name,
			"kernels.%s has no kernel: write its .cu and .go in kernels/cuda and add `case kernels.%s` to launchesOf in engine.go", name, name)
		assert.True(t, samples[name], "kernels.%s is tested in no shape: add it to sampleOps in ops_test.go", name)
	}
}

// Every source is launched by the Go beside it, and every kernel in it.
func TestEverySourceIsLaunched(t *testing.T) {
	kernelsOf := map[string]map[string]bool{}
	for _, op := range sampleOps(t) {
		for _, l := range launchesOf(op) {
			if kernelsOf[l.Source] == nil {
				kernelsOf[l.Source] = map[string]bool{}
			}
			kernelsOf[l.Source][l.Function] = true
		}
	}
	sources, err := fs.Glob(Sources, "*.cu")
	require.NoError(t, err)
	for _, name := range sources {
		assert.FileExists(t, strings.TrimSuffix(name, ".cu")+".go", "%s is launched by no Go of its name", name)
		assert.NotEmpty(t, kernelsOf[name], "no op launches %s: name it in a Launch, or delete it", name)
		for _, k := range kernelsIn(t, name) {
			assert.Contains(t, kernelsOf[name], k.name, "no op launches %s of %s: name it in a Launch, or delete it", k.name, name)
			delete(kernelsOf[name], k.name)
		}
		for function := range kernelsOf[name] {
			t.Errorf("%s has no kernel %s, which an op launches: write it as `extern \"C\" __global__ void %s(...)`", name, function, function)
		}
		delete(kernelsOf, name)
	}
	assert.Empty(t, kernelsOf, "ops launch sources that do not exist")
}

// Every activation is written in CUDA C++.
func TestEveryActivationHasExpressions(t *testing.T) {
	for f := range kernels.Function(functions(t)) {
		row := activations[f]
		assert.NotEmpty(t, row.value, "%v has no value: give it a row in activations in kernels/cuda/activation.go", f)
		assert.NotEmpty(t, row.derivative, "%v has no derivative: give it a row in activations in kernels/cuda/activation.go", f)
	}
}

// Every function of two values is written in CUDA C++.
func TestEveryBinaryFunctionHasExpressions(t *testing.T) {
	for f := range kernels.BinaryFunction(len(constantsOf(t, "BinaryFunction"))) {
		assert.Contains(t, binaries, f, "%v has no expressions: give it a row in binaries in kernels/cuda/binary.go", f)
	}
}

// Every loss of a value is written in CUDA C++.
func TestEveryLossFunctionHasExpressions(t *testing.T) {
	for f := range kernels.LossFunction(len(constantsOf(t, "LossFunction"))) {
		assert.Contains(t, elementLosses, f, "%v has no expressions: give it a row in elementLosses in kernels/cuda/element_loss.go", f)
	}
}

// Every kind of pool has its name in pool2d.cuh.
func TestEveryPoolKindHasItsName(t *testing.T) {
	list := regexp.MustCompile(`enum Kind \{ (.*) \};`).FindStringSubmatch(source(t, "pool2d.cuh"))
	require.NotNil(t, list)
	for kind := range kernels.PoolKind(len(constantsOf(t, "PoolKind"))) {
		assert.Contains(t, strings.Split(list[1], ", "), strings.ToUpper(kind.String()),
			"add the pool kind %v to enum Kind in kernels/cuda/pool2d.cuh", kind)
	}
}

// opTypes are the ops that package kernels declares: types with a name and operands.
func opTypes(t *testing.T) []string {
	methods := map[string]int{}
	for _, d := range declarations(t, "../*.go") {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv == nil || f.Name.Name != "Name" && f.Name.Name != "Operands" {
			continue
		}
		if receiver, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
			methods[receiver.Name]++
		}
	}
	var names []string
	for name, n := range methods {
		if n == 2 {
			names = append(names, name)
		}
	}
	return names
}

// launchedTypes are the ops that launchesOf's type switch knows.
func launchedTypes(t *testing.T) []string {
	var names []string
	for _, d := range declarations(t, "engine.go") {
		ast.Inspect(d, func(n ast.Node) bool {
			if c, ok := n.(*ast.CaseClause); ok {
				for _, e := range c.List {
					if op, ok := e.(*ast.SelectorExpr); ok {
						names = append(names, op.Sel.Name)
					}
				}
			}
			return true
		})
	}
	return names
}

// constantsOf are the constants that package kernels declares of a type, in a block that counts them by iota.
func constantsOf(t *testing.T, name string) []string {
	for _, d := range declarations(t, "../*.go") {
		block, ok := d.(*ast.GenDecl)
		if !ok || block.Tok != token.CONST {
			continue
		}
		if first, ok := block.Specs[0].(*ast.ValueSpec).Type.(*ast.Ident); ok && first.Name == name {
			var names []string
			for _, s := range block.Specs {
				names = append(names, s.(*ast.ValueSpec).Names[0].Name)
			}
			return names
		}
	}
	require.Fail(t, "package kernels has no constants of type "+name)
	return nil
}

func declarations(t *testing.T, pattern string) []ast.Decl {
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var list []ast.Decl
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		list = append(list, file.Decls...)
	}
	return list
}
