//go:build cuda && cgo

package device

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/kernels/cuda"
)

// form is what a GPU may be given of a kernel: machine code, which GPUs of the same generation run, or PTX, which the driver turns
// into machine code.
type form struct {
	arch string // "sm_90" is machine code, "compute_90" is PTX
	ptx  string // such as "8.4": the version that PTX is said to be of, in place of that of its compiler; empty for no other
}

func (f form) isPTX() bool { return strings.HasPrefix(f.arch, "compute_") }

func (f form) String() string {
	s := "machine code for " + f.arch
	if f.isPTX() {
		s = "PTX for " + f.arch
	}
	if f.ptx != "" {
		s += " as of version " + f.ptx
	}
	return s
}

var ptxVersion = regexp.MustCompile(`(?m)^(\s*\.version\s+)\d+\.\d+`)

// of gives a kernel's image this form. A compiler states the newest version of PTX that it knows, and a driver refuses one that is newer
// than itself, although our kernels need none of what came with it. Where they do, the driver says so.
func (f form) of(image []byte) []byte {
	if f.ptx == "" {
		return image
	}
	at := ptxVersion.FindSubmatchIndex(image)
	if at == nil {
		return image
	}
	return slices.Concat(image[:at[3]], []byte(f.ptx), image[at[1]:])
}

// refusals are the driver's answers to an image that it cannot use, whatever is in it.
var refusals = []driver.Result{
	driver.InvalidImage, driver.NoBinaryForGpu, driver.InvalidPtx, driver.JitCompilerNotFound, driver.UnsupportedPtxVersion,
	driver.JitCompilationDisabled, driver.InvalidSource,
}

func isRefusal(err error) bool {
	r, ok := driver.ResultOf(err)
	return ok && slices.Contains(refusals, r)
}

// runnable lists the architectures whose code a GPU can run, the best first: machine code of its own and of earlier ones with the
// same major number, and any PTX that is not newer than the GPU.
func runnable(capability int) []string {
	const oldest = 50
	var archs []string
	for a := capability; a >= capability/10*10; a-- {
		archs = append(archs, fmt.Sprintf("sm_%d", a))
	}
	for a := capability; a >= oldest; a-- {
		archs = append(archs, fmt.Sprintf("compute_%d", a))
	}
	return archs
}

// older is the newest version of PTX that a driver knows; empty if the compiler's is none too new for it.
func older(l *nvrtc.Library, cuda int) string {
	major, minor := driver.NewestPTX(cuda)
	if major == 0 || l != nil && 1000*l.Major+10*l.Minor <= cuda {
		return ""
	}
	return fmt.Sprintf("%d.%d", major, minor)
}

// formsFor lists what a GPU may be given, the best first. Of a compiler that is its own machine code, since that is ready; its PTX, and the same
// as of the driver's version, if that is older; then what earlier GPUs of its kind run, which it runs too. Without one it is whatever may be
// in the cache.
func formsFor(l *nvrtc.Library, capability, cuda int) (forms []form, err error) {
	add := func(arch, ptx string) {
		if f := (form{arch, ptx}); !slices.Contains(forms, f) {
			forms = append(forms, f)
		}
	}
	addPTX := func(arch string) {
		add(arch, "")
		if version := older(l, cuda); version != "" {
			add(arch, version)
		}
	}
	if l == nil {
		for _, arch := range runnable(capability) {
			if f := (form{arch: arch}); f.isPTX() {
				addPTX(arch)
			} else {
				add(arch, "")
			}
		}
		return forms, nil
	}
	best, err := l.ArchitectureFor(capability)
	if err != nil {
		return nil, err
	}
	known, err := l.Architectures()
	if err != nil {
		return nil, err
	}
	slices.Reverse(known)
	add(best, "")
	addPTX(fmt.Sprintf("compute_%d", capabilityOf(best)))
	for _, a := range known {
		if a < capability && a/10 == capability/10 {
			add(fmt.Sprintf("sm_%d", a), "")
		}
	}
	for _, a := range known {
		// The engine's ops are chosen for the GPU, and do not compile for one without its tensor cores.
		if a < capability && multipliesInAny(a) == multipliesInAny(capability) {
			addPTX(fmt.Sprintf("compute_%d", a))
		}
	}
	return forms, nil
}

// refusedError says that the driver takes a kernel in no form that there is.
type refusedError struct {
	driver  int            // CUDA's version that it knows
	library *nvrtc.Library // may be nil
	forms   []form         // that were refused
	reasons []error        // of each
}

func (e *refusedError) Error() string {
	var tried []string
	for _, f := range e.forms {
		tried = append(tried, f.String())
	}
	compiler := "there is no NVRTC"
	if e.library != nil {
		compiler = fmt.Sprintf("NVRTC is of CUDA %s", versionOf(e.library))
	}
	return fmt.Sprintf("the driver, which knows CUDA up to %d.%d, refuses the kernels, and %s; %s. It was offered %s: %v",
		e.driver/1000, e.driver%1000/10, compiler, e.wayOut(), strings.Join(tried, ", "), e.reasons[0])
}

// wayOut is what lets the driver take the code.
func (e *refusedError) wayOut() string {
	has := func(r driver.Result) bool {
		return slices.ContainsFunc(e.reasons, func(err error) bool {
			found, _ := driver.ResultOf(err)
			return found == r
		})
	}
	switch {
	case e.library == nil:
		return nvrtc.Mend(e.driver)
	case 1000*e.library.Major+10*e.library.Minor > e.driver:
		return fmt.Sprintf("update the driver, or `pip install %s`", nvrtc.Package(e.driver))
	case has(driver.JitCompilationDisabled):
		return "CUDA_DISABLE_PTX_JIT keeps the driver from compiling PTX: unset it"
	case has(driver.JitCompilerNotFound):
		return "the driver's compiler of PTX, libnvidia-ptxjitcompiler, is missing: install the whole driver, in a container by `-e NVIDIA_DRIVER_CAPABILITIES=compute,utility`"
	}
	return "update NVRTC (`make nvrtc`) or the driver"
}

func (e *refusedError) Unwrap() []error { return e.reasons }

// offer finds the best form of a launch's source that there is: its place among the forms, and the image, or none if it is loaded.
func (c *compiler) offer(l cuda.Launch) (at int, key string, image []byte, err error) {
	var missing error
	for at, f := range c.forms {
		p, err := newSource(l, f.arch)
		if err != nil {
			return at, "", nil, err
		}
		key := p.key()
		if _, loaded := c.modules[key]; loaded {
			return at, key, nil, nil
		}
		image, err := c.image(p, key, f.arch)
		if !errors.As(err, new(*NotCompiledError)) {
			return at, key, image, err
		}
		if missing == nil {
			missing = err
		}
	}
	if len(c.refused) > 0 {
		missing = &refusedError{cu.Version(), c.library, c.refused, c.reasons}
	}
	return len(c.forms), "", nil, missing
}

// loadWith loads a module with a function: a driver that loads lazily may refuse the module no sooner.
func loadWith(image []byte, function string) (cu.Module, error) {
	m, err := driver.LoadModule(image)
	if err != nil {
		return m, err
	}
	if _, err = driver.Function(m, function); err != nil {
		return m, errors.Join(err, m.Unload())
	}
	return m, nil
}

// load loads the module of a launch in the best form that the driver takes. One that it has refused is not tried again.
func (c *compiler) load(l cuda.Launch) (m cu.Module, err error) {
	for refused := false; ; refused = true {
		at, key, image, err := c.offer(l)
		if at == len(c.forms) {
			return m, err
		}
		if err == nil {
			if image == nil {
				return c.modules[key], nil
			}
			if m, err = loadWith(c.forms[at].of(image), l.Function); err == nil {
				c.modules[key] = m
				return m, nil
			}
			err = fmt.Errorf("%s: %w", l.Source, err)
		}
		// Sources that stand for one GPU need not compile for an earlier one.
		if !isRefusal(err) && !(refused && errors.As(err, new(*nvrtc.CompileError))) {
			return m, err
		}
		c.refused, c.reasons = append(c.refused, c.forms[at]), append(c.reasons, err)
		c.forms = slices.Delete(c.forms, at, at+1)
	}
}
