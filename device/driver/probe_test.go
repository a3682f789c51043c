package driver

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever there is, the report says it, or how to get it.
func TestProbe(t *testing.T) {
	r := Probe()
	if !Built {
		require.Len(t, r.Missing, 1)
		assert.Contains(t, r.Missing[0].Mend, "make build")
		return
	}
	for _, m := range r.Missing {
		assert.NotEmpty(t, m.What)
		assert.NotEmpty(t, m.Mend)
	}
	missing := 0
	if len(r.GPUs) == 0 {
		missing++
	}
	if r.NVRTC == "" {
		missing++
	}
	assert.Len(t, r.Missing, missing)
	t.Logf("%+v", r)
}
