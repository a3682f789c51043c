package model_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

// Names become parts of file names and are read on terminals, whoever wrote the model file.
func TestNames(t *testing.T) {
	const alone = "a name holds letters, digits and _ . - alone"
	for name, want := range map[string]string{
		`../../evil`:                    alone,
		`a/b`:                           alone,
		`a\b`:                           alone,
		`a b`:                           alone,
		`"\e[31mred"`:                   alone,
		`"\u202Etxt"`:                   alone,
		`..`:                            "a name holds at least one letter or digit",
		`"."`:                           "a name holds at least one letter or digit",
		strings.Repeat("n", 101):        "a name of 101 bytes; the limit is 100",
		`net-1.5_B`:                     "",
		`그물`:                            "",
		strings.Repeat("n", 100):        "",
		strings.Repeat("그", 33) + ".":   "",
		strings.Repeat("그", 33) + ".ab": "a name of 102 bytes; the limit is 100",
	} {
		_, err := model.Parse("net.yaml", []byte("name: "+name+"\ninput: [4]\nlayers: [Flatten]\n"))
		_, layer := model.Parse("net.yaml", []byte("input: [4]\nlayers: [Flatten: {name: "+name+"}]\n"))
		if want == "" {
			assert.NoError(t, err, name)
			assert.NoError(t, layer, name)
			continue
		}
		if strings.Contains(name, "/") {
			layer = err // see TestNamesOfLayers
		}
		assert.ErrorContains(t, err, "model: net.yaml:1:7: name is ", name)
		assert.ErrorContains(t, err, want, name)
		assert.ErrorContains(t, layer, want, name)
		assert.NotContains(t, err.Error()+layer.Error(), "\x1b")
	}
}

// A slash parts a group's name from those in it, each of which is a name.
func TestNamesOfLayers(t *testing.T) {
	for name, want := range map[string]string{
		"stage1/block.2/conv_1":        "",
		strings.Repeat("n/", 49) + "n": "",
		strings.Repeat("n/", 50) + "n": "a name of 101 bytes; the limit is 100",
		"../../evil":                   "a name holds at least one letter or digit",
		"/etc":                         "a name holds at least one letter or digit",
		"a//b":                         "a name holds at least one letter or digit",
		"a/":                           "a name holds at least one letter or digit",
		"a/b c":                        "a name holds letters, digits and _ . - alone",
	} {
		m, err := model.Parse("net.yaml", []byte("input: [4]\nlayers: [Dense: {name: "+name+", units: 2, activation: relu}, Flatten: {inputs: "+name+"}]\n"))
		if want != "" {
			assert.ErrorContains(t, err, want, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, name+"/relu", m.Nodes[2].Name)
		assert.Equal(t, name, m.Nodes[2].LayerName())
		assert.Equal(t, name+"/kernel", m.Params[0].Name)
	}
}

// The weights of a model that a program named so are not written either: a run's folder gets its name from them.
func TestAProgramsModelNames(t *testing.T) {
	m, err := model.Sequential(model.Input(4), model.Dense{Units: 2})
	require.NoError(t, err)
	m.Name = "../../evil"
	path := filepath.Join(t.TempDir(), "w.safetensors")
	assert.ErrorContains(t, m.NewWeights().Save(path, nil), "this model cannot be written")
	assert.NoFileExists(t, path)
}

// A file's name is made a model's where the file gives none.
func TestNameOfAFile(t *testing.T) {
	for file, want := range map[string]string{
		"my net (2).yaml":                   "my-net--2-",
		"\x1b[31m.yaml":                     "--31m",
		"...yaml":                           "",
		strings.Repeat("그", 40) + ".yaml":   strings.Repeat("그", 33),
		"\xff.yaml":                         "",
		"net.v2.yaml":                       "net.v2",
		strings.Repeat("long", 30) + ".yml": strings.Repeat("long", 25),
	} {
		path := filepath.Join(t.TempDir(), file)
		require.NoError(t, os.WriteFile(path, []byte("input: [4]\nlayers: [Flatten]\n"), 0o666))
		m, err := model.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, want, m.Name, "%q", file)
		_, err = model.Parse("again", m.YAML())
		assert.NoError(t, err, "%q", file)
	}
}
