//go:build cuda && cgo

package driver

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The names in cuda.h are the driver's.
func TestGPUResultNames(t *testing.T) {
	for r := range Result(1000) {
		if name := driverName(r); name != "" && r.Known() {
			assert.Equal(t, name, r.Name())
		}
	}
	assert.NotEmpty(t, driverName(OutOfMemory))
	assert.Contains(t, OutOfMemory.Error(), "CUDA_ERROR_OUT_OF_MEMORY (2): ")
}
