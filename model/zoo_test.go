package model_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
)

// Each model has the parameters of its source, counted by hand or as its source or Keras counts them. TestZooAgreesWithTorchvision holds the
// larger ones otherwise, too.
func TestZoo(t *testing.T) {
	grey, cifar, imageNet := model.Shape{28, 28, 1}, model.Shape{32, 32, 3}, model.Shape{224, 224, 3}
	models := map[string]struct {
		input           model.Shape
		params, trained int
	}{
		"mnist-cnn":           {grey, 93322, (9*1+1)*32 + (9*32+1)*64 + (9*64+1)*64 + (576+1)*64 + (64+1)*10},
		"mnist-convnet":       {grey, 34826, 34826}, // as Keras's page of this example prints it
		"logistic-regression": {grey, 7850, (784 + 1) * 10},
		"mlp":                 {grey, 101770, (784+1)*128 + (128+1)*10},
		"lenet-5":             {grey, 61706, (25+1)*6 + (25*6+1)*16 + (400+1)*120 + (120+1)*84 + (84+1)*10},
		"resnet-mini":         {grey, 19562, (9+1)*16 + 2*(9*16+1)*16 + (9*16+1)*32 + (9*32+1)*32 + (16+1)*32 + (32+1)*10},
		"resnet-9":            {cifar, 6577600, 6573120},      // the post: 6.6 million
		"resnet-18":           {imageNet, 11699112, 11689512}, // torchvision's resnet18
		"resnet-18-cifar":     {cifar, 11183562, 11173962},
		"resnet-50":           {imageNet, 25610152, 25557032}, // torchvision's resnet50; Keras's ResNet50 has 26,560 biases that change nothing
		"resnet-50-cifar":     {cifar, 23573962, 23520842},
		"vgg-16":              {imageNet, 138357544, 138357544}, // Keras's VGG16 and torchvision's vgg16
		"squeezenet":          {imageNet, 1235496, 1235496},     // torchvision's squeezenet1_1
		"densenet-121":        {imageNet, 8062504, 7978856},     // Keras's DenseNet121, and of torchvision's densenet121 the trained
		"mobilenet-v2":        {imageNet, 3538984, 3504872},     // Keras's MobileNetV2, and of torchvision's mobilenet_v2 the trained
		"convnext-tiny":       {imageNet, 28589128, 28589128},   // Keras's ConvNeXtTiny and torchvision's convnext_tiny
		"efficientnet-lite0":  {imageNet, 4694024, 4652008},     // its authors' repository: 4.7 million
	}
	assert.Len(t, models, len(model.Zoo()))
	assert.True(t, slices.IsSorted(model.Zoo()))
	for _, name := range model.Zoo() {
		want := models[name]
		m, err := model.Open(name)
		require.NoError(t, err)
		assert.Equal(t, name, m.Name)
		assert.Equal(t, want.params, m.ParamCount(), name)
		assert.Equal(t, want.trained, m.ParamCount()-m.NonTrainableCount(), name)
		assert.Equal(t, want.input, m.Input.Shape, name)
		classes := 10
		if want.input.String() == imageNet.String() {
			classes = 1000
		}
		assert.Equal(t, model.Shape{classes}, m.Output.Shape, name)
		_, ok := m.Logits()
		assert.True(t, ok, name)
		assert.Empty(t, m.Warnings(), name)

		text, err := model.ZooText(name)
		require.NoError(t, err)
		assert.Contains(t, text, wording.English.Sprint(want.params), "the file of %s counts them", name)
		assert.Contains(t, text, wording.English.Sprint(want.trained), name)
		assert.Less(t, strings.Count(text, "\n"), 80, "%s can be read at a glance", name)
		assert.Regexp(t, `^[A-Z].*, .*[^.]$`, model.ZooSource(name), name)
	}
	assert.Equal(t, `Chollet, "Simple MNIST convnet", keras.io 2015`, model.ZooSource("mnist-convnet"))
	assert.Empty(t, model.ZooSource("my.yaml"))
}

func TestOpen(t *testing.T) {
	text, err := model.ZooText("lenet-5")
	require.NoError(t, err)
	assert.Contains(t, text, "# LeNet-5")
	path := filepath.Join(t.TempDir(), "mine.yaml")
	require.NoError(t, os.WriteFile(path, []byte("input: [4]\nlayers: [Dense: {units: 2}]"), 0o644))
	m, err := model.Open(path)
	require.NoError(t, err)
	assert.Equal(t, "mine", m.Name)

	const zoo = "the zoo has convnext-tiny, densenet-121, efficientnet-lite0, lenet-5, logistic-regression, mlp, mnist-cnn, mnist-convnet, mobilenet-v2, " +
		"resnet-18, resnet-18-cifar, resnet-50, resnet-50-cifar, resnet-9, resnet-mini, squeezenet, vgg-16"
	_, err = model.Open("mnist-cn")
	assert.EqualError(t, err, `model: there is no model file "mnist-cn" and no such model in the zoo; did you mean mnist-cnn? (`+zoo+")")
	_, err = model.Open("something.yaml")
	assert.EqualError(t, err, `model: there is no model file "something.yaml" and no such model in the zoo; `+zoo)
	_, err = model.ZooText("lenet")
	assert.EqualError(t, err, `model: there is no model "lenet" in the zoo; did you mean lenet-5? (`+zoo+")")
	_, err = model.Open(t.TempDir())
	assert.ErrorContains(t, err, "is a folder: expected a model file")
}
