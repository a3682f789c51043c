package loader

import "math/rand/v2"

// Shuffled is the order of the examples in an epoch.
func Shuffled(examples int, seed uint64, epoch int) []int {
	return rand.New(rand.NewPCG(seed, shuffleStream+uint64(epoch))).Perm(examples)
}

// shuffleStream keeps the random numbers of the order apart from those of the initial weights.
const shuffleStream = 1 << 32

// InOrder is the examples as they come.
func InOrder(examples int) []int {
	order := make([]int, examples)
	for i := range order {
		order[i] = i
	}
	return order
}
