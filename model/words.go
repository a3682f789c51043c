package model

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// choices says what was expected in place of a word: the one that was probably meant, else all of them.
func choices(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	last := len(known) - 1
	if last < 1 {
		return "choose " + strings.Join(known, "")
	}
	return "choose " + strings.Join(known[:last], ", ") + " or " + known[last]
}

// nearest is the known word that takes the fewest edits to reach or, if each of them would be another word altogether, the
// shortest that holds the word; none if there is none.
func nearest(word string, known []string) string {
	word = strings.ToLower(word)
	length := utf8.RuneCountInString(word)
	if length > 64 {
		return ""
	}
	best, edits := "", max(2, length/3)+1
	for _, k := range known {
		if d := distance(word, strings.ToLower(k)); d < min(edits, length) {
			best, edits = k, d
		}
	}
	if best != "" || length < 3 {
		return best
	}
	for _, k := range known {
		if strings.Contains(strings.ToLower(k), word) && (best == "" || len(k) < len(best)) {
			best = k
		}
	}
	return best
}

// distance is the number of letters to insert, delete or replace to get from a to b (Levenshtein, 1966).
func distance(a, b string) int {
	to := []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, from := range []rune(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j, r := range to {
			edits := diagonal
			if from != r {
				edits = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], edits
		}
	}
	return row[len(to)]
}
