package metrics

import (
	"cmp"
	"math"
	"slices"
)

// AUC is the area under the ROC curve: how probable it is that a positive example is given a higher score than a negative one, where an equal
// score counts half (J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve", 1982,
// Radiology 143, by way of the rank sum of Wilcoxon). It is NaN if all examples are of one kind.
func AUC(scores []float32, isPositive func(i int) bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	positives, rankSum := 0, 0. // ranks count from 1; equal scores have the mean of theirs
	for from := 0; from < len(order); {
		to, here := from, 0
		for ; to < len(order) && (to == from || scores[order[to]] == scores[order[from]]); to++ {
			if isPositive(order[to]) {
				here++
			}
		}
		rankSum += float64(here) * float64(from+1+to) / 2
		positives, from = positives+here, to
	}
	negatives := len(order) - positives
	if positives == 0 || negatives == 0 {
		return math.NaN()
	}
	return (rankSum - float64(positives)*float64(positives+1)/2) / (float64(positives) * float64(negatives))
}
