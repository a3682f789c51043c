package hostcode

// A text may hold one piece of code in two ways, of which the preprocessor takes one:
//
//	#ifdef DOUBLE
//	void run(double* x) {
//	#else
//	void run(float* x) {
//	#endif
//
// Where the branches, each by itself, open as many braces as they close, all of them are read. Else only one is, or the braces would not
// match.

// branch is a part of a condition: from one directive to the next of the same condition.
type branch struct {
	from, to int // tokens
	balanced bool
}

// unread marks the tokens of the branches that are not read.
func unread(l *lexer) []bool {
	hidden := make([]bool, len(l.tokens))
	var open [][]branch
	closeLast := func(to int) {
		branches := open[len(open)-1]
		last := &branches[len(branches)-1]
		last.to = to
		last.balanced = isBalanced(l, hidden, last.from, to)
	}
	for _, d := range l.directives {
		switch d.name {
		case "if", "ifdef", "ifndef":
			open = append(open, []branch{{from: d.at}})
		case "else", "elif", "elifdef", "elifndef":
			if len(open) > 0 {
				closeLast(d.at)
				open[len(open)-1] = append(open[len(open)-1], branch{from: d.at})
			}
		case "endif":
			if len(open) == 0 {
				continue
			}
			closeLast(d.at)
			hide(hidden, open[len(open)-1])
			open = open[:len(open)-1]
		}
	}
	return hidden
}

// hide leaves of branches that cannot all be read the first that has something.
func hide(hidden []bool, branches []branch) {
	all, first := true, -1
	for i, b := range branches {
		all = all && b.balanced
		if first < 0 && b.to > b.from {
			first = i
		}
	}
	if all {
		return
	}
	for i, b := range branches {
		for t := b.from; t < b.to && i != first; t++ {
			hidden[t] = true
		}
	}
}

func isBalanced(l *lexer, hidden []bool, from, to int) bool {
	depth := 0
	for i := from; i < to; i++ {
		switch {
		case hidden[i]:
		case l.is(i, "{"), l.is(i, "("):
			depth++
		case l.is(i, "}"), l.is(i, ")"):
			depth--
			if depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}

func (l *lexer) is(i int, text string) bool {
	return i < len(l.tokens) && l.tokens[i].kind != literal && l.of(i) == text
}

// of is the text of a token.
func (l *lexer) of(i int) string { return l.text[l.tokens[i].start:l.tokens[i].end] }
