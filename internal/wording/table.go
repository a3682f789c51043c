package wording

import (
	"fmt"
	"slices"
)

// Table holds what words stand for, in the order in which messages list the words.
type Table[W ~string, V any] []Row[W, V]

// Row is a word, what it stands for, and other words for the same.
type Row[W ~string, V any] struct {
	Word  W
	Value V
	Also  []W

	lacks string // what a word is that stands for nothing here; empty for one that stands for Value
}

// Lacking is the table with words that a person may expect in it and that stand for nothing: what says what each of them is.
func (t Table[W, V]) Lacking(what string, words ...W) Table[W, V] {
	for _, word := range words {
		t = append(t, Row[W, V]{Word: word, lacks: what})
	}
	return t
}

// Words lists the words that stand for something, without the others for the same.
func (t Table[W, V]) Words() []W {
	var words []W
	for _, row := range t {
		if row.lacks == "" {
			words = append(words, row.Word)
		}
	}
	return words
}

// Row is the row of a word that stands for something, or of another for the same.
func (t Table[W, V]) Row(word W) (row Row[W, V], ok bool) {
	i := slices.IndexFunc(t, func(row Row[W, V]) bool {
		return row.lacks == "" && (row.Word == word || slices.Contains(row.Also, word))
	})
	if i < 0 {
		return row, false
	}
	return t[i], true
}

// Choose says what was expected in place of a word that stands for nothing.
func (t Table[W, V]) Choose(word W) string {
	var also []W
	for _, row := range t {
		also = append(also, row.Also...)
		if row.lacks != "" && row.Word == word {
			return fmt.Sprintf("%s is %s; choose %s", word, row.lacks, Or(t.Words()))
		}
	}
	return Choose(string(word), t.Words(), also...)
}

// Find is what a word stands for. What says in the error what the words of the table are.
func (t Table[W, V]) Find(what string, word W) (V, error) {
	if row, ok := t.Row(word); ok {
		return row.Value, nil
	}
	var none V
	return none, fmt.Errorf("unknown %s %q; %s", what, string(word), t.Choose(word))
}
