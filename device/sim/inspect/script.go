package inspect

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"cnn-gpu/device/sim"
)

// Script says what to run: launches one after the other on the same memory. The command makes one of its flags, a person writes one as
// YAML. Files are relative to the script.
type Script struct {
	File      string       `yaml:"file"`      // ending in .ptx: PTX, else CUDA C++
	Device    string       `yaml:"device"`    // as in "sim:a100"
	Compiler  []string     `yaml:"options"`   // more options for NVRTC: -DTILE=32, -Iinclude
	Buffers   Values       `yaml:"buffers"`   // device memory by name
	Variables Values       `yaml:"variables"` // contents of __constant__ and __device__ variables
	Launches  []Step       `yaml:"launches"`
	Expect    Expectations `yaml:"expect"`

	Chip    sim.Chip    `yaml:"-"`
	Options sim.Options `yaml:"-"`
	Command string      `yaml:"-"` // the command line that it was made of, for examples of a better one; empty for a file
	folder  string
}

// Step is one step of a script: a launch, or a loop, or a swap.
type Step struct {
	Kernel      string `yaml:"kernel"` // as C++ or the linker has it; may be left out if there is only one
	Grid, Block Size
	SharedBytes uint32 `yaml:"shared"` // dynamic
	Args        Values `yaml:"args"`

	Repeat   int      `yaml:"repeat"`   // how often; 0 is once
	Launches []Step   `yaml:"launches"` // the steps of a loop
	Swap     []string `yaml:"swap"`     // two buffers whose names change places
}

// Size is up to three sizes; those that are left out are 1.
type Size [3]uint32

// UnmarshalYAML reads a number or a list of at most three.
func (s *Size) UnmarshalYAML(v *yaml.Node) error {
	var list []uint32
	if v.Kind == yaml.ScalarNode {
		list = make([]uint32, 1)
		if err := v.Decode(&list[0]); err != nil {
			return fmt.Errorf("line %d: %q: a size is wanted, as in 256 or [32, 8]", v.Line, v.Value)
		}
	} else if err := v.Decode(&list); err != nil || len(list) == 0 {
		return fmt.Errorf("line %d: a size is wanted, as in 256 or [32, 8]", v.Line)
	}
	if len(list) > 3 || slices.Contains(list, 0) {
		return fmt.Errorf("line %d: at most three sizes from 1 are wanted", v.Line)
	}
	copy(s[:], list)
	return nil
}

// or1 fills in what was left out.
func (s Size) or1() [3]uint32 {
	for i := range s {
		s[i] = max(s[i], 1)
	}
	return s
}

// Values are values in their order, some or all of them with a name.
type Values []Value

// Value is a value with its name. Without one it stands for the next argument.
type Value struct {
	Name string
	node *yaml.Node
}

// UnmarshalYAML reads a list or a mapping.
func (values *Values) UnmarshalYAML(v *yaml.Node) error {
	switch v.Kind {
	case yaml.SequenceNode:
		for _, one := range v.Content {
			*values = append(*values, Value{node: one})
		}
	case yaml.MappingNode:
		seen := map[string]bool{}
		for i := 0; i < len(v.Content); i += 2 {
			name := v.Content[i].Value
			if seen[name] {
				return fmt.Errorf("line %d: %s is there already", v.Content[i].Line, name)
			}
			seen[name] = true
			*values = append(*values, Value{name, v.Content[i+1]})
		}
	default:
		return fmt.Errorf("line %d: values by their names are wanted", v.Line)
	}
	return nil
}

// assigned is a value with a name on a command line. What begins with a form is no name.
var assigned = regexp.MustCompile(`(?s)^([A-Za-z_][\w:<>, ]*?|\d+)=(.*)$`)

// Add adds a value as it stands on a command line: "NAME=VALUE", or "VALUE" alone.
func (values *Values) Add(text string) error {
	one := Value{}
	if m := assigned.FindStringSubmatch(text); m != nil {
		one.Name, text = m[1], m[2]
	}
	var err error
	if one.node, err = parseValue(text); err != nil {
		return notUnderstood("%w", err)
	}
	*values = append(*values, one)
	return nil
}

// IsScript says whether a file is a script by its name.
func IsScript(file string) bool {
	return slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(file))
}

// maxScript bounds a script's text.
const maxScript = 1 << 20

// ReadScript reads a script.
func ReadScript(file string) (*Script, error) {
	f, err := os.Open(file)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, notUnderstood("the script %s does not exist", file)
		}
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	text, err := io.ReadAll(io.LimitReader(f, maxScript+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxScript:
		return nil, notUnderstood("%s: more than %d bytes are no script", file, maxScript)
	}
	s := &Script{folder: filepath.Dir(file)}
	if err := s.parse(text); err != nil {
		return nil, notUnderstood("%s: %w", file, err)
	}
	s.File = within(s.folder, s.File)
	return s, nil
}

func (s *Script) parse(text []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(s); err != nil && !errors.Is(err, io.EOF) {
		return plainer(err)
	}
	switch {
	case s.File == "":
		return errors.New("there is no file: name the kernels' source, as in file: saxpy.cu")
	case len(s.Launches) == 0:
		return errors.New("there are no launches, as in launches: [{kernel: saxpy, grid: 4, block: 256, args: [1000]}]")
	}
	for _, b := range s.Buffers {
		if b.Name == "" || b.node.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: a buffer has a name and a form, as in x: random:f32:1024", b.node.Line)
		}
	}
	for _, v := range s.Variables {
		if v.Name == "" {
			return fmt.Errorf("line %d: a variable has a name and a value, as in table: iota:f32:16", v.node.Line)
		}
	}
	return checkSteps(s.Launches, 0)
}

// goTypes are what the YAML decoder calls the parts of a script, and plainTypes what people do.
var (
	goTypes    = regexp.MustCompile(`field (\S+) not found in type \S+|cannot unmarshal !!(\w+)( ` + "`[^`]*`" + `)? into (\S+)`)
	plainTypes = map[string]string{"inspect.Step": "a launch", "[]inspect.Step": "a list of launches", "string": "a text", "[]string": "a list of texts",
		"int": "a number", "uint32": "a number", "float64": "a number", "[]float64": "a list of numbers"}
)

// plainer words an error of the YAML decoder for people.
func plainer(err error) error {
	return errors.New(goTypes.ReplaceAllStringFunc(err.Error(), func(text string) string {
		m := goTypes.FindStringSubmatch(text)
		if m[1] != "" {
			return "there is no " + m[1] + " here"
		}
		return "expected " + cmp.Or(plainTypes[m[4]], "something else") + ", found" + cmp.Or(m[3], " a "+m[2])
	}))
}

// The limits of a script's loops: a slip of the finger must not run for ever.
const (
	maxDepth  = 8
	maxRepeat = 1_000_000
)

func checkSteps(steps []Step, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("loops are nested deeper than %d", maxDepth)
	}
	for _, step := range steps {
		launch := step.Kernel != "" || step.Grid != Size{} || step.Block != Size{} || len(step.Args) > 0 || step.SharedBytes > 0
		switch {
		case step.Repeat < 0 || step.Repeat > maxRepeat:
			return fmt.Errorf("repeat: %d: from 1 to %d is wanted", step.Repeat, maxRepeat)
		case len(step.Swap) > 0 && (len(step.Swap) != 2 || launch || len(step.Launches) > 0):
			return fmt.Errorf("swap: %v: two buffers are wanted, in a step of its own", step.Swap)
		case len(step.Launches) > 0 && launch:
			return errors.New("a step is a launch of a kernel or a loop of launches, not both")
		}
		if err := checkSteps(step.Launches, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// kernelsOf lists the kernels that the steps name.
func kernelsOf(steps []Step) (names []string) {
	for _, step := range steps {
		for _, name := range append([]string{step.Kernel}, kernelsOf(step.Launches)...) {
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
