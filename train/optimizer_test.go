package train

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOptimizerByName(t *testing.T) {
	for _, name := range OptimizerNames() {
		for rate, want := range map[float64]float64{0: 0, 0.125: 0.125} {
			o, err := OptimizerByName(name, rate)
			require.NoError(t, err)
			assert.Equal(t, name, o.Name())
			if want == 0 {
				assert.Positive(t, o.Rate())
			} else {
				assert.Equal(t, want, o.Rate())
			}
		}
		_, err := OptimizerByName(name, -1)
		assert.ErrorContains(t, err, "optimizer "+name+": learning rate -1")
	}
	_, err := OptimizerByName("adan", 0)
	assert.EqualError(t, err, `train: unknown optimizer "adan"; did you mean adam?`)
	_, err = OptimizerByName("lion", 0)
	for _, name := range OptimizerNames() {
		assert.ErrorContains(t, err, name)
	}
	assert.Contains(t, OptimizerHelp(), "sgd (momentum 0.9)")
}

// Every type of this package that is an optimizer can be chosen by name.
func TestEveryOptimizerHasAName(t *testing.T) {
	known := map[string]bool{}
	for _, row := range optimizers {
		known[reflect.TypeOf(row.Value.make(0)).Name()] = true
	}
	found := typesWith(t, "Update")
	for name, file := range found {
		assert.True(t, known[name], "%s: the optimizer %s cannot be chosen by name: give it a row in optimizers in optimizer.go", file, name)
	}
	assert.Len(t, found, len(known))
}

// typesWith lists the types of this package that have a method of a name, by their files.
func typesWith(t *testing.T, method string) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, d := range tree.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != method {
				continue
			}
			receiver := f.Recv.List[0].Type
			if p, ok := receiver.(*ast.StarExpr); ok {
				receiver = p.X
			}
			found[receiver.(*ast.Ident).Name] = file
		}
	}
	require.NotEmpty(t, found)
	return found
}
