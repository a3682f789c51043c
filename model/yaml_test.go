package model_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
)

func TestParse(t *testing.T) {
	m, err := model.Parse("net.yaml", []byte(`
name: all-of-it
input: [9, 9, 1]
layers:
  - Conv2D: # fields may stand below each other
      filters: 2
      kernel_size: [3, 2]
      strides: 1
      padding: same
      dilation_rate: [1, 2]
      activation: tanh
      use_bias: false
      kernel_initializer: he_uniform
      bias_initializer: ones
  - MaxPooling2D:
  - MinPooling2D
  - AveragePooling2D: {pool_size: [1, 2], strides: [2, 1], padding: valid}
  - GlobalAveragePooling2D: {keepdims: true}
  - GlobalMaxPooling2D: {keepdims: true}
  - GlobalMinPooling2D: {keepdims: true}
  - Flatten: {name: flat}
  - Dense: {units: 3}
  - Dense: {name: beside, units: 3, inputs: flat}
  - Add: {inputs: [dense, beside]}
  - Multiply: {inputs: [add, dense]}
  - Average: {inputs: [multiply, dense]}
  - Subtract: {inputs: [average, dense]}
  - Maximum: {inputs: [subtract, dense]}
  - Minimum: {inputs: [maximum, dense]}
  - Concatenate: {inputs: [minimum, dense], axis: 1}
  - Reshape: {target_shape: [-1, 3, 1]}
  - ZeroPadding2D: {padding: [0, 2]}
  - Cropping2D: {cropping: [[0, 0], [2, 1]]}
  - UpSampling2D: {size: [1, 2], interpolation: bilinear}
  - Permute: {dims: [2, 1, 3]}
  - SpatialDropout2D: {rate: 0.125}
  - GaussianNoise: {stddev: 0.5}
  - Rescaling: {scale: 2, offset: -0.5}
  - Activation: {activation: sigmoid}
  - ReLU
  - ReLU: {max_value: 2.5}
  - ActivityRegularization: {l1: 0.5}
  - ELU: {alpha: 0.5}
  - PReLU: {shared_axes: [1], alpha_initializer: ones}
  - LeakyReLU: {negative_slope: 0.1}
  - Dropout: {rate: 0.25}
  - BatchNormalization: {axis: -1, momentum: 0.9, epsilon: 0.01, scale: false, center: true, moving_variance_initializer: zeros}
  - Softmax
`))
	require.NoError(t, err)
	assert.Equal(t, "all-of-it", m.Name)
	var specs []model.Spec
	var names []string
	for _, n := range m.Nodes {
		if n.Spec != nil {
			specs, names = append(specs, n.Spec), append(names, n.Name)
		}
	}
	assert.Equal(t, []model.Spec{
		model.Conv2D{
			Filters: 2, Kernel: model.Pair{3, 2}, Strides: model.Pair{1, 1}, Padding: model.Same, Dilation: model.Pair{1, 2},
			Activation: model.Tanh, Bias: model.NoBias, KernelInitializer: model.HeUniform, BiasInitializer: model.Ones,
		},
		model.MaxPooling2D{},
		model.MinPooling2D{},
		model.AveragePooling2D{Size: model.Pair{1, 2}, Strides: model.Pair{2, 1}, Padding: model.Valid},
		model.GlobalAveragePooling2D{KeepDims: true},
		model.GlobalMaxPooling2D{KeepDims: true},
		model.GlobalMinPooling2D{KeepDims: true},
		model.Flatten{},
		model.Dense{Units: 3},
		model.Dense{Units: 3},
		model.Add{},
		model.Multiply{},
		model.Average{},
		model.Subtract{},
		model.Maximum{},
		model.Minimum{},
		model.Concatenate{Axis: 1},
		model.Reshape{Target: []int{-1, 3, 1}},
		model.ZeroPadding2D{Padding: model.Border{{0, 0}, {2, 2}}},
		model.Cropping2D{Cropping: model.Border{{0, 0}, {2, 1}}},
		model.UpSampling2D{Size: model.Pair{1, 2}, Interpolation: model.Bilinear},
		model.Permute{Dims: []int{2, 1, 3}},
		model.SpatialDropout2D{Rate: 0.125},
		model.GaussianNoise{Deviation: 0.5},
		model.Rescaling{Scale: 2, Offset: -0.5},
		model.Activation{Function: model.Sigmoid},
		model.ReLULayer{},
		model.ReLULayer{MaxValue: 2.5},
		model.ActivityRegularization{L1: 0.5},
		model.ELU{Alpha: 0.5},
		model.PReLU{SharedAxes: 1, AlphaInitializer: model.Ones},
		model.LeakyReLU{NegativeSlope: 0.1},
		model.Dropout{Rate: 0.25},
		model.BatchNormalization{Axis: -1, Momentum: 0.9, Epsilon: 0.01, Scale: model.Off, MovingVarianceInitializer: model.Zeros},
		model.Activation{Function: model.Softmax},
	}, specs)
	assert.Equal(t, []string{"conv2d", "max_pooling2d", "min_pooling2d", "average_pooling2d", "global_average_pooling2d", "global_max_pooling2d", "global_min_pooling2d", "flat", "dense", "beside", "add",
		"multiply", "average", "subtract", "maximum", "minimum", "concatenate", "reshape", "zero_padding2d", "cropping2d", "up_sampling2d", "permute", "spatial_dropout2d", "gaussian_noise", "rescaling",
		"activation", "re_lu", "re_lu_1", "activity_regularization", "elu", "p_re_lu", "leaky_re_lu", "dropout", "batch_normalization", "activation_1"}, names)
}

func TestParseConvolutions(t *testing.T) {
	m, err := model.Parse("net.yaml", []byte(`
input: [9, 9, 4]
layers:
  - Conv2D: {filters: 6, kernel_size: 3, groups: 2}
  - DepthwiseConv2D: {kernel_size: [3, 2], strides: 2, padding: same, depth_multiplier: 2, activation: relu, use_bias: false, depthwise_initializer: he_normal}
  - SeparableConv2D: {filters: 4, kernel_size: 2, depth_multiplier: 3, depthwise_initializer: ones, pointwise_initializer: he_uniform, bias_initializer: ones}
  - Conv2DTranspose: {filters: 3, kernel_size: 3, strides: 2, output_padding: 0}
  - Conv2DTranspose: {filters: 2, kernel_size: 3, strides: [1, 2], padding: same, output_padding: [0, 1], dilation_rate: 1}
  - Conv2DTranspose: {filters: 1, kernel_size: 3, output_padding: null}
`))
	require.NoError(t, err)
	var specs []model.Spec
	for _, n := range m.Nodes {
		if n.Spec != nil {
			specs = append(specs, n.Spec)
		}
	}
	assert.Equal(t, []model.Spec{
		model.Conv2D{Filters: 6, Kernel: model.Pair{3, 3}, Groups: 2},
		model.DepthwiseConv2D{
			Kernel: model.Pair{3, 2}, Strides: model.Pair{2, 2}, Padding: model.Same, DepthMultiplier: 2, Activation: model.ReLU, Bias: model.NoBias,
			DepthwiseInitializer: model.HeNormal,
		},
		model.SeparableConv2D{
			Filters: 4, Kernel: model.Pair{2, 2}, DepthMultiplier: 3, DepthwiseInitializer: model.Ones, PointwiseInitializer: model.HeUniform,
			BiasInitializer: model.Ones,
		},
		model.Conv2DTranspose{Filters: 3, Kernel: model.Pair{3, 3}, Strides: model.Pair{2, 2}, OutputPadding: &model.Pair{0, 0}},
		model.Conv2DTranspose{
			Filters: 2, Kernel: model.Pair{3, 3}, Strides: model.Pair{1, 2}, Padding: model.Same, OutputPadding: &model.Pair{0, 1}, Dilation: model.Pair{1, 1},
		},
		model.Conv2DTranspose{Filters: 1, Kernel: model.Pair{3, 3}},
	}, specs)
	again, err := model.Parse("net.yaml", m.YAML())
	require.NoError(t, err)
	assertSameGraph(t, m, again)
	assert.Contains(t, string(m.YAML()), "output_padding: 0}")
	assert.Contains(t, string(m.YAML()), "output_padding: [0, 1]")
}

func TestParseErrors(t *testing.T) {
	layers := func(text string) string { return "input: [8, 8, 1]\nlayers:\n" + text }
	for _, c := range []struct{ text, want string }{
		{"", "net.yaml: is empty; a model has the fields name, input and layers"},
		{"input: [", "net.yaml:1: did not find expected node content"},
		{"- a", "net.yaml:1:1: the file is a list of 1; expected fields, such as name: value"},
		{"layers: [Flatten]", "net.yaml:1:1: there is no field input; give the shape of one example, such as input: [28, 28, 1]"},
		{"input: [1]", "net.yaml:1:1: there is no field layers; give a list"},
		{"input: [1]\nlayer: []", `net.yaml:2:1: the file has no field "layer"; did you mean layers?`},
		{"input: [1]\ninput: [1]", "net.yaml:2:1: input is given twice, first in line 1"},
		{"input: 3\nlayers: [Flatten]", `net.yaml:1:8: input is "3"; expected a list of whole numbers`},
		{"input: [3, x]\nlayers: [Flatten]", `net.yaml:1:12: input is "x"; expected a whole number from 1 on`},
		{"input: [0]\nlayers: [Flatten]", `net.yaml:1:9: input is "0"; expected a whole number from 1 on`},
		{"input: []\nlayers: [Flatten]", "net.yaml:1:8: the input has no shape"},
		{"input: [99999, 99999, 99999]\nlayers: [Flatten]", "net.yaml:1:8: the input [99999 99999 99999] would take 3.55 PiB; the limit is 8.00 GiB"},
		{"input: [1]\nlayers: []", "net.yaml:2:9: layers is a list of 0; expected a list of at least one layer"},
		{"input: [1]\nlayers: {Flatten: 1}", "net.yaml:2:9: layers is a mapping; expected a list"},
		{"input: [1]\nname: [1]\nlayers: [Flatten]", "net.yaml:2:7: name is a list of 1; expected a word"},
		{"input: [1]\nlayers: [Flatten]\n---\na: 1", "net.yaml:3:1: a second document begins here; expected one"},
		{"input: &a [1]\nlayers: [Flatten]", "net.yaml:1:8: anchors and aliases (& and *) are not supported"},
		{"input: !%1b%5b31m [1]\nlayers: [Flatten]", `net.yaml:1:8: tags such as !\x1b[31m are not supported`},
		{"%YAML 2.0\n---\ninput: [1]", "net.yaml: its directive %YAML names another version; expected %YAML 1.2, or none"},
		{"input: [1]\nlayers:\n\t- Flatten", "net.yaml:3:1: a tab stands here; YAML is indented by spaces alone"},
		{"\tinput: [1]", "net.yaml:1:1: a tab stands here"},
		{"input: [1]\r\nlayers:\r\n  - Dense:\r\n  \t  units: 3", "net.yaml:4:3: a tab stands here"},
		{"input: [1]\nlayers:\n  -\tFlatten: a: b", "net.yaml:3:4: a tab stands here"},
		{"input: !!seq [1]\nlayers: [Flatten]", "net.yaml:1:8: tags such as !!seq are not supported"},
		{layers("  - Conv2d: {filters: 3}"), `net.yaml:3:5: unknown layer "Conv2d"; did you mean Conv2D?`},
		{layers("  - Attn: {units: 3}"), `net.yaml:3:5: unknown layer "Attn"; choose Activation, ActivityRegularization, `},
		{layers("  - LSTM: {units: 3}"), `net.yaml:3:5: unknown layer "LSTM"; LSTM is a layer of Keras that cnn-gpu does not have; choose Activation, ActivityRegularization, `},
		{layers("  - GaussianDropout: {rate: 0.5}"), `net.yaml:3:5: unknown layer "GaussianDropout"; GaussianDropout is a layer of Keras that cnn-gpu does not have`},
		{layers("  - ''"), `net.yaml:3:5: unknown layer ""; choose`},
		{layers("  - [Flatten]"), "net.yaml:3:5: found a list of 1; expected a layer with its fields, such as Dense: {units: 10}"},
		{layers("  - {}"), "net.yaml:3:5: this layer is empty; expected a layer"},
		{layers("  -"), "net.yaml:3:4: found empty; expected a layer"},
		{layers("  - Dense:\n    units: 3"), `net.yaml:4:5: found "units" beside "Dense"; expected a layer with its fields, such as Dense: {units: 10} on one line or indented`},
		{layers("  - Flatten: 3"), `net.yaml:3:14: Flatten is "3"; expected fields, such as name: value`},
		{layers("  - Dense: {}"), "net.yaml:3:5: Dense needs the field units"},
		{layers("  - BatchNormalization: {axis: 1}"), `net.yaml:3:5: BatchNormalization "batch_normalization": axis 1; channels are the last axis here: give -1, or leave axis out`},
		{layers("  - BatchNormalization: {axis: 0}"), `axis is "0"; expected a whole number other than 0`},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, kernel_regularizer: l3}"), `kernel_regularizer is "l3"; expected factors, such as {l2: 0.0001}, or a word: did you mean l1?`},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, kernel_regularizer: {l2: -1}}"), "kernel_regularizer: l2 is -1; give a number above 0"},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, bias_regularizer: {l2: 0}}"), "bias_regularizer has neither l1 nor l2 above 0"},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, activity_regularizer: {l: 1}}"), `activity_regularizer has no field "l"; `},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, activity_regularizer: {l1: x}}"), `l1 is "x"; expected a number`},
		{layers("  - BatchNormalization: {scale: 1}"), `scale is "1"; expected true or false`},
		{layers("  - BatchNormalization: {momentum: 0}"), "momentum is 0, which stands for the default, 0.99; expected another number, or none"},
		{layers("  - LayerNormalization: {axis: [0, 1]}"), `net.yaml:3:33: axis is "0"; expected a whole number other than 0`},
		{layers("  - LayerNormalization: {axis: []}"), `net.yaml:3:32: axis is a list of 0; expected a whole number other than 0`},
		{layers("  - LayerNormalization: {axis: [1, 2]}"), `net.yaml:3:5: LayerNormalization "layer_normalization": axis [1 2] of [8 8 1]; give the last axes`},
		{layers("  - GroupNormalization: {groups: 0}"), `net.yaml:3:34: groups is "0"; expected a whole number from 1 on, or -1 for one of each channel`},
		{layers("  - GroupNormalization: {groups: all}"), `groups is "all"; expected a whole number from 1 on, or -1`},
		{layers("  - GroupNormalization"), `net.yaml:3:5: GroupNormalization "group_normalization": 32 groups of the 1 channels of [8 8 1]`},
		{layers("  - LeakyReLU: {negative_slope: 0}"), "negative_slope is 0, which stands for the default, 0.3;"},
		{layers("  - Conv2D: {filters: 3}"), "net.yaml:3:5: Conv2D needs the field kernel_size"},
		{layers("  - Conv2D: {filters: 3, kernel: 3}"), `net.yaml:3:26: Conv2D has no field "kernel"; did you mean kernel_size?`},
		{layers("  - ReLU: {activation: tanh}"), `net.yaml:3:12: ReLU has no field "activation"; choose name, inputs, repeat, trainable, max_value, negative_slope or threshold`},
		{layers("  - Conv2D: {filters: '3', kernel_size: 3}"), `net.yaml:3:23: filters is the text "3"; expected a whole number`},
		{layers("  - Conv2D: {filters: 2.5, kernel_size: 3}"), `net.yaml:3:23: filters is "2.5"; expected a whole number`},
		{layers("  - Conv2D: {filters: 99999999999999999999, kernel_size: 3}"), `filters is "99999999999999999999"; expected a whole number`},
		{layers("  - Conv2D: {filters: , kernel_size: 3}"), "net.yaml:3:23: filters is empty; expected a whole number"},
		{layers("  - Conv2D: {filters: 3, kernel_size: [3, 3, 3]}"), "net.yaml:3:39: kernel_size is a list of 3; expected one number, or two as [height, width]"},
		{layers("  - Conv2D: {filters: 3, kernel_size: 0}"), `net.yaml:3:39: kernel_size is "0"; expected a whole number from 1 on`},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, activation: rellu}"), `net.yaml:3:54: activation is "rellu"; did you mean relu?`},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, activation: zigzag}"), `activation is "zigzag"; choose ` + wording.Or(model.Functions())},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, activation: celu}"),
			`activation is "celu"; celu is an activation of Keras that cnn-gpu does not have; choose linear, `},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, padding: SAME}"), `net.yaml:3:51: padding is "SAME"; did you mean same?`},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, use_bias: 0}"), `net.yaml:3:52: use_bias is "0"; expected true or false`},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, kernel_initializer: glorot}"), `kernel_initializer is "glorot"; did you mean glorot_uniform?`},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, kernel_initializer: glorot_normal}"),
			`kernel_initializer is "glorot_normal"; glorot_normal is an initializer of Keras that cnn-gpu does not have; choose glorot_uniform, `},
		{layers("  - Concatenate: {axis: 0, inputs: [input, input]}"), `net.yaml:3:25: axis is "0"; expected a whole number other than 0, which is the batch`},
		{layers("  - Concatenate: {axis: last}"), `net.yaml:3:25: axis is "last"; expected a whole number other than 0`},
		{layers("  - ZeroPadding2D: {padding: 0}"), `net.yaml:3:30: padding is "0"; expected a whole number from 1 on, two as [rows, columns], or [[top, bottom], [left, right]] of which not all are 0`},
		{layers("  - ZeroPadding2D: {padding: [1, 2, 3]}"), `net.yaml:3:30: padding is a list of 3; expected a whole number`},
		{layers("  - ZeroPadding2D: {padding: [[1, 2], [3]]}"), `net.yaml:3:30: padding is a list of 2; expected a whole number`},
		{layers("  - ZeroPadding2D: {padding: [1, [[2, 3], 0]]}"), `net.yaml:3:30: padding is a list of 2; expected a whole number`},
		{layers("  - ZeroPadding2D: {padding: [1, -2]}"), `net.yaml:3:5: ZeroPadding2D "zero_padding2d": a border of -2; give 0 to`},
		{layers("  - ZeroPadding2D: {padding: 1.5}"), `net.yaml:3:30: padding is "1.5"; expected a whole number`},
		{layers("  - Cropping2D"), `net.yaml:3:5: Cropping2D needs the field cropping`},
		{layers("  - AdaptiveAveragePooling2D"), "net.yaml:3:5: AdaptiveAveragePooling2D needs the field output_size"},
		{layers("  - AdaptiveMaxPooling2D: {output_size: [1, 2, 3]}"), "output_size is a list of 3; expected one number, or two as [height, width]"},
		{layers("  - Dense: {units: 3, kernel_constraint: max_nrom}"), `kernel_constraint is "max_nrom"; did you mean max_norm?`},
		{layers("  - Dense: {units: 3, kernel_constraint: {non_neg: 1}}"), `kernel_constraint is "non_neg"; non_neg is a constraint of Keras that cnn-gpu does not have; choose max_norm or none`},
		{layers("  - Dense: {units: 3, kernel_constraint: {max_norm: 0}}"), `max_norm is "0"; expected a number above 0`},
		{layers("  - Dense: {units: 3, kernel_constraint: {max_norm: .nan}}"), `max_norm is ".nan"; expected a number`},
		{layers("  - Dense: {units: 3, kernel_constraint: {max_norm: [1]}}"), `max_norm is a list of 1; expected a number`},
		{layers("  - Dense: {units: 3, kernel_constraint: [max_norm]}"), `kernel_constraint is a list of 1; choose max_norm or none`},
		{layers("  - Permute: {dims: 1}"), `net.yaml:3:21: dims is "1"; expected a list of whole numbers, such as [3, -1]`},
		{layers("  - Permute: {dims: [1.5, 2, 3]}"), `net.yaml:3:21: dims is a list of 3; expected a list of whole numbers`},
		{layers("  - Reshape: {target_shape: [a]}"), `net.yaml:3:29: target_shape is a list of 1; expected a list of whole numbers`},
		{layers("  - ELU: {alpha: 0}"), `net.yaml:3:18: alpha is 0, which stands for the default, 1; expected another number, or none`},
		{layers("  - PReLU: {shared_axes: [2]}"), `net.yaml:3:26: shared_axes is a list of 1; expected the first axes in their order, such as [1, 2]`},
		{layers("  - PReLU: {shared_axes: [1, 2, 3, 4]}"), `net.yaml:3:5: PReLU "p_re_lu": slopes shared over 4 axes of [8 8 1]; give from 0 to 3`},
		{layers("  - PReLU: {shared_axes: 2}"), `net.yaml:3:26: shared_axes is "2"; expected the first axes in their order, such as [1, 2]`},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, groups: 2}"), `net.yaml:3:5: Conv2D "conv2d": 2 groups of the 1 channels of [8 8 1] and of 3 filters`},
		{layers("  - Conv2D: {filters: 3, kernel_size: 3, groups: 0}"), `net.yaml:3:50: groups is "0"; expected a whole number from 1 on`},
		{layers("  - Conv2DTranspose: {filters: 3, kernel_size: 3, output_padding: -1}"), `net.yaml:3:67: output_padding is "-1"; expected a whole number from 0 on, two as [height, width], or null`},
		{layers("  - Conv2DTranspose: {filters: 3, kernel_size: 3, output_padding: [0, 0, 0]}"), `net.yaml:3:67: output_padding is a list of 3; expected a whole number from 0 on, two as`},
		{layers("  - Conv2DTranspose: {filters: 3, kernel_size: 3, output_padding: none}"), `output_padding is "none"; expected`},
		{layers("  - Dropout: {rate: half}"), `net.yaml:3:21: rate is "half"; expected a number`},
		{layers("  - Dropout: {rate: 1.5}"), `net.yaml:3:5: Dropout "dropout": rate 1.5; give at least 0 and less than 1`},
		{layers("  - Conv2D: {filters: 3, kernel_size: 9}"), `net.yaml:3:5: Conv2D "conv2d": the image 8x8 is smaller than the 9x9 window`},
		{layers("  - Conv2D: {filters: 1000000000, kernel_size: 1000000}"), `net.yaml:3:5: Conv2D "conv2d": the kernel [1000000 1000000 1 1000000000] would take 3,552,713.68 PiB; the limit is 8.00 GiB`},
		{layers("  - Flatten: {name: a b}"), `net.yaml:3:5: Flatten "a b": a name holds letters, digits and _ . - alone`},
		{layers("  - Flatten: {name: input}"), `net.yaml:3:5: Flatten "input": another layer has this name`},
		{layers("  - Flatten: {inputs: last}"), `net.yaml:3:23: no layer before this one is named "last"; choose input`},
		{layers("  - ReLU: {name: stem}\n  - Flatten: {inputs: [stemm]}"), `net.yaml:4:24: no layer before this one is named "stemm"; did you mean stem?`},
		{layers("  - Conv2D: {filters: 1, kernel_size: 1, activation: relu}\n  - Flatten: {inputs: conv2d/relu}"), `net.yaml:4:23: no layer before this one is named "conv2d/relu"`},
		{layers("  - Flatten: {inputs: []}"), `net.yaml:3:5: Flatten "flatten": takes 1 input, got 0`},
		{layers("  - Flatten: {inputs: {a: b}}"), "net.yaml:3:23: inputs is a mapping; expected a word"},
		{layers("  - ReLU\n  - Conv2D: {name: lost, filters: 1, kernel_size: 1, activation: relu}\n  - Flatten: {inputs: re_lu}"), `net.yaml:4:5: nothing uses the output of layer "lost"`},
		{strings.Repeat(" ", 1<<20) + "a", "net.yaml: is larger than 1.00 MiB"},
	} {
		_, err := model.Parse("net.yaml", []byte(c.text))
		assert.ErrorContains(t, err, "model: net.yaml:", c.text)
		assert.ErrorContains(t, err, c.want, c.text)
	}
}

// A second name of a word is read as the word.
func TestSecondNames(t *testing.T) {
	for second, first := range map[model.Function]model.Function{"swish": model.SiLU, "hard_silu": model.HardSwish} {
		want := fmt.Sprintf("input: [4]\nlayers:\n  - Dense: {units: 2, activation: %s}\n  - Activation: {activation: %[1]s}\n", first)
		read, err := model.Parse("net.yaml", []byte(strings.ReplaceAll(want, string(first), string(second))))
		require.NoError(t, err)
		built, err := model.Sequential(model.Input(4), model.Dense{Units: 2, Activation: second}, model.Activation{Function: second})
		require.NoError(t, err)
		for _, m := range []*model.Model{read, built} {
			m.Name = ""
			assert.Equal(t, want, string(m.YAML()))
			assert.Equal(t, "dense/"+string(first), m.Nodes[2].Name)
		}
	}
}

// YAML 1.2 is what people write today; the library knows 1.1 alone.
func TestDirective(t *testing.T) {
	for _, head := range []string{"%YAML 1.2\n---\n", "%YAML 1.1\n---\n", "# a net\n\n%YAML  1.2 # today's\n---\n", "\ufeff%YAML 1.2\r\n---\r\n"} {
		_, err := model.Parse("net.yaml", []byte(head+"input: [1]\nlayers: [Flatten]\n"))
		require.NoError(t, err, head)
	}
	_, err := model.Parse("net.yaml", []byte("%YAML 1.2\n---\ninput: [1]\nlayers: [Flaten]\n"))
	assert.ErrorContains(t, err, "net.yaml:4:10: unknown layer", "lines are counted as they stand")
}

// What is written is what was read, and the shortest form of it.
func TestYAML(t *testing.T) {
	const text = `name: graph
input: [8, 8, 1]
layers:
  - Conv2D: {filters: 4, kernel_size: [3, 2], strides: [1, 2], padding: same, activation: relu, use_bias: false}
  - MaxPooling2D: {name: down, pool_size: 2}
  - Conv2D: {name: "1", filters: 4, kernel_size: 3, padding: same, kernel_initializer: he_normal}
  - Add: {inputs: [down, "1"]}
  - Activation: {activation: tanh}
  - Flatten
  - Dropout: {rate: 0}
  - Dense: {units: 10, activation: softmax}
`
	m, err := model.Parse("graph.yaml", []byte(text))
	require.NoError(t, err)
	assert.Equal(t, text, string(m.YAML()))

	m, err = model.Sequential(model.Input(4, 4, 1), &model.Conv2D{Filters: 1, Kernel: model.Pair{2, 2}, Strides: model.Pair{0, 2}}, model.Flatten{})
	require.NoError(t, err)
	assert.Equal(t, "input: [4, 4, 1]\nlayers:\n  - Conv2D: {filters: 1, kernel_size: 2, strides: [1, 2]}\n  - Flatten\n", string(m.YAML()))
	for _, name := range model.Zoo() {
		m, err := model.Open(name)
		require.NoError(t, err)
		again, err := model.Parse(name, m.YAML())
		require.NoError(t, err)
		assertSameGraph(t, m, again)
	}
}

func assertSameGraph(t *testing.T, want, got *model.Model) {
	t.Helper()
	assert.Equal(t, want.Name, got.Name)
	describe := func(m *model.Model) (list []any) {
		for _, n := range m.Nodes {
			list = append(list, n.Name, n.Spec, n.Shape)
			for _, in := range n.Inputs {
				list = append(list, in.Name)
			}
		}
		for _, p := range m.Params {
			list = append(list, p.Name, p.Shape, p.Initializer)
		}
		return list
	}
	require.Equal(t, describe(want), describe(got))
}

// No text makes it panic or take long, every error names the file, and what it accepts can be written, read again and printed.
func FuzzParse(f *testing.F) {
	for _, name := range model.Zoo() {
		text, err := model.ZooText(name)
		require.NoError(f, err)
		f.Add(text)
	}
	for _, text := range networks {
		f.Add(text)
	}
	f.Add(blocks)
	for _, c := range blockErrors {
		f.Add(c.text)
	}
	f.Add(recipeModel + "train: {a: 1, b: {c: {d: e}}, \"e f\": \" \", g: \"null\", h: {i: {j: \"# k\"}}}\ndata: {l: [m, {n: 1}, {o: {p: 2}}]}\n")
	f.Add("a: &a [*a]")
	f.Add("? {[]: 1}\n: - !!binary x")
	f.Fuzz(func(t *testing.T, text string) {
		settings, recipeErr := model.ParseRecipe("net.yaml", []byte(text))
		if recipeErr != nil {
			require.ErrorContains(t, recipeErr, "model: net.yaml:")
		}
		m, err := model.Parse("net.yaml", []byte(text))
		if err != nil {
			require.ErrorContains(t, err, "model: net.yaml:")
			return
		}
		if recipeErr == nil {
			written := m.RecipeText(settings)
			again, err := model.ParseRecipe("again.yaml", written)
			require.NoError(t, err, "%s", written)
			require.Equal(t, lines(settings), lines(again), "%s", written)
		}
		again, err := model.Parse("again.yaml", m.YAML())
		require.NoError(t, err, "%s", m.YAML())
		assertSameGraph(t, m, again)
		m.Name = "" // vgg-16 is no number
		require.NotContains(t, m.Summary(1), "-1")
	})
}
