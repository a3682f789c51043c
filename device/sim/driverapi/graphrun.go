//go:build cuda && cgo

package driverapi

import (
	"math/rand/v2"
	"slices"

	"cnn-gpu/device/sim"
)

// graphRun is one launch of a graph.
type graphRun struct {
	graph    *graphExec
	begin    *work // what the graph comes after
	number   map[*work]int
	together *sim.Together // nil where all nodes run one after the other
	times    []chipTime    // of the nodes that have run
	places   []*sim.Node   // likewise
}

// run makes the work of a launch of the graph, which comes after begin, and gives the last piece, which comes after all others. Nodes
// that do not wait for each other run in the order that the options choose.
func (g *graphExec) run(begin *work, o sim.Options) *work {
	r := &graphRun{graph: g, begin: begin, number: map[*work]int{}, times: make([]chipTime, len(g.nodes)), places: make([]*sim.Node, len(g.nodes))}
	all := make([]*work, len(g.nodes))
	for i, n := range g.nodes {
		all[i] = &work{context: g.context, kind: n.kind, do: n.do, after: []*work{begin}, graph: r}
		for _, a := range n.after {
			all[i].after = append(all[i].after, all[a])
		}
		r.number[all[i]] = i
	}
	if g.ended != nil {
		r.together = g.context.device.Together(len(all))
	}
	switch o.Order {
	case sim.Reverse:
		slices.Reverse(all)
	case sim.Random:
		rand.New(rand.NewPCG(o.Seed, uint64(len(all)))).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	return &work{context: g.context, kind: marker, after: append(all, begin), graph: r}
}

// node is the place of a piece of work among those that may run at the same time; nil if there are none.
func (r *graphRun) node(w *work) *sim.Node {
	if r == nil || r.together == nil || w.kind != kernelWork {
		return nil
	}
	i := r.number[w]
	r.places[i] = &sim.Node{Together: r.together, Number: i, Ended: r.graph.ended[i], Waited: r.graph.waited[i]}
	return r.places[i]
}

// took notes the time of a node.
func (r *graphRun) took(w *work, t chipTime) { r.times[r.number[w]] = t }

// place gives each node its time on the chip, whatever the order was in which they ran: who can begin first is placed first. It gives the
// time at which the last one ends.
//
// A node that begins early is started while those before it run, from when their blocks have let it, and comes as far as its wait. Then what is
// left of the start is that it hears of their end. That its blocks take room meanwhile does not count.
func (r *graphRun) place(t *timeline, since float64) (end float64) {
	nodes := r.graph.nodes
	waits, next := make([]int, len(nodes)), make([][]int, len(nodes))
	ready, early, queue := slices.Repeat([]float64{r.begin.end}, len(nodes)), slices.Repeat([]float64{r.begin.end}, len(nodes)), []int{}
	for i, n := range nodes {
		for _, a := range n.after {
			next[a] = append(next[a], i)
		}
		if waits[i] = len(n.after); waits[i] == 0 {
			queue = append(queue, i)
		}
	}
	end = r.begin.end
	chip := r.begin.context.device.Chip()
	for len(queue) > 0 {
		at := 0
		for q, i := range queue {
			if first := queue[at]; ready[i] < ready[first] || ready[i] == ready[first] && i < first {
				at = q
			}
		}
		i := queue[at]
		queue = slices.Delete(queue, at, at+1)
		begun, took := ready[i], r.times[i]
		goesOn, left := begun, took.microseconds // when it has heard of those before it, and what it then has to do
		switch {
		case nodes[i].early:
			begun = early[i] + chip.NodeMicroseconds
			goesOn, left = max(ready[i]+chip.EarlyMicroseconds, begun+took.prologue), left-took.prologue
		case nodes[i].kind == kernelWork:
			begun += chip.NodeMicroseconds
			goesOn = begun
		}
		ended := goesOn + left
		if nodes[i].kind == kernelWork {
			ended = t.place(since, goesOn, left, took.share)
		}
		end = max(end, ended)
		for _, n := range next[i] {
			ready[n] = max(ready[n], ended)
			if lets := r.places[i]; lets != nil && lets.LetOthersBegin {
				early[n] = max(early[n], begun+took.last*(ended-begun))
			} else {
				early[n] = max(early[n], ended)
			}
			if waits[n]--; waits[n] == 0 {
				queue = append(queue, n)
			}
		}
	}
	return end
}
