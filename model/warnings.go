package model

import "fmt"

// Warnings says what a model has that trains, but hardly as it was meant: an input in the order of PyTorch's images, a softmax of a softmax
// or of one value. Each is a sentence with a way out; there are none for a sound model.
func (m *Model) Warnings() []string {
	var warnings []string
	if hint := channelsFirst(m.Input.Shape); hint != "" {
		warnings = append(warnings, hint)
	}
	for _, n := range m.Nodes[1:] {
		if _, ok := n.Layer.(softmax); !ok {
			continue
		}
		if n.Shape[len(n.Shape)-1] == 1 {
			warnings = append(warnings, fmt.Sprintf("layer %q is a softmax of one value, which is always 1: give the layer before it two units, one for each class", n.LayerName()))
		}
		if before := softmaxBefore(n); before != nil {
			warnings = append(warnings, fmt.Sprintf("layer %q is a softmax of the softmax of layer %q, which learns slowly and is never sure: leave one of them out", n.LayerName(), before.LayerName()))
		}
	}
	return warnings
}

// softmaxBefore is the softmax whose values a node gets, unchanged or in another shape.
func softmaxBefore(n *Node) *Node {
	for {
		n = n.Inputs[0]
		switch n.Layer.(type) {
		case softmax:
			return n
		case linear, view, dropout, gaussianNoise:
		default:
			return nil
		}
	}
}

// channelsFirst says what an image [C H W] should be; nothing of a shape that is none.
func channelsFirst(s Shape) string {
	const fewest, channels = 8, 4
	if len(s) != 3 || s[0] == 2 || s[0] > channels || min(s[1], s[2]) < fewest {
		return ""
	}
	last := Shape{s[1], s[2], s[0]}
	return fmt.Sprintf("input %v looks like an image with its channels first; images are [height width channels] here: %v", s, last)
}
