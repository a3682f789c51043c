//go:build cuda && cgo

package device

import (
	"errors"
	"unsafe"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/kernels"
)

// call is a program's launches with the copies of inputs before and of outputs behind them, by way of pinned memory.
type call struct {
	inputs, outputs []transfer
	graph           *driver.Graph // none with Options.Sync
}

// transfer is the way of a buffer.
type transfer struct {
	buffer *kernels.Buffer
	place  cu.DevicePtr
	pinned []byte
}

// Call needs four calls of the driver: the context is taken, the graph launched and waited for, and the context given back.
func (p *gpuProgram) Call(inputs, outputs []Transfer) error {
	for _, list := range [][]Transfer{inputs, outputs} {
		for _, t := range list {
			if err := checkCopy(t.Host, t.Buffer); err != nil {
				return err
			}
		}
	}
	for _, in := range inputs {
		if p.derivesFrom(in.Buffer) {
			return callOneByOne(p.gpu, p, inputs, outputs)
		}
	}
	return p.gpu.do(func() error {
		if !p.gpu.programs[p] {
			return errProgramClosed
		}
		if !areOf(p.call.inputs, inputs) || !areOf(p.call.outputs, outputs) {
			if err := p.recordCall(inputs, outputs); err != nil {
				return err
			}
		}
		for i, t := range p.call.inputs {
			copy(t.pinned, bytesOf(inputs[i].Host))
		}
		queue := p.queueCall
		if g := p.call.graph; g != nil {
			queue = func() error { return g.Launch(p.gpu.stream) }
		}
		for _, t := range p.call.inputs {
			root, _ := t.buffer.Root()
			p.gpu.changed(root)
		}
		if err := p.upToDate(queue); err != nil {
			return err
		}
		if err := p.gpu.stream.Synchronize(); err != nil {
			return err
		}
		for i, t := range p.call.outputs {
			copy(bytesOf(outputs[i].Host), t.pinned)
		}
		return nil
	})
}

// areOf says whether the ways are those of the buffers.
func areOf(ways []transfer, list []Transfer) bool {
	if len(ways) != len(list) {
		return false
	}
	for i, t := range list {
		if ways[i].buffer != t.Buffer {
			return false
		}
	}
	return true
}

// recordCall makes the ways of other inputs and outputs, and the graph.
func (p *gpuProgram) recordCall(inputs, outputs []Transfer) (err error) {
	if err := errors.Join(p.call.close()...); err != nil {
		return err
	}
	if p.call.inputs, err = p.gpu.ways(inputs); err != nil {
		return err
	}
	if p.call.outputs, err = p.gpu.ways(outputs); err != nil {
		return err
	}
	if p.graph == nil { // nor are there graphs of calls
		return nil
	}
	p.call.graph, err = driver.Capture(p.gpu.stream, p.queueCall)
	return err
}

// ways takes pinned memory for buffers. What was taken before an error comes back too.
func (d *gpu) ways(list []Transfer) (ways []transfer, err error) {
	for _, t := range list {
		way := transfer{buffer: t.Buffer}
		if way.place, err = d.place(t.Buffer); err != nil {
			return ways, err
		}
		if way.pinned, err = driver.AllocPinned(max(t.Buffer.Bytes(), 1)); err != nil {
			return ways, err
		}
		ways = append(ways, way)
	}
	return ways, nil
}

// queueCall queues the copies and the launches.
func (p *gpuProgram) queueCall() error {
	for _, t := range p.call.inputs {
		if err := cu.MemcpyHtoDAsync(t.place, unsafe.Pointer(unsafe.SliceData(t.pinned)), int64(t.buffer.Bytes()), p.gpu.stream); err != nil {
			return err
		}
	}
	if err := p.launchAll(); err != nil {
		return err
	}
	for _, t := range p.call.outputs {
		if err := cu.MemcpyDtoHAsync(unsafe.Pointer(unsafe.SliceData(t.pinned)), t.place, int64(t.buffer.Bytes()), p.gpu.stream); err != nil {
			return err
		}
	}
	return nil
}

// close gives back the graph and the pinned memory.
func (c *call) close() (errs []error) {
	if c.graph != nil {
		errs = append(errs, c.graph.Close())
	}
	for _, ways := range [][]transfer{c.inputs, c.outputs} {
		for _, t := range ways {
			errs = append(errs, driver.FreePinned(t.pinned))
		}
	}
	*c = call{}
	return errs
}
