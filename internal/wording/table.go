package wording

import "fmt"

// Table holds what words stand for, in the order in which messages list the words.
type Table[W ~string, V any] []Row[W, V]

// Row is a word and what it stands for.
type Row[W ~string, V any] struct {
	Word  W
	Value V
}

// Words lists the words.
func (t Table[W, V]) Words() []W {
	words := make([]W, len(t))
	for i, row := range t {
		words[i] = row.Word
	}
	return words
}

// Find is what a word stands for. What says in the error what the words of the table are.
func (t Table[W, V]) Find(what string, word W) (V, error) {
	for _, row := range t {
		if row.Word == word {
			return row.Value, nil
		}
	}
	var none V
	return none, fmt.Errorf("unknown %s %q; %s", what, string(word), Choose(string(word), t.Words()))
}
