package cpu

// cut is how the outputs of a few images become parts: their strips of filters, their rows of windows or tiles, or both.
type cut struct {
	strips, rows int  // into how many each can be cut
	byFilters    bool // cut the filters first
}

// newCut cuts first what takes more memory: each part reads all of the other.
func newCut(strips, rows, filters, inputs int) cut {
	return cut{strips, max(1, rows), filters > inputs}
}

func (c cut) parts(groups, workers int) int {
	parts := partsOf(groups, workers, c.strips*c.rows)
	filters := c.filterParts(parts)
	return filters * max(1, min(parts/filters, c.rows))
}

func (c cut) filterParts(parts int) int {
	if !c.byFilters {
		return 1
	}
	return min(parts, c.strips)
}

// of is which strips and which rows belong to a part.
func (c cut) of(part, parts int) (strips, rows share) {
	filters := c.filterParts(parts)
	return share{part % filters, filters}, share{part / filters, parts / filters}
}

// share is one of some equal shares.
type share struct{ part, parts int }

// of is where the share of n things begins and ends.
func (s share) of(n int) (first, last int) { return n * s.part / s.parts, n * (s.part + 1) / s.parts }
