package plan

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// randomOps is a list of ops on values of random sizes and lifetimes, some of them kept and some views of others.
func randomOps(r *rand.Rand) []kernels.Op {
	var buffers []*kernels.Buffer
	for i := range 3 + r.IntN(20) {
		b := kernels.NewBuffer(fmt.Sprint("b", i), kernels.Float32, 1+r.IntN(2000))
		b.Keep = r.IntN(6) == 0
		buffers = append(buffers, b, b.View("view", b.Elements()/2, b.Elements()-b.Elements()/2))
	}
	var ops []kernels.Op
	for i := range 1 + r.IntN(40) {
		near := func() *kernels.Buffer { return buffers[(i+r.IntN(6))%len(buffers)] }
		ops = append(ops, kernels.Add{A: near(), B: near(), Y: near()})
	}
	return ops
}

// needed lists, for each op, the arena's values that somebody wrote before it or at it and reads at it or later.
func needed(ops []kernels.Op) []map[*kernels.Buffer]bool {
	first, last := map[*kernels.Buffer]int{}, map[*kernels.Buffer]int{}
	for at, op := range ops {
		for _, o := range op.Operands() {
			root, _ := o.Buffer.Root()
			if _, seen := first[root]; !seen {
				first[root] = at
			}
			last[root] = at
		}
	}
	lists := make([]map[*kernels.Buffer]bool, len(ops))
	for at := range ops {
		lists[at] = map[*kernels.Buffer]bool{}
		for b := range first {
			if !b.Keep && first[b] <= at && at <= last[b] {
				lists[at][b] = true
			}
		}
	}
	return lists
}

// No byte of the arena belongs to two values, or to a value and a workspace, that one op needs.
func TestPlan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	saved := 0
	for range 100 {
		ops := randomOps(r)
		workspaces := make([]int, len(ops))
		for i := range workspaces {
			if r.IntN(3) == 0 {
				workspaces[i] = 1 + r.IntN(5000)
			}
		}
		plan := New(ops, workspaces, nil)
		most := 0
		for at, values := range needed(ops) {
			owner, live := map[int]string{}, 0
			take := func(name string, offset, bytes int) {
				require.Zero(t, offset%alignment, name)
				require.LessOrEqual(t, offset+bytes, plan.Arena, name)
				for block := offset / alignment; block*alignment < offset+bytes; block++ {
					require.Empty(t, owner[block], "op %d: %s lies in the place of %s", at, name, owner[block])
					owner[block] = name
					live += alignment
				}
			}
			for b := range values {
				offset, placed := plan.Offsets[b]
				require.True(t, placed, b.Name)
				take(b.Name, offset, b.Bytes())
			}
			if bytes := workspaces[at]; bytes > 0 {
				offset, placed := plan.Workspaces[at]
				require.True(t, placed)
				take("workspace", offset, bytes)
			}
			most = max(most, live)
		}
		require.GreaterOrEqual(t, plan.Arena, most)
		require.LessOrEqual(t, plan.Arena, plan.Sum)
		for _, b := range plan.Kept {
			assert.True(t, b.Keep)
			_, placed := plan.Offsets[b]
			assert.False(t, placed)
		}
		saved += plan.Sum - plan.Arena
	}
	assert.Positive(t, saved)
}
