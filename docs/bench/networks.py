"""Builds the networks of cnn-gpu's model files in PyTorch, and in ONNX for onnxruntime. Layers must follow one another."""

import math

import yaml

ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax"}


class Layer:
    """A layer with its fields as pairs and its geometry worked out. Shapes are (channels, height, width) or (units,)."""

    def __init__(self, item, shape):
        self.kind, fields = (item, {}) if isinstance(item, str) else next(iter(item.items()))
        fields = dict(fields or {})
        if "inputs" in fields:
            raise ValueError(f"{self.kind} has inputs: the benchmark reads networks without branches")
        self.input, self.activation = shape, fields.get("activation")
        if self.kind == "Conv2D":
            self.size, self.stride = pair(fields["kernel_size"]), pair(fields.get("strides", 1))
            self.window(fields.get("padding", "valid"), fields["filters"])
        elif self.kind in ("MaxPooling2D", "AveragePooling2D"):
            self.size = pair(fields.get("pool_size", 2))
            self.stride = pair(fields.get("strides", self.size))
            self.window(fields.get("padding", "valid"), shape[0])
        elif self.kind == "Flatten":
            self.output = (math.prod(shape),)
        elif self.kind == "Dense":
            self.output = (fields["units"],)
        else:
            raise ValueError(f"the benchmark knows no layer {self.kind}")

    def window(self, padding, channels):
        """Output and padding as Keras and TensorFlow have them: "same" puts the odd row or column behind."""
        self.pads, extents = [], []
        for extent, size, stride in zip(self.input[1:], self.size, self.stride):
            if padding == "same":
                out = math.ceil(extent / stride)
                total = max((out - 1) * stride + size - extent, 0)
            else:
                out, total = (extent - size) // stride + 1, 0
            self.pads.append((total // 2, total - total // 2))
            extents.append(out)
        self.output = (channels, *extents)

    @property
    def symmetric(self):
        return all(before == behind for before, behind in self.pads)


def pair(value):
    return tuple(value) if isinstance(value, (list, tuple)) else (value, value)


def read(path):
    """The input's shape, (channels, height, width), and the layers of a model file."""
    with open(path) as f:
        model = yaml.safe_load(f)
    height, width, channels = model["input"]
    layers, shape = [], (channels, height, width)
    for item in model["layers"]:
        layers.append(Layer(item, shape))
        shape = layers[-1].output
    return layers[0].input, layers


def torch_module(layers):
    """The network up to its last activation, softmax, which the loss contains."""
    import torch.nn.functional as F
    from torch import nn

    class AveragePool(nn.Module):
        """Padding does not count in the mean; what PyTorch itself can pad is the same before and behind."""

        def __init__(self, layer):
            super().__init__()
            self.layer = layer
            (self.top, self.bottom), (self.left, self.right) = layer.pads

        def forward(self, x):
            pads = (0, self.right - self.left, 0, self.bottom - self.top)
            sums = F.avg_pool2d(F.pad(x, pads), self.layer.size, self.layer.stride, (self.top, self.left), divisor_override=1)
            if not hasattr(self, "counts"):
                ones = F.pad(x.new_ones(1, 1, *x.shape[2:]), pads)
                self.counts = F.avg_pool2d(ones, self.layer.size, self.layer.stride, (self.top, self.left), divisor_override=1)
            return sums / self.counts

    modules = []
    for layer in layers:
        if layer.kind == "Conv2D":
            (top, bottom), (left, right) = layer.pads
            if not layer.symmetric:
                modules.append(nn.ZeroPad2d((left, right, top, bottom)))
                top = left = 0
            modules.append(nn.Conv2d(layer.input[0], layer.output[0], layer.size, layer.stride, (top, left)))
        elif layer.kind == "MaxPooling2D":
            (top, bottom), (left, right) = layer.pads
            if not layer.symmetric:
                modules.append(nn.ConstantPad2d((left, right, top, bottom), -math.inf))
                top = left = 0
            modules.append(nn.MaxPool2d(layer.size, layer.stride, (top, left)))
        elif layer.kind == "AveragePooling2D":
            (top, _), (left, _) = layer.pads
            modules.append(nn.AvgPool2d(layer.size, layer.stride, (top, left), count_include_pad=False) if layer.symmetric else AveragePool(layer))
        elif layer.kind == "Flatten":
            modules.append(nn.Flatten())
        elif layer.kind == "Dense":
            modules.append(nn.Linear(layer.input[0], layer.output[0]))
        if layer.activation and layer is not layers[-1]:
            modules.append({"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}[layer.activation]())
    return nn.Sequential(*modules)


def onnx_model(layers, batch):
    """The network with random weights, and its number of parameters."""
    import numpy as np
    from onnx import TensorProto, helper as make, numpy_helper as arrays

    rng = np.random.default_rng(1)
    nodes, weights, parameters, at = [], [], 0, "x"

    def weight(*shape):
        nonlocal parameters
        parameters += math.prod(shape)
        weights.append(arrays.from_array(rng.normal(0, 0.05, shape).astype(np.float32), f"w{len(weights)}"))
        return weights[-1].name

    def add(kind, *more, **attributes):
        nonlocal at
        nodes.append(make.make_node(kind, [at, *more], [f"y{len(nodes)}"], **attributes))
        at = nodes[-1].output[0]

    for layer in layers:
        if layer.kind in ("Conv2D", "MaxPooling2D", "AveragePooling2D"):
            (top, bottom), (left, right) = layer.pads
            place = {"kernel_shape": layer.size, "strides": layer.stride, "pads": [top, left, bottom, right]}
        if layer.kind == "Conv2D":
            add("Conv", weight(layer.output[0], layer.input[0], *layer.size), weight(layer.output[0]), **place)
        elif layer.kind == "MaxPooling2D":
            add("MaxPool", **place)
        elif layer.kind == "AveragePooling2D":
            add("AveragePool", count_include_pad=0, **place)
        elif layer.kind == "Flatten":
            add("Flatten")
        elif layer.kind == "Dense":
            add("Gemm", weight(*layer.input, *layer.output), weight(*layer.output))
        if layer.activation:
            add(ACTIVATIONS[layer.activation])
    value = make.make_tensor_value_info
    graph = make.make_graph(
        nodes, "network",
        [value("x", TensorProto.FLOAT, [batch, *layers[0].input])],
        [value(at, TensorProto.FLOAT, [batch, *layers[-1].output])], weights)
    return make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=9), parameters
