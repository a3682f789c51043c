"""Writes keras_golden.json: what Keras makes of the layers, initializers, losses, metrics and optimizers that cnn-gpu has.

    pip install keras torch
    KERAS_BACKEND=torch python3 train/testdata/keras_golden.py

train/keras_test.go holds cnn-gpu to it, and docs/keras.md says where the two differ. A row of the tables below is a layer's kind and its
arguments in Keras's words, which are also those of a model file. The versions that computed the committed file are in it.
"""

import contextlib
import io
import json
import os
import pathlib
import re
import zlib

import keras
import numpy as np
import torch

random = np.random.default_rng(1)


def uniform(*shape):
    """Values that float32 and the JSON file hold exactly."""
    return (random.integers(-512, 513, shape) / 256).astype("float32")


def values(a):
    return [float(v) for v in np.asarray(a.detach() if torch.is_tensor(a) else a, dtype="float32").ravel()]


IMAGE = (7, 6, 2)
LAYERS = [
    ("Conv2D", IMAGE, {"filters": 3, "kernel_size": [3, 2]}),
    ("Conv2D", IMAGE, {"filters": 3, "kernel_size": 3, "padding": "same", "activation": "relu"}),
    ("Conv2D", IMAGE, {"filters": 2, "kernel_size": 3, "strides": [2, 3], "padding": "same", "use_bias": False}),
    ("Conv2D", IMAGE, {"filters": 2, "kernel_size": 2, "dilation_rate": [3, 2], "padding": "same"}),
    ("Conv2D", IMAGE, {"filters": 2, "kernel_size": 2, "strides": 2, "dilation_rate": 2}),
    ("MaxPooling2D", IMAGE, {}),
    ("MaxPooling2D", IMAGE, {"pool_size": 3, "strides": 2, "padding": "same"}),
    ("AveragePooling2D", IMAGE, {"pool_size": [3, 2], "padding": "same"}),
    ("AveragePooling2D", IMAGE, {"pool_size": 3, "strides": 1}),
    ("GlobalAveragePooling2D", IMAGE, {}),
    ("GlobalAveragePooling2D", IMAGE, {"keepdims": True}),
    ("Flatten", IMAGE, {}),
    ("Dense", (5,), {"units": 4, "activation": "tanh"}),
    ("Dense", (5,), {"units": 4, "use_bias": False}),
    ("Dense", (3, 5), {"units": 4}),
    ("Dropout", (5,), {"rate": 0.5}),
    ("ReLU", (9,), {}),
    ("LeakyReLU", (9,), {}),
    ("LeakyReLU", (9,), {"negative_slope": 0.05}),
    ("Softmax", (2, 3, 4), {}),
    ("MinPooling2D", IMAGE, {}),
] + [("Activation", (3, 4), {"activation": f}) for f in ("linear", "relu", "sigmoid", "tanh", "leaky_relu", "softmax")]
# Behind all others, so that the numbers of those stay what they are.
LATER_LAYERS = [
    ("GlobalMaxPooling2D", IMAGE, {}),
    ("GlobalMaxPooling2D", IMAGE, {"keepdims": True}),
    ("GlobalMinPooling2D", IMAGE, {}),
    ("ZeroPadding2D", IMAGE, {}),
    ("ZeroPadding2D", IMAGE, {"padding": 2}),
    ("ZeroPadding2D", IMAGE, {"padding": [1, 2]}),
    ("ZeroPadding2D", IMAGE, {"padding": [[0, 1], [2, 0]]}),
    ("Cropping2D", IMAGE, {"cropping": 1}),
    ("Cropping2D", IMAGE, {"cropping": [1, 2]}),
    ("Cropping2D", IMAGE, {"cropping": [[0, 1], [2, 0]]}),
    ("Reshape", IMAGE, {"target_shape": [4, -1, 3]}),
    ("Reshape", (6,), {"target_shape": [1, 2, 3]}),
    ("Permute", IMAGE, {"dims": [3, 1, 2]}),
    ("Permute", (4, 3), {"dims": [2, 1]}),
    ("Rescaling", IMAGE, {"scale": 0.125}),
    ("Rescaling", (5,), {"scale": 2, "offset": -1.5}),
    ("UpSampling2D", IMAGE, {}),
    ("UpSampling2D", IMAGE, {"size": [2, 3], "interpolation": "nearest"}),
    ("UpSampling2D", IMAGE, {"size": [3, 2], "interpolation": "bilinear"}),
    ("SpatialDropout2D", IMAGE, {"rate": 0.5}),
    ("GaussianNoise", (5,), {"stddev": 0.5}),
    ("ReLU", (9,), {"max_value": 1.5}),
    ("ReLU", (9,), {"negative_slope": 0.25}),
    ("ELU", (9,), {}),
    ("ELU", (9,), {"alpha": 0.25}),
    ("PReLU", (9,), {}),
    ("PReLU", IMAGE, {"shared_axes": [1, 2]}),
    ("PReLU", IMAGE, {"shared_axes": [1], "alpha_initializer": "ones"}),
    ("BatchNormalization", IMAGE, {}),
    ("BatchNormalization", (5,), {"momentum": 0.5, "epsilon": 0.125, "center": False}),
    ("BatchNormalization", (2, 3, 4), {"axis": -1, "scale": False}),
] + [("Activation", (3, 4), {"activation": f}) for f in (
    "elu", "selu", "relu6", "hard_sigmoid", "softplus", "softsign", "exponential", "silu", "gelu", "gelu_tanh", "hard_swish", "mish",
    "swish", "hard_silu",
)]

# Drawn behind the trainings too.
LAST_LAYERS = [
    ("LayerNormalization", IMAGE, {}),
    ("LayerNormalization", IMAGE, {"axis": [1, 2, 3], "epsilon": 0.125}),
    ("LayerNormalization", IMAGE, {"axis": [-2, -1], "center": False}),
    ("LayerNormalization", (5,), {"scale": False}),
    ("GroupNormalization", (4, 3, 64), {}),
    ("GroupNormalization", (4, 3, 6), {"groups": 2, "axis": -1, "epsilon": 0.125}),
    ("GroupNormalization", IMAGE, {"groups": -1, "center": False}),
    ("GroupNormalization", (6,), {"groups": 3, "scale": False}),
    ("Dense", IMAGE, {"units": 3, "activation": "softmax"}),
    ("AdaptiveAveragePooling2D", IMAGE, {"output_size": [3, 4]}),
    ("AdaptiveAveragePooling2D", IMAGE, {"output_size": [7, 2]}),
    ("AdaptiveMaxPooling2D", IMAGE, {"output_size": 4}),
    ("AdaptiveMaxPooling2D", IMAGE, {"output_size": [1, 9]}),
    ("ReLU", (9,), {"threshold": 0.5}),
    ("ReLU", (9,), {"threshold": 0.25, "negative_slope": 0.5, "max_value": 1}),
    ("ReLU", (9,), {"max_value": 1, "negative_slope": 0.25}),
]

# Drawn from a seed of their own each: rows may be added anywhere but at the end, since what is drawn next goes on from the last one's.
SEEDED_LAYERS = [
    ("Conv2D", (7, 6, 4), {"filters": 6, "kernel_size": [3, 2], "groups": 2, "strides": 2, "padding": "same"}),
    ("DepthwiseConv2D", IMAGE, {"kernel_size": 3}),
    ("DepthwiseConv2D", IMAGE, {"kernel_size": [3, 2], "padding": "same", "strides": 2, "depth_multiplier": 3, "activation": "relu"}),
    ("DepthwiseConv2D", IMAGE, {"kernel_size": 2, "dilation_rate": [1, 2], "use_bias": False}),
    ("SeparableConv2D", IMAGE, {"filters": 3, "kernel_size": 3}),
    ("SeparableConv2D", IMAGE, {"filters": 4, "kernel_size": [3, 2], "padding": "same", "strides": 2, "depth_multiplier": 3, "activation": "relu"}),
    ("SeparableConv2D", IMAGE, {"filters": 3, "kernel_size": 2, "dilation_rate": [1, 2], "use_bias": False}),
    ("Conv2DTranspose", (3, 4, 2), {"filters": 3, "kernel_size": [3, 2]}),
    ("Conv2DTranspose", (3, 4, 2), {"filters": 3, "kernel_size": [3, 4], "strides": 2, "padding": "same", "activation": "relu"}),
    ("Conv2DTranspose", (3, 4, 2), {"filters": 2, "kernel_size": [2, 5], "strides": 3, "padding": "same", "use_bias": False}),
    ("Conv2DTranspose", (3, 4, 2), {"filters": 2, "kernel_size": [2, 5], "strides": 3}),
    ("Conv2DTranspose", (3, 4, 2), {"filters": 2, "kernel_size": 2, "strides": [3, 2], "output_padding": [2, 0]}),
    ("Conv2DTranspose", (3, 4, 2), {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": [1, 0]}),
    ("Conv2DTranspose", (3, 4, 2), {"filters": 2, "kernel_size": [4, 2], "strides": 3, "padding": "same", "output_padding": [0, 2]}),
    ("Conv2DTranspose", (3, 4, 2), {"filters": 1, "kernel_size": [6, 5], "strides": 2, "padding": "same", "output_padding": [1, 0]}),
    ("Conv2DTranspose", (3, 4, 2), {"filters": 2, "kernel_size": [2, 3], "dilation_rate": 2}),
    ("Conv2DTranspose", (3, 4, 2), {"filters": 2, "kernel_size": [3, 2], "dilation_rate": [2, 3], "padding": "same"}),
]

# What Keras has no word for.
OURS = {"gelu_tanh": lambda x: keras.activations.gelu(x, approximate=True)}

RANDOM = ("Dropout", "SpatialDropout2D", "GaussianNoise")  # held as they are outside of training


def weights(built):
    """Values for the weights of a layer or model; no variance is negative."""
    return [abs(uniform(*w.shape)) if w.name == "moving_variance" else uniform(*w.shape) for w in built.weights]


def layer(kind, shape, arguments):
    row = {"kind": kind, "input": shape, "arguments": arguments}
    if not hasattr(keras.layers, kind):
        return row | {"error": "Keras has no such layer"}
    try:
        built = getattr(keras.layers, kind)(**{k: OURS.get(v, v) if isinstance(v, str) else v for k, v in arguments.items()})
    except ValueError as e:
        return row | {"error": str(e)}
    name = re.sub(r"_\d+$", "", built.name)
    x = uniform(1, *shape)
    built.build(x.shape)
    built.set_weights(weights(built))
    return row | {
        "name": name,
        "x": values(x),
        "weights": {w.name: values(w) for w in built.weights},
        "shape": list(built(x).shape[1:]),
        "y": values(built(x, training=False) if kind in RANDOM else built(x)),
    }


def seeded(kind, shape, arguments):
    global random
    random = np.random.default_rng(zlib.crc32(json.dumps([kind, shape, arguments]).encode()))
    built = getattr(keras.layers, kind)(**arguments)
    built.build((1, *shape))
    fans = {w.name: list(keras.src.initializers.random_initializers.compute_fans(w.shape)) for w in built.weights}
    return layer(kind, shape, arguments) | {"fans": fans}


MERGES = [
    ("Multiply", [(2, 3, 4)] * 3, {}),
    ("Multiply", [(2, 3, 4), (1, 1, 4)], {}),
    ("Multiply", [(4,), (2, 3, 4)], {}),
    ("Average", [(2, 3, 4)] * 3, {}),
    ("Subtract", [(2, 3, 4)] * 2, {}),
    ("Maximum", [(2, 3, 4)] * 3, {}),
    ("Minimum", [(2, 3, 4)] * 3, {}),
    ("Concatenate", [(2, 3, 4), (2, 3, 1), (2, 3, 2)], {}),
    ("Concatenate", [(2, 3, 4), (1, 3, 4)], {"axis": 1}),
    ("Concatenate", [(2, 3, 4), (2, 1, 4)], {"axis": -2}),
]


def merge(kind, shapes, arguments):
    inputs = [uniform(1, *shape) for shape in shapes]
    y = getattr(keras.layers, kind)(**arguments)(inputs)
    return {
        "kind": kind, "inputs": shapes, "arguments": arguments, "x": [values(x) for x in inputs], "shape": list(y.shape[1:]), "y": values(y),
    }


def add():
    a, b = uniform(1, 4), uniform(1, 4)
    return {"a": values(a), "b": values(b), "y": values(keras.layers.Add()([a, b]))}


def initializer(name):
    drawn = np.asarray(keras.initializers.get(name)([3, 3, 100, 200]))
    bias = np.asarray(keras.initializers.get(name)([20000]))
    return {
        "name": name,
        "deviation": float(drawn.std()), "quantile": float(np.quantile(np.abs(drawn), 0.99)),
        "bias_deviation": float(bias.std()), "bias_quantile": float(np.quantile(np.abs(bias), 0.99)),
    }


def losses():
    """Of logits, and of the probabilities that a softmax makes of them, which Keras limits to 1e-7."""
    rows = []
    for logits, label in [([1, 2, 3], 0), ([0.5, -1, 0.25], 2), ([100, 0, 0], 1), ([-200, 0, 60], 0)]:
        y, z = np.array([label]), np.array([logits], dtype="float32")
        rows.append({
            "logits": logits, "label": label,
            "from_logits": values(keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True))[0],
            "from_probabilities": values(keras.losses.sparse_categorical_crossentropy(y, keras.activations.softmax(z)))[0],
            "smoothed": values(keras.losses.categorical_crossentropy(np.eye(3)[y], z, from_logits=True, label_smoothing=0.25))[0],
        })
    return rows


def dense_losses():
    """Losses of targets for each class, of logits and of what an activation makes of them, in the words of cnn-gpu's command. No probability is so
    near 0 or 1 that Keras limits it."""
    rows = []
    for word, activation, keras_loss in [
        ("categorical_crossentropy", "softmax", keras.losses.CategoricalCrossentropy()),
        ("categorical_crossentropy,label_smoothing=0.25", "softmax", keras.losses.CategoricalCrossentropy(label_smoothing=0.25)),
        ("categorical_focal_crossentropy", "softmax", keras.losses.CategoricalFocalCrossentropy()),
        ("focal,alpha=0.5,gamma=1.5,label_smoothing=0.125", "softmax",
         keras.losses.CategoricalFocalCrossentropy(alpha=0.5, gamma=1.5, label_smoothing=0.125)),
        ("binary_crossentropy", "sigmoid", keras.losses.BinaryCrossentropy()),
        ("binary_crossentropy,label_smoothing=0.25", "sigmoid", keras.losses.BinaryCrossentropy(label_smoothing=0.25)),
        ("binary_focal_crossentropy", "sigmoid", keras.losses.BinaryFocalCrossentropy()),
        ("binary_focal,apply_class_balancing=1,alpha=0.75,gamma=1,label_smoothing=0.125", "sigmoid",
         keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.75, gamma=1, label_smoothing=0.125)),
        ("mean_squared_error", "linear", keras.losses.MeanSquaredError()),
        ("mean_absolute_error", "tanh", keras.losses.MeanAbsoluteError()),
        ("huber", "linear", keras.losses.Huber()),
        ("huber,delta=0.375", "linear", keras.losses.Huber(delta=0.375)),
    ]:
        logits, labels = uniform(6, 4), random.integers(0, 4, 6)
        loss = keras_loss(np.eye(4, dtype="float32")[labels], keras.activations.get(activation)(logits))
        rows.append({"loss": word, "activation": activation, "logits": [values(x) for x in logits], "labels": [int(v) for v in labels], "want": float(loss)})
    return rows


def metrics():
    rows = []
    for logits, labels in [
        ([[1, 2, 3], [3, 2, 1], [0, 5, 0], [0, 0, 1]], [2, 0, 0, 2]),
        ([[1, 1, 0], [1, 1, 0]], [0, 1]),  # the first of equal ones is the answer
        ([[3], [-3], [0]], [0, 0, 0]),
    ]:
        model = keras.Sequential([keras.layers.Input((len(logits[0]),)), keras.layers.Softmax()])
        model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        result = model.evaluate(np.array(logits, dtype="float32"), np.array(labels), verbose=0, return_dict=True)
        rows.append({"logits": logits, "labels": labels, "accuracy": float(result["accuracy"])})
    return rows


OPTIMIZERS = [
    ("adam", {}),
    ("adam", {"learning_rate": 0.01, "beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.01}),
    ("sgd", {}),
    ("sgd", {"learning_rate": 0.05, "momentum": 0.75}),
    ("sgd", {"learning_rate": 0.05, "momentum": 0.75, "nesterov": True}),
    ("rmsprop", {}),
    ("rmsprop", {"learning_rate": 0.01, "rho": 0.5, "momentum": 0.75, "epsilon": 0.01}),
    ("rmsprop", {"learning_rate": 0.01, "centered": True}),
]
TEN_STEPS = [
    ("adamw", {}),
    ("adamw", {"learning_rate": 0.01, "weight_decay": 0.5, "beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.01}),
    ("adagrad", {}),
    ("adagrad", {"learning_rate": 0.01, "initial_accumulator_value": 0.5, "epsilon": 0.01, "weight_decay": 0.5}),
    ("lion", {}),
    ("lion", {"learning_rate": 0.01, "beta_1": 0.5, "beta_2": 0.75, "weight_decay": 0.5}),
    ("adam", {"learning_rate": 0.01, "weight_decay": 0.5}),
    ("rmsprop", {"learning_rate": 0.01, "weight_decay": 0.5}),
    ("sgd", {"learning_rate": 0.05, "momentum": 0.75, "nesterov": True, "weight_decay": 0.5}),
    ("sgd", {"learning_rate": 0.05, "global_clipnorm": 0.125}),
    ("sgd", {"learning_rate": 0.05, "clipvalue": 0.03125}),
    ("lamb", {}),
    ("lamb", {"learning_rate": 0.01, "beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.01, "weight_decay": 0.5}),
]


def plain():
    return keras.Sequential([
        keras.layers.Input((6, 6, 1)),
        keras.layers.Conv2D(2, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(3),
    ])


def normalized():
    """Nothing that a normalisation takes away again has a bias: its gradient would be rounding errors alone."""
    return keras.Sequential([
        keras.layers.Input((6, 6, 1)),
        keras.layers.Conv2D(2, 3, use_bias=False, name="conv"),
        keras.layers.BatchNormalization(momentum=0.75, name="norm"),
        keras.layers.ReLU(),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(4, use_bias=False, name="hidden"),
        keras.layers.BatchNormalization(epsilon=0.01, name="last"),
        keras.layers.Dense(3, name="scores"),
    ])


def frozen(*names):
    """The normalized network, of which some layers are frozen, by the beginnings of their names."""
    def network():
        model = normalized()
        for layer in model.layers:
            layer.trainable = not layer.name.startswith(names)
        return model
    return network


def constrained():
    """Norms are per filter and per unit; Keras's own default for filters is per column of them."""
    limit = keras.constraints.MaxNorm
    return keras.Sequential([
        keras.layers.Input((6, 6, 1)),
        keras.layers.Conv2D(2, 3, activation="relu", kernel_constraint=limit(0.75, axis=[0, 1, 2]), name="conv"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(3, kernel_constraint=limit(1.0), name="scores"),
    ])


def training(network, optimizers):
    """Five or ten steps of each optimizer from the same weights over the same examples, five an epoch; the last batch is a smaller one."""
    x, labels = uniform(18, 6, 6, 1), random.integers(0, 3, 18)
    model = network()
    initial = [w / 4 for w in weights(model)]
    names = [w.path.split("/")[-2] + "/" + w.name for w in model.weights]
    names = [re.sub(r"_\d+/", "/", n) for n in names]
    rows = []
    for name, settings, epochs in optimizers:
        model = network()
        model.set_weights(initial)
        if name == "lamb":  # which keras.optimizers.get does not know
            optimizer = keras.optimizers.Lamb(**settings)
        else:
            optimizer = keras.optimizers.get({"class_name": name, "config": settings})
        if optimizer.weight_decay:
            optimizer.exclude_from_weight_decay(var_names=["bias"])
        model.compile(
            optimizer=optimizer,
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"],
        )
        history = model.fit(x, labels, batch_size=4, epochs=epochs, shuffle=False, verbose=0).history
        rows.append({
            "optimizer": name, "settings": settings, **({"epochs": epochs} if epochs > 1 else {}), "loss": float(history["loss"][-1]), "accuracy": float(history["accuracy"][-1]),
            "weights": {n: values(w) for n, w in zip(names, model.weights)},
        })
    return {
        "x": values(x), "labels": [int(v) for v in labels], "batch": 4,
        "initial": {n: values(w) for n, w in zip(names, initial)}, "rows": rows,
    }


def grad_cam():
    """Grad-CAM (Selvaraju et al., 2017, equations 1 and 2) of several layers and classes, by PyTorch's gradients."""
    global random
    others, random = random, np.random.default_rng(1)  # so that most maps have something, whatever was drawn before
    k = keras.layers
    x = k.Input((9, 8, 2))
    stem = k.Conv2D(4, 3, padding="same", activation="relu", name="stem")(x)
    y = k.Conv2D(4, 3, padding="same", use_bias=False, name="conv")(stem)
    y = k.BatchNormalization(name="norm")(y)
    y = k.Dropout(0.5, name="drop")(y)
    y = k.Add(name="add")([y, stem])
    y = k.ReLU(name="relu")(y)
    y = k.MaxPooling2D(name="pool")(y)
    y = k.Conv2D(5, 2, activation="relu", name="last")(y)
    y = k.GlobalAveragePooling2D(name="mean")(y)
    scores = k.Dense(3, name="scores")(y)  # before the softmax
    model = keras.Model(x, scores)
    names = [re.sub(r"_\d+/", "/", w.path.split("/")[-2] + "/" + w.name) for w in model.weights]
    model.set_weights([abs(w) + 0.5 if "variance" in n else w for n, w in zip(names, weights(model))])
    image, rows = uniform(1, 9, 8, 2), []
    for name in ("stem", "conv", "norm", "add", "relu", "pool", "last"):
        maps, scores = keras.Model(model.input, [model.get_layer(name).output, model.output])(torch.tensor(image), training=False)
        for c in range(3):
            gradient, = torch.autograd.grad(scores[0, c], maps, retain_graph=True)
            heat = torch.relu((gradient.mean(dim=(1, 2), keepdim=True) * maps).sum(-1))
            rows.append({"layer": name, "class": c, "heat": values(heat.detach())})
    assert sum(any(row["heat"]) for row in rows) > 14
    random = others
    return {"x": values(image), "weights": {n: values(w) for n, w in zip(names, model.weights)}, "rows": rows}


def variants():
    """Ten steps, as in training, with weights of classes and of samples, targets of several labels, regularisers and limits of gradients."""
    x, labels = uniform(18, 6, 6, 1), random.integers(0, 3, 18)
    sample_weights = random.integers(0, 17, 18) / 8
    targets = random.integers(0, 2, (18, 3)).astype("float32")
    names = ["conv/kernel", "conv/bias", "dense/kernel", "dense/bias"]
    rows, initial = [], None

    def regularizers(arguments):
        return {k: keras.regularizers.L1L2(**v) for k, v in arguments.items()}

    def words(arguments):
        return "".join(f", {k}: {{{', '.join(f'{w}: {n}' for w, n in v.items())}}}" for k, v in arguments.items())

    def variant(name, loss="sparse_categorical_crossentropy", last="softmax", conv={}, dense={}, sgd={}, frozen=False, class_weight=None, sample_weight=None):
        nonlocal initial
        model = keras.Sequential([
            keras.layers.Input((6, 6, 1)), keras.layers.Conv2D(2, 3, activation="relu", trainable=not frozen, **regularizers(conv)), keras.layers.MaxPooling2D(), keras.layers.Flatten(),
            keras.layers.Dense(3, **regularizers(dense)), keras.layers.Activation(last),
        ])
        initial = initial or [w / 4 for w in weights(model)]
        model.set_weights(initial)
        y = targets if last == "sigmoid" else labels
        model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.05, **sgd), loss=loss, metrics=["accuracy" if last == "softmax" else "binary_accuracy"])
        history = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0, class_weight=class_weight, sample_weight=sample_weight).history
        rows.append({
            "variant": name, "loss": loss, "clipping": sgd, "class_weights": list(class_weight.values()) if class_weight else [],
            "sample_weights": values(sample_weight) if sample_weight is not None else [],
            "model": ["input: [6, 6, 1]", "layers:", "  - Conv2D: {name: conv, filters: 2, kernel_size: 3, activation: relu" + (", trainable: false" if frozen else "") + words(conv) + "}", "  - MaxPooling2D",
                      "  - Flatten", "  - Dense: {name: dense, units: 3" + words(dense) + "}", "  - Activation: {activation: " + last + "}"],
            "training_loss": float(history["loss"][-1]), "accuracy": float(history["accuracy" if last == "softmax" else "binary_accuracy"][-1]),
            "evaluation_loss": float(model.evaluate(x, y, sample_weight=sample_weight, batch_size=4, verbose=0)[0]),
            "weights": {n: values(w) for n, w in zip(names, model.weights)},
        })

    variant("plain")
    variant("classes", class_weight={0: 0.5, 1: 2.5, 2: 1})
    variant("samples", sample_weight=sample_weights)
    variant("labels", loss="binary_crossentropy", last="sigmoid")
    variant("weighed labels", loss="binary_focal_crossentropy", last="sigmoid", sample_weight=sample_weights)
    variant("L2", conv={"kernel_regularizer": {"l2": 0.0625}})
    variant("L1", dense={"kernel_regularizer": {"l1": 0.03125}})
    variant("biases", conv={"bias_regularizer": {"l1": 0.0625, "l2": 0.5}}, dense={"bias_regularizer": {"l2": 0.5}})
    variant("activities", conv={"activity_regularizer": {"l2": 0.0625}}, dense={"activity_regularizer": {"l1": 0.125, "l2": 0.0625}})
    variant("weighed penalties", conv={"kernel_regularizer": {"l1": 0.0625}, "activity_regularizer": {"l1": 0.03125}}, sample_weight=sample_weights)
    variant("norm of each", sgd={"clipnorm": 0.0625})
    variant("norm of all", sgd={"global_clipnorm": 0.0625})
    variant("clipped penalties", conv={"kernel_regularizer": {"l2": 0.5}}, sgd={"clipnorm": 0.0625})
    variant("frozen penalties", conv={"kernel_regularizer": {"l2": 0.5}, "activity_regularizer": {"l2": 0.0625}}, dense={"kernel_regularizer": {"l2": 0.25}}, frozen=True)
    return {"x": values(x), "labels": [int(v) for v in labels], "targets": values(targets), "initial": {n: values(w) for n, w in zip(names, initial)}, "rows": rows}


def schedules():
    """The learning rate of each step, of 1 at most, in Keras's schedules and in PyTorch's."""
    rows, k = [], keras.optimizers.schedules

    def of_keras(ours, schedule, epochs, per_epoch, warm_up=0):
        rates = [float(schedule(step)) for step in range(epochs * per_epoch)]
        rows.append({"from": "keras", "schedule": ours, "epochs": epochs, "per_epoch": per_epoch, "warm_up": warm_up, "losses": [], "rates": rates})

    def of_torch(ours, make, epochs, per_epoch, each_epoch=False, warm_up=0):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        schedule, rates = make(optimizer), []
        for step in range(epochs * per_epoch):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if not each_epoch or (step + 1) % per_epoch == 0:
                schedule.step()
        rows.append({"from": "torch", "schedule": ours, "epochs": epochs, "per_epoch": per_epoch, "warm_up": warm_up, "losses": [], "rates": rates})

    def plateau(ours, losses, **settings):
        model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
        model.compile(optimizer=keras.optimizers.SGD(1.0))
        callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", **settings)
        callback.set_model(model)
        callback.on_train_begin()
        rates = []
        for epoch, loss in enumerate(losses):
            rates.append(float(model.optimizer.learning_rate))
            callback.on_epoch_end(epoch, {"loss": loss})
        rows.append({"from": "keras", "schedule": ours, "epochs": len(losses), "per_epoch": 1, "warm_up": 0, "losses": losses, "rates": rates})

    of_keras("exponential,gamma=0.75", k.ExponentialDecay(1.0, 7, 0.75), 3, 7)
    of_keras("polynomial", k.PolynomialDecay(1.0, 15, end_learning_rate=0.0), 3, 5)
    of_keras("polynomial,power=2,end=0.25", k.PolynomialDecay(1.0, 15, end_learning_rate=0.25, power=2.0), 3, 5)
    of_keras("cosine", k.CosineDecay(1.0, 15), 3, 5)
    of_keras("cosine,end=0.125", k.CosineDecay(1.0, 15, alpha=0.125), 3, 5)
    of_keras("cosine,cycles=3", k.CosineDecayRestarts(1.0, 5, t_mul=1.0), 3, 5)
    of_keras("cosine", k.CosineDecay(1 / 5, 11, warmup_target=1.0, warmup_steps=4), 3, 5, warm_up=4)
    s = torch.optim.lr_scheduler
    of_torch("step,every=2,gamma=0.5", lambda o: s.StepLR(o, 2, 0.5), 7, 3, each_epoch=True)
    of_torch("step", lambda o: s.StepLR(o, 2), 6, 3, each_epoch=True)
    of_torch("exponential", lambda o: s.ExponentialLR(o, 0.9), 4, 1)
    of_torch("polynomial,power=3", lambda o: s.PolynomialLR(o, 12, 3), 3, 4)
    of_torch("cosine,end=0.25", lambda o: s.CosineAnnealingLR(o, 12, 0.25), 3, 4)
    of_torch("cosine,cycles=2", lambda o: s.CosineAnnealingWarmRestarts(o, 6), 3, 4)
    of_torch("one-cycle", lambda o: s.OneCycleLR(o, 1.0, total_steps=20, cycle_momentum=False), 4, 5)
    of_torch("one-cycle,start=0.1,peak=0.5,end=0.01",
             lambda o: s.OneCycleLR(o, 1.0, total_steps=20, pct_start=0.5, div_factor=10, final_div_factor=10, cycle_momentum=False), 4, 5)
    of_torch("constant", lambda o: s.LinearLR(o, 1 / 6, 1.0, 5), 2, 4, warm_up=5)
    losses = [2.0, 1.5, 1.5, 1.49995, 1.6, 1.2, 1.3, 1.25, 1.3, 1.2, 1.19, 1.3, 1.3, 1.3, 1.3]
    plateau("plateau,patience=2,gamma=0.5", losses, patience=2, factor=0.5)
    plateau("plateau,patience=1,gamma=0.25,end=0.125", losses, patience=1, factor=0.25, min_lr=0.125)
    plateau("plateau", [1.0] * 23)
    return rows


def early_stopping():
    """After how many epochs EarlyStopping stops; 0 if it does not."""
    losses, rows = [2.0, 1.5, 1.5, 1.4, 1.4, 1.6, 1.3, 1.7, 1.6, 1.5, 1.4, 1.2], []
    for patience in range(1, 6):
        model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
        callback = keras.callbacks.EarlyStopping(monitor="loss", patience=patience)
        callback.set_model(model)
        callback.on_train_begin()
        stopped = 0
        for epoch, loss in enumerate(losses):
            callback.on_epoch_end(epoch, {"loss": loss})
            if getattr(model, "stop_training", False):
                stopped = epoch + 1
                break
        rows.append({"patience": patience, "losses": losses, "stopped": stopped})
    return rows


def summary():
    model = keras.Sequential([
        keras.layers.Input((28, 28, 1)), keras.layers.Conv2D(32, 3), keras.layers.MaxPooling2D(), keras.layers.Conv2D(64, 3),
        keras.layers.MaxPooling2D(), keras.layers.Conv2D(64, 3), keras.layers.Flatten(), keras.layers.Dense(64), keras.layers.Dense(10),
    ])
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        model.summary(print_fn=print)
    return re.search(r"Total params: (.*)", text.getvalue()).group(1)


def layer_names():
    """Every layer of Keras by each of its names, with the first of them."""
    return {name: c.__name__ for name, c in sorted(vars(keras.layers).items()) if isinstance(c, type) and issubclass(c, keras.layers.Layer)}


def main():
    assert keras.backend.backend() == "torch", "set KERAS_BACKEND=torch"
    keras.utils.set_random_seed(1)
    golden = {
        "versions": {"keras": keras.__version__, "torch": torch.__version__, "numpy": np.__version__},
        "layers": [layer(*row) for row in LAYERS],
        "add": add(),
        "initializers": [initializer(n) for n in ("glorot_uniform", "he_uniform", "he_normal", "zeros", "ones")],
        "losses": losses(),
        "metrics": metrics(),
        "training": training(plain, [(*row, 1) for row in OPTIMIZERS] + [(*row, 2) for row in TEN_STEPS]),
        "schedules": schedules(),
        "early_stopping": early_stopping(),
        "total_params": summary(),
        "layer_names": layer_names(),
        "activations": sorted(w for w in keras.src.activations.ALL_OBJECTS_DICT if w),
    }
    golden["layers"] += [layer(*row) for row in LATER_LAYERS]
    golden["merges"] = [merge(*row) for row in MERGES]
    # With the usual epsilon, Adam makes whole steps of gradients that two normalised examples leave nothing of but rounding errors.
    golden["normalized"] = training(normalized, [("adam", {"epsilon": 0.001}, 1), ("sgd", {"learning_rate": 0.05, "momentum": 0.75}, 1)])
    golden["layers"] += [layer(*row) for row in LAST_LAYERS]
    ten_steps = [("sgd", {"learning_rate": 0.05, "momentum": 0.75}, 2), ("lamb", {"epsilon": 0.001, "global_clipnorm": 0.5}, 2)]
    golden["frozen_below"] = training(frozen("conv", "norm"), ten_steps)
    golden["frozen_between"] = training(frozen("norm", "hidden", "last"), ten_steps)
    golden["dense_losses"] = dense_losses()
    golden["grad_cam"] = grad_cam()
    ema = {"use_ema": True, "ema_momentum": 0.75}
    golden["averaged"] = training(normalized, [
        ("sgd", {"learning_rate": 0.05, "momentum": 0.75, **ema}, 1), ("sgd", {"learning_rate": 0.05, "momentum": 0.75, **ema}, 2),
        ("sgd", {"learning_rate": 0.05, **ema, "ema_overwrite_frequency": 3}, 2), ("adam", {"epsilon": 0.001, **ema, "ema_momentum": 0.99}, 2)])
    golden["constrained"] = training(constrained, [("sgd", {"learning_rate": 0.05, "momentum": 0.75}, 1), ("adam", {"learning_rate": 0.01}, 1)])
    golden["layers"] += [seeded(*row) for row in SEEDED_LAYERS]
    golden["variants"] = variants()
    golden["layers"].append(layer("ActivityRegularization", (5,), {"l1": 0.25}))
    text = json.dumps(golden, indent=1)
    text = re.sub(r"\[[^\[\]{}]*\]", lambda m: re.sub(r"\s+", " ", m.group()), text)  # a list of numbers on one line
    pathlib.Path(os.path.dirname(os.path.abspath(__file__)), "keras_golden.json").write_text(text + "\n")


main()
