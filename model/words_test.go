package model_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

// Every word that this package declares stands in its table, so that files may use it and errors name it; and every word of a table
// builds a layer.
func TestEveryWordIsInItsTable(t *testing.T) {
	tables := map[string][]string{
		"Function": strs(model.Functions()), "Padding": strs(model.Paddings()), "Initializer": strs(model.Initializers()),
		"Interpolation": strs(model.Interpolations()),
	}
	declared := declaredWords(t)
	for kind, words := range tables {
		assert.ElementsMatch(t, words, declared[kind], kind)
	}
	conv := "Conv2D: {filters: 2, kernel_size: 3, "
	layers := map[string]string{
		"Function": conv + "activation", "Padding": conv + "padding", "Initializer": conv + "kernel_initializer",
		"Interpolation": "UpSampling2D: {interpolation",
	}
	for kind, words := range tables {
		for _, word := range words {
			file := "input: [4, 4, 1]\nlayers:\n  - " + layers[kind] + ": " + word + "}\n"
			m, err := model.Parse("net.yaml", []byte(file))
			require.NoError(t, err, word)
			_, err = model.Parse("again.yaml", m.YAML())
			require.NoError(t, err, word)
		}
		_, err := model.Parse("net.yaml", []byte("input: [4, 4, 1]\nlayers:\n  - "+layers[kind]+": xyzzyx}\n"))
		for _, word := range words {
			assert.ErrorContains(t, err, word)
		}
	}
}

func strs[W ~string](words []W) []string {
	var list []string
	for _, w := range words {
		list = append(list, string(w))
	}
	return list
}

// declaredWords lists the constants of the package by their type.
func declaredWords(t *testing.T) map[string][]string {
	t.Helper()
	words := map[string][]string{}
	for _, d := range declarations(t) {
		ast.Inspect(d, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) == 0 {
				return true
			}
			kind, ok := spec.Type.(*ast.Ident)
			if !ok {
				return true
			}
			for _, v := range spec.Values {
				if literal, ok := v.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					word, err := strconv.Unquote(literal.Value)
					require.NoError(t, err)
					words[kind.Name] = append(words[kind.Name], word)
				}
			}
			return true
		})
	}
	return words
}

// declarations are those of this package, tests aside.
func declarations(t *testing.T) (list []ast.Decl) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		list = append(list, tree.Decls...)
	}
	return list
}
