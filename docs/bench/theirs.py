"""Times PyTorch and onnxruntime on the CPU: reads a request of JSON from each line and answers with one. compare.py starts it with the
number of threads as the argument."""

import json
import statistics
import sys
import time

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F

import networks

THREADS = int(sys.argv[1])
WINDOW = 0.01  # steps are timed together until this many seconds have passed, as cnn-gpu bench does
BATCHES = 16  # made before the clock runs
LAYOUTS = {"NCHW": torch.contiguous_format, "channels last": torch.channels_last}
steps = {}  # what was set up, by request


def timed(step, seconds):
    """Seconds of a step, the median over windows."""
    times, n, begun = [], 0, time.perf_counter()
    end = begun + seconds
    while True:
        step()
        n += 1
        now = time.perf_counter()
        if now - begun >= WINDOW:
            times.append((now - begun) / n)
            if now >= end:
                return statistics.median(times)
            n, begun = 0, time.perf_counter()


def training(path, batch, layout, adam):
    """A training step of a model file, and its number of parameters."""
    layers = networks.read(path)
    torch.manual_seed(1)
    net = networks.torch_module(layers).to(memory_format=LAYOUTS[layout])
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, eps=1e-7, **{adam: True})
    images = [torch.rand(batch, *layers[0].output).to(memory_format=LAYOUTS[layout]) for _ in range(BATCHES)]
    labels = [torch.randint(0, layers[-1].output[0], (batch,)) for _ in range(BATCHES)]
    at = 0

    def step():
        nonlocal at
        at = (at + 1) % BATCHES
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(net(images[at]), labels[at]).backward()
        optimizer.step()

    moving = [values for name, values in net.named_buffers() if "running" in name]
    return step, sum(p.numel() for p in [*net.parameters(), *moving])


def inference(path, batch):
    """A step of onnxruntime, and the model's number of parameters."""
    layers = networks.read(path)
    model, parameters = networks.onnx_model(layers, batch)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    network = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    images = [np.random.default_rng(i).random((batch, *layers[0].output), dtype=np.float32) for i in range(BATCHES)]
    at = 0

    def step():
        nonlocal at
        at = (at + 1) % BATCHES
        network.run(None, {"x": images[at]})

    return step, parameters


def convolution(shape, direction, layout):
    """One direction of a 3x3 convolution with padding 1."""
    batch, extent, channels, filters = shape
    torch.manual_seed(1)
    tensor = lambda *s: torch.randn(*s).to(memory_format=LAYOUTS[layout])
    x, w, dy = tensor(batch, channels, extent, extent), tensor(filters, channels, 3, 3), tensor(batch, filters, extent, extent)
    bias = torch.randn(filters)
    masks = {"dgrad": [True, False, False], "wgrad": [False, True, False]}

    def step():
        with torch.no_grad():
            if direction == "fprop":
                F.conv2d(x, w, bias, padding=1)
            else:
                torch.ops.aten.convolution_backward(dy, x, w, [filters], [1, 1], [1, 1], [1, 1], False, [0, 0], 1, masks[direction])

    return step, w.numel()


def answer(request):
    """Seconds of a step, by setting, and the number of parameters."""
    kind, arguments, seconds = request["kind"], request["arguments"], request["seconds"]
    make, settings = {
        "training": (training, {f"{layout}, {adam} Adam": (layout, adam) for layout in LAYOUTS for adam in ("fused", "foreach")}),
        "inference": (inference, {"": ()}),
        "convolution": (convolution, {layout: (layout,) for layout in LAYOUTS}),
    }[kind]
    result = {"seconds": {}}
    for name, setting in settings.items():
        key = json.dumps([kind, arguments, setting])
        if key not in steps or kind == "inference":  # onnxruntime's threads would spin beside other work
            steps[key] = make(*arguments, *setting)
        step, result["parameters"] = steps[key]
        step()
        result["seconds"][name] = timed(step, seconds)
    if kind == "inference":
        del steps[key]
    return result


torch.set_num_threads(THREADS)
torch.set_flush_denormal(True)
print(json.dumps({"pytorch": torch.__version__, "onnxruntime": onnxruntime.__version__}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
