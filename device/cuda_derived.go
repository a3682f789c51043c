//go:build cuda && cgo

package device

import (
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/cuda"
)

// A program keeps values that follow from others, as weights rounded for tensor cores do. Its own ops change both, but those others may be
// changed by uploads and by other programs, too. So each kept value has a version, and before a run what follows from another version is made anew.

// derived is what makes such a value.
type derived struct {
	launches []gpuLaunch
	from     *kernels.Buffer // kept
	version  uint64          // of that when the value was right last; 0 if never
}

// derive prepares what makes a program's derived values.
func (p *gpuProgram) derive(ops []kernels.Op) error {
	for _, op := range ops {
		launches, err := cuda.Launches(op)
		if err != nil {
			return err
		}
		v := derived{}
		for _, o := range op.Operands() {
			if o.Access == kernels.Read {
				v.from, _ = o.Buffer.Root()
			}
		}
		if v.launches, err = p.launchesFor(Op{Op: op}, launches); err != nil {
			return err
		}
		p.derived = append(p.derived, v)
	}
	return nil
}

// version is that of a kept value, from 1 on.
func (d *gpu) version(root *kernels.Buffer) uint64 { return d.versions[root] + 1 }

// changed gives kept values another version.
func (d *gpu) changed(roots ...*kernels.Buffer) {
	for _, root := range roots {
		d.versions[root]++
	}
}

// upToDate runs a program's launches on derived values that are up to date.
func (p *gpuProgram) upToDate(run func() error) error {
	for i := range p.derived {
		v := &p.derived[i]
		isRight := v.version == p.gpu.version(v.from)
		v.version = 0 // until the run has changed both
		for _, l := range v.launches {
			if isRight {
				break
			}
			if err := p.launch(l); err != nil {
				return err
			}
		}
	}
	defer p.gpu.changed(p.written...)
	if err := run(); err != nil {
		return err
	}
	for i := range p.derived {
		v := &p.derived[i]
		v.version = p.gpu.version(v.from)
		if slices.Contains(p.written, v.from) {
			v.version++
		}
	}
	return nil
}

// derivesFrom says whether a program has values that follow from a buffer.
func (p *gpuProgram) derivesFrom(b *kernels.Buffer) bool {
	root, _ := b.Root()
	return slices.ContainsFunc(p.derived, func(v derived) bool { return v.from == root })
}

// writtenBy are the kept values that ops write.
func writtenBy(ops []Op) (roots []*kernels.Buffer) {
	for _, op := range ops {
		for _, o := range op.Operands() {
			if o.Buffer == nil || o.Access == kernels.Read {
				continue
			}
			if root, _ := o.Buffer.Root(); root.Keep && !slices.Contains(roots, root) {
				roots = append(roots, root)
			}
		}
	}
	return roots
}
