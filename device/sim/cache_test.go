package sim_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/device/sim"
)

// lruStack tells for each access of a sequence of lines how many other lines came since the last one to it, -1 if there was none: its
// reuse distance, counted in a list from the definition.
func lruStack(lines []uint64) (distances []int) {
	var stack []uint64 // the last used first
	for _, line := range lines {
		i := slices.Index(stack, line)
		distances = append(distances, i)
		if i >= 0 {
			stack = slices.Delete(stack, i, i+1)
		}
		stack = slices.Insert(stack, 0, line)
	}
	return distances
}

// One set is the stack itself. With many sets a hit is a matter of chance only where the reuse distance is near the size.
func TestCacheHitsByReuseDistance(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	lines := make([]uint64, 20000)
	for i := range lines {
		lines[i] = uint64(r.ExpFloat64()*300) * 4096 // a stride that would fall into one set
	}
	distances := lruStack(lines)
	for _, size := range []int{16, 512} {
		c := sim.NewCache(uint64(size) * 128)
		for i, line := range lines {
			hit := c.Bring(line, 1) != 0
			switch d := distances[i]; {
			case d >= 0 && (d < size/2 || size == 16 && d < 16):
				assert.True(t, hit, "size %d, distance %d", size, d)
			case d < 0 || d >= 2*size || size == 16:
				assert.False(t, hit, "size %d, distance %d", size, d)
			}
		}
	}
}

func TestCacheKeepsSectors(t *testing.T) {
	c := sim.NewCache(1 << 20)
	assert.EqualValues(t, 0, c.Bring(7, 0b0011))
	assert.EqualValues(t, 0b0010, c.Bring(7, 0b1110))
	assert.EqualValues(t, 0b1111, c.Bring(7, 0b1111))
	assert.EqualValues(t, 0, c.Bring(8, 0b1111))
}
