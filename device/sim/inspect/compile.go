package inspect

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/inspect/cufile"
)

// compiled makes PTX of a file, with the templates that the names of kernels instantiate. A file that is PTX is taken as it is.
func compiled(file string, kernels, options []string, chip sim.Chip) (*cufile.Program, error) {
	source, err := readFile(file)
	if err != nil {
		return nil, notUnderstood("%w", err)
	}
	if filepath.Ext(file) == ".ptx" {
		return &cufile.Program{PTX: source, Debug: source}, nil
	}
	var instances []string
	for _, name := range kernels {
		if strings.Contains(name, "<") {
			instances = append(instances, name)
		}
	}
	options = append([]string{fmt.Sprintf("--gpu-architecture=compute_%d%d", chip.Major, chip.Minor)}, options...)
	p, err := cufile.Compile(file, instances, options...)
	if refused := new(nvrtc.CompileError); errors.As(err, &refused) { // its log names no line: an option is wrong
		return nil, notUnderstood("%s does not compile with %s: %s", file, strings.Join(options, " "), strings.TrimSpace(refused.Log))
	}
	if errors.As(err, new(*cufile.Error)) {
		return nil, &NotUnderstoodError{err}
	}
	return p, err
}

// diagnostics are what the compiler said, if it was the compiler that did not understand.
func diagnostics(err error) []cufile.Diagnostic {
	var wrong *cufile.Error
	if errors.As(err, &wrong) {
		return wrong.Diagnostics
	}
	return nil
}
