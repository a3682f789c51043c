package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/kernels"
)

// Every command that runs a model on a device that is chosen takes --precision, and the shell completes it.
func TestWhereThereIsADeviceThereIsAPrecision(t *testing.T) {
	without := map[string]string{
		"maps": "values are computed as they stand", "verify": "the run has its own", "micro": "it runs no model", "sim": "it runs any kernel",
	}
	seen := 0
	for _, cmd := range newRootCommand().Commands() {
		if cmd.Flags().Lookup("device") == nil && cmd.Name() != "compile" {
			continue
		}
		seen++
		if why := without[cmd.Name()]; why != "" {
			assert.Nil(t, cmd.Flags().Lookup("precision"), "%s: %s", cmd.Name(), why)
			continue
		}
		if !assert.NotNil(t, cmd.Flags().Lookup("precision"), "%s: add precisionFlag(cmd, …)", cmd.Name()) {
			continue
		}
		complete, ok := cmd.GetFlagCompletionFunc("precision")
		assert.True(t, ok, cmd.Name())
		words, _ := complete(cmd, nil, "")
		assert.Equal(t, kernels.PrecisionNames(), words, cmd.Name())
	}
	assert.Greater(t, seen, 7)
}
