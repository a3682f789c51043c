//go:build cuda && cgo

package nvrtc

/*
#cgo LDFLAGS: -ldl
#include <stdlib.h>
#include "library.h"
*/
import "C"
import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// Library is one NVRTC. Its methods may be called from several goroutines.
type Library struct {
	Path         string // of the file
	Major, Minor int    // CUDA's version that it belongs to, like 12 and 9

	functions C.nvrtc_functions
}

// names are the files that the system's loader is asked for.
var names = []string{"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"}

var opened = sync.OnceValues(func() (*Library, error) { return OpenFor(0) })

// Open finds NVRTC and loads it, once for the program. Where there is none the error is a [*NotFoundError].
func Open() (*Library, error) { return opened() }

// OpenFor is Open for a driver that knows CUDA up to the version driver, as cuDriverGetVersion gives it (12040 is 12.4), and so
// not the code of a later major version: libraries that are too new are passed over. Zero allows every version.
func OpenFor(driver int) (*Library, error) {
	if chosen := os.Getenv("CNN_GPU_NVRTC"); chosen != "" {
		files := []string{chosen}
		if info, err := os.Stat(chosen); err == nil && info.IsDir() {
			if files = libraries(chosen); len(files) == 0 {
				return nil, fmt.Errorf("nvrtc: the folder CNN_GPU_NVRTC=%s holds no libnvrtc.so", chosen)
			}
		}
		l, err := Load(files[0])
		if err == nil {
			err = l.tooNew(driver)
		}
		if err != nil {
			return nil, fmt.Errorf("%w (CNN_GPU_NVRTC is %s)", err, chosen)
		}
		return l, nil
	}
	e := &NotFoundError{Driver: driver}
	for _, folder := range folders() {
		files := names
		if folder != "" {
			files = libraries(folder)
		}
		for _, file := range files {
			l, err := Load(file)
			if err != nil && folder == "" { // the loader's not finding a name is no news
				continue
			}
			if err == nil {
				err = l.tooNew(driver)
			}
			if err == nil {
				return l, nil
			}
			e.Reason = err
		}
	}
	return nil, e
}

// tooNew says that a driver, of a version as in [OpenFor], does not know what the library makes.
func (l *Library) tooNew(driver int) error {
	if driver == 0 || l.Major <= driver/1000 {
		return nil
	}
	return fmt.Errorf("nvrtc: %s is of CUDA %d.%d, and the driver knows CUDA up to %d.%d: `pip install %s` brings one of CUDA %d, or update the driver",
		l.Path, l.Major, l.Minor, driver/1000, driver%1000/10, Package(driver), max(driver/1000, 11))
}

// Load loads one library from a file.
func Load(file string) (*Library, error) {
	l := &Library{}
	cfile := C.CString(file)
	defer C.free(unsafe.Pointer(cfile))
	var second *C.char
	if strings.ContainsRune(file, '/') {
		if b := builtins(file); b != "" {
			second = C.CString(b)
			defer C.free(unsafe.Pointer(second))
		}
	}
	var path, problem [4096]C.char
	if C.nvrtc_load(cfile, second, &l.functions, &path[0], &problem[0], C.size_t(len(path))) == 0 {
		return nil, errors.New("nvrtc: " + C.GoString(&problem[0]))
	}
	l.Path = C.GoString(&path[0])
	var major, minor C.int
	if r := C.nvrtc_call_version(&l.functions, &major, &minor); r != 0 {
		return nil, fmt.Errorf("nvrtc: %s: %s", file, l.name(r))
	}
	l.Major, l.Minor = int(major), int(minor)
	return l, nil
}

func (l *Library) name(result C.int) string {
	return C.GoString(C.nvrtc_call_error(&l.functions, result))
}

// Architectures lists the compute capabilities that the library compiles for, ascending: 90 is sm_90.
func (l *Library) Architectures() ([]int, error) {
	var list [256]C.int
	n := C.nvrtc_call_architectures(&l.functions, &list[0], C.int(len(list)))
	if n == 0 {
		return nil, fmt.Errorf("nvrtc: %s does not list its architectures", l.Path)
	}
	archs := make([]int, n)
	for i := range archs {
		archs[i] = int(list[i])
	}
	slices.Sort(archs)
	return archs, nil
}

// ArchitectureFor is what the library compiles for that a GPU of a compute capability, such as 90, runs best: "sm_90", or for a
// GPU that is newer than the library "compute_XX" with the newest XX there is, since its driver turns PTX into machine code.
func (l *Library) ArchitectureFor(capability int) (string, error) {
	archs, err := l.Architectures()
	if err != nil {
		return "", err
	}
	best := 0
	for _, a := range archs {
		if a == capability {
			return fmt.Sprintf("sm_%d", a), nil
		}
		if a < capability {
			best = a
		}
	}
	if best == 0 {
		return "", fmt.Errorf("NVRTC %d.%d at %s compiles for compute capability %d.%d at least, the GPU has %d.%d: an older NVRTC may know it "+
			"(`pip install nvidia-cuda-nvrtc-cu12`, named by CNN_GPU_NVRTC)", l.Major, l.Minor, l.Path, archs[0]/10, archs[0]%10, capability/10, capability%10)
	}
	return fmt.Sprintf("compute_%d", best), nil
}

// Compile compiles one program. The options are NVRTC's, like "-arch=sm_90" and "-DTILE=64"; "-std=c++17" is the default only
// since CUDA 12. A wrong program or option gives a [*CompileError].
func (l *Library) Compile(s Source, options ...string) (*Code, error) {
	var held []unsafe.Pointer
	defer func() {
		for _, p := range held {
			C.free(p)
		}
	}()
	text := func(s string) *C.char {
		c := C.CString(s)
		held = append(held, unsafe.Pointer(c))
		return c
	}
	list := func(texts []string) **C.char {
		p := C.malloc(C.size_t(len(texts)+1) * C.size_t(unsafe.Sizeof((*C.char)(nil))))
		held = append(held, p)
		for i, t := range texts {
			unsafe.Slice((**C.char)(p), len(texts))[i] = text(t)
		}
		return (**C.char)(p)
	}
	var headerNames, headers []string
	for name, h := range s.Headers {
		headerNames, headers = append(headerNames, name), append(headers, h)
	}
	var code C.nvrtc_code
	r := C.nvrtc_run(&l.functions, text(s.Name), text(s.Text), C.int(len(headers)), list(headers), list(headerNames),
		C.int(len(s.Kernels)), list(s.Kernels), C.int(len(options)), list(options), &code)
	lowered := freeNames(code.lowered, s.Kernels)
	defer C.free(unsafe.Pointer(code.image))
	defer C.free(unsafe.Pointer(code.text))
	defer C.free(unsafe.Pointer(code.log))
	log := ""
	if code.log != nil {
		log = strings.TrimRight(C.GoString(code.log), "\x00\n")
	}
	if r != 0 {
		return nil, &CompileError{Name: s.Name, Log: log, Options: options, Result: l.name(r)}
	}
	if code.image == nil {
		return nil, fmt.Errorf("nvrtc: no memory for %d bytes of %s's code", uint64(code.image_size), s.Name)
	}
	return &Code{
		Image: C.GoBytes(unsafe.Pointer(code.image), C.int(code.image_size)), PTX: code.ptx != 0,
		Text: C.GoBytes(unsafe.Pointer(code.text), C.int(code.text_size)), Log: log, Kernels: lowered,
	}, nil
}

// freeNames gives the linker's names by their expressions, and frees them.
func freeNames(lowered **C.char, expressions []string) map[string]string {
	names := map[string]string{}
	if lowered == nil {
		return names
	}
	for i, name := range unsafe.Slice(lowered, len(expressions)) {
		names[expressions[i]] = C.GoString(name)
		C.free(unsafe.Pointer(name))
	}
	C.free(unsafe.Pointer(lowered))
	return names
}
