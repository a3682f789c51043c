package model

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/internal/wording"
)

//go:generate go test -run ^TestReference$ -update

var update = flag.Bool("update", false, "write docs/models.md anew")

const referenceFile = "../docs/models.md"

// The reference of model files says what the tables say that files are read by, in the words of the Go comments.
func TestReference(t *testing.T) {
	text := reference(t)
	if *update {
		require.NoError(t, os.WriteFile(referenceFile, text, 0o666))
	}
	written, err := os.ReadFile(referenceFile)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(written), "docs/models.md is stale: run make generate")
}

// Its examples are model files.
func TestReferenceExamples(t *testing.T) {
	text, err := os.ReadFile(referenceFile)
	require.NoError(t, err)
	examples := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllSubmatch(text, -1)
	assert.Len(t, examples, 4)
	for _, e := range examples {
		_, err := Parse("example", e[1])
		assert.NoError(t, err)
	}
}

// What is written as a field's default is what the layer does without that field.
func TestDefaults(t *testing.T) {
	defaults := 0
	for kind, spec := range KindSpecs {
		required := requiredFields(spec)
		build := func(fields string) *Model {
			t.Helper()
			m, err := Parse("net.yaml", []byte("input: [6, 6, 3]\nlayers:\n  - "+kind+": {"+fields+"}\n"))
			if err != nil { // not every layer takes images, and of so few channels
				m, err = Parse("net.yaml", []byte("input: [32]\nlayers:\n  - "+kind+": {"+fields+"}\n"))
			}
			require.NoError(t, err, "%s: {%s}", kind, fields)
			return m
		}
		for _, f := range openFields(spec) {
			if !f.optional {
				continue
			}
			tag := f.tag.Get("default")
			require.NotEmpty(t, tag, "%s: the field %s has no default: give it a tag, default:%q", kind, f.key, "...")
			given := tag
			if tag == "pool_size" {
				required, given = "pool_size: 3", "3"
			}
			with, without := build(join(required, f.key+": "+given)), build(required)
			require.Len(t, with.Nodes, len(without.Nodes))
			for i, n := range with.Nodes {
				assert.Equal(t, without.Nodes[i].Layer, n.Layer, "%s: the default of %s is not %s", kind, f.key, tag)
			}
			defaults++
		}
	}
	assert.Greater(t, defaults, 15)
}

func join(fields ...string) string {
	var given []string
	for _, f := range fields {
		if f != "" {
			given = append(given, f)
		}
	}
	return strings.Join(given, ", ")
}

// requiredFields gives a layer's fields that it cannot do without.
func requiredFields(spec Spec) string {
	var given []string
	for _, f := range openFields(spec) {
		if !f.optional {
			given = append(given, f.key+": "+map[string]string{
				"rate": "0.5", "activation": "relu", "cropping": "1", "dims": "[3, 1, 2]", "target_shape": "[-1]",
			}[f.key])
			if strings.HasSuffix(given[len(given)-1], ": ") {
				given[len(given)-1] += "3"
			}
		}
	}
	if Merges(spec) {
		given = append(given, "inputs: [input, input]")
	}
	return strings.Join(given, ", ")
}

type docField struct{ Key, Go, Form, Default, Doc string }

type docKind struct {
	Name, Doc string
	Also      []string // Keras's second names
	Fields    []docField
}

type docWord struct{ Word, Go, Doc string }

type docWords struct {
	Name string
	Rows []docWord
}

func reference(t *testing.T) []byte {
	comments := readComments(t)
	data := map[string]any{
		"File": fileFields, "Layer": layerFields, "Block": blockFields, "MaxFile": wording.Bytes(maxFile), "MaxName": maxName,
		"MaxElements": wording.English.Sprint(maxElements), "MaxNodes": wording.English.Sprint(maxNodes),
		"Words": []docWords{
			wordsOf(comments, "Activations", "Function", functions),
			wordsOf(comments, "Paddings", "Padding", paddings),
			wordsOf(comments, "Interpolations", "Interpolation", interpolations),
			wordsOf(comments, "Initializers", "Initializer", initializers),
		},
	}
	var list []docKind
	for _, name := range Kinds() {
		list = append(list, comments.kind(t, name))
	}
	data["Kinds"] = list
	data["Zoo"] = zooRows(t)
	page, err := template.ParseFiles("testdata/models.md.tmpl")
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, page.Execute(&text, data))
	return text.Bytes()
}

type docModel struct {
	Name, Params, Trained, Source string
	Input                         Shape
}

func zooRows(t *testing.T) (rows []docModel) {
	for _, name := range Zoo() {
		m, err := Open(name)
		require.NoError(t, err)
		params, trained := m.ParamCount(), m.ParamCount()-m.NonTrainableCount()
		rows = append(rows, docModel{name, wording.English.Sprint(params), wording.English.Sprint(trained), ZooSource(name), m.Input.Shape})
	}
	return rows
}

// openFields are the fields of a kind that a file may give, as the parser sees them.
func openFields(spec Spec) (open []specField) {
	for _, f := range specFields(reflect.ValueOf(spec)) {
		if f.value.IsZero() {
			open = append(open, f)
		}
	}
	return open
}

// forms say what a file may give for a field of a type.
var forms = map[reflect.Type]string{
	reflect.TypeFor[int]():           "whole number from 1 on",
	reflect.TypeFor[float64]():       "number",
	reflect.TypeFor[bool]():          "`true` or `false`",
	reflect.TypeFor[[]int]():         "list of whole numbers",
	reflect.TypeFor[Border]():        "whole number, `[rows, columns]` or `[[top, bottom], [left, right]]`",
	reflect.TypeFor[Regularizer]():   "`{l1: number, l2: number}` with one of them or both, or `l1`, `l2` or `l1_l2`, which stand for 0.01",
	reflect.TypeFor[Axis]():          "whole number other than 0",
	reflect.TypeFor[[]Axis]():        "whole number other than 0, or a list of them",
	reflect.TypeFor[Constraint]():    "`none`, `max_norm`, which is 2, or `{max_norm: number}`",
	reflect.TypeFor[Groups]():        "whole number from 1 on, or -1",
	reflect.TypeFor[Axes]():          "list of the first axes, such as `[1, 2]`",
	reflect.TypeFor[Bias]():          "`true` or `false`",
	reflect.TypeFor[Toggle]():        "`true` or `false`",
	reflect.TypeFor[Pair]():          "whole number from 1 on, or `[height, width]`",
	reflect.TypeFor[*Pair]():         "whole number from 0 on, `[height, width]` or `null`",
	reflect.TypeFor[Function]():      "[activation](#activations)",
	reflect.TypeFor[Padding]():       "[padding](#paddings)",
	reflect.TypeFor[Interpolation](): "[interpolation](#interpolations)",
	reflect.TypeFor[Initializer]():   "[initializer](#initializers)",
}

// comments are those of the package's types, of their fields and of its constants, by name.
type comments struct {
	types  map[string]string
	same   map[string]string // a type that is defined as another: that one
	fields map[string]string // "Conv2D.Filters"
	consts map[string]docWord
}

func readComments(t *testing.T) comments {
	c := comments{map[string]string{}, map[string]string{}, map[string]string{}, map[string]docWord{}}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, d := range tree.Decls {
			d, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range d.Specs {
				c.read(s, d.Doc)
			}
		}
	}
	return c
}

func (c comments) read(s ast.Spec, doc *ast.CommentGroup) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		c.types[s.Name.Name] = markdown(doc.Text())
		switch as := s.Type.(type) {
		case *ast.Ident:
			c.same[s.Name.Name] = as.Name
		case *ast.StructType:
			for _, f := range as.Fields.List {
				for _, name := range f.Names {
					c.fields[s.Name.Name+"."+name.Name] = markdown(f.Comment.Text())
				}
			}
		}
	case *ast.ValueSpec:
		for i, v := range s.Values {
			if literal, ok := v.(*ast.BasicLit); ok && s.Type != nil {
				if kind, ok := s.Type.(*ast.Ident); ok {
					word, _ := strconv.Unquote(literal.Value)
					c.consts[kind.Name+" "+word] = docWord{word, s.Names[i].Name, markdown(s.Comment.Text())}
				}
			}
		}
	}
}

// link is a link of a Go comment to another package; shapes stand in brackets too.
var link = regexp.MustCompile(`\[(\w+\.\w+)\]`)

func markdown(comment string) string {
	return strings.TrimSpace(link.ReplaceAllString(comment, "`$1`"))
}

func (c comments) kind(t *testing.T, name string) docKind {
	row, ok := kinds.Row(name)
	require.True(t, ok)
	spec := row.Value
	of := reflect.TypeOf(spec).Name()
	k := docKind{Name: name, Also: row.Also, Doc: strings.Replace(c.types[of], of, name, 1)}
	require.NotEmpty(t, k.Doc, "%s has no comment", of)
	if of := spec.Kind(); of != name { // a name for another layer with some fields set
		k.Doc = "The layer [" + of + "](#" + strings.ToLower(of) + ")"
		for _, f := range specFields(reflect.ValueOf(spec)) {
			if !f.value.IsZero() {
				k.Doc += " with `" + f.key + ": " + f.value.String() + "`"
			}
		}
		k.Doc += "."
	}
	source := of
	for c.same[source] != "" {
		source = c.same[source]
	}
	for _, f := range openFields(spec) {
		doc := docField{Key: f.key, Go: f.name, Form: forms[f.value.Type()], Default: "must be given", Doc: c.fields[source+"."+f.name]}
		require.NotEmpty(t, doc.Form, "%s.%s: the reference has no words for a %v", of, f.name, f.value.Type())
		require.NotEmpty(t, doc.Doc, "%s.%s has no comment behind it", source, f.name)
		if f.optional {
			doc.Default = "`" + f.tag.Get("default") + "`"
		}
		k.Fields = append(k.Fields, doc)
	}
	return k
}

func wordsOf[W ~string, V any](c comments, name, kind string, table wording.Table[W, V]) docWords {
	list := docWords{Name: name}
	for _, w := range table.Words() {
		row, _ := table.Row(w)
		word := c.consts[kind+" "+string(w)]
		for _, other := range row.Also {
			word.Doc += "; also called `" + string(other) + "`"
		}
		list.Rows = append(list.Rows, word)
	}
	return list
}
