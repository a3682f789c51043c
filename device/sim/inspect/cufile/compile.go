// Package cufile makes PTX of CUDA C++ files as they are: NVRTC compiles device code alone and knows no header, while files have host code and
// include the headers of C, of C++, of CUDA's host libraries and of PyTorch.
//
// Host code is left out (package hostcode), with it types and constants that only a host compiler understands. Headers are, in this order: the
// file's own, beside it and in the folders of -I; stubs of our own for those of the host (stubs.go); NVIDIA's, where they can be found
// ([nvrtc.HeaderFolders]). Of those, what device code needs is never left out or made up: the error names the header and how to get it. Any other
// header that is missing counts as empty, and is named only if the file does not compile without it.
//
// What was compiled is kept in the user's cache folder (cache.go).
package cufile

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim/compile"
	"cnn-gpu/device/sim/inspect/hostcode"
)

// Program is a compiled file.
type Program struct {
	PTX       []byte
	Debug     []byte            // the same with debug data in place of line numbers; empty where the compiler cannot make it
	Kernels   map[string]string // the linker's names of the instances of templates, by their C++ names
	Broken    []Broken          // kernels that do not compile, where others of the file do
	Templates []string          // kernels that are templates and have no instance, as their declarations name the arguments
}

// Broken is a kernel that does not compile.
type Broken struct {
	Name string // with its namespaces
	Why  *Error
}

// Compile compiles a file. The kernels are instances of templates, like "softmax<256>"; without them those that the file's host code launches
// are made, and of templates that it launches without arguments the one with float for types and the defaults for values. The options are
// NVRTC's; -lineinfo need not be among them. What is wrong with the file gives an [*Error].
func Compile(file string, kernels []string, options ...string) (*Program, error) {
	library, err := nvrtc.Open()
	if err != nil {
		return nil, fmt.Errorf("%s has to be compiled (a .ptx file would not): %w", file, err)
	}
	toolkit := nvrtc.FindHeaders(library)
	r, err := readSources(file, options, toolkit)
	if err != nil {
		return nil, err
	}
	u := &unit{sources: r, library: library, named: len(kernels) > 0, instances: kernels}
	u.options = append([]string{lineInfo, "-default-device", "--pre-include=" + prelude}, r.options...)
	if library.Major > 11 {
		u.options = append(u.options, "-device-int128")
	}
	for _, folder := range toolkit.Folders {
		u.options = append(u.options, "-I"+folder)
	}
	key := u.key(library, toolkit)
	if p, ok := load(key); ok {
		return p, nil
	}
	p, err := u.compile()
	if err == nil {
		store(key, p)
	}
	return p, err
}

// unit is a file on its way through the compiler.
type unit struct {
	*sources
	library   *nvrtc.Library
	options   []string
	named     bool // the instances are what the caller asked for
	instances []string
	left      []leftOut
	broken    []Broken
}

// leftOut is a declaration that only a host compiler understands.
type leftOut struct {
	name string
	why  Diagnostic
}

const lineInfo, debugInfo = "-lineinfo", "-G"

// maxRounds bounds how often a file is compiled: each round leaves out what the one before complained of.
const maxRounds = 16

func (u *unit) compile() (*Program, error) {
	templates := u.templates()
	if !u.named {
		u.instances = u.instancesOf(templates)
	}
	var instances []string // none before all else is right: NVRTC may crash over those of a text with errors
	for round := 1; ; round++ {
		code, err := compile.Source(u.library, nvrtc.Source{Name: u.main, Text: u.text(u.main), Headers: u.headers(), Kernels: instances}, u.options...)
		if err == nil && len(instances) < len(u.instances) {
			instances = u.instances
			continue
		}
		if err == nil {
			if len(u.broken) > 0 && !bytes.Contains(code.Image, []byte(".entry")) {
				return nil, u.broken[0].Why
			}
			p := &Program{PTX: code.Image, Debug: u.debug(instances), Kernels: code.Kernels, Broken: u.broken}
			for _, t := range templates {
				if !slices.ContainsFunc(u.instances, func(name string) bool { return strings.HasPrefix(name, t.Name+"<") }) {
					p.Templates = append(p.Templates, t.String())
				}
			}
			return p, nil
		}
		failed, ok := err.(*nvrtc.CompileError)
		if !ok {
			return nil, err
		}
		complaints := parseLog(failed.Log)
		if len(complaints) == 0 {
			return nil, err
		}
		if round == maxRounds || !u.mend(complaints) {
			return nil, u.explain(complaints)
		}
		if instances != nil {
			instances = u.instances
		}
	}
}

// debug compiles once more for debug data. Inline assembly may want the optimizer, which -G turns off.
func (u *unit) debug(instances []string) []byte {
	options := append([]string{debugInfo}, slices.DeleteFunc(slices.Clone(u.options), func(o string) bool { return o == lineInfo })...)
	code, err := u.library.Compile(nvrtc.Source{Name: u.main, Text: u.text(u.main), Headers: u.headers(), Kernels: instances}, options...)
	if err != nil {
		return nil
	}
	return code.Image
}

// mend leaves out what the compiler complained of, and says whether there was anything: of the device only where nothing is left of the host.
func (u *unit) mend(complaints []complaint) bool {
	for level := hostcode.Host; level <= hostcode.Kernels; level++ {
		mended := false
		for _, c := range complaints {
			mended = u.mendOne(c, complaints, level) || mended
		}
		if mended {
			return true
		}
	}
	return false
}

func (u *unit) mendOne(c complaint, all []complaint, level hostcode.Level) bool {
	switch {
	case c.missing != "":
		if origin(c.missing) != "" || u.empty[c.missing] {
			return false
		}
		u.empty[c.missing] = true
		return true
	case c.instance != "":
		return u.dropInstance(c.instance)
	case c.during != "" && u.dropInstance(c.during):
		return true
	}
	f := u.files[c.File]
	if f == nil {
		return false
	}
	name, ok := f.Drop(c.Line, level)
	switch {
	case !ok:
		return false
	case level < hostcode.Kernels:
		u.left = append(u.left, leftOut{name, c.Diagnostic})
	default:
		u.broken = append(u.broken, Broken{name, u.explain(slices.DeleteFunc(slices.Clone(all), func(d complaint) bool { return d.File != c.File }))})
		u.instances = slices.DeleteFunc(slices.Clone(u.instances), func(i string) bool { return strings.HasPrefix(i, name+"<") })
	}
	return true
}

// dropInstance gives up an instance that was guessed. Those that the user asked for stay.
func (u *unit) dropInstance(name string) bool {
	before := len(u.instances)
	if !u.named {
		u.instances = slices.DeleteFunc(slices.Clone(u.instances), func(i string) bool { return sameInstance(i, name) })
	}
	return len(u.instances) < before
}

// templates are the kernels of all files that are templates.
func (u *unit) templates() (all []hostcode.Template) {
	for _, name := range u.order {
		all = append(all, u.files[name].Templates()...)
	}
	slices.SortStableFunc(all, func(a, b hostcode.Template) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b hostcode.Template) bool { return a.Name == b.Name })
}

// instancesOf are the instances of templates that host code names, and for those that it does not name the default ones.
func (u *unit) instancesOf(templates []hostcode.Template) (all []string) {
	for _, name := range u.order {
		all = append(all, u.files[name].Instances(templates)...)
	}
	for _, t := range templates {
		if name := t.Default(); name != "" && !slices.ContainsFunc(all, func(i string) bool { return strings.HasPrefix(i, t.Name+"<") }) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Error says what is wrong with a file.
type Error struct {
	Diagnostics []Diagnostic
	Hints       []string // what to do
}

// Diagnostic is one complaint of the compiler.
type Diagnostic struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Text string `json:"message"`
}

func (d Diagnostic) String() string { return fmt.Sprintf("%s:%d: error: %s", d.File, d.Line, d.Text) }

func (e *Error) Error() string {
	var lines []string
	for _, d := range e.Diagnostics {
		lines = append(lines, d.String())
	}
	return strings.Join(append(lines, e.Hints...), "\n")
}
