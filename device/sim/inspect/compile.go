package inspect

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/inspect/compile"
)

// code is what a file was compiled to.
type code struct {
	compile.Program
	debug []byte // PTX with debug data, for the names and types of parameters
}

// compiled makes PTX of a file, with the templates that the names of kernels instantiate. A file that is PTX is taken as it is.
func compiled(file string, kernels, options []string, chip sim.Chip) (code, error) {
	source, err := readFile(file)
	if err != nil {
		return code{}, notUnderstood("%w", err)
	}
	if filepath.Ext(file) == ".ptx" {
		return code{compile.Program{PTX: source}, source}, nil
	}
	var instances []string
	for _, name := range kernels {
		if strings.Contains(name, "<") {
			instances = append(instances, name)
		}
	}
	options = append([]string{fmt.Sprintf("--gpu-architecture=compute_%d%d", chip.Major, chip.Minor)}, options...)
	made, err := compile.File(file, instances, append(options, "-lineinfo")...)
	if errors.As(err, new(*compile.Error)) {
		return code{}, &NotUnderstoodError{err}
	}
	if err != nil {
		return code{}, fmt.Errorf("%s has to be compiled (a .ptx file would not): %w", file, err)
	}
	c := code{Program: *made}
	if made, err := compile.File(file, instances, append(options, "-G")...); err == nil { // inline assembly may want the optimizer
		c.debug = made.PTX
	}
	return c, nil
}

// diagnostics are what the compiler said, if it was the compiler that did not understand.
func diagnostics(err error) []compile.Diagnostic {
	var wrong *compile.Error
	if errors.As(err, &wrong) {
		return wrong.Diagnostics
	}
	return nil
}
