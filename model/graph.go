package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Node is a layer with its place in the graph. The activation that a spec asks for is a node of its own, so that the values
// before and after it can both be seen, and so is the penalty of its output behind that.
type Node struct {
	Name   string
	Spec   Spec // nil for the input and for an activation or a penalty that belongs to the node before it
	Layer  Layer
	Inputs []*Node
	Shape  Shape
	// Frozen says that the layer's parameters stay as they are, Keras's trainable=False; see [Model.Freeze].
	Frozen bool

	kind  string
	index int
}

// Kind is the kind of the layer, as its Spec's; of what belongs to the node before it that of a layer which does the same: Activation or
// ActivityRegularization.
func (n *Node) Kind() string { return n.kind }

// LayerName is the name of the layer that the node belongs to: its own, but for an activation or a penalty that belongs to the node before it.
func (n *Node) LayerName() string {
	if n.Spec == nil && len(n.Inputs) > 0 {
		return n.Inputs[0].LayerName()
	}
	return n.Name
}

// Graph builds a model from nodes. The first error stops it; Build returns it.
type Graph struct {
	nodes []*Node
	names map[string]*Node // layers and a file's blocks by name: the node of their output
	next  map[string]int   // for each base of names, the first number that may be free
	err   error
}

// NewGraph begins a graph whose input has the given shape.
func NewGraph(input Shape) *Graph {
	g := &Graph{names: map[string]*Node{}, next: map[string]int{}, err: checkInput(input)}
	g.add(&Node{Name: "input", Shape: input, kind: "Input"})
	return g
}

func checkInput(input Shape) error {
	if len(input) == 0 {
		return errors.New("the input has no shape; give height, width and channels")
	}
	for _, extent := range input {
		if extent < 1 {
			return fmt.Errorf("input %v: every extent must be at least 1", input)
		}
	}
	return checkSize("the input", input)
}

// Input is the graph's input.
func (g *Graph) Input() *Node { return g.nodes[0] }

// Add adds a layer on top of its inputs and returns the node whose value is its output.
func (g *Graph) Add(s Spec, inputs ...*Node) *Node { return g.AddNamed("", s, inputs...) }

// AddNamed is Add with a name for the layer; the empty name stands for the kind's, numbered as Keras does: conv2d, conv2d_1. A slash parts the
// name of a group of layers from the names in it: stage1/conv.
func (g *Graph) AddNamed(name string, s Spec, inputs ...*Node) *Node {
	if g.err != nil {
		return nil
	}
	if isNil(s) {
		g.err = fmt.Errorf("layer %d is nil; give a layer such as Dense{Units: 10}", len(g.nodes))
		return nil
	}
	if name == "" {
		name = g.freeName(snake(s.Kind()))
	}
	node, err := g.layer(name, s, false, inputs)
	if err != nil {
		g.err = fmt.Errorf("%s %q: %w", s.Kind(), name, err)
		return nil
	}
	return node
}

// activated is a spec that asks for an activation behind its layer.
type activated interface{ activation() Function }

// activationOf is the activation that gets a node of its own behind a layer's; none if there is none.
func activationOf(s Spec) Function {
	if a, ok := s.(activated); ok && a.activation() != "" && a.activation() != Linear {
		return a.activation().first()
	}
	return ""
}

// regularized is a spec that may ask for a penalty of its layer's output, behind the activation.
type regularized interface{ activityRegularizer() Regularizer }

// activityName is what the name of such a penalty has behind that of its layer.
const activityName = "/activity_regularizer"

// activityRegularizerOf is the penalty that gets a node of its own behind a layer's and its activation's; none if there is none.
func activityRegularizerOf(s Spec) (r Regularizer) {
	if s, ok := s.(regularized); ok {
		r = s.activityRegularizer()
	}
	return r
}

var errTaken = errors.New("another layer has this name")

func (g *Graph) layer(name string, s Spec, frozen bool, inputs []*Node) (*Node, error) {
	function, regularizer := activationOf(s), activityRegularizerOf(s)
	if g.names[name] != nil || function != "" && g.names[name+"/"+string(function)] != nil || regularizer != (Regularizer{}) && g.names[name+activityName] != nil {
		return nil, errTaken
	}
	if len(g.nodes) > maxNodes {
		return nil, fmt.Errorf("the model has more than %d layers and activations", maxNodes)
	}
	if err := checkLayerName(name); err != nil {
		return nil, err
	}
	for _, in := range inputs {
		if in == nil || g.names[in.LayerName()] != in {
			return nil, errors.New("an input is no layer of this graph")
		}
	}
	node, err := g.build(name, s, inputs)
	if err != nil {
		if hint := channelsFirst(g.Input().Shape); hint != "" {
			err = fmt.Errorf("%w; %s", err, hint)
		}
		return nil, err
	}
	node.Spec = s
	if frozen {
		node.freeze()
	}
	last := node
	if function != "" {
		if last, err = g.build(name+"/"+string(function), Activation{function}, []*Node{node}); err != nil {
			return nil, err
		}
	}
	if regularizer != (Regularizer{}) {
		if last, err = g.build(name+activityName, ActivityRegularization(regularizer), []*Node{last}); err != nil {
			return nil, err
		}
	}
	g.names[name] = last
	return last, nil
}

func (g *Graph) build(name string, s Spec, inputs []*Node) (*Node, error) {
	var shapes []Shape
	for _, in := range inputs {
		shapes = append(shapes, in.Shape)
	}
	layer, err := s.Build(shapes)
	if err != nil {
		return nil, err
	}
	if isNil(layer) {
		return nil, errors.New("its Build returned neither a layer nor an error")
	}
	if err := checkNumbers(s); err != nil {
		return nil, err
	}
	if err := checkSize("the output", layer.Out()); err != nil {
		return nil, err
	}
	for _, p := range layer.Params() {
		if _, err := initializers.Find("initializer", p.Initializer); err != nil {
			return nil, err
		}
		if err := checkSize("the parameter "+p.Name, p.Shape); err != nil {
			return nil, err
		}
		p.Name = name + "/" + p.Name
	}
	return g.add(&Node{Name: name, Layer: layer, Inputs: inputs, Shape: layer.Out(), kind: s.Kind()}), nil
}

func (g *Graph) add(n *Node) *Node {
	n.index = len(g.nodes)
	g.nodes = append(g.nodes, n)
	g.names[n.Name] = n
	return n
}

// freeName is a name that no layer has: base, numbered from the second on.
func (g *Graph) freeName(base string) string {
	for ; ; g.next[base]++ {
		if name := numbered(base, g.next[base]); g.names[name] == nil {
			return name
		}
	}
}

// numbered is the name of the i-th of equal layers.
func numbered(base string, i int) string {
	if i == 0 {
		return base
	}
	return fmt.Sprintf("%s_%d", base, i)
}

// snake turns MaxPooling2D into max_pooling2d, and PReLU into p_re_lu.
func snake(kind string) string {
	var b strings.Builder
	runes := []rune(kind)
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Build ends the graph: the model computes output from the input. Nodes that the output does not need are an error.
func (g *Graph) Build(output *Node) (*Model, error) {
	m, err := g.model(output)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return m, nil
}

func (g *Graph) model(output *Node) (*Model, error) {
	if g.err != nil {
		return nil, g.err
	}
	if output == nil || output == g.Input() {
		return nil, errors.New("there are no layers; add at least one")
	}
	used := map[*Node]bool{output: true}
	for _, n := range slices.Backward(g.nodes[1:]) {
		if !used[n] {
			return nil, &unusedError{n}
		}
		for _, in := range n.Inputs {
			used[in] = true
		}
	}
	m := &Model{Nodes: g.nodes, Input: g.Input(), Output: output}
	return m, m.placeParams()
}

// unusedError is a layer whose output nothing uses.
type unusedError struct{ node *Node }

func (e *unusedError) Error() string {
	return fmt.Sprintf("nothing uses the output of layer %q; connect it or leave it out", e.node.LayerName())
}

// Sequential builds a model in which each layer takes the output of the one before it.
func Sequential(input Shape, layers ...Spec) (*Model, error) {
	g := NewGraph(input)
	node := g.Input()
	for _, s := range layers {
		node = g.Add(s, node)
	}
	return g.Build(node)
}
