package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// splitStream keeps the random numbers of a split apart from the others that are drawn from the same seed.
const splitStream = 1 << 33

// Split sets a share of a set's examples apart, as for validation: part holds round(share*N) of the N examples, at least one, chosen
// at random by the seed, and rest the others. Both keep the set's order and read their examples from it. The same length, share
// and seed choose the same examples. The share is above 0 and below 1.
func Split(set Set, share float64, seed uint64) (rest, part Set, err error) {
	if !(share > 0 && share < 1) {
		return nil, nil, fmt.Errorf("data: %s: a share of %v to set apart: expected more than 0 and less than 1", set.Name(), share)
	}
	n := set.Len()
	count := max(1, int(math.Round(share*float64(n))))
	if count >= n {
		return nil, nil, fmt.Errorf("data: %s: a share of %v of %d examples leaves none: expected a smaller share", set.Name(), share, n)
	}
	order := rand.New(rand.NewPCG(seed, splitStream)).Perm(n)
	chosen, others := order[:count], order[count:]
	slices.Sort(chosen)
	slices.Sort(others)
	return &subset{Wrapper{set}, others}, &subset{Wrapper{set}, chosen}, nil
}

// subset is some examples of a set.
type subset struct {
	Wrapper
	indices []int
}

func (s *subset) Len() int { return len(s.indices) }

func (s *subset) Example(i int, x []float32) (int32, error) {
	if err := s.check(i); err != nil {
		return 0, err
	}
	return s.Set.Example(s.indices[i], x)
}

// check refuses an i outside the part.
func (s *subset) check(i int) error {
	if i < 0 || i >= s.Len() {
		return fmt.Errorf("data: %s: no example %d, the part holds %d", s.Name(), i, s.Len())
	}
	return nil
}
