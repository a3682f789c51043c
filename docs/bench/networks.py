"""Builds the networks of cnn-gpu's model files in PyTorch, and in ONNX for onnxruntime: those of docs/bench/networks, and the zoo's of such layers."""

import math
import re

import yaml

ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax"}
CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D")
POOLS = ("MaxPooling2D", "AveragePooling2D")


class Layer:
    """A layer with its fields as pairs and its geometry worked out. Shapes are (channels, height, width) or (units,)."""

    def __init__(self, kind, fields, inputs):
        self.kind, self.fields, self.inputs = kind, fields, inputs
        self.input = inputs[0].output if inputs else None
        self.activation, self.has_bias = fields.get("activation"), fields.get("use_bias", True)
        if kind == "Input":
            height, width, channels = fields["shape"]
            self.output = (channels, height, width)
        elif kind in CONVOLUTIONS:
            self.size, self.stride = pair(fields["kernel_size"]), pair(fields.get("strides", 1))
            self.groups = self.input[0] if kind == "DepthwiseConv2D" else 1
            self.window(fields.get("filters", self.input[0]))
        elif kind in POOLS:
            self.size = pair(fields.get("pool_size", 2))
            self.stride = pair(fields.get("strides", self.size))
            self.window(self.input[0])
        elif kind == "GlobalAveragePooling2D":
            self.output = self.input[:1]
        elif kind == "ZeroPadding2D":
            self.pads = [pair(p) for p in pair(fields.get("padding", 1))]
            self.output = (self.input[0], *(extent + sum(pads) for extent, pads in zip(self.input[1:], self.pads)))
        elif kind == "Flatten":
            self.output = (math.prod(self.input),)
        elif kind == "Dense":
            self.output = (fields["units"],)
        elif kind in ("BatchNormalization", "ReLU", "Add", "Dropout"):
            self.output = self.input
        else:
            raise ValueError(f"the benchmark knows no layer {kind}")

    def window(self, channels):
        """Output and padding as Keras and TensorFlow have them: "same" puts the odd row or column behind."""
        self.pads, extents = [], []
        for extent, size, stride in zip(self.input[1:], self.size, self.stride):
            if self.fields.get("padding", "valid") == "same":
                out = math.ceil(extent / stride)
                total = max((out - 1) * stride + size - extent, 0)
            else:
                out, total = (extent - size) // stride + 1, 0
            self.pads.append((total // 2, total - total // 2))
            extents.append(out)
        self.output = (channels, *extents)
        self.take_padding()

    def take_padding(self):
        """Zeros around the input become the window's own, as whoever writes the network for the other side has them. For a maximum they are what
        it ignores: those that are padded here come from a ReLU."""
        before = self.inputs[0]
        if before.kind == "ZeroPadding2D" and self.kind != "AveragePooling2D":
            self.pads = [(a + c, b + d) for (a, b), (c, d) in zip(self.pads, before.pads)]
            self.inputs = before.inputs

    @property
    def symmetric(self):
        return all(before == behind for before, behind in self.pads)


def pair(value):
    return tuple(value) if isinstance(value, (list, tuple)) else (value, value)


def read(path):
    """The layers of a model file, each behind its inputs; the first is the input."""
    with open(path) as f:
        model = yaml.safe_load(f)
    layers = [Layer("Input", {"shape": model["input"]}, [])]
    expand(model["layers"], layers[0], model.get("blocks", {}), layers)
    used = set()
    for layer in [*reversed(layers)]:  # a padding that was taken over is no layer any more
        if layer is layers[-1] or layer in used:
            used.update(layer.inputs)
        else:
            layers.remove(layer)
    return layers


def expand(items, before, blocks, layers):
    """Appends the layers of a list, whose input is one that is there, and returns the last one."""
    names = {"input": before}
    for item in items:
        kind, fields = (item, {}) if isinstance(item, str) else next(iter(item.items()))
        fields = dict(fields or {})
        name, repeat, inputs = fields.pop("name", kind), fields.pop("repeat", 1), fields.pop("inputs", None)
        inputs = [names[n] for n in ([inputs] if isinstance(inputs, str) else inputs)] if inputs else [before]
        for _ in range(repeat):
            if kind in blocks:
                block = blocks[kind]
                before = expand(fill(block["layers"], block.get("with", {}) | fields), inputs[0], blocks, layers)
            else:
                before = Layer(kind, fields, inputs)
                layers.append(before)
            same = sum(re.fullmatch(rf"{re.escape(name)}(_\d+)?", known) is not None for known in names)
            names[f"{name}_{same}" if same else name] = before
            inputs = [before]
    return before


def fill(value, values):
    """A block's layers with the values of its parameters: $name, or a multiple as 6*$name."""
    if isinstance(value, dict):
        return {k: fill(v, values) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(v, values) for v in value]
    if mention := re.fullmatch(r"(?:(\d+) ?\* ?)?\$(\w+)", value) if isinstance(value, str) else None:
        return int(mention[1]) * values[mention[2]] if mention[1] else values[mention[2]]
    return value


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

    class Add(nn.Module):
        def forward(self, a, b):
            return a + b

    def modules(layer):
        """What a layer is made of, one behind the other."""
        fields = layer.fields
        if layer.kind in CONVOLUTIONS + POOLS:
            (top, bottom), (left, right) = layer.pads
            if not layer.symmetric and layer.kind != "AveragePooling2D":
                pads = (left, right, top, bottom)
                yield nn.ConstantPad2d(pads, -math.inf) if layer.kind == "MaxPooling2D" else nn.ZeroPad2d(pads)
                top = left = 0
        if layer.kind in CONVOLUTIONS:
            yield nn.Conv2d(
                layer.input[0], layer.output[0], layer.size, layer.stride, (top, left), groups=layer.groups, bias=layer.has_bias)
        elif layer.kind == "MaxPooling2D":
            yield nn.MaxPool2d(layer.size, layer.stride, (top, left))
        elif layer.kind == "AveragePooling2D":
            yield nn.AvgPool2d(layer.size, layer.stride, (top, left), count_include_pad=False) if layer.symmetric else AveragePool(layer)
        elif layer.kind == "GlobalAveragePooling2D":
            yield nn.AdaptiveAvgPool2d(1)
            yield nn.Flatten()
        elif layer.kind == "BatchNormalization":
            yield nn.BatchNorm2d(layer.input[0], fields.get("epsilon", 1e-3), 1 - fields.get("momentum", 0.99))
        elif layer.kind == "ReLU":
            yield nn.ReLU6() if fields.get("max_value") == 6 else nn.ReLU()
        elif layer.kind == "Add":
            yield Add()
        elif layer.kind == "Flatten":
            yield nn.Flatten()
        elif layer.kind == "Dense":
            yield nn.Linear(layer.input[0], layer.output[0], bias=layer.has_bias)
        if layer.activation and layer is not layers[-1]:
            yield {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}[layer.activation]()

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.steps = nn.ModuleList(nn.Sequential(*modules(layer)) if layer.kind != "Add" else Add() for layer in layers[1:])
            self.inputs = [[layers.index(i) for i in layer.inputs] for layer in layers[1:]]

        def forward(self, x):
            values = [x]
            for step, inputs in zip(self.steps, self.inputs):
                values.append(step(*(values[i] for i in inputs)))
            return values[-1]

    return Network()


def onnx_model(layers, batch):
    """The network with random weights, and its number of parameters."""
    import numpy as np
    from onnx import TensorProto, helper as make, numpy_helper as arrays

    rng = np.random.default_rng(1)
    nodes, weights, parameters, outputs = [], [], 0, {layers[0]: "x"}

    def constant(values):
        weights.append(arrays.from_array(np.asarray(values, np.float32), f"w{len(weights)}"))
        return weights[-1].name

    def weight(*shape):
        nonlocal parameters
        parameters += math.prod(shape)
        return constant(rng.normal(0, 0.05, shape))

    def add(kind, inputs, **attributes):
        nodes.append(make.make_node(kind, inputs, [f"y{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    for layer in layers[1:]:
        inputs = [outputs[i] for i in layer.inputs]
        if layer.kind in CONVOLUTIONS + POOLS:
            (top, bottom), (left, right) = layer.pads
            place = {"kernel_shape": layer.size, "strides": layer.stride, "pads": [top, left, bottom, right]}
        if layer.kind in CONVOLUTIONS:
            inputs.append(weight(layer.output[0], layer.input[0] // layer.groups, *layer.size))
            if layer.has_bias:
                inputs.append(weight(layer.output[0]))
            at = add("Conv", inputs, group=layer.groups, **place)
        elif layer.kind == "MaxPooling2D":
            at = add("MaxPool", inputs, **place)
        elif layer.kind == "AveragePooling2D":
            at = add("AveragePool", inputs, count_include_pad=0, **place)
        elif layer.kind == "GlobalAveragePooling2D":
            at = add("Flatten", [add("GlobalAveragePool", inputs)])
        elif layer.kind == "BatchNormalization":
            scale, shift, mean = (weight(layer.input[0]) for _ in range(3))
            parameters += layer.input[0]
            variance = constant(rng.uniform(0.5, 1.5, layer.input[0]))
            at = add("BatchNormalization", [*inputs, scale, shift, mean, variance], epsilon=layer.fields.get("epsilon", 1e-3))
        elif layer.kind == "ReLU":
            most = layer.fields.get("max_value")
            at = add("Relu", inputs) if most is None else add("Clip", [*inputs, constant(0), constant(most)])
        elif layer.kind == "Add":
            at = add("Add", inputs)
        elif layer.kind == "Flatten":
            at = add("Flatten", inputs)
        elif layer.kind == "Dense":
            at = add("Gemm", [*inputs, weight(*layer.input, *layer.output), weight(*layer.output)])
        elif layer.kind == "Dropout":
            at = inputs[0]
        if layer.activation:
            at = add(ACTIVATIONS[layer.activation], [at])
        outputs[layer] = at
    value = make.make_tensor_value_info
    graph = make.make_graph(
        nodes, "network",
        [value("x", TensorProto.FLOAT, [batch, *layers[0].output])],
        [value(outputs[layers[-1]], TensorProto.FLOAT, [batch, *layers[-1].output])], weights)
    return make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=9), parameters
