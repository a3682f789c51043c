//go:build cuda && cgo

package driver

/*
#include <cuda.h>

// An edge whose second node begins when all blocks of the first have let it, or have ended.
static CUresult add_early(CUgraph g, CUgraphNode from, CUgraphNode to) {
	CUgraphEdgeData e = {.from_port = CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC, .type = CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC};
	return cuGraphAddDependencies_v2(g, &from, &to, &e, 1);
}

// What needs memory that holds addresses is done here, since Go's must not.
static CUresult add_kernel(CUgraphNode *node, CUgraph g, const CUgraphNode *after, size_t edges, CUDA_KERNEL_NODE_PARAMS k, char *values,
	const size_t *offsets, int n) {
	void *params[n + 1];
	for (int i = 0; i < n; i++) params[i] = values + offsets[i];
	k.kernelParams = params;
	return cuGraphAddKernelNode(node, g, after, edges, &k);
}
*/
import "C"
import (
	"fmt"
	"unsafe"

	"gorgonia.org/cu"
)

// Graph is work with its order, which one call launches.
type Graph struct{ exec C.CUgraphExec }

// Capture runs record and turns the work that it queues on the stream, which does not run, into a graph. The stream must not
// be the default stream, nor the goroutine move to another thread (runtime.LockOSThread); record must not wait for the device
// or allocate. Its error ends the capture and is returned.
func Capture(s cu.Stream, record func() error) (*Graph, error) {
	if err := check("cuStreamBeginCapture", C.cuStreamBeginCapture(streamOf(s), C.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)); err != nil {
		return nil, err
	}
	recorded := record()
	var g C.CUgraph
	err := check("cuStreamEndCapture", C.cuStreamEndCapture(streamOf(s), &g)) // ends the capture in every case
	if g != nil {
		defer C.cuGraphDestroy(g)
	}
	if recorded != nil {
		return nil, recorded
	}
	if err != nil {
		return nil, err
	}
	return instantiate(g)
}

func instantiate(g C.CUgraph) (*Graph, error) {
	var graph Graph
	if err := check("cuGraphInstantiate", C.cuGraphInstantiateWithFlags(&graph.exec, g, 0)); err != nil {
		return nil, err
	}
	return &graph, nil
}

// Node is the launch of a kernel in a graph. It is a plain one: what a launch has of clusters, cooperation and priority is refused. With
// Overlap it may begin before the nodes that it comes after have ended, see [HasEarlyNodes].
type Node struct {
	Function cu.Function
	Launch
	After []int // the nodes before it in the list that it waits for
}

// HasEarlyNodes says whether the driver knows nodes that begin early, as drivers do since CUDA 12.3 gave edges of graphs their data.
func HasEarlyNodes() bool { return version() >= 12030 }

// NewGraph makes a graph of launches that wait for what each names, and for nothing else. Every driver with graphs knows its calls,
// CUDA 10 and later, if no node has Overlap.
func NewGraph(nodes []Node) (*Graph, error) {
	var g C.CUgraph
	if err := check("cuGraphCreate", C.cuGraphCreate(&g, 0)); err != nil {
		return nil, err
	}
	defer C.cuGraphDestroy(g)
	made := make([]C.CUgraphNode, len(nodes))
	for i, n := range nodes {
		if n.Cluster != [3]uint32{} || n.Cooperative || n.Priority != 0 {
			return nil, fmt.Errorf("driver: node %d of a graph: it has no clusters, no cooperation and no priority", i)
		}
		values, offsets, err := encode(n.Params)
		if err != nil {
			return nil, err
		}
		after := make([]C.CUgraphNode, len(n.After), len(n.After)+1) // has an address even if it is empty
		for j, a := range n.After {
			after[j] = made[a]
		}
		edges := len(after)
		if n.Overlap {
			edges = 0
		}
		k := C.CUDA_KERNEL_NODE_PARAMS{
			_func: functionOf(n.Function), sharedMemBytes: C.uint(n.SharedMemory),
			gridDimX: C.uint(n.Grid[0]), gridDimY: C.uint(n.Grid[1]), gridDimZ: C.uint(n.Grid[2]),
			blockDimX: C.uint(n.Block[0]), blockDimY: C.uint(n.Block[1]), blockDimZ: C.uint(n.Block[2]),
		}
		r := C.add_kernel(&made[i], g, unsafe.SliceData(after), C.size_t(edges), k,
			(*C.char)(unsafe.Pointer(&values[0])), (*C.size_t)(unsafe.Pointer(unsafe.SliceData(offsets))), C.int(len(offsets)))
		if err := check("cuGraphAddKernelNode", r); err != nil {
			return nil, err
		}
		for _, a := range after[edges:] {
			if err := check("cuGraphAddDependencies", C.add_early(g, a, made[i])); err != nil {
				return nil, err
			}
		}
	}
	return instantiate(g)
}

// Launch queues the graph's work on the stream.
func (g *Graph) Launch(s cu.Stream) error {
	return check("cuGraphLaunch", C.cuGraphLaunch(g.exec, streamOf(s)))
}

// Close frees the graph. Launches under way go on.
func (g *Graph) Close() error {
	err := check("cuGraphExecDestroy", C.cuGraphExecDestroy(g.exec))
	g.exec = nil
	return err
}
