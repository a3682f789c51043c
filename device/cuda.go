//go:build cuda && cgo

package device

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"unsafe"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
)

// gpu is a GPU of the CUDA driver, a simulated one too.
type gpu struct {
	name    string
	options Options

	device     cu.Device
	context    cu.CUContext
	model      string   // what the driver calls it
	total      int64    // bytes of memory
	capability int      // such as 90
	others     int64    // bytes of it that were taken before this program took any
	passed     []string // GPUs that "auto" has passed over for this one, and why
	code       *compiler
	stream     cu.Stream
	watch      stopwatch

	kept     map[*kernels.Buffer]cu.DevicePtr
	versions map[*kernels.Buffer]uint64 // how often kept values were changed
	arena    *arena                     // of the next program, if it is large enough; may be nil
	stage    map[*kernels.Buffer]*staging
	programs map[*gpuProgram]bool // that are not closed

	works  bool          // it is open
	broken driver.Result // the fault after which the context is of no use
	closed bool
}

// openGPU opens device number ordinal of the driver.
func openGPU(name string, ordinal int, o Options) (*gpu, error) {
	if err := driver.Open(); err != nil {
		return nil, &noDriverError{name, driver.Diagnose(err), err}
	}
	d := &gpu{
		name: name, options: o,
		kept: map[*kernels.Buffer]cu.DevicePtr{}, versions: map[*kernels.Buffer]uint64{}, stage: map[*kernels.Buffer]*staging{}, programs: map[*gpuProgram]bool{},
	}
	if err := d.open(ordinal); err != nil {
		return nil, d.explain(err)
	}
	d.works = true
	return d, nil
}

// do runs f with the GPU's context, and leaves the thread with the context that it had. Two calls of the driver cost a fraction of a
// microsecond; to hand f to a thread of the GPU's own, and to wake the caller again, cost a dozen.
func (d *gpu) do(f func() error) error {
	if d.closed {
		return errClosed(d.name)
	}
	return d.explain(d.inContext(f))
}

// inContext runs f on a thread whose current context is the GPU's.
func (d *gpu) inContext(f func() error) (err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cu.PushCurrentCtx(d.context); err != nil {
		return err
	}
	defer func() {
		if _, popped := cu.PopCurrentCtx(); err == nil {
			err = popped
		}
	}()
	return f()
}

// explain says what is known of an error, and notes a late one.
func (d *gpu) explain(err error) error {
	if err == nil {
		return nil
	}
	err = driver.Explain(err)
	if d.works {
		if f, is := d.fault(err); is {
			return f
		}
	}
	return fmt.Errorf("device: %s: %w", d.name, err)
}

func (d *gpu) open(ordinal int) error {
	count, err := cu.NumDevices()
	if err != nil {
		return err
	}
	if ordinal >= count {
		return noSuchGPU(ordinal, count)
	}
	if d.device, err = cu.GetDevice(ordinal); err != nil {
		return err
	}
	mode, err := d.device.Attribute(cu.ComputeMode)
	if err != nil {
		mode = defaultMode
	}
	if mode == prohibitedMode {
		return errProhibited
	}
	major, minor, err := d.device.ComputeCapability()
	if err != nil {
		return err
	}
	d.capability = 10*major + minor
	if d.model, err = d.device.Name(); err != nil {
		return err
	}
	if d.total, err = d.device.TotalMem(); err != nil {
		return err
	}
	if d.code, err = newCompiler(d.capability, d.options); err != nil {
		return err
	}
	if d.context, err = d.device.RetainPrimaryCtx(); err != nil {
		return refusedContext(err, mode)
	}
	err = d.inContext(func() (err error) {
		if err = d.lookAround(); err == nil {
			d.stream, err = cu.MakeStream(cu.NonBlocking)
		}
		return err
	})
	if err != nil {
		return errors.Join(err, d.device.ReleasePrimaryCtx())
	}
	return nil
}

func (d *gpu) Name() string { return d.name }

func (d *gpu) String() string {
	return fmt.Sprintf("GPU, %s, %s", d.model, wording.Bytes(d.total))
}

func (d *gpu) remarks() []string {
	list := slices.Clone(d.passed)
	if d.code.newer {
		list = append(list, fmt.Sprintf("it is newer than NVRTC %s, so the driver compiles its kernels and the first start takes longer", versionOf(d.code.library)))
	}
	return list
}

func (d *gpu) Precision(o CompileOptions) (kernels.Precision, error) {
	return precisionOf(d.name, o, multipliesInAny(d.capability))
}

// Close frees all memory and modules, and gives the context back. After a late error that frees what the other calls no longer
// can.
func (d *gpu) Close() error {
	if d.closed {
		return nil
	}
	err := d.do(func() error {
		errs := []error{d.stream.Synchronize()}
		for p := range d.programs {
			errs = append(errs, p.release()...)
		}
		errs = append(errs, d.code.close()...)
		errs = append(errs, d.release(slices.Collect(maps.Keys(d.kept)))...)
		errs = append(errs, d.watch.close()...)
		return unlike(d.broken, append(errs, d.stream.Destroy()))
	})
	d.closed = true
	if released := d.device.ReleasePrimaryCtx(); released != nil {
		err = errors.Join(err, d.explain(unlike(d.broken, []error{released})))
	}
	return err
}

// alloc takes device memory.
func (d *gpu) alloc(bytes int) (cu.DevicePtr, error) {
	p, err := cu.MemAlloc(int64(max(bytes, 1)))
	if r, ok := driver.ResultOf(err); ok && r == driver.OutOfMemory {
		free, _, infoErr := cu.MemInfo()
		return 0, errors.Join(d.outOfMemory(bytes, free), infoErr)
	}
	return p, err
}

// keep is the memory of a kept value, taken on first use and zeroed, as on the CPU.
func (d *gpu) keep(root *kernels.Buffer) (cu.DevicePtr, error) {
	if p, ok := d.kept[root]; ok {
		return p, nil
	}
	p, err := d.alloc(root.Bytes())
	if err != nil {
		return 0, err
	}
	d.kept[root] = p
	if root.Elements() == 0 {
		return p, nil
	}
	return p, cu.MemsetD8Async(p, 0, int64(root.Bytes()), d.stream)
}

// place is the address of a kept buffer.
func (d *gpu) place(b *kernels.Buffer) (cu.DevicePtr, error) {
	root, offset := b.Root()
	p, err := d.keep(root)
	return p + cu.DevicePtr(offset*b.Type.Size()), err
}

// Upload copies through pinned memory, so that neither the caller nor the GPU waits for the other.
func (d *gpu) Upload(dst *kernels.Buffer, src any) error {
	if err := checkCopy(src, dst); err != nil {
		return err
	}
	if dst.Elements() == 0 {
		return nil
	}
	return d.do(func() error {
		p, err := d.place(dst)
		if err != nil {
			return err
		}
		root, _ := dst.Root()
		d.changed(root)
		s := d.stage[root]
		if s == nil {
			if s, err = newStaging(min(root.Bytes(), mostPinned)); err != nil {
				return err
			}
			d.stage[root] = s
		}
		return s.upload(p, bytesOf(src), d.stream)
	})
}

func (d *gpu) Download(dst any, src *kernels.Buffer) error {
	if err := checkCopy(dst, src); err != nil {
		return err
	}
	if src.Elements() == 0 {
		return nil
	}
	return d.do(func() error {
		p, err := d.place(src)
		if err != nil {
			return err
		}
		if err := d.stream.Synchronize(); err != nil {
			return err
		}
		return cu.MemcpyDtoH(unsafe.Pointer(unsafe.SliceData(bytesOf(dst))), p, int64(src.Bytes()))
	})
}

// bytesOf is the memory of a []float32, []int32 or []uint8.
func bytesOf(host any) []byte {
	switch s := host.(type) {
	case []float32:
		return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), 4*len(s))
	case []int32:
		return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), 4*len(s))
	case []uint8:
		return s
	}
	return nil
}
