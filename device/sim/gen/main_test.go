package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGeneratedFilesAreCurrent holds that the files of package sim are those that its generators write. The generators are linked into
// the test, so that go test runs it again when one of them or the table has changed.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	written := map[string]bool{}
	for _, generate := range generators {
		files, err := generate()
		require.NoError(t, err)
		for name, want := range files {
			got, err := os.ReadFile(filepath.Join("..", name))
			require.NoError(t, err)
			assert.True(t, bytes.Equal(want, got), "%s is not what its generator writes: go generate ./device/sim", name)
			written[name] = true
		}
	}
	present, err := filepath.Glob("../z_*")
	require.NoError(t, err)
	for _, path := range present {
		assert.True(t, written[filepath.Base(path)], "no generator writes %s", path)
	}
}
