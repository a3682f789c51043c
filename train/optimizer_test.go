package train

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/internal/traintest"
)

func TestOptimizerByName(t *testing.T) {
	for _, name := range OptimizerNames() {
		o, err := OptimizerByName(name, nil)
		require.NoError(t, err)
		assert.Equal(t, name, o.Name())
		assert.Positive(t, o.Rate())
		o, err = OptimizerByName(name, Settings{"learning_rate": 0.125})
		require.NoError(t, err)
		assert.Equal(t, 0.125, o.Rate())
		_, err = OptimizerByName(name, Settings{"learning_rate": -1})
		assert.ErrorContains(t, err, "optimizer "+name+": learning rate -1")
	}
	_, err := OptimizerByName("adan", nil)
	assert.EqualError(t, err, `train: unknown optimizer "adan"; did you mean adam?`)
	_, err = OptimizerByName("nadam", nil)
	assert.EqualError(t, err, `train: unknown optimizer "nadam"; nadam is an optimizer of Keras that cnn-gpu does not have; choose adam, adamw, adagrad, lamb, lion, rmsprop or sgd`)
	_, err = OptimizerByName("ftrl", nil)
	for _, name := range OptimizerNames() {
		assert.ErrorContains(t, err, name)
	}
	assert.Contains(t, OptimizerHelp(), "sgd (momentum 0.9)")
}

// The settings of an optimizer that is chosen by name reach its fields.
func TestOptimizerSettings(t *testing.T) {
	for want, settings := range map[Optimizer]Settings{
		SGD{Momentum: 0.9}: nil,
		SGD{}:              {"momentum": 0},
		SGD{LearningRate: 0.5, Momentum: 0.25, Nesterov: true, WeightDecay: 0.125}: {"learning_rate": 0.5, "momentum": 0.25, "nesterov": 1, "weight_decay": 0.125},
		Adam{Beta1: 0.5, Beta2: 0.25, Epsilon: 0.125, WeightDecay: 0.0625}:         {"beta_1": 0.5, "beta_2": 0.25, "epsilon": 0.125, "weight_decay": 0.0625},
		AdamW{Beta1: 0.5, Beta2: 0.25, Epsilon: 0.125, WeightDecay: 0.0625}:        {"beta_1": 0.5, "beta_2": 0.25, "epsilon": 0.125, "weight_decay": 0.0625},
		Adagrad{Epsilon: 0.125, WeightDecay: 0.0625}:                               {"epsilon": 0.125, "weight_decay": 0.0625},
		Lamb{Beta1: 0.5, Beta2: 0.25, Epsilon: 0.125, WeightDecay: 0.0625}:         {"beta_1": 0.5, "beta_2": 0.25, "epsilon": 0.125, "weight_decay": 0.0625},
		Lion{Beta1: 0.5, Beta2: 0.25, WeightDecay: 0.0625}:                         {"beta_1": 0.5, "beta_2": 0.25, "weight_decay": 0.0625},
		RMSprop{Rho: 0.5, Momentum: 0.25, Epsilon: 0.125, Centered: true}:          {"rho": 0.5, "momentum": 0.25, "epsilon": 0.125, "centered": 1},
	} {
		o, err := OptimizerByName(want.Name(), settings)
		require.NoError(t, err)
		assert.Equal(t, want, o)
	}
	known := []string{RateWord}
	for _, s := range OptimizerSettings() {
		assert.NotEmpty(t, s.Of, s.Word)
		known = append(known, s.Word)
	}
	for _, name := range OptimizerNames() {
		row, _ := optimizers.Row(name)
		r := &reader{}
		row.Value(r)
		assert.Subset(t, known, r.words, "%s: a setting has no row in optimizerSettings in optimizer.go", name)
	}
	for want, row := range map[string]struct {
		name     string
		settings Settings
	}{
		"adam: there is no momentum; it takes learning_rate, beta_1, beta_2, epsilon and weight_decay": {"adam", Settings{"momentum": 0.5}},
		"adamw: weight_decay 0; give a number above 0":                                                 {"adamw", Settings{"weight_decay": 0}},
		"sgd: nesterov 0.5; give 1 or 0":                                                               {"sgd", Settings{"nesterov": 0.5}},
		"lion: beta_1 0; give a number above 0":                                                        {"lion", Settings{"beta_1": 0}},
	} {
		_, err := OptimizerByName(row.name, row.settings)
		assert.EqualError(t, err, "train: optimizer "+want)
	}
}

// Numbers that float32 cannot tell from 0 or 1, and those that are none, are refused with the least that works, which does.
func TestSettingsThatVanish(t *testing.T) {
	for o, want := range map[Optimizer]string{
		Adam{LearningRate: 1e-46}:                   "learning rate 1e-46 is 0 in float32, in which devices compute: give at least 1.4e-45",
		Adam{Epsilon: 1e-50}:                        "epsilon 1e-50 is 0 in float32, in which devices compute: give at least 1.4e-45",
		Adagrad{Epsilon: 1e-50}:                     "epsilon 1e-50 is 0 in float32",
		Adagrad{Initial: math.Inf(1)}:               "initial sum +Inf; give a number above 0 and up to 1e+10",
		RMSprop{Epsilon: math.Inf(1)}:               "epsilon +Inf; give a number above 0 and up to 1e+10",
		RMSprop{Rho: 1 - 1e-12}:                     "rho 0.999999999999 is 1 in float32, in which devices compute: give at most 0.99999994",
		SGD{Momentum: 1e-50}:                        "momentum 1e-50 is 0 in float32, in which devices compute: give at least 1.4e-45, or 0 for none",
		SGD{Momentum: math.Inf(1)}:                  "momentum +Inf; give a number above 0 and below 1, or 0 for none",
		Lion{Beta2: math.Inf(-1)}:                   "beta 2 -Inf; give a number above 0 and below 1",
		SGD{LearningRate: 0.001, WeightDecay: 1e-6}: "weight decay 1e-06; times the learning rate 0.001 that is 1e-09, which changes no float32: give at least 3.2e-05, or leave it out",
		SGD{LearningRate: 0.5, WeightDecay: 2}:      "weight decay 2; each step takes the learning rate 0.5 times as much",
		AdamW{WeightDecay: -1}:                      "weight decay -1",
		RMSprop{WeightDecay: math.Inf(1)}:           "weight decay +Inf",
	} {
		assert.ErrorContains(t, o.Check(), want)
	}
	for _, o := range []Optimizer{SGD{LearningRate: math.NaN()}, Adam{Epsilon: math.NaN()}, Adam{Beta1: math.NaN()}, Lion{WeightDecay: math.NaN()}} {
		assert.ErrorContains(t, o.Check(), " NaN")
	}
	for _, o := range []Optimizer{
		Adam{LearningRate: 1.4e-45, Epsilon: 1.4e-45}, RMSprop{Rho: 0.99999994}, SGD{LearningRate: 0.001, WeightDecay: 3.2e-5}, SGD{Momentum: 1.4e-45},
	} {
		assert.NoError(t, o.Check())
	}
	for c, want := range map[Clipping]string{
		{GlobalNorm: 1e-46}: "clipping norm 1e-46 is 0 in float32", {Value: -1}: "clipping value -1; give a number above 0", {Norm: math.Inf(1)}: "clipping norm of each +Inf",
		{Norm: 1, Value: 1}: "gradients are clipped by a norm of each and by a value; give one of them",
	} {
		_, err := Compile(traintest.SmallNet(t, 0), Options{Clipping: c})
		assert.ErrorContains(t, err, "train: "+want)
	}
}

// Every type of this package that is an optimizer can be chosen by name.
func TestEveryOptimizerHasAName(t *testing.T) {
	known := map[string]bool{}
	for _, name := range OptimizerNames() {
		row, _ := optimizers.Row(name)
		known[reflect.TypeOf(row.Value(&reader{})).Name()] = true
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
