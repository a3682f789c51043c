package model

import (
	"slices"

	"cnn-gpu/kernels"
)

// Lowered is a model bound to a batch size: its buffers and ops. The gradient of the output comes from outside, such as from a
// loss; Backward goes on from there and adds to Gradients, which must be zero before.
type Lowered struct {
	Batch     int
	Input     *kernels.Buffer
	Output    *kernels.Buffer
	DOutput   *kernels.Buffer // nil unless Training or with a GradientOf
	DValue    *kernels.Buffer // the gradient by the value of GradientOf; nil if the output does not depend on it
	Weights   *kernels.Buffer // all of them; see [Model.ParamBuffer]
	Gradients *kernels.Buffer // all of them; nil unless Training; see [Model.GradientBuffer]
	Forward   []Step
	Backward  []Step
	// Update changes the parameters that are not learnt by gradients, after all else and once a step is known to be finite; there is none without
	// a Halt.
	Update []Step

	params             []*Param
	values             map[*Node]*kernels.Buffer
	weights, gradients map[*Param]*kernels.Buffer
}

// Step is what one node runs.
type Step struct {
	Node *Node
	Ops  []kernels.Op
}

// Ops joins the ops of steps.
func Ops(steps []Step) []kernels.Op {
	var ops []kernels.Op
	for _, s := range steps {
		ops = append(ops, s.Ops...)
	}
	return ops
}

// LowerOptions says what ops are wanted.
type LowerOptions struct {
	Output   *Node           // where to end; the model's output if nil
	Training bool            // with Backward, and layers as they are in training
	Step     *kernels.Buffer // the number of the training step, an int32; needed for training
	Seed     uint32          // of the random numbers of layers
	// Labels of the batch, int32s: in training, a row whose label is no class of the output is no example, and does not count in what layers
	// compute over the whole batch. All rows count if nil.
	Labels *kernels.Buffer
	Halt   *kernels.Buffer // an int32 that is set once a step is not finite; needed for Update
	Keep   bool            // keep every node's value, so that it can be downloaded after a run
	// GradientOf asks for the gradient by a node's value, outside training: Backward goes from DOutput, which comes from outside as in training, back to
	// that node, through layers as they are outside training, and leaves the parameters' gradients alone. DOutput and the gradient are kept.
	GradientOf *Node

	Input *kernels.Buffer // of the batch; a new kept one if nil

	// Weights and Gradients, made by [Model.ParamBuffer] and [Model.GradientBuffer]: lists that are to work on the same parameters are given the same ones. New
	// ones if nil.
	Weights, Gradients *kernels.Buffer
}

// Value is the buffer of a node's value.
func (l *Lowered) Value(n *Node) *kernels.Buffer { return l.values[n] }

// Param is the buffer of a parameter, a part of Weights.
func (l *Lowered) Param(p *Param) *kernels.Buffer { return l.weights[p] }

// Gradient is the buffer of a parameter's gradient, a part of Gradients; nil of a frozen layer's.
func (l *Lowered) Gradient(p *Param) *kernels.Buffer { return l.gradients[p] }

// Lower emits the model's ops for a batch size.
func (m *Model) Lower(batch int, o LowerOptions) *Lowered {
	if o.Output == nil {
		o.Output = m.Output
	}
	l := &Lowered{
		Batch:  batch,
		Input:  o.Input,
		values: map[*Node]*kernels.Buffer{},
	}
	if l.Input == nil {
		l.Input = kernels.Kept("input", kernels.Float32, batched(batch, m.Input.Shape)...)
	}
	l.bindParams(m, o)
	l.values[m.Input] = l.Input
	nodes := m.Nodes[1 : o.Output.index+1]
	bindings := make([]*Binding, len(nodes))
	needsGradient := trainable(nodes)
	if !o.Training {
		needsGradient = dependent(nodes, o.GradientOf)
	}
	for i, n := range nodes {
		b := &Binding{
			Batch: batch, Training: o.Training, Frozen: n.Frozen || o.GradientOf != nil, Differentiated: needsGradient[n] && n != o.GradientOf,
			Step: o.Step, Halt: o.Halt, Seed: o.Seed, Stream: uint32(n.index),
			Examples: kernels.Examples{Labels: o.Labels, Classes: o.Output.Shape[len(o.Output.Shape)-1]},
			name:     n.Name, weights: l.weights, gradients: l.gradients,
			Y: kernels.NewBuffer(n.Name, kernels.Float32, batched(batch, n.Shape)...),
		}
		b.Y.Keep = o.Keep || n == o.Output
		for _, in := range n.Inputs {
			b.X = append(b.X, l.values[in])
		}
		bindings[i] = b
		l.Forward = append(l.Forward, Step{n, n.Layer.Forward(b)})
		l.values[n] = b.Y
	}
	l.Output = l.values[o.Output]
	// The output may be a view of a value that would not be kept otherwise.
	root, _ := l.Output.Root()
	root.Keep = true
	if o.Training {
		l.backward(nodes, bindings, needsGradient, nil)
	} else if o.GradientOf != nil {
		l.backward(nodes, bindings, needsGradient, o.GradientOf)
		l.DOutput.Keep = true
	}
	if o.Training && o.Halt != nil {
		for i, n := range nodes {
			if u, ok := n.Layer.(Updater); ok && !n.Frozen {
				l.Update = append(l.Update, Step{n, u.Update(bindings[i])})
			}
		}
	}
	return l
}

// bindParams gives the parameters their buffers.
func (l *Lowered) bindParams(m *Model, o LowerOptions) {
	if l.Weights = o.Weights; l.Weights == nil {
		l.Weights = m.ParamBuffer("weights")
	}
	l.params, l.weights = m.Params, m.paramViews(l.Weights, "")
	if !o.Training {
		return
	}
	if l.Gradients = o.Gradients; l.Gradients == nil {
		l.Gradients = m.GradientBuffer("gradients")
	}
	l.gradients = m.paramViews(l.Gradients, "d ")
}

// backward emits the gradients' ops, from the last node to the first that needs one. With a target that is the one by which the gradient is asked
// for, and the gradients of parameters are left out.
func (l *Lowered) backward(nodes []*Node, bindings []*Binding, needsGradient map[*Node]bool, target *Node) {
	output := nodes[len(nodes)-1]
	l.DOutput = gradient(output, l.Batch)
	gradients := map[*Node][]*kernels.Buffer{output: {l.DOutput}}
	for i, n := range slices.Backward(nodes) {
		if !needsGradient[n] || gradients[n] == nil {
			continue
		}
		b := bindings[i]
		var ops []kernels.Op
		b.DY, ops = sum(n, l.Batch, gradients[n])
		if n == target {
			l.DValue = b.DY
			root, _ := b.DY.Root()
			root.Keep = true
			l.Backward = append(l.Backward, Step{n, ops})
			return
		}
		for _, in := range n.Inputs {
			var dx *kernels.Buffer
			if needsGradient[in] {
				dx = gradient(in, l.Batch)
			}
			b.DX = append(b.DX, dx)
		}
		backward := n.Layer.Backward(b)
		if b.Frozen {
			backward = serving(backward, b.DX)
		}
		ops = append(ops, backward...)
		for j, in := range n.Inputs {
			if b.DX[j] != nil {
				gradients[in] = append(gradients[in], b.DX[j])
			}
		}
		l.Backward = append(l.Backward, Step{n, ops})
	}
}

// serving leaves out the ops that none of the values needs.
func serving(ops []kernels.Op, values []*kernels.Buffer) (list []kernels.Op) {
	needed := map[*kernels.Buffer]bool{}
	for _, v := range values {
		if v != nil {
			root, _ := v.Root()
			needed[root] = true
		}
	}
	for _, op := range slices.Backward(ops) {
		isNeeded := false
		for _, o := range op.Operands() {
			if o.Buffer != nil && o.Access != kernels.Read {
				root, _ := o.Buffer.Root()
				isNeeded = isNeeded || needed[root]
			}
		}
		if !isNeeded {
			continue
		}
		for _, o := range op.Operands() {
			if o.Buffer != nil {
				root, _ := o.Buffer.Root()
				needed[root] = true
			}
		}
		list = append(list, op)
	}
	slices.Reverse(list)
	return list
}

func gradient(n *Node, batch int) *kernels.Buffer {
	return kernels.NewBuffer("d "+n.Name, kernels.Float32, batched(batch, n.Shape)...)
}

// sum adds up the gradients that the users of a value contribute. A contribution may share memory with another, so the sum
// has a buffer of its own.
func sum(n *Node, batch int, parts []*kernels.Buffer) (*kernels.Buffer, []kernels.Op) {
	total := parts[0]
	var ops []kernels.Op
	for i, part := range parts[1:] {
		next := total
		if i == 0 {
			next = gradient(n, batch)
		}
		ops = append(ops, kernels.Add{A: total, B: part, Y: next})
		total = next
	}
	return total, ops
}

// trainable are the nodes whose value depends on a parameter that is learnt: no other needs a gradient.
func trainable(nodes []*Node) map[*Node]bool {
	t := map[*Node]bool{}
	for _, n := range nodes {
		isLearnt := func(p *Param) bool { return !p.NonTrainable }
		t[n] = slices.ContainsFunc(n.Layer.Params(), isLearnt) || slices.ContainsFunc(n.Inputs, func(in *Node) bool { return t[in] })
	}
	return t
}

// dependent are a node and those whose value depends on its; none of no node.
func dependent(nodes []*Node, on *Node) map[*Node]bool {
	d := map[*Node]bool{}
	for _, n := range nodes {
		d[n] = n == on || slices.ContainsFunc(n.Inputs, func(in *Node) bool { return d[in] })
	}
	return d
}
