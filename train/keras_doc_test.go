package train

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

// Each of Keras's activations is one here, or is answered as Keras's.
func TestKerasActivations(t *testing.T) {
	for _, word := range readKeras(t).Activations {
		_, err := model.Sequential(model.Input(4), model.Activation{Function: model.Function(word)})
		if err != nil {
			assert.ErrorContains(t, err, word+" is an activation of Keras that cnn-gpu does not have; choose linear, ")
		}
	}
}

// Every word that a model or a training is described with stands in docs/keras.md, and has a row in the golden file.
func TestKerasDocNamesEverything(t *testing.T) {
	text, err := os.ReadFile("../docs/keras.md")
	require.NoError(t, err)
	golden, err := os.ReadFile("testdata/keras_golden.json")
	require.NoError(t, err)
	words := slices.Concat(model.Kinds(), stringsOf(model.Functions()), stringsOf(model.Paddings()), stringsOf(model.Interpolations()), stringsOf(model.Initializers()), OptimizerNames(), ScheduleNames())
	for _, w := range words {
		assert.Contains(t, string(text), "`"+w+"`", "docs/keras.md does not name it")
		row := `"` + w + `[",]` // a schedule's settings follow
		if slices.Contains(model.Kinds(), w) {
			row = `"kind": ` + row
		}
		if w != "Add" && w != string(model.Valid) { // Add has rows of its own; valid is the default
			assert.Regexp(t, row, string(golden), "testdata/keras_golden.py has no row of it")
		}
	}
	for _, name := range slices.Concat(implementing(t, "Attach"), implementing(t, "Update"), implementing(t, "Factor")) {
		assert.Contains(t, string(text), "`train."+name+"`", "docs/keras.md does not name it")
	}
	assert.Contains(t, string(text), "`"+SparseCategoricalCrossEntropy{}.Name()+"`")
	assert.Contains(t, string(text), "`"+string(Accuracy)+"`")
}

func stringsOf[W ~string](words []W) []string {
	var list []string
	for _, w := range words {
		list = append(list, string(w))
	}
	return list
}

// implementing lists this package's types with a method.
func implementing(t *testing.T, method string) (list []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, d := range tree.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == method {
				if receiver, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
					list = append(list, receiver.Name)
				}
			}
		}
	}
	require.NotEmpty(t, list)
	return list
}
