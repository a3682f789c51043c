package data

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cnn-gpu/internal/wording"
)

// Balanced asks [ClassWeights] for weights by which all classes count the same.
const Balanced = "balanced"

// ClassWeights reads how much an example of each class of a set weighs: [Balanced], or pairs of a class and its weight, "cat:1,dog:2.5", or
// these as a JSON object. A class is its name or its number; one that is not there weighs 1. Balanced weighs class k by N/(K·N_k), where N_k of
// the N examples of the K classes are of it, so that the mean over the examples is 1 (King and Zeng, "Logistic regression in rare events data", 2001).
func ClassWeights(text string, set Set) ([]float64, error) {
	classes := set.Classes()
	if TargetsOf(set) != ClassLabels {
		return nil, fmt.Errorf("data: %s: examples with %v have no one class to be weighed by; give each a weight, as the column weight of a list does", set.Name(), TargetsOf(set))
	}
	if text == Balanced {
		return balancedWeights(set)
	}
	pairs, err := weightPairs(text)
	if err != nil {
		return nil, err
	}
	weights := slices.Repeat([]float64{1}, len(classes))
	seen := make([]bool, len(classes))
	for _, pair := range pairs {
		class := slices.Index(classes, pair.class)
		if number, err := strconv.Atoi(pair.class); class < 0 && err == nil && number >= 0 && number < len(classes) {
			class = number
		}
		switch {
		case class < 0:
			return nil, fmt.Errorf("data: %s has no class %q to be weighed; %s", set.Name(), pair.class, wording.Choose(pair.class, classes))
		case seen[class]:
			return nil, fmt.Errorf("data: the class %q is weighed twice", classes[class])
		case !(pair.weight >= 0 && pair.weight <= math.MaxFloat32):
			return nil, fmt.Errorf("data: the class %q weighs %v: expected a number that is at least 0", classes[class], pair.weight)
		case pair.weight > 0 && float32(pair.weight) == 0:
			return nil, fmt.Errorf("data: the class %q weighs %v, which is 0 in float32, in which devices compute: give at least 1.4e-45, or 0", classes[class], pair.weight)
		}
		weights[class], seen[class] = pair.weight, true
	}
	return weights, nil
}

type weightPair struct {
	class  string
	weight float64
}

// weightPairs reads pairs in either form.
func weightPairs(text string) (pairs []weightPair, err error) {
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		var object map[string]float64
		if err := json.Unmarshal([]byte(text), &object); err != nil {
			return nil, fmt.Errorf("data: weights of classes: expected an object such as {\"cat\": 1, \"dog\": 2.5}%w", whatIs(err))
		}
		for class, weight := range object {
			pairs = append(pairs, weightPair{class, weight})
		}
		slices.SortFunc(pairs, func(a, b weightPair) int { return strings.Compare(a.class, b.class) }) // so that errors are the same each time
		return pairs, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		at := strings.LastIndex(part, ":")
		weight, err := strconv.ParseFloat(part[at+1:], 64)
		if at < 0 || err != nil {
			return nil, fmt.Errorf("data: weights of classes: %q is no class with its weight: expected %s, such pairs as 0:1,1:2.5, or a file of a JSON object", part, Balanced)
		}
		pairs = append(pairs, weightPair{strings.TrimSpace(part[:at]), weight})
	}
	return pairs, nil
}

func balancedWeights(set Set) ([]float64, error) {
	counts, err := Counts(set)
	if err != nil {
		return nil, err
	}
	weights := make([]float64, len(counts))
	for class, n := range counts {
		if n == 0 {
			return nil, fmt.Errorf("data: %s: the class %q has no example, so nothing can balance it: leave the class out, or give weights", set.Name(), set.Classes()[class])
		}
		weights[class] = float64(set.Len()) / float64(len(counts)*n)
	}
	return weights, nil
}
