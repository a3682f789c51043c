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

# Those that came later are drawn last, so that the numbers of the others stay.
LATER_LAYERS = [
    ("BatchNormalization", IMAGE, {}),
    ("BatchNormalization", (5,), {"momentum": 0.5, "epsilon": 0.125, "center": False}),
    ("BatchNormalization", (2, 3, 4), {"axis": -1, "scale": False}),
]


def weights(built):
    """Values for the weights of a layer or model; no variance is negative."""
    return [abs(uniform(*w.shape)) if w.name == "moving_variance" else uniform(*w.shape) for w in built.weights]


def layer(kind, shape, arguments):
    row = {"kind": kind, "input": shape, "arguments": arguments}
    if not hasattr(keras.layers, kind):
        return row | {"error": "Keras has no such layer"}
    try:
        built = getattr(keras.layers, kind)(**arguments)
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
        "y": values(built(x, training=False) if kind == "Dropout" else built(x)),
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


def training(network, optimizers):
    """Five steps of each optimizer from the same weights over the same examples; the last batch is a smaller one."""
    x, labels = uniform(18, 6, 6, 1), random.integers(0, 3, 18)
    model = network()
    initial = [w / 4 for w in weights(model)]
    names = [w.path.split("/")[-2] + "/" + w.name for w in model.weights]
    names = [re.sub(r"_\d+/", "/", n) for n in names]
    rows = []
    for name, settings in optimizers:
        model = network()
        model.set_weights(initial)
        model.compile(
            optimizer=keras.optimizers.get({"class_name": name, "config": settings}),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"],
        )
        history = model.fit(x, labels, batch_size=4, epochs=1, shuffle=False, verbose=0).history
        rows.append({
            "optimizer": name, "settings": settings, "loss": float(history["loss"][0]), "accuracy": float(history["accuracy"][0]),
            "weights": {n: values(w) for n, w in zip(names, model.weights)},
        })
    return {
        "x": values(x), "labels": [int(v) for v in labels], "batch": 4,
        "initial": {n: values(w) for n, w in zip(names, initial)}, "rows": rows,
    }


def summary():
    model = keras.Sequential([
        keras.layers.Input((28, 28, 1)), keras.layers.Conv2D(32, 3), keras.layers.MaxPooling2D(), keras.layers.Conv2D(64, 3),
        keras.layers.MaxPooling2D(), keras.layers.Conv2D(64, 3), keras.layers.Flatten(), keras.layers.Dense(64), keras.layers.Dense(10),
    ])
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        model.summary(print_fn=print)
    return re.search(r"Total params: (.*)", text.getvalue()).group(1)


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
        "training": training(plain, OPTIMIZERS),
        "total_params": summary(),
    }
    golden["layers"] += [layer(*row) for row in LATER_LAYERS]
    # With the usual epsilon, Adam makes whole steps of gradients that two normalised examples leave nothing of but rounding errors.
    golden["normalized"] = training(normalized, [("adam", {"epsilon": 0.001}), ("sgd", {"learning_rate": 0.05, "momentum": 0.75})])
    text = json.dumps(golden, indent=1)
    text = re.sub(r"\[[^\[\]{}]*\]", lambda m: re.sub(r"\s+", " ", m.group()), text)  # a list of numbers on one line
    pathlib.Path(os.path.dirname(os.path.abspath(__file__)), "keras_golden.json").write_text(text + "\n")


main()
