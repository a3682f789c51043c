//go:build cuda && cgo

package device

import (
	"fmt"
	"slices"
	"strings"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim/compile"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/cuda"
)

// compiler makes machine code of the kernels for one GPU and loads it, each source with its constants once.
type compiler struct {
	forms   []form // that the GPU may be given, the best first, but for those that its driver has refused
	refused []form
	reasons []error        // of each refusal
	newer   bool           // the GPU, than the compiler: the driver makes its machine code
	library *nvrtc.Library // none if NVRTC was not found: then all code must be in the cache
	missing error          // why there is no library
	cache   codeCache
	modules map[string]cu.Module // by key
	timing  bool                 // for a simulated GPU, which estimates times by the machine code
}

// newCompiler finds an NVRTC that the driver can follow and what it can compile for a compute capability, such as 90.
func newCompiler(capability int, o Options) (*compiler, error) {
	cache, err := openCodeCache(o)
	if err != nil {
		return nil, err
	}
	c := &compiler{cache: cache, modules: map[string]cu.Module{}, timing: o.simulated && o.Timing}
	c.library, c.missing = nvrtc.OpenFor(cu.Version())
	if c.library == nil && cache.isEmpty() {
		return nil, noCompiler(c.missing)
	}
	if o.simulated {
		c.forms = []form{{arch: fmt.Sprintf("compute_%d", capability)}}
		return c, nil
	}
	c.forms, err = formsFor(c.library, capability, cu.Version())
	c.newer = err == nil && c.forms[0].isPTX()
	return c, err
}

// noCompiler is the error where there are no kernels, nor what makes them.
func noCompiler(missing error) error {
	return fmt.Errorf("its kernels are not compiled, and there is no compiler: %w (kernels that cnn-gpu compile has made elsewhere need none)", missing)
}

// function is the loaded kernel of a launch.
func (c *compiler) function(l cuda.Launch) (cu.Function, error) {
	module, err := c.load(l)
	if err != nil {
		return cu.Function{}, err
	}
	f, err := driver.Function(module, l.Function)
	if err == nil && l.Shared > 0 {
		err = driver.SetFunctionAttribute(f, driver.MaxDynamicSharedMemory, l.Shared)
	}
	return f, err
}

// image is the code of a source for an architecture, from the cache or made now.
func (c *compiler) image(p source, key, arch string) ([]byte, error) {
	version := anyVersion
	if c.library != nil {
		version = versionOf(c.library)
	}
	if c.timing && c.library != nil {
		version += "-timing"
	}
	if image, ok := c.cache.load(key, version); ok {
		return image, nil
	}
	if c.library == nil {
		return nil, &NotCompiledError{p.name, arch, c.missing}
	}
	image, err := compileSource(c.library, p, c.timing)
	if err != nil {
		return nil, err
	}
	// A full disk or a folder that cannot be written costs the next start some time, and is no reason to stop this one.
	_ = c.cache.store(key, version, image)
	return image, nil
}

func versionOf(l *nvrtc.Library) string { return fmt.Sprintf("%d.%d", l.Major, l.Minor) }

// compileSource compiles with NVRTC: machine code for an architecture sm_XX, PTX for compute_XX, which carries machine code for timing.
func compileSource(library *nvrtc.Library, p source, timing bool) ([]byte, error) {
	run := library.Compile
	if timing {
		run = func(s nvrtc.Source, options ...string) (*nvrtc.Code, error) {
			return compile.Source(library, s, options...)
		}
	}
	code, err := run(nvrtc.Source{Name: p.name, Text: p.text, Headers: p.headers}, p.options...)
	if err != nil {
		return nil, err
	}
	return code.Image, nil
}

// CompileKernels compiles what op lists run on GPUs of an architecture into a folder, with no GPU: "sm_90" gives machine code,
// "compute_90" PTX, which the driver of any GPU from 9.0 on turns into machine code. It returns the number of files that the lists
// need there.
func CompileKernels(lists [][]kernels.Op, o CompileOptions, arch, dir string) (int, error) {
	if err := CheckArchitecture(arch); err != nil {
		return 0, err
	}
	library, err := nvrtc.Open()
	if err != nil {
		return 0, fmt.Errorf("device: %w", err)
	}
	var launches [][]cuda.Launch
	for _, ops := range lists {
		s, err := newCUDASchedule(ops, o, capabilityOf(arch))
		if err != nil {
			return 0, fmt.Errorf("device: %s: %w", arch, err)
		}
		launches = append(launches, s.launches...)
		for _, op := range s.derived {
			l, err := cuda.Launches(op)
			if err != nil {
				return 0, fmt.Errorf("device: %s: %w", arch, err)
			}
			launches = append(launches, l)
		}
	}
	sources, err := sourcesOf(launches, arch)
	if err != nil {
		return 0, fmt.Errorf("device: %w", err)
	}
	cache, version := codeCache{dir}, versionOf(library)
	for _, p := range sources {
		key := p.key()
		if _, made := cache.load(key, version); made {
			continue
		}
		image, err := compileSource(library, p, false)
		if err == nil {
			err = cache.store(key, version, image)
		}
		if err != nil {
			return 0, fmt.Errorf("device: %w", err)
		}
	}
	return len(sources), nil
}

// sourcesOf are the sources of launches for an architecture, each once.
func sourcesOf(launches [][]cuda.Launch, arch string) (sources []source, err error) {
	known := map[string]bool{}
	for _, l := range slices.Concat(launches...) {
		p, err := newSource(l, arch)
		if err != nil {
			return nil, err
		}
		if key := p.key(); !known[key] {
			known[key] = true
			sources = append(sources, p)
		}
	}
	return sources, nil
}

// CheckArchitecture says whether [CompileKernels] can compile for an architecture.
func CheckArchitecture(arch string) error {
	library, err := nvrtc.Open()
	if err != nil {
		return fmt.Errorf("device: %w", err)
	}
	known, err := library.Architectures()
	if err != nil {
		return fmt.Errorf("device: %w", err)
	}
	var names []string
	for _, a := range known {
		name := fmt.Sprintf("sm_%d", a)
		if arch == name || arch == fmt.Sprintf("compute_%d", a) {
			return nil
		}
		names = append(names, name)
	}
	return fmt.Errorf("device: architecture %q; NVRTC %s compiles for %s, and for compute_ in place of sm_", arch, versionOf(library), strings.Join(names, ", "))
}

func (c *compiler) close() (errs []error) {
	for _, m := range c.modules {
		errs = append(errs, m.Unload())
	}
	return errs
}
