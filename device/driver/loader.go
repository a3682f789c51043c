//go:build cuda && cgo

package driver

/*
#cgo CFLAGS: -I${SRCDIR}/include
#cgo LDFLAGS: -Wl,--as-needed -L${SRCDIR}/linkstub -ldl
#include "loader.h"
*/
import "C"
import (
	"errors"
	"fmt"
	"sync"
	"unsafe"
)

// Built says whether this program was built with the cuda tag, and Build says it in words.
const Built, Build = true, "with CUDA"

// Open loads the driver, if that did not happen yet, and says whether it can be used. Every call of cu does the same, but
// answers only CUDA_ERROR_NO_DEVICE; the error of Open tells what was tried. [Probe] tells what to do about it.
func Open() error {
	installed.Lock()
	defer installed.Unlock()
	return open()
}

func open() error {
	result := Result(C.driver_load())
	problem := C.GoString(C.driver_problem())
	switch {
	case problem != "":
		return fmt.Errorf("driver: %w: %s: %w", ErrNoDriver, problem, result)
	case result != Success:
		return fmt.Errorf("driver: %s does not start: %w", C.GoString(C.driver_path()), result)
	}
	return nil
}

// installed is what stands in the table in place of libcuda; its name is empty where nothing does.
var installed struct {
	sync.Mutex
	Implementation
}

// Install puts another driver's functions in the place of libcuda's, for all of the program. Calls that it does not have answer
// CUDA_ERROR_NOT_SUPPORTED. Handles and pointers from before mean nothing afterwards; so it is called before the first use of cu.
func Install(i Implementation) error {
	installed.Lock()
	defer installed.Unlock()
	C.driver_begin()
	installed.Implementation = i
	var errs []error
	for f, p := range i.Functions {
		c := C.CString(f)
		if C.driver_set(c, p) == 0 {
			errs = append(errs, fmt.Errorf("driver: %s: cuda.h has no function %s", i.Name, f))
		}
		C.free(unsafe.Pointer(c))
	}
	return errors.Join(errs...)
}

// Detail is what the driver knows of the latest failure beyond its code, and forgets it: the simulated GPU's report, for one. It
// is empty for libcuda.
func Detail() string {
	installed.Lock()
	detail := installed.Implementation.Detail
	installed.Unlock()
	if detail == nil {
		return ""
	}
	return detail()
}

// library says what the table holds.
func library() string {
	installed.Lock()
	defer installed.Unlock()
	if installed.Name != "" {
		return installed.Name
	}
	return C.GoString(C.driver_path())
}
