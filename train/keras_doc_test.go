package train

import (
	"os"
	"slices"
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
	words := slices.Concat(model.Kinds(), stringsOf(model.Functions()), stringsOf(model.Paddings()), stringsOf(model.Interpolations()), stringsOf(model.Initializers()), OptimizerNames(), ScheduleNames(), LossNames())
	for _, w := range words {
		assert.Contains(t, string(text), "`"+w+"`", "docs/keras.md does not name it")
		row := `"` + w + `[",]` // a schedule's settings follow
		if slices.Contains(model.Kinds(), w) {
			row = `"kind": ` + row
		}
		if w != "Add" && w != string(model.Valid) && w != LossNames()[0] { // Add has rows of its own, and so has the first loss; valid is the default
			assert.Regexp(t, row, string(golden), "testdata/keras_golden.py has no row of it")
		}
	}
	for _, method := range []string{"Attach", "Update", "Factor"} {
		for name := range typesWith(t, method) {
			assert.Contains(t, string(text), "`train."+name+"`", "docs/keras.md does not name it")
		}
	}
	assert.Contains(t, string(text), "`"+string(Accuracy)+"`")
}

func stringsOf[W ~string](words []W) []string {
	var list []string
	for _, w := range words {
		list = append(list, string(w))
	}
	return list
}
