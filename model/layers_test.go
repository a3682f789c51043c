package model_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

var three, two = model.Pair{3, 3}, model.Pair{2, 2}

// layers has rows for every layer: shapes and numbers of parameters as Keras has them.
var layers = []struct {
	name   string
	input  model.Shape
	layer  model.Spec
	output model.Shape
	params int
}{
	{"valid", model.Shape{28, 28, 1}, model.Conv2D{Filters: 32, Kernel: three}, model.Shape{26, 26, 32}, 320},
	{"colour", model.Shape{32, 32, 3}, model.Conv2D{Filters: 32, Kernel: three}, model.Shape{30, 30, 32}, 896},
	{"no bias", model.Shape{28, 28, 1}, model.Conv2D{Filters: 32, Kernel: three, Bias: model.NoBias}, model.Shape{26, 26, 32}, 288},
	{"same", model.Shape{28, 28, 1}, model.Conv2D{Filters: 6, Kernel: model.Pair{5, 5}, Padding: model.Same}, model.Shape{28, 28, 6}, 156},
	{"same strides", model.Shape{7, 8, 1}, model.Conv2D{Filters: 1, Kernel: three, Strides: two, Padding: model.Same}, model.Shape{4, 4, 1}, 10},
	{"valid strides", model.Shape{7, 8, 1}, model.Conv2D{Filters: 1, Kernel: three, Strides: two}, model.Shape{3, 3, 1}, 10},
	{"dilation", model.Shape{9, 8, 1}, model.Conv2D{Filters: 1, Kernel: three, Dilation: model.Pair{3, 2}}, model.Shape{3, 4, 1}, 10},
	{"one to one", model.Shape{5, 5, 8}, model.Conv2D{Filters: 4, Kernel: model.Pair{1, 1}}, model.Shape{5, 5, 4}, 36},
	{"groups", model.Shape{5, 5, 8}, model.Conv2D{Filters: 12, Kernel: three, Groups: 4}, model.Shape{3, 3, 12}, 228},
	{"depthwise", model.Shape{7, 8, 5}, model.DepthwiseConv2D{Kernel: three, Strides: two, Padding: model.Same}, model.Shape{4, 4, 5}, 50},
	{"depthwise, three of each", model.Shape{7, 8, 5}, model.DepthwiseConv2D{Kernel: model.Pair{3, 2}, DepthMultiplier: 3, Bias: model.NoBias}, model.Shape{5, 7, 15}, 90},
	{"depthwise of one channel", model.Shape{7, 8, 1}, model.DepthwiseConv2D{Kernel: three, DepthMultiplier: 4}, model.Shape{5, 6, 4}, 40},
	{"separable", model.Shape{7, 8, 5}, model.SeparableConv2D{Filters: 6, Kernel: three, Strides: two, Padding: model.Same}, model.Shape{4, 4, 6}, 81},
	{"separable, three of each", model.Shape{7, 8, 5}, model.SeparableConv2D{Filters: 6, Kernel: model.Pair{3, 2}, DepthMultiplier: 3, Bias: model.NoBias}, model.Shape{5, 7, 6}, 180},
	{"transposed convolution", model.Shape{4, 5, 3}, model.Conv2DTranspose{Filters: 6, Kernel: three, Strides: two}, model.Shape{9, 11, 6}, 168},
	{"transposed same", model.Shape{4, 5, 3}, model.Conv2DTranspose{Filters: 6, Kernel: three, Strides: two, Padding: model.Same}, model.Shape{8, 10, 6}, 168},
	{"transposed, gaps", model.Shape{4, 5, 3}, model.Conv2DTranspose{Filters: 2, Kernel: two, Strides: three, Bias: model.NoBias}, model.Shape{12, 15, 2}, 24},
	{"transposed, no more", model.Shape{4, 5, 3}, model.Conv2DTranspose{Filters: 2, Kernel: two, Strides: three, OutputPadding: &model.Pair{0, 2}}, model.Shape{11, 16, 2}, 26},
	{"transposed same, no more", model.Shape{4, 5, 3}, model.Conv2DTranspose{Filters: 1, Kernel: three, Strides: two, Padding: model.Same, OutputPadding: &model.Pair{}}, model.Shape{7, 9, 1}, 28},
	{"transposed dilated", model.Shape{4, 5, 1}, model.Conv2DTranspose{Filters: 1, Kernel: three, Dilation: two}, model.Shape{8, 9, 1}, 10},
	{"pool of 2x2", model.Shape{13, 13, 32}, model.MaxPooling2D{}, model.Shape{6, 6, 32}, 0},
	{"pool same", model.Shape{13, 13, 32}, model.MinPooling2D{Padding: model.Same}, model.Shape{7, 7, 32}, 0},
	{"pool strides", model.Shape{13, 13, 2}, model.AveragePooling2D{Size: three, Strides: two}, model.Shape{6, 6, 2}, 0},
	{"pool of 3x3", model.Shape{13, 13, 2}, model.AveragePooling2D{Size: three}, model.Shape{4, 4, 2}, 0},
	{"global average", model.Shape{7, 5, 3}, model.GlobalAveragePooling2D{}, model.Shape{3}, 0},
	{"global average kept", model.Shape{7, 5, 3}, model.GlobalAveragePooling2D{KeepDims: true}, model.Shape{1, 1, 3}, 0},
	{"global max", model.Shape{7, 5, 3}, model.GlobalMaxPooling2D{}, model.Shape{3}, 0},
	{"global max kept", model.Shape{7, 5, 3}, model.GlobalMaxPooling2D{KeepDims: true}, model.Shape{1, 1, 3}, 0},
	{"global min", model.Shape{7, 5, 3}, model.GlobalMinPooling2D{}, model.Shape{3}, 0},
	{"adaptive average", model.Shape{7, 5, 3}, model.AdaptiveAveragePooling2D{OutputSize: model.Pair{3, 4}}, model.Shape{3, 4, 3}, 0},
	{"adaptive average of equal windows", model.Shape{6, 4, 3}, model.AdaptiveAveragePooling2D{OutputSize: two}, model.Shape{2, 2, 3}, 0},
	{"adaptive max that enlarges", model.Shape{2, 5, 3}, model.AdaptiveMaxPooling2D{OutputSize: three}, model.Shape{3, 3, 3}, 0},
	{"flatten", model.Shape{3, 4, 5}, model.Flatten{}, model.Shape{60}, 0},
	{"dense", model.Shape{576}, model.Dense{Units: 64}, model.Shape{64}, 36928},
	{"dense no bias", model.Shape{576}, model.Dense{Units: 64, Bias: model.NoBias}, model.Shape{64}, 36864},
	{"dense of each place", model.Shape{3, 4, 5}, model.Dense{Units: 6}, model.Shape{3, 4, 6}, 36},
	{"dense of rows", model.Shape{3, 5}, model.Dense{Units: 2, Bias: model.NoBias}, model.Shape{3, 2}, 10},
	{"activation", model.Shape{3, 4, 5}, model.Activation{Function: model.Tanh}, model.Shape{3, 4, 5}, 0},
	{"softmax", model.Shape{7}, model.Activation{Function: model.Softmax}, model.Shape{7}, 0},
	{"relu", model.Shape{3, 4, 5}, model.ReLULayer{}, model.Shape{3, 4, 5}, 0},
	{"relu with a limit", model.Shape{7}, model.ReLULayer{MaxValue: 4}, model.Shape{7}, 0},
	{"relu with a threshold", model.Shape{3, 4, 5}, model.ReLULayer{Threshold: 1, NegativeSlope: 0.5}, model.Shape{3, 4, 5}, 0},
	{"elu", model.Shape{3, 4, 5}, model.ELU{}, model.Shape{3, 4, 5}, 0},
	{"activity regularization", model.Shape{3, 4, 5}, model.ActivityRegularization{L2: 1e-4}, model.Shape{3, 4, 5}, 0},
	{"prelu", model.Shape{3, 4, 5}, model.PReLU{}, model.Shape{3, 4, 5}, 60},
	{"prelu of channels", model.Shape{3, 4, 5}, model.PReLU{SharedAxes: 2}, model.Shape{3, 4, 5}, 5},
	{"prelu of one slope", model.Shape{7}, model.PReLU{SharedAxes: 1}, model.Shape{7}, 1},
	{"leaky relu", model.Shape{3, 4, 5}, model.LeakyReLU{}, model.Shape{3, 4, 5}, 0},
	{"dropout", model.Shape{3, 4, 5}, model.Dropout{Rate: 0.5}, model.Shape{3, 4, 5}, 0},
	{"enlarged", model.Shape{3, 4, 5}, model.UpSampling2D{}, model.Shape{6, 8, 5}, 0},
	{"enlarged bilinearly", model.Shape{3, 4, 5}, model.UpSampling2D{Size: model.Pair{1, 3}, Interpolation: model.Bilinear}, model.Shape{3, 12, 5}, 0},
	{"zeros around", model.Shape{3, 4, 5}, model.ZeroPadding2D{}, model.Shape{5, 6, 5}, 0},
	{"zeros above and to the right", model.Shape{3, 4, 5}, model.ZeroPadding2D{Padding: model.Border{{2, 0}, {0, 3}}}, model.Shape{5, 7, 5}, 0},
	{"cropped", model.Shape{3, 4, 5}, model.Cropping2D{Cropping: model.Border{{0, 2}, {1, 1}}}, model.Shape{1, 2, 5}, 0},
	{"permuted", model.Shape{3, 4, 5}, model.Permute{Dims: []int{3, 1, 2}}, model.Shape{5, 3, 4}, 0},
	{"transposed", model.Shape{3, 4}, model.Permute{Dims: []int{2, 1}}, model.Shape{4, 3}, 0},
	{"reshaped", model.Shape{3, 4, 5}, model.Reshape{Target: []int{6, -1}}, model.Shape{6, 10}, 0},
	{"reshaped to four axes", model.Shape{12}, model.Reshape{Target: []int{1, 2, 3, 2}}, model.Shape{1, 2, 3, 2}, 0},
	{"rescaled", model.Shape{3, 4, 5}, model.Rescaling{Scale: 1. / 255}, model.Shape{3, 4, 5}, 0},
	{"multiply", model.Shape{3, 4, 5}, model.Multiply{}, model.Shape{3, 4, 5}, 0},
	{"average", model.Shape{3, 4, 5}, model.Average{}, model.Shape{3, 4, 5}, 0},
	{"subtract", model.Shape{3, 4, 5}, model.Subtract{}, model.Shape{3, 4, 5}, 0},
	{"maximum", model.Shape{3, 4, 5}, model.Maximum{}, model.Shape{3, 4, 5}, 0},
	{"minimum", model.Shape{3, 4, 5}, model.Minimum{}, model.Shape{3, 4, 5}, 0},
	{"channels side by side", model.Shape{3, 4, 5}, model.Concatenate{}, model.Shape{3, 4, 10}, 0},
	{"rows below each other", model.Shape{3, 4, 5}, model.Concatenate{Axis: 1}, model.Shape{6, 4, 5}, 0},
	{"columns side by side", model.Shape{3, 4, 5}, model.Concatenate{Axis: -2}, model.Shape{3, 8, 5}, 0},
	{"spatial dropout", model.Shape{3, 4, 5}, model.SpatialDropout2D{Rate: 0.5}, model.Shape{3, 4, 5}, 0},
	{"noise", model.Shape{3, 4, 5}, model.GaussianNoise{Deviation: 0.5}, model.Shape{3, 4, 5}, 0},
	{"batch normalisation", model.Shape{3, 4, 5}, model.BatchNormalization{}, model.Shape{3, 4, 5}, 20},
	{"batch normalisation of vectors", model.Shape{7}, model.BatchNormalization{Center: model.Off}, model.Shape{7}, 21},
	{"layer normalisation", model.Shape{3, 4, 5}, model.LayerNormalization{}, model.Shape{3, 4, 5}, 10},
	{"layer normalisation of columns", model.Shape{3, 4, 5}, model.LayerNormalization{Axis: []model.Axis{-1, 2}}, model.Shape{3, 4, 5}, 40},
	{"layer normalisation of all", model.Shape{3, 4, 5}, model.LayerNormalization{Axis: []model.Axis{1, 2, 3}, Center: model.Off}, model.Shape{3, 4, 5}, 60},
	{"group normalisation", model.Shape{3, 4, 64}, model.GroupNormalization{}, model.Shape{3, 4, 64}, 128},
	{"group normalisation of vectors", model.Shape{6}, model.GroupNormalization{Groups: 3, Scale: model.Off}, model.Shape{6}, 6},
	{"instance normalisation", model.Shape{3, 4, 5}, model.GroupNormalization{Groups: -1}, model.Shape{3, 4, 5}, 10},
	{"add", model.Shape{3, 4, 5}, model.Add{}, model.Shape{3, 4, 5}, 0},
}

func TestLayers(t *testing.T) {
	for _, c := range layers {
		t.Run(c.name, func(t *testing.T) {
			g := model.NewGraph(c.input)
			inputs := []*model.Node{g.Input()}
			if model.Merges(c.layer) {
				inputs = append(inputs, g.Input())
			}
			m, err := g.Build(g.Add(c.layer, inputs...))
			require.NoError(t, err)
			assert.Equal(t, c.output, m.Output.Shape)
			assert.Equal(t, c.params, m.ParamCount())
		})
	}
}

var image, vector = model.Shape{8, 8, 2}, model.Shape{8}

// refusals has rows for every layer.
var refusals = []struct {
	input model.Shape
	layer model.Spec
	want  string
}{
	{nil, model.Flatten{}, "model: the input has no shape"},
	{model.Shape{28, 0, 1}, model.Flatten{}, "model: input [28 0 1]: every extent must be at least 1"},
	{model.Shape{1 << 40, 1 << 40, 1 << 40}, model.Flatten{}, "the limit is 8.00 GiB"},
	{model.Shape{1 << 30, 1 << 34}, model.Flatten{}, "the limit is 8.00 GiB"},
	{image, model.Conv2D{Kernel: model.Pair{3, 3}}, `Conv2D "conv2d": 0 filters`},
	{image, model.Conv2D{Filters: 1}, "must all be at least 1"},
	{image, model.Conv2D{Filters: 1, Kernel: model.Pair{9, 3}}, "the image 8x8 is smaller than the 9x3 window"},
	{image, model.Conv2D{Filters: 1, Kernel: model.Pair{3, 3}, Padding: "full"}, `unknown padding "full"; choose valid or same`},
	{image, model.Conv2D{Filters: 1, Kernel: model.Pair{3, 3}, Strides: model.Pair{-1, 1}}, "must all be at least 1"},
	{image, model.Conv2D{Filters: 1, Kernel: model.Pair{3, 3}, Activation: "rellu"}, `unknown activation "rellu"; did you mean relu?`},
	{image, model.Conv2D{Filters: 1, Kernel: model.Pair{3, 3}, KernelInitializer: "he"}, `unknown initializer "he"; choose glorot`},
	{image, model.Conv2D{Filters: 1 << 62, Kernel: model.Pair{1 << 62, 1 << 62}}, "the limit is 8.00 GiB"},
	{image, model.Conv2D{Filters: 1, Kernel: model.Pair{2, 2}, Dilation: model.Pair{1 << 40, 1}, Padding: model.Same}, "at most 2147483647"},
	{image, model.Conv2D{Filters: 1, Kernel: model.Pair{2, 2}, Dilation: model.Pair{1 << 20, 1 << 20}, Padding: model.Same}, "the image with the window's border"},
	{image, model.Conv2D{Filters: 1 << 20, Kernel: model.Pair{2, 2}, Dilation: model.Pair{1 << 10, 1 << 10}, Padding: model.Same}, "the image with the window's border [1033 1033 1048576]"},
	{vector, model.Conv2D{Filters: 1, Kernel: model.Pair{3, 3}}, "takes images [height width channels], got [8]"},
	{image, model.Conv2D{Filters: 4, Kernel: model.Pair{3, 3}, Groups: 3}, "3 groups of the 2 channels of [8 8 2] and of 4 filters; give a number that divides both, such as 2, or other filters"},
	{image, model.Conv2D{Filters: 3, Kernel: model.Pair{3, 3}, Groups: 2}, "2 groups of the 2 channels of [8 8 2] and of 3 filters; give a number that divides both, such as 1"},
	{image, model.Conv2D{Filters: 3, Kernel: model.Pair{3, 3}, Groups: -1}, "-1 groups of"},
	{vector, model.DepthwiseConv2D{Kernel: model.Pair{3, 3}}, `DepthwiseConv2D "depthwise_conv2d": takes images [height width channels], got [8]`},
	{image, model.DepthwiseConv2D{Kernel: model.Pair{3, 3}, DepthMultiplier: -1}, "depth_multiplier -1; give at least 1"},
	{image, model.DepthwiseConv2D{}, "must all be at least 1"},
	{image, model.DepthwiseConv2D{Kernel: model.Pair{9, 3}}, "the image 8x8 is smaller than the 9x3 window"},
	{image, model.DepthwiseConv2D{Kernel: model.Pair{1, 1}, DepthMultiplier: 1 << 40}, "the kernel [1 1 2 1099511627776] would take"},
	{image, model.DepthwiseConv2D{Kernel: model.Pair{1, 1}, DepthwiseInitializer: "he"}, `unknown initializer "he"`},
	{vector, model.SeparableConv2D{Filters: 1, Kernel: model.Pair{3, 3}}, `SeparableConv2D "separable_conv2d": takes images [height width channels], got [8]`},
	{image, model.SeparableConv2D{Kernel: model.Pair{3, 3}}, "0 filters; give at least 1"},
	{image, model.SeparableConv2D{Filters: 1, Kernel: model.Pair{3, 3}, DepthMultiplier: -2}, "depth_multiplier -2; give at least 1"},
	{image, model.SeparableConv2D{Filters: 1 << 40, Kernel: model.Pair{3, 3}}, "the pointwise_kernel [1 1 2 1099511627776] would take"},
	{image, model.SeparableConv2D{Filters: 1 << 28, Kernel: model.Pair{3, 3}}, "the image with the window's border"},
	{image, model.SeparableConv2D{Filters: 1, Kernel: model.Pair{3, 9}}, "the image 8x8 is smaller than the 3x9 window"},
	{image, model.SeparableConv2D{Filters: 1, Kernel: model.Pair{3, 3}, PointwiseInitializer: "he"}, `unknown initializer "he"`},
	{vector, model.Conv2DTranspose{Filters: 1, Kernel: model.Pair{3, 3}}, `Conv2DTranspose "conv2d_transpose": takes images [height width channels], got [8]`},
	{image, model.Conv2DTranspose{Kernel: model.Pair{3, 3}}, "0 filters; give at least 1"},
	{image, model.Conv2DTranspose{Filters: 1}, "must all be at least 1"},
	{image, model.Conv2DTranspose{Filters: 1, Kernel: model.Pair{3, 3}, Padding: "full"}, `unknown padding "full"`},
	{image, model.Conv2DTranspose{Filters: 1, Kernel: model.Pair{3, 3}, Strides: model.Pair{2, 3}, OutputPadding: &model.Pair{2, 0}}, "output padding [2 0] beside strides [2 3]; give from 0 to less than the strides"},
	{image, model.Conv2DTranspose{Filters: 1, Kernel: model.Pair{3, 3}, OutputPadding: &model.Pair{0, -1}}, "output padding [0 -1] beside strides [1 1]"},
	{model.Shape{1, 8, 2}, model.Conv2DTranspose{Filters: 1, Kernel: model.Pair{2, 2}, Strides: model.Pair{2, 2}, Padding: model.Same, OutputPadding: &model.Pair{}}, "of an image [1 8], nothing is left behind windows [2 2] with padding same and output padding [0 0]; give more output padding, or none"},
	{image, model.Conv2DTranspose{Filters: 1, Kernel: model.Pair{1, 1}, Strides: model.Pair{1 << 20, 1 << 20}}, "the image with the window's border [8388609 8388609 2]"},
	{image, model.Conv2DTranspose{Filters: 1, Kernel: model.Pair{1, 1}, Strides: model.Pair{1 << 40, 1}}, "at most 2147483647"},
	{image, model.Conv2DTranspose{Filters: 1 << 40, Kernel: model.Pair{1, 1}}, "the kernel [1 1 1099511627776 2] would take"},
	{image, model.Conv2DTranspose{Filters: 1, Kernel: model.Pair{2, 2}, Dilation: model.Pair{1 << 20, 1 << 20}}, "the image with the window's border"},
	{vector, model.MaxPooling2D{}, "takes images [height width channels], got [8]"},
	{image, model.MaxPooling2D{Size: model.Pair{1 << 40, 1}}, "at most 2147483647"},
	{image, model.Dense{Units: 1 << 25}, "the output [8 8 33554432] would take 8.00 GiB; the limit is 8.00 GiB"},
	{vector, model.Dense{}, "0 units"},
	{vector, model.Dense{Units: 1 << 40}, "the output [1099511627776] would take 4.00 TiB; the limit is 8.00 GiB (2,147,483,647 values)"},
	{vector, model.Dense{Units: 1 << 29}, "the parameter kernel [8 536870912] would take 16.00 GiB; the limit"},
	{vector, model.Dense{Units: 1, KernelConstraint: model.Constraint{MaxNorm: -1}}, "max_norm -1; give a number above 0 that float32 holds"},
	{image, model.Conv2D{Filters: 1, Kernel: two, KernelConstraint: model.Constraint{MaxNorm: 1e50}}, "max_norm 1e+50; give a number above 0"},
	{vector, model.ReLULayer{MaxValue: -1}, "max_value -1; give a number above 0 and up to 1e10, or 0 for no limit"},
	{vector, model.ReLULayer{MaxValue: 1e-60}, "max_value 1e-60; give a number above 0"},
	{vector, model.ReLULayer{NegativeSlope: math.Inf(1)}, "negative_slope +Inf; give a number from 0 to 1e10"},
	{vector, model.ReLULayer{Threshold: -0.5}, "threshold -0.5; give a number from 0 to 1e10"},
	{vector, model.PReLU{SharedAxes: 2}, "slopes shared over 2 axes of [8]; give from 0 to 1"},
	{vector, model.PReLU{SharedAxes: -1}, "give from 0 to 1"},
	{vector, model.PReLU{AlphaInitializer: "he"}, `unknown initializer "he"`},
	{vector, model.ActivityRegularization{L1: 1, L2: -1}, "the penalty: l2 is -1; give a number above 0, such as 0.0001, or leave it out"},
	{vector, model.Dense{Units: 1, KernelRegularizer: model.Regularizer{L1: -1}}, "kernel_regularizer: l1 is -1"},
	{vector, model.Dense{Units: 1, BiasRegularizer: model.Regularizer{L2: math.NaN()}}, "bias_regularizer: l2 is NaN"},
	{vector, model.Dense{Units: 1, ActivityRegularizer: model.Regularizer{L2: 1e-50}}, "activity_regularizer: l2 is 1e-50"},
	{vector, model.ELU{Alpha: -1}, "alpha -1; give a number above 0, or use ReLU"},
	{image, model.BatchNormalization{Axis: 1}, `BatchNormalization "batch_normalization": axis 1; channels are the last axis here: give -1, or leave axis out`},
	{vector, model.BatchNormalization{Axis: 2}, "axis 2; channels are the last axis here"},
	{vector, model.BatchNormalization{Momentum: 1}, "momentum 1; give a number above 0 and below 1"},
	{vector, model.BatchNormalization{Momentum: -0.5}, "momentum -0.5; give"},
	{vector, model.BatchNormalization{Epsilon: -1}, "epsilon -1; give a number above 0"},
	{vector, model.BatchNormalization{Epsilon: 1e-50}, "epsilon 1e-50; give a number above 0"},
	{vector, model.BatchNormalization{MovingVarianceInitializer: "one"}, `unknown initializer "one"; did you mean ones?`},
	{image, model.LayerNormalization{Axis: []model.Axis{1, 2}}, "axis [1 2] of [8 8 2]; give the last axes, each once: -1, or [1 2 3] for all; a Permute moves others there"},
	{image, model.LayerNormalization{Axis: []model.Axis{3, -1}}, "axis [3 -1] of [8 8 2]; give the last axes, each once"},
	{vector, model.LayerNormalization{Axis: []model.Axis{2}}, "axis 2 of [8]; give 1 to 1, or -1 to -1 counted from the last"},
	{vector, model.LayerNormalization{Epsilon: -1}, "epsilon -1; give a number above 0"},
	{vector, model.LayerNormalization{GammaInitializer: "one"}, `unknown initializer "one"; did you mean ones?`},
	{image, model.GroupNormalization{}, "32 groups of the 2 channels of [8 8 2]; give a number of groups that divides them, or -1 for one of each channel"},
	{vector, model.GroupNormalization{Groups: 3}, "3 groups of the 8 channels of [8]"},
	{vector, model.GroupNormalization{Groups: -2}, "-2 groups of the 8 channels of [8]"},
	{image, model.GroupNormalization{Groups: 2, Axis: 1}, "axis 1; channels are the last axis here: give -1, or leave axis out"},
	{vector, model.GroupNormalization{Groups: 2, Epsilon: math.NaN()}, "epsilon NaN; give a number above 0"},
	{vector, model.LeakyReLU{NegativeSlope: -1}, "negative slope -1; give a number above 0, or use ReLU"},
	{vector, model.AdaptiveAveragePooling2D{OutputSize: two}, "takes images [height width channels], got [8]"},
	{image, model.AdaptiveAveragePooling2D{}, "output_size [0 0]; give a height and a width from 1 to 2147483647"},
	{image, model.AdaptiveMaxPooling2D{OutputSize: model.Pair{1, -1}}, "output_size [1 -1]; give a height"},
	{image, model.AdaptiveMaxPooling2D{OutputSize: model.Pair{1 << 20, 1 << 20}}, "the output [1048576 1048576 2] would take"},
	{vector, model.GlobalAveragePooling2D{}, "takes images [height width channels], got [8]"},
	{vector, model.GlobalMaxPooling2D{}, "takes images [height width channels], got [8]"},
	{vector, model.GlobalMinPooling2D{}, "takes images [height width channels], got [8]"},
	{vector, model.Dropout{Rate: 1}, "rate 1; give at least 0 and less than 1"},
	{vector, model.SpatialDropout2D{Rate: 0.5}, "takes images [height width channels], got [8]"},
	{image, model.SpatialDropout2D{Rate: 1}, "rate 1; give at least 0 and less than 1"},
	{vector, model.GaussianNoise{Deviation: -1}, "stddev -1; give a number from 0 on that float32 holds"},
	{vector, model.GaussianNoise{Deviation: math.Inf(1)}, "stddev +Inf; give a number"},
	{vector, model.Add{}, "takes at least 2 inputs, got 1"},
	{vector, model.UpSampling2D{}, "takes images [height width channels], got [8]"},
	{image, model.UpSampling2D{Size: model.Pair{-1, 2}}, "size [-1 2]; give factors from 1 to 1048576"},
	{image, model.UpSampling2D{Size: model.Pair{2, 1 << 21}}, "size [2 2097152]; give factors from 1 to 1048576"},
	{image, model.UpSampling2D{Size: model.Pair{1 << 20, 1 << 20}}, "the output [8388608 8388608 2] would take"},
	{image, model.UpSampling2D{Interpolation: "bicubic"}, `unknown interpolation "bicubic"; choose nearest or bilinear`},
	{vector, model.ZeroPadding2D{}, "takes images [height width channels], got [8]"},
	{image, model.ZeroPadding2D{Padding: model.Border{{0, -1}, {0, 0}}}, "a border of -1; give 0 to 2147483647"},
	{image, model.ZeroPadding2D{Padding: model.Border{{0, 1 << 62}, {0, 0}}}, "a border of 4611686018427387904; give 0 to"},
	{image, model.ZeroPadding2D{Padding: model.Border{{1 << 20, 0}, {1 << 20, 0}}}, "the output [1048584 1048584 2] would take"},
	{vector, model.Cropping2D{Cropping: model.Border{{1, 1}, {1, 1}}}, "takes images [height width channels], got [8]"},
	{image, model.Cropping2D{}, "cuts nothing off; give the cropping, or leave the layer out"},
	{image, model.Cropping2D{Cropping: model.Border{{0, 0}, {3, 5}}}, "nothing is left of an image of 8x8; give a cropping below its height and width"},
	{image, model.Permute{Dims: []int{1, 2}}, "dims [1 2] of [8 8 2]; give each of 1 to 3 once"},
	{image, model.Permute{Dims: []int{1, 2, 1}}, "dims [1 2 1] of [8 8 2]; give each of 1 to 3 once"},
	{image, model.Permute{Dims: []int{0, 1, 2}}, "dims [0 1 2] of"},
	{model.Shape{2, 2, 2, 2}, model.Permute{Dims: []int{1, 2, 3, 4}}, "permutes at most 3 axes, got [2 2 2 2]"},
	{image, model.Reshape{}, "cannot make [] of [8 8 2], which has 128 values; give extents with that product, one of which may be -1"},
	{image, model.Reshape{Target: []int{127}}, "cannot make [127] of [8 8 2]"},
	{image, model.Reshape{Target: []int{64}}, "cannot make [64] of"},
	{image, model.Reshape{Target: []int{-1, 3}}, "cannot make [-1 3] of"},
	{image, model.Reshape{Target: []int{-1, -1}}, "cannot make [-1 -1] of"},
	{image, model.Reshape{Target: []int{0, -1}}, "cannot make [0 -1] of"},
	{vector, model.Rescaling{}, "scale 0 and offset 0; give numbers that float32 holds, and a scale that is not 0"},
	{vector, model.Rescaling{Scale: 1, Offset: math.NaN()}, "scale 1 and offset NaN; give numbers"},
	{vector, model.Rescaling{Scale: 1e39}, "scale 1e+39 and offset 0; give numbers"},
	{vector, model.Multiply{}, "takes at least 2 inputs, got 1"},
	{vector, model.Average{}, "takes at least 2 inputs, got 1"},
	{vector, model.Subtract{}, "takes 2 inputs, got 1"},
	{vector, model.Maximum{}, "takes at least 2 inputs, got 1"},
	{vector, model.Minimum{}, "takes at least 2 inputs, got 1"},
	{vector, model.Concatenate{}, "takes at least 2 inputs, got 1"},
	{vector, model.MinPooling2D{}, "takes images [height width channels], got [8]"},
	{image, model.AveragePooling2D{Size: model.Pair{9, 1}}, "the image 8x8 is smaller than the 9x1 window"},
	{image, model.Activation{Function: "log_softmax"}, `unknown activation "log_softmax"; log_softmax is an activation of Keras that cnn-gpu does not have`},
	{image, model.Activation{Function: "zigzag"}, `unknown activation "zigzag"; choose linear`},
}

func TestLayersRefuse(t *testing.T) {
	for _, c := range refusals {
		_, err := model.Sequential(c.input, c.layer)
		assert.ErrorContains(t, err, c.want)
		assert.ErrorContains(t, err, "model: ")
	}
	_, err := model.Sequential(vector)
	assert.EqualError(t, err, "model: there are no layers; add at least one")

	huge := model.Dense{Units: 1 << 15}
	_, err = model.Sequential(model.Shape{1 << 15}, huge, huge, huge)
	assert.ErrorContains(t, err, "all parameters together [3221323776] would take 12.00 GiB")
}

func TestGraphRefuses(t *testing.T) {
	build := func(connect func(g *model.Graph) *model.Node) error {
		g := model.NewGraph(model.Shape{4})
		_, err := g.Build(connect(g))
		return err
	}
	dense := model.Dense{Units: 4}
	assert.EqualError(t, build(func(g *model.Graph) *model.Node {
		g.AddNamed("a", dense, g.Input())
		return g.AddNamed("a", dense, g.Input())
	}), `model: Dense "a": another layer has this name`)
	assert.ErrorContains(t, build(func(g *model.Graph) *model.Node { return g.AddNamed("a b", dense, g.Input()) }), "a name holds letters")
	activated := model.Dense{Units: 4, Activation: model.ReLU}
	for _, names := range [][2]string{{"a", "a/relu"}, {"a/relu", "a"}} {
		assert.EqualError(t, build(func(g *model.Graph) *model.Node {
			return g.AddNamed(names[1], activated, g.AddNamed(names[0], activated, g.Input()))
		}), `model: Dense "`+names[1]+`": another layer has this name`)
	}
	assert.ErrorContains(t, build(func(g *model.Graph) *model.Node { return g.Add(dense) }), "takes 1 input, got 0")
	assert.ErrorContains(t, build(func(g *model.Graph) *model.Node { return g.Add(model.Flatten{}, g.Input(), g.Input()) }), "takes 1 input, got 2")
	assert.ErrorContains(t, build(func(g *model.Graph) *model.Node { return g.Add(dense, nil) }), "an input is no layer of this graph")
	assert.ErrorContains(t, build(func(g *model.Graph) *model.Node {
		return g.Add(dense, model.NewGraph(model.Shape{4}).Input())
	}), "an input is no layer of this graph")
	assert.ErrorContains(t, build(func(g *model.Graph) *model.Node {
		return g.Add(model.Add{}, g.Input(), g.Add(model.Dense{Units: 3}, g.Input()))
	}), "takes inputs of one shape, got [4] and [3]")
	for _, c := range []struct {
		layer model.Spec
		want  string
	}{
		{model.Multiply{}, `Multiply "multiply": takes inputs of one shape, or beside [2 2 4] also [1 1 4], got [16]`},
		{model.Subtract{}, "takes 2 inputs, got 3"},
		{model.Maximum{}, "takes inputs of one shape, got [4] and [2 2 4]"},
		{model.Average{}, "takes inputs of one shape, got [4] and [2 2 4]"},
		{model.Concatenate{}, "takes inputs that differ in axis 1 alone, got [4] and [2 2 4]"},
		{model.Concatenate{Axis: 2}, "axis 2 of [4]; give 1 to 1, or -1 to -1 counted from the last"},
		{model.Concatenate{Axis: -2}, "axis -2 of [4]"},
	} {
		g := model.NewGraph(model.Shape{2, 2, 4})
		flat := g.Add(model.Flatten{}, g.Input())
		_, err := g.Build(g.Add(c.layer, g.Add(model.GlobalAveragePooling2D{}, g.Input()), g.Input(), flat))
		assert.ErrorContains(t, err, c.want)
	}
	assert.ErrorContains(t, build(func(g *model.Graph) *model.Node {
		n := g.Add(model.Dense{Units: 1 << 20}, g.Input())
		for range 20 {
			n = g.Add(model.Concatenate{}, n, n)
		}
		return n
	}), "the output [2147483648] would take 8.00 GiB; the limit")
	assert.ErrorContains(t, build(func(g *model.Graph) *model.Node {
		g.AddNamed("lost", model.Dense{Units: 3, Activation: model.ReLU}, g.Input())
		return g.Add(dense, g.Input())
	}), `nothing uses the output of layer "lost"`)
	assert.ErrorContains(t, build(func(g *model.Graph) *model.Node {
		first := g.Add(dense, g.Input())
		g.AddNamed("after", dense, first)
		return first
	}), `nothing uses the output of layer "after"`)
	assert.ErrorContains(t, build(func(g *model.Graph) *model.Node { return g.Input() }), "there are no layers")
	assert.ErrorContains(t, build(func(g *model.Graph) *model.Node {
		n := g.Input()
		for range 5000 {
			n = g.Add(model.Flatten{}, n)
		}
		return n
	}), "the model has more than 4096 layers")
}

// Every value of a network can be kept and looked at, the values before an activation too, and they are what they are called.
func TestValuesCanBeKept(t *testing.T) {
	m, err := model.Sequential(model.Input(2), model.Dense{Units: 2, Activation: model.ReLU}, model.Dropout{Rate: 0.5}, model.Flatten{})
	require.NoError(t, err)
	l := m.Lower(1, model.LowerOptions{Keep: true})
	d, err := device.Open("cpu", device.Options{})
	require.NoError(t, err)
	defer d.Close()
	p, err := d.Compile(model.Ops(l.Forward), device.CompileOptions{})
	require.NoError(t, err)
	w := m.NewWeights()
	kernel, err := w.Values("dense/kernel")
	require.NoError(t, err)
	copy(kernel, []float32{1, -1, 2, -2}) // y = x·[[1 −1] [2 −2]]
	require.NoError(t, d.Upload(l.Weights, w.Padded()))
	require.NoError(t, d.Upload(l.Input, []float32{3, 5}))
	require.NoError(t, p.Run())
	for name, want := range map[string][]float32{"input": {3, 5}, "dense": {13, -13}, "dense/relu": {13, 0}, "dropout": {13, 0}, "flatten": {13, 0}} {
		n, err := m.Node(name)
		require.NoError(t, err)
		got := make([]float32, 2)
		require.NoError(t, d.Download(got, l.Value(n)))
		assert.Equal(t, want, got, name)
	}
	_, err = m.Node("dens")
	assert.EqualError(t, err, `model: there is no layer "dens"`)
}

// What nothing learns from has no gradient: neither the input nor what lies before the first parameters.
func TestNoGradientWithoutParameters(t *testing.T) {
	m, err := model.Sequential(model.Input(4, 4, 1), model.MaxPooling2D{}, model.Flatten{}, model.Dense{Units: 2})
	require.NoError(t, err)
	l := m.Lower(2, model.LowerOptions{Training: true, Step: kernels.Kept("step", kernels.Int32, 1)})
	require.Len(t, l.Backward, 1)
	var names []string
	for _, op := range l.Backward[0].Ops {
		names = append(names, op.Name())
	}
	assert.Equal(t, []string{"dense_wgrad", "bias_wgrad"}, names)
}

// Parameters that are not learnt need no gradient, and are updated in a training that can halt.
func TestUpdateOfNonTrainable(t *testing.T) {
	m, err := model.Sequential(model.Input(4, 4, 1), model.BatchNormalization{Center: model.Off, Scale: model.Off}, model.Flatten{}, model.Dense{Units: 2})
	require.NoError(t, err)
	step, halt := kernels.Kept("step", kernels.Int32, 1), kernels.Kept("halt", kernels.Int32, 1)
	l := m.Lower(2, model.LowerOptions{Training: true, Step: step, Halt: halt})
	require.Len(t, l.Backward, 1, "of the dense layer alone")
	require.Len(t, l.Update, 1)
	var moved []*kernels.Buffer
	for _, op := range l.Update[0].Ops {
		average, ok := op.(kernels.MovingAverage)
		require.True(t, ok)
		assert.Equal(t, halt, average.Halt)
		moved = append(moved, average.Average)
	}
	assert.Equal(t, []*kernels.Buffer{l.Param(m.Params[0]), l.Param(m.Params[1])}, moved)
	assert.Empty(t, m.Lower(2, model.LowerOptions{Training: true, Step: step}).Update)
	assert.Empty(t, m.Lower(2, model.LowerOptions{Halt: halt}).Update)
}

// A model can end at any of its layers; those beside it have no gradient then.
func TestLowerToInnerLayer(t *testing.T) {
	g := model.NewGraph(model.Shape{2})
	beside := g.Add(model.Dense{Units: 2}, g.Input())
	inner := g.Add(model.Dense{Units: 2}, g.Input())
	m, err := g.Build(g.Add(model.Add{}, beside, inner))
	require.NoError(t, err)
	l := m.Lower(1, model.LowerOptions{Output: inner, Training: true, Step: kernels.Kept("step", kernels.Int32, 1)})
	require.Len(t, l.Backward, 1)
	assert.Equal(t, inner, l.Backward[0].Node)
}

// A feature map is dropped as a whole, of each example another one, and the others are scaled.
func TestSpatialDropout(t *testing.T) {
	const batch, maps, rate = 64, 32, 0.25
	m, err := model.Sequential(model.Input(2, 3, maps), model.SpatialDropout2D{Rate: rate})
	require.NoError(t, err)
	l := m.Lower(batch, model.LowerOptions{Training: true, Step: kernels.Kept("step", kernels.Int32, 1)})
	d, err := device.Open("cpu", device.Options{})
	require.NoError(t, err)
	defer d.Close()
	p, err := d.Compile(model.Ops(l.Forward), device.CompileOptions{})
	require.NoError(t, err)
	require.NoError(t, d.Upload(l.Input, slices.Repeat([]float32{3}, l.Input.Elements())))
	require.NoError(t, p.Run())
	y := make([]float32, l.Output.Elements())
	require.NoError(t, d.Download(y, l.Output))
	dropped := 0
	for i, v := range y {
		if first := y[i/(6*maps)*6*maps+i%maps]; v == 0 {
			dropped++
			require.Zero(t, first)
		} else {
			require.EqualValues(t, 4, v)
			require.EqualValues(t, 4, first)
		}
	}
	assert.InDelta(t, rate*batch*maps, dropped/6, 5*20) // five standard deviations: √(2048·¼·¾) = 20
	assert.NotEqual(t, y[:6*maps], y[6*maps:12*maps])
}

// Each dropout layer draws a mask of its own: if both drew the same, the second would drop nothing more.
func TestDropoutMasksDiffer(t *testing.T) {
	m, err := model.Sequential(model.Input(4096), model.Dropout{Rate: 0.5}, model.Dropout{Rate: 0.5})
	require.NoError(t, err)
	step := kernels.Kept("step", kernels.Int32, 1)
	l := m.Lower(1, model.LowerOptions{Training: true, Step: step})
	d, err := device.Open("cpu", device.Options{})
	require.NoError(t, err)
	defer d.Close()
	p, err := d.Compile(model.Ops(l.Forward), device.CompileOptions{})
	require.NoError(t, err)
	ones := make([]float32, 4096)
	for i := range ones {
		ones[i] = 1
	}
	require.NoError(t, d.Upload(l.Input, ones))
	require.NoError(t, p.Run())
	y := make([]float32, 4096)
	require.NoError(t, d.Download(y, l.Output))
	kept := 0
	for _, v := range y {
		if v != 0 {
			require.EqualValues(t, 4, v)
			kept++
		}
	}
	assert.InDelta(t, 1024, kept, 5*28) // five standard deviations: √(4096·¼·¾) = 28
}
