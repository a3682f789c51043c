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
}

// Words lists the words, without the others for the same.
func (t Table[W, V]) Words() []W {
	words := make([]W, len(t))
	for i, row := range t {
		words[i] = row.Word
	}
	return words
}

// Row is the row of a word or of another for the same.
func (t Table[W, V]) Row(word W) (row Row[W, V], ok bool) {
	i := slices.IndexFunc(t, func(row Row[W, V]) bool { return row.Word == word || slices.Contains(row.Also, word) })
	if i < 0 {
		return row, false
	}
	return t[i], true
}

// Find is what a word stands for. What says in the error what the words of the table are.
func (t Table[W, V]) Find(what string, word W) (V, error) {
	if row, ok := t.Row(word); ok {
		return row.Value, nil
	}
	var none V
	return none, fmt.Errorf("unknown %s %q; %s", what, string(word), Choose(string(word), t.Words()))
}
