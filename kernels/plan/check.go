package plan

import (
	"fmt"
	"slices"

	"cnn-gpu/kernels"
)

// Check says what is wrong with an op list: an op whose buffers are not what it takes them for, or one that reads a value of the arena
// which no op before it wrote. What is kept may be read from the first op on: it comes from outside.
func Check(ops []kernels.Op) error {
	written := map[*kernels.Buffer]extents{}
	for _, op := range ops {
		if err := kernels.CheckOperands(op); err != nil {
			return err
		}
		operands := op.Operands()
		for _, o := range operands {
			if o.Buffer == nil || o.Access == kernels.Write {
				continue
			}
			root, from := o.Buffer.Root()
			if !root.Keep && !written[root].cover(from, from+o.Buffer.Elements()) {
				return fmt.Errorf("%s: it reads %s, %q %v, which no op before it wrote", op.Name(), o.Name, o.Buffer.Name, o.Buffer.Shape)
			}
		}
		for _, o := range operands {
			if o.Buffer != nil && o.Access == kernels.Write {
				root, from := o.Buffer.Root()
				written[root] = written[root].with(from, from+o.Buffer.Elements())
			}
		}
	}
	return nil
}

// extents are the parts of a value that have been written: from and to in turn, in order and apart.
type extents []int

// with adds a part.
func (e extents) with(from, to int) extents {
	if from == to {
		return e
	}
	first, _ := slices.BinarySearch(e, from)
	last, ends := slices.BinarySearch(e, to)
	if ends {
		last++
	}
	var part []int
	if first%2 == 0 {
		part = append(part, from)
	}
	if last%2 == 0 {
		part = append(part, to)
	}
	return slices.Concat(e[:first], part, e[last:])
}

// cover says whether all of a part has been written.
func (e extents) cover(from, to int) bool {
	if from == to {
		return true
	}
	for i := 0; i < len(e); i += 2 {
		if e[i] <= from && to <= e[i+1] {
			return true
		}
	}
	return false
}
