//go:build cuda && cgo

package device

import (
	"errors"
	"maps"
	"slices"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/kernels"
)

// arena is memory that programs share: they run one at a time.
type arena struct {
	start cu.DevicePtr
	bytes int
	users int // programs that are not closed
}

func (a *arena) size() int {
	if a == nil {
		return 0
	}
	return a.bytes
}

// share gives a program an arena that is large enough; none if it needs none. Programs that were compiled before stay where they are.
func (d *gpu) share(bytes int) (*arena, error) {
	if bytes == 0 {
		return nil, nil
	}
	if bytes > d.arena.size() {
		start, err := d.alloc(bytes)
		if err != nil {
			return nil, err
		}
		d.arena = &arena{start: start, bytes: bytes}
	}
	d.arena.users++
	return d.arena, nil
}

// missing are the kept buffers that have no memory yet.
func (d *gpu) missing(kept []*kernels.Buffer) []*kernels.Buffer {
	return slices.DeleteFunc(slices.Clone(kept), func(b *kernels.Buffer) bool {
		_, taken := d.kept[b]
		return taken
	})
}

// release frees kept buffers, and what they were uploaded through.
func (d *gpu) release(roots []*kernels.Buffer) (errs []error) {
	for _, root := range roots {
		if s := d.stage[root]; s != nil {
			errs = append(errs, s.close())
			delete(d.stage, root)
		}
		if p, taken := d.kept[root]; taken {
			errs = append(errs, cu.MemFree(p))
			delete(d.kept, root)
			delete(d.versions, root)
		}
	}
	return errs
}

func (d *gpu) Free(buffers ...*kernels.Buffer) error {
	if d.closed {
		return nil
	}
	roots, err := freeable(buffers, d.programs)
	if err != nil {
		return err
	}
	return d.do(func() error {
		return unlike(d.broken, append([]error{d.stream.Synchronize()}, d.release(roots)...))
	})
}

func (p *gpuProgram) Close() error {
	if p.gpu.closed || !p.gpu.programs[p] {
		return nil
	}
	return p.gpu.do(func() error {
		return unlike(p.gpu.broken, append([]error{p.gpu.stream.Synchronize()}, p.release()...))
	})
}

// release frees what the program holds. The arena goes with its last program.
func (p *gpuProgram) release() (errs []error) {
	d := p.gpu
	delete(d.programs, p)
	p.launches = nil
	for _, g := range append(slices.Collect(maps.Values(p.repeated)), p.graph) {
		if g != nil {
			errs = append(errs, g.Close())
		}
	}
	p.graph, p.repeated = nil, nil
	errs = append(append(errs, p.call.close()...), d.release(p.own)...)
	if a := p.arena; a != nil {
		p.arena = nil
		if a.users--; a.users == 0 {
			errs = append(errs, cu.MemFree(a.start))
			if d.arena == a {
				d.arena = nil
			}
		}
	}
	return errs
}

// unlike joins errors but for those of a result that somebody has seen already.
func unlike(seen driver.Result, errs []error) error {
	return errors.Join(slices.DeleteFunc(errs, func(err error) bool {
		r, ok := driver.ResultOf(err)
		return ok && r == seen
	})...)
}
