package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// cpu is the folder of the package that the files belong to.
const cpu = "../.."

// TestGeneratedAssemblyIsCurrent holds that the assembly is what its generators write for the structs of the Go code. The generators are
// linked into the test, which reads the Go code, so that go test runs it again when one of them has changed.
func TestGeneratedAssemblyIsCurrent(t *testing.T) {
	declarations, err := assembler.Declarations(cpu)
	require.NoError(t, err)
	for name, write := range generators {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := assembler.Assemble(declarations, write)
			require.NoError(t, err)
			got, err := os.ReadFile(filepath.Join(cpu, name))
			require.NoError(t, err)
			// Not assert.Equal, whose difference of files this long takes minutes.
			assert.True(t, string(want) == string(got), "%s is not what its generator writes: go generate ./kernels/cpu", name)
		})
	}
}

// AVX2 has 16 registers; where they do not suffice, avo takes those of AVX-512.
func TestAVX2TakesItsOwnRegisters(t *testing.T) {
	for name := range generators {
		assembly, err := os.ReadFile(filepath.Join(cpu, name))
		require.NoError(t, err)
		assert.NotRegexp(t, `\b[XY](1[6-9]|2\d|3[01])\b`, string(assembly), name)
	}
}

func TestEachFileHasAGenerator(t *testing.T) {
	present, err := filepath.Glob(filepath.Join(cpu, "*_amd64.s"))
	require.NoError(t, err)
	for _, path := range present {
		name := filepath.Base(path)
		assert.True(t, generators[name] != nil || name == "pause_amd64.s", "no generator writes %s", name)
	}
}
