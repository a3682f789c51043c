package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"cnn-gpu/internal/wording"
)

// maxFile is the most bytes that a model file may have.
const maxFile = 1 << 20

// ReadFile reads a model file; see [Parse]. A model without a name gets the file's,
// with a hyphen for each character that a name must not have.
func ReadFile(path string) (*Model, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	m, err := Parse(path, text)
	if err == nil && m.Name == "" {
		m.Name = nameFrom(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
	}
	return m, err
}

// readFile is the text of a model file, or the beginning of one that is too large.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("model: %s is a folder: expected a model file", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return text, nil
}

// Parse builds the model that a YAML text describes in Keras's words:
//
//	name: mnist-cnn
//	input: [28, 28, 1]
//	layers:
//	  - Conv2D: {filters: 32, kernel_size: 3, activation: relu}
//	  - MaxPooling2D: {pool_size: 2}
//	  - Flatten
//	  - Dense: {units: 10, activation: softmax}
//
// A layer takes the output of the one before it, or of those that its field inputs names: earlier layers, which their field name
// names, or "input". The last layer is the model's output.
//
// Layers that come again and again are written once, as a block with parameters, and used by its name:
//
//	blocks:
//	  residual:
//	    with: {filters}
//	    layers:
//	      - Conv2D: {filters: $filters, kernel_size: 3, padding: same, activation: relu}
//	      - Conv2D: {filters: $filters, kernel_size: 3, padding: same}
//	      - Add: {inputs: [input, conv2d_1]}
//	layers:
//	  - residual: {filters: 16, repeat: 3}
//
// The model has the layers residual/conv2d, residual/conv2d_1, residual/add, residual_1/conv2d and so on, as if they had been written out.
//
// The sections data and train, which say how the model is trained, are for [ParseRecipe].
//
// The errors begin with the given name and the line and column: "model: net.yaml:4:5: ...".
func Parse(name string, text []byte) (*Model, error) {
	m, err := parse(text)
	if err != nil {
		return nil, inFile(name, err)
	}
	return m, nil
}

// inFile puts the name of a file in front of an error.
func inFile(name string, err error) error {
	if errors.As(err, new(*positionError)) {
		return fmt.Errorf("model: %s:%w", name, err)
	}
	return fmt.Errorf("model: %s: %w", name, err)
}

// positionError is an error at a place in a file; the column is 0 if it is not known.
type positionError struct {
	line, column int
	err          error
}

func (e *positionError) Error() string {
	if e.column == 0 {
		return fmt.Sprintf("%d: %v", e.line, e.err)
	}
	return fmt.Sprintf("%d:%d: %v", e.line, e.column, e.err)
}

func (e *positionError) Unwrap() error { return e.err }

func at(n *yaml.Node, err error) error { return &positionError{n.Line, n.Column, err} }

func errorAt(n *yaml.Node, format string, args ...any) error {
	return at(n, fmt.Errorf(format, args...))
}

// fileFields are the fields of a model file, and what each is.
var fileFields = wording.Table[string, string]{
	{Word: "name", Value: "what the model is called; the file's name if not given"},
	{Word: "input", Value: "the shape of one example: `[height, width, channels]` of an image, `[length]` of a vector"},
	{Word: "blocks", Value: "lists of layers that are written once and used by their names: see [blocks](#blocks)"},
	{Word: "layers", Value: "a list of layers, the first of which takes the input"},
	{Word: DataSection, Value: "how its pictures are read and transformed where it is trained: see [recipes.md](recipes.md). It may be left out"},
	{Word: TrainSection, Value: "how it is trained, likewise"},
}

// fileMapping is the content of a model file, and the values of its fields.
func fileMapping(text []byte) (root *yaml.Node, fields map[string]*yaml.Node, err error) {
	if root, err = document(text); err == nil {
		fields, err = mapping(root, "the file", fileFields.Words())
	}
	return root, fields, err
}

func parse(text []byte) (*Model, error) {
	root, top, err := fileMapping(text)
	if err != nil {
		return nil, err
	}
	input := top["input"]
	switch {
	case input == nil:
		return nil, errorAt(root, "there is no field input; give the shape of one example, such as input: [28, 28, 1]")
	case top["layers"] == nil:
		return nil, errorAt(root, "there is no field layers; give a list such as layers: [Flatten, Dense: {units: 10}]")
	}
	layers, err := layerList(top["layers"])
	if err != nil {
		return nil, err
	}
	shape, err := integers(input, "input")
	if err != nil {
		return nil, err
	}
	if err := checkInput(shape); err != nil {
		return nil, at(input, err)
	}
	var blocks []*block
	if n := top["blocks"]; n != nil {
		if blocks, err = parseBlocks(n); err != nil {
			return nil, err
		}
	}
	m, err := connect(shape, blocks, layers)
	if err != nil {
		return nil, err
	}
	if n := top["name"]; n != nil {
		if m.Name, err = str(n, "name"); err != nil {
			return nil, err
		}
		if err := checkName(m.Name); err != nil {
			return nil, errorAt(n, "name is %s; %w", describe(n), err)
		}
	}
	if len(m.YAML()) > maxFile {
		return nil, errorAt(top["layers"], "the layers are larger than %s once they are written out without blocks", wording.Bytes(maxFile))
	}
	return m, nil
}

func layerList(n *yaml.Node) ([]*yaml.Node, error) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		return nil, errorAt(n, "layers is %s; expected a list of at least one layer", describe(n))
	}
	return n.Content, nil
}

// document is the content of the one YAML document in text.
func document(text []byte) (*yaml.Node, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("is larger than %s; a model file lists layers and is much smaller", wording.Bytes(maxFile))
	}
	d := yaml.NewDecoder(bytes.NewReader(version.ReplaceAll(text, []byte("${1}1"))))
	var doc, second yaml.Node
	switch err := d.Decode(&doc); {
	case err == io.EOF:
		return nil, errors.New("is empty; a model has the fields name, input and layers")
	case err != nil:
		return nil, syntaxError(text, err)
	}
	if err := checkNodes(&doc); err != nil {
		return nil, err
	}
	if err := d.Decode(&second); err == nil {
		return nil, errorAt(&second, "a second document begins here; expected one")
	} else if err != io.EOF {
		return nil, syntaxError(text, err)
	}
	return doc.Content[0], nil
}

// version is the directive of a YAML 1 document up to its last digits. The library takes 1.1 alone, and reads as 1.2 does all that a
// model file has.
var version = regexp.MustCompile(`\A((?:\x{FEFF})?(?:[ \t]*(?:#.*)?\r?\n)*%YAML[ \t]+1\.)\d+`)

// tabbed is the indentation of a line up to its first tab.
var tabbed = regexp.MustCompile(`(?m)^[ ?:-]*\t`)

// syntaxError turns the library's "yaml: line 3: ..." into the form of the other errors. Of a tab the library does not always tell.
func syntaxError(text []byte, err error) error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.Contains(message, "UTF-8") {
		return errors.New("is no text in UTF-8: expected a model file, in YAML")
	}
	if at := tabbed.FindIndex(text); at != nil {
		line := bytes.Count(text[:at[0]], []byte("\n")) + 1
		return &positionError{line, at[1] - at[0], errors.New("a tab stands here; YAML is indented by spaces alone")}
	}
	if strings.Contains(message, "incompatible YAML document") {
		return errors.New("its directive %YAML names another version; expected %YAML 1.2, or none")
	}
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		if number, what, ok := strings.Cut(rest, ": "); ok {
			if line, err := strconv.Atoi(number); err == nil {
				return &positionError{line, 0, errors.New(what)}
			}
		}
	}
	return fmt.Errorf("is no YAML: %s", message)
}

// checkNodes refuses what a list of layers has no use for: anchors and aliases, with which a few lines can stand for
// millions, and tags.
func checkNodes(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return errorAt(n, "anchors and aliases (& and *) are not supported; write the value out")
	case n.Style&yaml.TaggedStyle != 0:
		return errorAt(n, "tags such as %s are not supported; write the value alone", wording.Printable(n.Tag))
	}
	for _, child := range n.Content {
		if err := checkNodes(child); err != nil {
			return err
		}
	}
	return nil
}
