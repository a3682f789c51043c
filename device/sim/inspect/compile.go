package inspect

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim"
)

// code is what a file was compiled to.
type code struct {
	ptx       []byte
	instances map[string]string // the linker's names of the templates that were asked for
	debug     []byte            // PTX with debug data, for the names and types of parameters
	source    string            // CUDA C++; empty where the file is PTX
}

// compile makes PTX of a file, with the templates that the names of kernels instantiate. A file that is PTX is taken as it is.
func compile(file string, kernels, options []string, chip sim.Chip) (code, error) {
	source, err := readFile(file)
	if err != nil {
		return code{}, notUnderstood("%w", err)
	}
	if filepath.Ext(file) == ".ptx" {
		return code{ptx: source, debug: source}, nil
	}
	library, err := nvrtc.Open()
	if err != nil {
		return code{}, fmt.Errorf("%s has to be compiled (a .ptx file would not): %w", file, err)
	}
	s := nvrtc.Source{Name: file, Text: string(source)}
	for _, name := range kernels {
		if strings.Contains(name, "<") {
			s.Kernels = append(s.Kernels, name)
		}
	}
	options = append([]string{
		fmt.Sprintf("--gpu-architecture=compute_%d%d", chip.Major, chip.Minor), "-I" + filepath.Dir(file),
	}, options...)
	made, err := library.Compile(s, append(options, "-lineinfo")...)
	if err != nil {
		return code{}, &NotUnderstoodError{err}
	}
	c := code{ptx: made.Image, instances: made.Kernels, source: s.Text}
	if made, err := library.Compile(s, append(options, "-G")...); err == nil { // inline assembly may want the optimizer
		c.debug = made.Image
	}
	return c, nil
}

// Diagnostic is one message of the compiler.
type Diagnostic struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Severity string `json:"severity"` // error, warning or note
	Message  string `json:"message"`
}

// diagnosed is a line of NVRTC's log that says what is wrong where.
var diagnosed = regexp.MustCompile(`(?m)^(.+?)\((\d+)\): (?:catastrophic )?(error|warning|remark)(?: #[\w-]+)?: (.*)$`)

// Diagnostics gives the compiler's messages, if it was the compiler that did not understand.
func Diagnostics(err error) (all []Diagnostic) {
	var wrong *nvrtc.CompileError
	if !errors.As(err, &wrong) {
		return nil
	}
	for _, m := range diagnosed.FindAllStringSubmatch(wrong.Log, -1) {
		d := Diagnostic{File: m[1], Severity: m[3], Message: m[4]}
		if d.Severity == "remark" {
			d.Severity = "note"
		}
		_, _ = fmt.Sscan(m[2], &d.Line)
		all = append(all, d)
	}
	return all
}
