//go:build cuda && cgo

package driverapi

// #include <cuda.h>
import "C"
import (
	"math/bits"
	"slices"
	"unsafe"

	"cnn-gpu/device/driver"
)

// graph is work with its order.
type graph struct {
	context *context
	nodes   []node
	handles []uintptr // of its nodes, where they were added one by one
}

func (g *graph) owner() *context { return g.context }

type node struct {
	kind  kind
	do    action
	after []int
	early bool // begins before those that it comes after have ended: programmatic dependent launch
}

// graphNode is what the handle of a node stands for.
type graphNode struct {
	*graph
	index int
}

// graphExec is a graph that can be launched.
type graphExec struct {
	*graph
	ended, waited [][]uint64 // of each node, see sim.Node; nil where all nodes run one after the other
}

// ancestors marks the nodes that come before the tips, and the tips.
func (g *graph) ancestors(tips []int) []bool {
	marked := make([]bool, len(g.nodes))
	for _, t := range tips {
		marked[t] = true
	}
	for i := len(g.nodes) - 1; i >= 0; i-- {
		if marked[i] {
			for _, a := range g.nodes[i].after {
				marked[a] = true
			}
		}
	}
	return marked
}

//export simGraphCreate
func simGraphCreate(out *uintptr, flags uint32) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		if out == nil || flags != 0 {
			return driver.InvalidValue
		}
		if *out = s.add(&graph{context: c}); *out == 0 {
			return driver.OutOfMemory
		}
		return driver.Success
	})
}

// kernelNode is CUDA_KERNEL_NODE_PARAMS.
type kernelNode struct {
	function      uintptr
	grid, block   [3]uint32
	shared        uint32
	params, extra *unsafe.Pointer
}

//export simGraphAddKernelNode
func simGraphAddKernelNode(out *uintptr, h uintptr, after *uintptr, edges uint64, kernel unsafe.Pointer) int32 {
	return inContext(func(s *system, _ *context) driver.Result {
		g, ok := s.handles[h].(*graph)
		if !ok || out == nil || kernel == nil {
			return driver.InvalidValue
		}
		n := node{kind: kernelWork}
		for _, a := range unsafe.Slice(after, edges) {
			before, ok := s.handles[a].(*graphNode)
			if !ok || before.graph != g || slices.Contains(n.after, before.index) {
				s.explain("a node comes after others of its graph, and after each once")
				return driver.InvalidValue
			}
			n.after = append(n.after, before.index)
		}
		k := (*kernelNode)(kernel)
		f, do, r := s.kernel(g.context, k.function, k.grid, k.block, k.shared, k.params, k.extra, [3]uint32{}, false)
		if r != driver.Success {
			return r
		}
		f.loaded, n.do = true, do
		if *out = s.add(&graphNode{g, len(g.nodes)}); *out == 0 {
			return driver.OutOfMemory
		}
		g.nodes, g.handles = append(g.nodes, n), append(g.handles, *out)
		return driver.Success
	})
}

// edgeData is CUgraphEdgeData.
type edgeData struct {
	fromPort, toPort, kind uint8
	_                      [5]uint8
}

//export simGraphAddDependencies
func simGraphAddDependencies(h uintptr, from, to *uintptr, data unsafe.Pointer, edges uint64) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		g, ok := s.handles[h].(*graph)
		if !ok {
			return driver.InvalidValue
		}
		for i := range edges {
			var e edgeData
			if data != nil {
				e = unsafe.Slice((*edgeData)(data), edges)[i]
			}
			a, isFirst := s.handles[unsafe.Slice(from, edges)[i]].(*graphNode)
			b, isSecond := s.handles[unsafe.Slice(to, edges)[i]].(*graphNode)
			plain, early := edgeData{}, edgeData{fromPort: C.CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC, kind: C.CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC}
			if !isFirst || !isSecond || a.graph != g || b.graph != g || e != plain && e != early {
				return driver.InvalidValue
			}
			n := &g.nodes[b.index]
			switch {
			case a.index >= b.index || slices.Contains(n.after, a.index):
				s.explain("an edge leads to a node that was made later, and once")
				return driver.InvalidValue
			case e == early && c.device.Chip().Major < 9:
				s.explain("%s has no programmatic dependent launch", c.device.Chip().Product)
				return driver.NotSupported
			case len(n.after) > 0 && n.early != (e == early):
				s.explain("a node that begins early after some nodes and waits for others is more than the simulated driver knows")
				return driver.NotSupported
			}
			n.after, n.early = append(n.after, a.index), e == early
		}
		return driver.Success
	})
}

func newGraphExec(g *graph) *graphExec {
	e := &graphExec{graph: &graph{context: g.context, nodes: slices.Clone(g.nodes)}}
	words := (len(g.nodes) + 63) / 64
	chain := true
	var past [][]uint64 // all nodes before each
	for i, n := range g.nodes {
		ended, waited := make([]uint64, words), make([]uint64, words)
		join := func(to, from []uint64) {
			for w := range from {
				to[w] |= from[w]
			}
		}
		for _, a := range n.after {
			waited[a/64] |= 1 << (a % 64)
			join(waited, past[a])
			if n.early {
				join(ended, e.ended[a])
			}
		}
		if !n.early {
			ended = waited
		}
		past = append(past, waited)
		all := 0
		for _, w := range ended {
			all += bits.OnesCount64(w)
		}
		chain = chain && all == i
		if !n.early {
			waited = nil
		}
		e.ended, e.waited = append(e.ended, ended), append(e.waited, waited)
	}
	if chain {
		e.ended, e.waited = nil, nil
	}
	return e
}

//export simGraphInstantiate
func simGraphInstantiate(out *uintptr, h uintptr, flags uint64) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		g, ok := s.handles[h].(*graph)
		switch {
		case !ok:
			return driver.InvalidHandle
		case flags != 0:
			return driver.NotSupported
		}
		if *out = s.add(newGraphExec(g)); *out == 0 {
			return driver.OutOfMemory
		}
		return driver.Success
	})
}

//export simGraphDestroy
func simGraphDestroy(h uintptr) int32 {
	return call(func(s *system) driver.Result {
		g, ok := s.handles[h].(*graph)
		if !ok {
			return driver.InvalidHandle
		}
		for _, n := range append(g.handles, h) {
			delete(s.handles, n)
		}
		return driver.Success
	})
}

//export simGraphExecDestroy
func simGraphExecDestroy(h uintptr) int32 {
	return call(func(s *system) driver.Result {
		if _, ok := s.handles[h].(*graphExec); !ok {
			return driver.InvalidHandle
		}
		delete(s.handles, h)
		return driver.Success
	})
}

//export simGraphLaunch
func simGraphLaunch(h, on uintptr) int32 {
	return onStream(on, func(s *system, st *stream) driver.Result {
		s.calls.GraphLaunches++
		g, ok := s.handles[h].(*graphExec)
		switch {
		case !ok || g.context != st.context:
			return driver.InvalidHandle
		case st.capture != nil:
			s.explain("a graph in a graph is more than the simulated driver knows")
			st.capture.broken = true
			return driver.NotSupported
		}
		if r := s.enqueue(st, marker, nil); r != driver.Success { // what the graph comes after
			return r
		}
		st.push(g.run(st.last, s.config.Options))
		return driver.Success
	})
}
