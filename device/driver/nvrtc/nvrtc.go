// Package nvrtc compiles CUDA C++ at run time with NVIDIA's NVRTC library, versions 11.2 to 13, which is opened when it is first
// used and never linked. It needs no GPU and no driver.
//
// [Open] looks for the library in this order:
//
//   - where CNN_GPU_NVRTC points, a file or a folder: then nowhere else
//   - .cache/nvrtc, where `make nvrtc` puts it, in the working directory, in the Go project around it and beside the program; and
//     cnn-gpu/nvrtc in the user's cache folder
//   - the path of the system's loader
//   - CUDA_HOME, CUDA_PATH, /usr/local/cuda and the other versions beside it
//   - the packages nvidia-cuda-nvrtc-cu12 and nvidia-cuda-nvrtc of the Pythons that are installed
//
// NVRTC loads a second library, its builtins; it is taken from the same folder.
package nvrtc

import (
	"fmt"
	"strings"
)

// Source is one program: a text and the headers that it includes by name.
type Source struct {
	Name    string // as it stands in messages, like "conv2d.cu"
	Text    string
	Headers map[string]string
	Kernels []string // C++ names whose templates are instantiated, like "scale<float, 4>"
}

// Code is what a program was compiled to.
type Code struct {
	Image []byte // a cubin for an architecture sm_XX; PTX, ending in a zero byte, for compute_XX
	PTX   bool
	Text  []byte // the PTX that a cubin was made from
	Log   string // warnings

	Kernels map[string]string // the linker's names of [Source.Kernels]
}

// CompileError says that a program is wrong; the log names lines.
type CompileError struct {
	Name, Log string
	Options   []string
	Result    string // NVRTC's name of the error
}

func (e *CompileError) Error() string {
	return fmt.Sprintf("nvrtc: %s does not compile with %s (%s)\n%s", e.Name, e.Options, e.Result, strings.TrimSpace(e.Log))
}

// NotFoundError says that there is no NVRTC, and how to get it.
type NotFoundError struct {
	Reason error // why the last library that was there could not be used, or nil
	Driver int   // the version that was asked for, as in [OpenFor]
}

func (e *NotFoundError) Error() string {
	s := "nvrtc: no libnvrtc in .cache/nvrtc, on the loader's path, in CUDA_HOME, " + system + " and Python's packages"
	if e.Reason != nil {
		s += ": " + strings.TrimPrefix(e.Reason.Error(), "nvrtc: ")
	}
	return s + "; " + Mend(e.Driver)
}

func (e *NotFoundError) Unwrap() error { return e.Reason }

// Mend is the sentence for people who have no NVRTC that a driver, of a version as in [OpenFor], can follow.
func Mend(driver int) string {
	if driver == 0 || driver >= 12000 { // the Makefile fetches one of CUDA 12
		return "`make nvrtc` fetches it, as does `pip install nvidia-cuda-nvrtc-cu12`"
	}
	return "`pip install " + Package(driver) + "` fetches it"
}

// Package is what pip installs: NVRTC that is no newer than a driver.
func Package(driver int) string {
	const least = 11
	major, minor := max(driver/1000, least), driver%1000/10
	switch major {
	case least: // whose driver runs what all of its versions make
		return "nvidia-cuda-nvrtc-cu11"
	case 12:
		return fmt.Sprintf("'nvidia-cuda-nvrtc-cu12<12.%d'", minor+1)
	}
	return fmt.Sprintf("'nvidia-cuda-nvrtc<%d.%d'", major, minor+1)
}
