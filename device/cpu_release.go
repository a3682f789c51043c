package device

import "cnn-gpu/kernels"

func (d *cpuDevice) Free(buffers ...*kernels.Buffer) error {
	roots, err := freeable(buffers, d.programs)
	for _, root := range roots {
		delete(d.kept, root)
	}
	return err
}

// Close drops the program's hold on what programs share; with the last one that goes.
func (p *cpuProgram) Close() error {
	d := p.device
	if d == nil {
		return nil
	}
	delete(d.programs, p)
	p.device, p.ops = nil, nil
	if len(d.programs) == 0 {
		d.arena = nil
		d.workers.Release()
	}
	return nil
}
