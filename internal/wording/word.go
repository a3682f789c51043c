package wording

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// Or lists words as a sentence does: "adam, rmsprop or sgd".
func Or[W ~string](words []W) string { return list(words, " or ") }

// And lists words as a sentence does: "adam, rmsprop and sgd".
func And[W ~string](words []W) string { return list(words, " and ") }

func list[W ~string](words []W, before string) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	last := len(list) - 1
	if last < 1 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:last], ", ") + before + list[last]
}

// Choose says what was expected in place of a word: the one that was probably meant, else all that are known. Also are others that may be meant.
func Choose[W ~string](word string, known []W, also ...W) string {
	if near := Nearest(word, slices.Concat(known, also)); near != "" {
		return "did you mean " + string(near) + "?"
	}
	return "choose " + Or(known)
}

// longest is the length in letters from which on a word is compared with no other: that takes a time that grows with its square.
const longest = 64

// Nearest is the known word that takes the fewest edits to reach or, if each of them would be another word altogether, the
// shortest that holds the word; none if there is none.
func Nearest[W ~string](word string, known []W) W {
	word = strings.ToLower(word)
	length := utf8.RuneCountInString(word)
	var best W
	if length > longest {
		return best
	}
	edits := max(2, length/3) + 1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(word, strings.ToLower(string(k))); d < min(edits, length) {
			best, edits = k, d
		}
	}
	if best != "" || length < 3 {
		return best
	}
	for _, k := range known {
		if strings.Contains(strings.ToLower(string(k)), word) && (best == "" || len(k) < len(best)) {
			best = k
		}
	}
	return best
}

// Times writes sizes of an array, like 2x3x4.
func Times(dims []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(dims), " ", "x"), "[]")
}

// Torn words an error of reading: bytes that end too early say nothing to most people.
func Torn(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is torn: it ends too early: %w", err)
	}
	return fmt.Errorf("the file is damaged: %w", err)
}
