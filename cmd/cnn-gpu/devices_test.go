package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels/cpu"
)

func TestDevices(t *testing.T) {
	var found []finding
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "devices", "--json").stdout), &found))
	require.NotEmpty(t, found)
	assert.Equal(t, "CPU", found[0].What)
	people := succeed(t, "devices").stdout
	for _, f := range found {
		assert.NotEmpty(t, f.Detail)
		assert.Equal(t, f.Found, f.Mend == "", "what is missing, and that alone, says what to do")
		assert.Contains(t, people, f.What)
	}
	notFolder := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(notFolder, nil, 0o666))
	t.Setenv("CNN_GPU_KERNELS", notFolder)
	assert.Regexp(t, `Compiled kernels +missing: open `+notFolder+`: not a directory\n +name another folder by CNN_GPU_KERNELS\n`, succeed(t, "devices").stdout)

	used := cpu.Variant()
	t.Cleanup(func() { require.NoError(t, cpu.Select(used)) })
	t.Setenv("CNN_GPU_CPU", "portable")
	assert.Contains(t, succeed(t, "devices").stdout, "portable (this CPU runs")
	t.Setenv("CNN_GPU_CPU", "mmx")
	assert.Equal(t, exitFailure, runCommand("devices").code)
}
