package model_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

const blocks = `
input: [8, 8, 2]
blocks:
  conv:
    with: {filters, size: 3, padding: same}
    layers:
      - Conv2D: {filters: $filters, kernel_size: $size, padding: $padding, use_bias: false}
      - BatchNormalization
  residual:
    with: {filters}
    layers:
      - conv: {filters: 2*$filters, size: [1, 3]}
      - ReLU
      - conv: {name: last, filters: $filters}
      - Add: {inputs: [input, last]}
layers:
  - Conv2D: {name: stem, filters: 4, kernel_size: 3, padding: same, activation: relu}
  - residual: {name: stage/block, filters: 4, repeat: 2}
  - conv: {filters: 6, padding: valid}
  - conv: {filters: 6, padding: valid, inputs: stage/block}
  - Add: {inputs: [conv, conv_1]}
  - Conv2D: {filters: 6, kernel_size: 1, repeat: 2}
  - Flatten
  - Dense: {name: side, units: 3, inputs: flatten}
  - Dense: {name: main, units: 3, inputs: flatten}
  - Maximum: {inputs: [side, main]}
`

// Blocks are what stands there when they are written out.
func TestBlocks(t *testing.T) {
	const written = `input: [8, 8, 2]
layers:
  - Conv2D: {name: stem, filters: 4, kernel_size: 3, padding: same, activation: relu}
  - Conv2D: {name: stage/block/conv/conv2d, filters: 8, kernel_size: [1, 3], padding: same, use_bias: false}
  - BatchNormalization: {name: stage/block/conv/batch_normalization}
  - ReLU: {name: stage/block/re_lu}
  - Conv2D: {name: stage/block/last/conv2d, filters: 4, kernel_size: 3, padding: same, use_bias: false}
  - BatchNormalization: {name: stage/block/last/batch_normalization}
  - Add: {name: stage/block/add, inputs: [stem, stage/block/last/batch_normalization]}
  - Conv2D: {name: stage/block_1/conv/conv2d, filters: 8, kernel_size: [1, 3], padding: same, use_bias: false}
  - BatchNormalization: {name: stage/block_1/conv/batch_normalization}
  - ReLU: {name: stage/block_1/re_lu}
  - Conv2D: {name: stage/block_1/last/conv2d, filters: 4, kernel_size: 3, padding: same, use_bias: false}
  - BatchNormalization: {name: stage/block_1/last/batch_normalization}
  - Add: {name: stage/block_1/add, inputs: [stage/block/add, stage/block_1/last/batch_normalization]}
  - Conv2D: {name: conv/conv2d, filters: 6, kernel_size: 3, padding: valid, use_bias: false}
  - BatchNormalization: {name: conv/batch_normalization}
  - Conv2D: {name: conv_1/conv2d, filters: 6, kernel_size: 3, padding: valid, use_bias: false, inputs: [stage/block/add]}
  - BatchNormalization: {name: conv_1/batch_normalization}
  - Add: {inputs: [conv/batch_normalization, conv_1/batch_normalization]}
  - Conv2D: {filters: 6, kernel_size: 1}
  - Conv2D: {filters: 6, kernel_size: 1}
  - Flatten
  - Dense: {name: side, units: 3}
  - Dense: {name: main, units: 3, inputs: [flatten]}
  - Maximum: {inputs: [side, main]}
`
	got, err := model.Parse("net.yaml", []byte(blocks))
	require.NoError(t, err)
	assert.Equal(t, written, string(got.YAML()))
	want, err := model.Parse("net.yaml", []byte(written))
	require.NoError(t, err)
	assertSameGraph(t, want, got)
}

// A factor may stand before its parameter with spaces around the star.
// A frozen block is one of frozen layers, those of the blocks in it too.
func TestAFrozenBlock(t *testing.T) {
	m, err := model.Parse("net.yaml", []byte(strings.Replace(blocks, "filters: 4, repeat: 2}", "filters: 4, trainable: false}", 1)))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"stage/block/conv/conv2d", "stage/block/conv/batch_normalization", "stage/block/last/conv2d", "stage/block/last/batch_normalization",
	}, m.Frozen())
	again, err := m.Freeze("stage*conv2d")
	require.NoError(t, err)
	assert.Equal(t, []string{"stage/block/conv/conv2d", "stage/block/last/conv2d"}, again.Frozen(), "* goes over slashes")
}

func TestFactors(t *testing.T) {
	for _, factor := range []string{"3*$n", "3 * $n", "3* $n"} {
		m, err := model.Parse("net.yaml", []byte("input: [4]\nblocks: {b: {with: {n: 2}, layers: [Dense: {units: "+factor+"}]}}\nlayers: [b]\n"))
		require.NoError(t, err, factor)
		assert.Equal(t, model.Shape{6}, m.Output.Shape)
	}
}

// The uses of blocks are numbered with the layers, which keep their names when they are written out.
func TestBlocksAreNumberedWithLayers(t *testing.T) {
	m, err := model.Parse("net.yaml", []byte("input: [4]\nblocks: {re_lu: {layers: [ReLU]}}\nlayers: [re_lu, ReLU, re_lu, ReLU]\n"))
	require.NoError(t, err)
	var names []string
	for _, n := range m.Nodes[1:] {
		names = append(names, n.Name)
	}
	assert.Equal(t, []string{"re_lu/re_lu", "re_lu_1", "re_lu_2/re_lu", "re_lu_3"}, names)
	again, err := model.Parse("net.yaml", m.YAML())
	require.NoError(t, err)
	assertSameGraph(t, m, again)
}

// blockFile has a block of one layer.
func blockFile(with, layer, use string) string {
	return fmt.Sprintf("input: [8, 8, 1]\nblocks:\n  b:\n    with: %s\n    layers:\n      - %s\nlayers:\n  - %s\n", with, layer, use)
}

const conv = "Conv2D: {filters: $n, kernel_size: 3}"

var blockErrors = []struct{ text, want string }{
	{blockFile("{n}", conv, "b"), "net.yaml:8:5: b needs the field n"},
	{blockFile("{n}", conv, "b: {m: 3}"), `net.yaml:8:9: b has no field "m"; choose n, name, inputs, repeat or trainable`},
	{blockFile("{n}", conv, "b: {n: many}"), `net.yaml:8:12: filters is "many"; expected a whole number from 1 on; in the block b, used in line 8`},
	{blockFile("{n: many}", conv, "b"), `net.yaml:4:15: filters is "many"; expected a whole number from 1 on; in the block b, used in line 8`},
	{blockFile("{n: 2}", "Conv2D: {filters: $n, kernel_size: 9}", "b: {name: x}"),
		`net.yaml:6:9: Conv2D "x/conv2d": the image 8x8 is smaller than the 9x9 window (dilation 1x1) in height; use padding same or fewer pools before it; in the block b, used in line 8`},
	{blockFile("{n: 3}", conv, "bb"), `net.yaml:8:5: unknown layer "bb"; did you mean the block b?`},
	{blockFile("{n: 3}", "Conv2: {filters: $n}", "b"), `net.yaml:6:9: unknown layer "Conv2"; did you mean Conv2D?; in the block b, used in line 8`},
	{blockFile("{n: 3}", "Conv2D: {filters: $m}", "b"), `net.yaml:6:27: $m: block b has no parameter "m"; choose n`},
	{blockFile("{}", "Conv2D: {filters: $m}", "b"), `net.yaml:6:27: $m: block b has no parameter "m"; it has none; add with: {m}`},
	{blockFile("{n: 3, m: 3}", conv, "b"), `net.yaml:3:3: block b never uses its parameter m; write $m where its value belongs, or leave it out`},
	{blockFile("{n: 3}", "Conv2D: {filters: $n*2}", "b"), `net.yaml:6:27: found "$n*2"; expected a parameter as $name, or a whole multiple of one as 4*$name`},
	{blockFile("{n: 3}", "Conv2D: {filters: 0*$n}", "b"), `net.yaml:6:27: found "0*$n"; expected a factor from 1 to 2147483647`},
	{blockFile("{n: 3}", "Conv2D: {filters: 99999999999999999999*$n}", "b"), `expected a factor from 1 to 2147483647`},
	{blockFile("{n: [3, 3]}", "Conv2D: {filters: 2*$n}", "b"), `net.yaml:4:15: n is a list of 2, of which 2*$n is no product; expected a whole number from 1 to 1073741823; in the block b, used in line 8`},
	{blockFile("{n: 3}", conv, "b: {n: 3000000000}"), "would take"},
	{blockFile("{n: 1}", "Conv2D: {filters: 2*$n}", "b: {n: 2000000000}"), `net.yaml:8:12: n is "2000000000", of which 2*$n is no product`},
	{blockFile("{1n: 3}", conv, "b"), `net.yaml:4:12: the parameter "1n"; expected a name of letters, digits and _ that begins with a letter`},
	{blockFile("{name: 3}", conv, "b"), `net.yaml:4:12: the parameter name; every layer has this field: give the parameter another name`},
	{blockFile("{n: 3, n: 4}", conv, "b"), "net.yaml:4:18: n is given twice, first in line 4"},
	{blockFile("n", conv, "b"), `net.yaml:4:11: with is "n"; expected fields, such as filters: 64`},
	{blockFile("{n: 3}", conv, "b: {inputs: [input, input]}"), `net.yaml:8:5: block b "b": a block takes 1 input, got 2`},
	{blockFile("{n: 3}", conv, "b: {inputs: c}"), `net.yaml:8:17: no layer before this one is named "c"; choose input`},
	{blockFile("{n: 3}", conv, "b: {name: input}"), `net.yaml:8:5: block b "input": another layer has this name`},
	{blockFile("{n: 3}", conv, "b: {name: a b}"), `net.yaml:8:5: block b "a b": a name holds letters`},
	{blockFile("{n: 3}", conv, "b: {repeat: 0}"), `net.yaml:8:17: repeat is "0"; expected a whole number from 1 on`},
	{blockFile("{n: 3}", "Conv2D: {filters: $n, kernel_size: 1, name: input}", "b"), `net.yaml:6:9: Conv2D "b/input": another layer has this name; in the block b, used in line 8`},
	{blockFile("{n: 3}", conv+"\n      - Conv2D: {inputs: input, filters: 1, kernel_size: 1}", "b"),
		`net.yaml:6:9: nothing uses the output of layer "b/conv2d"; connect it or leave it out; in the block b, used in line 9`},
	{blockFile("{n: 3}", conv+"\n      - Add: {inputs: [input, stem]}", "ReLU: {name: stem}\n  - b"),
		`net.yaml:7:31: no layer before this one is named "stem"; choose input or conv2d; in the block b, used in line 10`},
	{blockFile("{n: 3}", "b: {n: $n}", "b"), "net.yaml:6:9: block b uses itself; in the block b, used in line 8"},
	{blockFile("{n: 3}", conv, "Flatten"), "net.yaml:3:3: nothing uses the block b; use it or leave it out"},
	{blockFile("{n: 3}", conv, "Conv2D: {filters: $n, kernel_size: 3}\n  - b"), `net.yaml:8:23: filters is "$n"; expected a whole number`},
	{"input: [4]\nblocks: {a: {layers: [b]}, b: {layers: [Flatten]}}\nlayers: [a]",
		"net.yaml:2:23: block b stands below block a, which uses it; define it above; in the block a, used in line 3"},
	{"input: [4]\nblocks: {a: {layers: [Dens: {units: 3}]}, b: {layers: [a]}}\nlayers:\n  - b",
		`net.yaml:2:23: unknown layer "Dens"; did you mean Dense?; in the block a, used in line 2; in the block b, used in line 4`},
	{"input: [4]\nblocks: {b: {}}\nlayers: [b]", "net.yaml:2:10: block b needs the field layers"},
	{"input: [4]\nblocks: {b: {layers: []}}\nlayers: [b]", "net.yaml:2:22: layers is a list of 0; expected a list of at least one layer"},
	{"input: [4]\nblocks: {b: {layer: [Flatten]}}\nlayers: [b]", `net.yaml:2:14: block b has no field "layer"; did you mean layers?`},
	{"input: [4]\nblocks: {b: {layers: [3: {}, {}]}}\nlayers: [b]", `net.yaml:2:23: unknown layer "3"`},
	{"input: [4]\nblocks: {Dense: {layers: [Flatten]}}\nlayers: [Dense]", `net.yaml:2:10: block "Dense": a layer has this name; give the block another`},
	{"input: [4]\nblocks: {a/b: {layers: [Flatten]}}\nlayers: [a/b]", `net.yaml:2:10: block "a/b": a name holds letters`},
	{"input: [4]\nblocks: [b]\nlayers: [b]", "net.yaml:2:9: blocks is a list of 1; expected fields, such as name: {layers: [...]}"},
	{"input: [4]\nlayers:\n  - ReLU: {name: a, repeat: 2}\n  - ReLU: {name: a_1}", `net.yaml:4:5: ReLU "a_1": another layer has this name`},
	// A few lines that would stand for very much.
	{"input: [4]\nlayers: [ReLU: {repeat: 1000000000}]", `net.yaml:2:10: ReLU "re_lu_4096": the model has more than 4096 layers and activations`},
	{nested(13), "the model has more than 4096 layers and activations; in the block b, used in line 3; in the block b0, used in line 3; in the block b1, used in line 3"},
	{nested(50), ": a name of 101 bytes; the limit is 100"},
	{"input: [4]\nblocks: {b: {layers: [Add: {inputs: [" + strings.Repeat("input,", 1000) + "]}]}}\nlayers: [b: {repeat: 4000}]",
		"the blocks make more than 131,072 values of layers; a model has far fewer"},
	{"input: [4]\nblocks: {b: {with: {x}, layers: [Add: {inputs: $x}]}}\nlayers: [b: {repeat: 4000, x: [" + strings.Repeat("input,", 1000) + "]}]",
		"the blocks make more than 131,072 values of layers; a model has far fewer"},
	{"input: [4]\nblocks: {b: {layers: [Add: {inputs: [" + strings.Repeat("input,", 100) + "]}]}}\nlayers: [b: {repeat: 1000, name: " + strings.Repeat("n", 80) + "}]",
		"net.yaml:3:9: the layers are larger than 1.00 MiB once they are written out without blocks"},
}

// nested is a file of blocks that use each other twice.
func nested(deep int) string {
	text := "input: [4]\nblocks:\n  {b: {layers: [ReLU]}"
	names := []string{"b"}
	for i := range deep {
		names = append(names, fmt.Sprintf("b%d", i))
		text += fmt.Sprintf(", b%d: {layers: [%s: {name: a, repeat: 2}]}", i, names[i])
	}
	return text + "}\nlayers: [" + names[deep] + ": {name: a}]\n"
}

// What is wrong is named where it stands and where it is used.
func TestBlockErrors(t *testing.T) {
	for _, c := range blockErrors {
		_, err := model.Parse("net.yaml", []byte(c.text))
		assert.ErrorContains(t, err, "model: net.yaml:", c.text)
		assert.ErrorContains(t, err, c.want, c.text)
	}
}
