package cpu

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// AVX2 has 16 registers; where they do not suffice, avo takes those of AVX-512.
func TestWinogradAssemblyNeedsNoAVX512(t *testing.T) {
	assembly, err := os.ReadFile("winograd_amd64.s")
	require.NoError(t, err)
	assert.NotRegexp(t, `\bY(1[6-9]|2\d|3[01])\b`, string(assembly))
}
