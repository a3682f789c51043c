package plan

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// machine is memory of which each byte holds who wrote what there.
type machine struct {
	kept  map[*kernels.Buffer][]uint64
	arena []uint64
}

// run lets an op read and write its operands. It gives a digest of the op and of all that it read.
func (m *machine) run(number int, op kernels.Op, p Plan, workspace int) uint64 {
	place := func(b *kernels.Buffer) []uint64 {
		root, offset := b.Root()
		from := offset * b.Type.Size()
		if !root.Keep {
			from += p.Offsets[root]
			return m.arena[from : from+b.Bytes()]
		}
		if m.kept[root] == nil {
			m.kept[root] = make([]uint64, root.Bytes())
		}
		return m.kept[root][from : from+b.Bytes()]
	}
	h := fnv.New64a()
	fmt.Fprint(h, number)
	for _, o := range op.Operands() {
		if o.Access != kernels.Write {
			fmt.Fprint(h, place(o.Buffer))
		}
	}
	digest := h.Sum64()
	for _, o := range op.Operands() {
		for i, bytes := 0, place(o.Buffer); o.Access != kernels.Read && i < len(bytes); i++ {
			bytes[i] = digest + uint64(i)
		}
	}
	for i := range workspace {
		m.arena[p.Workspaces[number]+i] = digest
	}
	return digest
}

// randomWork is a random list in which nothing is read before it is written, with launches and workspaces.
func randomWork(r *rand.Rand) (ops []kernels.Op, launches, workspaces []int) {
	for _, op := range randomOps(r) {
		if Check(append(slices.Clone(ops), op)) == nil {
			ops = append(ops, op)
		} else {
			ops = append(ops, kernels.Zero{Y: op.Operands()[0].Buffer})
		}
	}
	for range ops {
		launches, workspaces = append(launches, 1+r.IntN(3)), append(workspaces, max(0, r.IntN(2000)-1000))
	}
	return ops, launches, workspaces
}

func pick[T any](list []T, order []int) (picked []T) {
	for _, i := range order {
		picked = append(picked, list[i])
	}
	return picked
}

// In any order that the edges allow, in the memory that the plan by stages gives, each op reads what it reads when the list runs as it
// stands with memory of its own for each value, also when the list runs again and again.
func TestAnyOrderOfTheEdgesComputesTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const runs = 3
	reordered, atOnce := 0, 0
	for range 200 {
		ops, launches, workspaces := randomWork(r)
		order, spans := Stages(ops, launches)
		reordered += len(ops) - 1
		for i := range order[1:] {
			if order[i] < order[i+1] {
				reordered--
			}
		}

		// As it stands.
		apart := New(ops, nil, slices.Repeat([]Span{{0, 1}}, len(ops)))
		m := machine{map[*kernels.Buffer][]uint64{}, make([]uint64, apart.Arena)}
		var want []uint64
		for range runs {
			for i, op := range ops {
				want = append(want, m.run(i, op, apart, 0))
			}
		}

		// In stages.
		workspaces = pick(workspaces, order)
		list := pick(ops, order)
		p := New(list, workspaces, spans)
		e := p.Edges(list, workspaces)
		m = machine{map[*kernels.Buffer][]uint64{}, make([]uint64, p.Arena)}
		done := map[int]bool{} // by run and op
		for len(done) < runs*len(list) {
			var ready []int
			for at := range runs * len(list) {
				i, run := at%len(list), at/len(list)
				waits := slices.ContainsFunc(e.Within[i], func(b int) bool { return !done[run*len(list)+b] }) ||
					run > 0 && slices.ContainsFunc(e.RunAgain[i], func(b int) bool { return !done[(run-1)*len(list)+b] })
				if !done[at] && !waits {
					ready = append(ready, at)
				}
			}
			atOnce = max(atOnce, len(ready))
			at := ready[r.IntN(len(ready))]
			i := at % len(list)
			number := order[i]
			shifted := p
			shifted.Workspaces = map[int]int{number: p.Workspaces[i]}
			got := m.run(number, list[i], shifted, workspaces[i])
			require.Equal(t, want[at/len(list)*len(list)+number], got, "op %d of run %d", number, at/len(list))
			done[at] = true
		}
	}
	assert.Positive(t, reordered)
	assert.Greater(t, atOnce, 3)
}

// Two ops of which one writes where the other reads or writes have a path between them; where there is none, their stages meet nowhere
// in memory. No edge follows from others.
func TestEdges(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		ops, launches, workspaces := randomWork(r)
		order, spans := Stages(ops, launches)
		list, workspaces := pick(ops, order), pick(workspaces, order)
		p := New(list, workspaces, spans)
		e := p.Edges(list, workspaces)
		var reach func(from, to, without int) bool
		reach = func(from, to, without int) bool {
			return slices.ContainsFunc(e.Within[to], func(b int) bool {
				return b != without && (b == from || b > from && reach(from, b, -1))
			})
		}
		for j := range list {
			for _, i := range e.Within[j] {
				assert.Less(t, spans[i].Last, spans[j].First)
				assert.False(t, reach(i, j, i), "the edge from %d to %d follows from others", i, j)
			}
			for i := range j {
				if slices.ContainsFunc(p.areas(list, workspaces, i), func(a area) bool {
					return slices.ContainsFunc(p.areas(list, workspaces, j), a.conflicts)
				}) {
					assert.True(t, reach(i, j, -1), "%d and %d", i, j)
				}
			}
		}
	}
}

// What is needed late is made late, gradients by weights run beside those by inputs, and flags that many raise hold nobody up.
// Of a stage, what the next one waits for comes first.
func TestStages(t *testing.T) {
	kept := func(name string) *kernels.Buffer { return kernels.Kept(name, kernels.Float32, 64) }
	value := func(name string) *kernels.Buffer { return kernels.NewBuffer(name, kernels.Float32, 64) }
	x, w, dw, y := kept("x"), kept("w"), kept("dw"), kept("y")
	a, b, c, copied := value("a"), value("b"), value("c"), value("copied")
	step, halt := kernels.Kept("step", kernels.Int32, 1), kernels.Kept("halt", kernels.Int32, 1)
	add := func(a, b, y *kernels.Buffer) kernels.Op { return kernels.Add{A: a, B: b, Y: y} }
	ops := []kernels.Op{
		add(w, w, copied), // needed at the end alone
		add(x, x, a),
		add(a, a, b),
		kernels.BiasWgrad{M: 1, K: 64, DY: a, DB: dw},
		kernels.FiniteCheck{X: a, Step: step, Halt: halt},
		kernels.FiniteCheck{X: b, Step: step, Halt: halt},
		add(b, b, c),
		add(c, copied, y),
	}
	order, spans := Stages(ops, []int{1, 1, 1, 1, 2, 2, 1, 1})
	assert.Equal(t, []int{1, 2, 3, 4, 0, 6, 5, 7}, order)
	assert.Equal(t, []Span{{0, 0}, {1, 1}, {1, 1}, {1, 2}, {2, 2}, {2, 2}, {2, 3}, {3, 3}}, spans)
}
