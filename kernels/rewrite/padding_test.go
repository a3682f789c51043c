package rewrite_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/kernels/rewrite"
)

// Convolutions of padded copies take the images themselves, unless windows would lie wholly beyond them.
func TestPadWindows(t *testing.T) {
	want := map[string]string{
		"2x8x9x3_5@3x3_valid_stride2x2_in_[1 1 1 1]": "conv2d_fprop+conv2d_dgrad+conv2d_wgrad",
		"3x7x8x4_8@3x3_valid_stride2x2_in_[0 1 0 1]": "conv2d_fprop+conv2d_dgrad+conv2d_wgrad",
		"2x9x9x2_2@2x2_valid_in_[3 0 0 3]":           "copy+conv2d_fprop+conv2d_dgrad+copy+conv2d_wgrad",
	}
	for _, c := range kerneltest.Cases() {
		name, found := strings.CutPrefix(c.Name, "copy+conv2d_fprop+conv2d_dgrad+copy+conv2d_wgrad/")
		if !found || want[name] == "" {
			continue
		}
		var names []string
		list, _ := rewrite.Apply(c.Ops, rewrite.Common(), true)
		for _, op := range rewrite.Plain(list) {
			names = append(names, op.Name())
			assert.NoError(t, kernels.CheckOperands(op))
		}
		assert.Equal(t, want[name], strings.Join(names, "+"), c.Name)
		delete(want, name)
	}
	assert.Empty(t, want, "the suite has no such cases")
}
