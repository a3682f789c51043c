package model_test

import (
	"go/ast"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// Every layer that this package declares can be named in a file, and every activation that the kernels know.
func TestEveryLayerHasAKind(t *testing.T) {
	named := map[string]bool{}
	for _, spec := range model.KindSpecs {
		named[reflect.TypeOf(spec).Name()] = true
	}
	declared := 0
	for _, d := range declarations(t) {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv == nil || f.Name.Name != "Build" || len(f.Type.Params.List) == 0 {
			continue
		}
		if name, ok := f.Recv.List[0].Type.(*ast.Ident); ok { // a graph is built too, and is no layer
			declared++
			assert.True(t, named[name.Name], "no file can name the layer %s: give it a row in kinds in model/yaml_layer.go", name.Name)
		}
	}
	assert.Len(t, named, declared)
	for _, f := range kernels.Functions() {
		assert.Contains(t, model.Functions(), model.Function(f.String()),
			"no file can name the activation %v: give it a row in functions in model/activation.go", f)
	}
}

// Every layer has its rows in the tests of this package, as have its fields and the activations.
func TestEveryKindIsHeld(t *testing.T) {
	shaped, refused := map[string]bool{}, map[string]bool{}
	for _, row := range layers {
		shaped[row.layer.Kind()] = true
	}
	for _, row := range refusals {
		refused[row.layer.Kind()] = true
	}
	texts := strings.Join(slices.Collect(maps.Values(networks)), "\n")
	isHeld := func(word string) bool { return regexp.MustCompile(`\b` + word + `\b`).MatchString(texts) }
	given := fieldsOf(t, slices.Collect(maps.Values(networks)))
	for _, kind := range model.Kinds() {
		spec := model.KindSpecs[kind]
		assert.True(t, shaped[spec.Kind()], "the output's shape and the parameters of %s are not held: add a row to layers in layers_test.go", kind)
		assert.True(t, refused[spec.Kind()], "nothing holds what %s refuses: add a row to refusals in layers_test.go", kind)
		assert.True(t, isHeld(kind), "no gradient of %s is held: add a network with it to networks in gradient_test.go", kind)
		for i := range reflect.TypeOf(spec).NumField() {
			if field := reflect.TypeOf(spec).Field(i); reflect.ValueOf(spec).Field(i).IsZero() {
				assert.True(t, given[spec.Kind()+"."+field.Name], "%s.%s is set in no network that is trained, written and read again: set it in one of networks in gradient_test.go",
					spec.Kind(), field.Name)
			}
		}
	}
	for _, f := range model.Functions() {
		assert.True(t, isHeld(string(f)), "no gradient of the activation %s is held: add a network with it to networks in gradient_test.go", f)
	}
}

// Keras's second names are read, and answered with the first.
func TestAliases(t *testing.T) {
	for alias, kind := range model.SecondNames {
		text := func(name string) []byte {
			return []byte("input: [6, 6, 3]\nlayers:\n  - " + name + map[string]string{"Conv2D": ": {filters: 2, kernel_size: 3}", "SeparableConv2D": ": {filters: 2, kernel_size: 3}", "Conv2DTranspose": ": {filters: 2, kernel_size: 3}"}[kind] + "\n")
		}
		want, err := model.Parse("net.yaml", text(kind))
		require.NoError(t, err)
		got, err := model.Parse("net.yaml", text(alias))
		require.NoError(t, err)
		assertSameGraph(t, want, got)
		assert.Equal(t, string(text(kind)), string(got.YAML()))
	}
	assert.Greater(t, len(model.SecondNames), 3)
}

// What is said to be only in Keras is no layer here, by none of its names.
func TestOnlyInKeras(t *testing.T) {
	assert.True(t, slices.IsSorted(model.OnlyInKeras))
	assert.True(t, slices.IsSorted(model.Kinds()), "messages and pages list the layers as kinds has them")
	for _, name := range slices.AppendSeq(model.Kinds(), maps.Keys(model.SecondNames)) {
		assert.NotContains(t, model.OnlyInKeras, name, "take it out of model/only_in_keras.go")
	}
}

// fieldsOf lists the fields that layers of networks set.
func fieldsOf(t *testing.T, networks []string) map[string]bool {
	t.Helper()
	set := map[string]bool{}
	for _, text := range networks {
		m, err := model.Parse("net.yaml", []byte(text))
		require.NoError(t, err)
		for _, n := range m.Nodes {
			if n.Spec == nil {
				continue
			}
			spec := reflect.Indirect(reflect.ValueOf(n.Spec))
			for i := range spec.NumField() {
				if !spec.Field(i).IsZero() {
					set[n.Spec.Kind()+"."+spec.Type().Field(i).Name] = true
				}
			}
		}
	}
	return set
}

// What the networks are written as is read as the same.
func TestEveryKindIsWrittenAndReadAgain(t *testing.T) {
	for name, text := range networks {
		m, err := model.Parse("net.yaml", []byte(text))
		require.NoError(t, err, name)
		again, err := model.Parse("again.yaml", m.YAML())
		require.NoError(t, err, name)
		again.Name = m.Name
		assertSameGraph(t, m, again)
	}
}
