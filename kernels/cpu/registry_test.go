package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
)

// Every op of package kernels has code, which the table of cases runs: the table itself is held to have them all.
func TestEveryOpHasCode(t *testing.T) {
	for _, c := range kerneltest.Cases() {
		for _, op := range c.Ops {
			assert.NotNil(t, codeOf(op), "%T has no code: write kernels/cpu/x.go and its line in codeOf of kernels/cpu/code.go", op)
		}
	}
	for _, f := range kernels.Functions() {
		row := activations[f]
		assert.True(t, row.value != nil && row.gradient != nil, "%v has no row in kernels/cpu/activation.go", f)
	}
	for _, f := range kernels.BinaryFunctions() {
		assert.Contains(t, binaries, f, "%v has no row in kernels/cpu/binary.go", f)
	}
	for _, f := range kernels.LossFunctions() {
		assert.Contains(t, elementLosses, f, "%v has no row in kernels/cpu/element_loss.go", f)
	}
}

type unknownOp struct{ kernels.Tick }

func TestPrepareRefusesWhatItDoesNotKnow(t *testing.T) {
	_, err := Prepare(unknownOp{}, 1)
	assert.EqualError(t, err, `cpu: there is no code for op "tick"`)
}
