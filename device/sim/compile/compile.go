// Package compile makes of CUDA C++ what the simulated GPU runs: PTX, and beside it the machine code by which the time is estimated.
package compile

import (
	"errors"
	"slices"
	"strings"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim/sass"
)

// Source compiles a program for the virtual architecture that the options name ("-arch=compute_90"), and attaches the machine code for
// the real one of the same number. PTX alone comes back where the compiler to machine code does not take what it holds; the simulator
// says what it thinks of it.
func Source(l *nvrtc.Library, s nvrtc.Source, options ...string) (*nvrtc.Code, error) {
	forReal := slices.Clone(options)
	for i, o := range forReal {
		if name, value, _ := strings.Cut(o, "="); name == "-arch" || name == "--gpu-architecture" {
			forReal[i] = name + "=" + strings.Replace(value, "compute_", "sm_", 1)
		}
	}
	code, err := l.Compile(s, forReal...)
	if problem := new(nvrtc.CompileError); errors.As(err, &problem) && strings.Contains(problem.Log, "ptxas") {
		return l.Compile(s, options...)
	}
	if err != nil || code.PTX {
		return code, err
	}
	code.Image, code.PTX = sass.Attach(code.Text, code.Image), true
	return code, nil
}
