"""Makes zoo_golden.json: what torchvision's models are that the zoo has too, their shapes, their parameters and what they
compute in float64 for one image.

    python3 -m venv env && env/bin/pip install torch==2.15.0 torchvision==0.29.2 numpy==2.4.6
    env/bin/python zoo.py               # from this folder

The committed file was made with Python 3.11.7 and the versions above, on a CPU.

No weights are downloaded. Each value is a number of `uniform`, whose seed is the place of its parameter among all; the zoo's
models list theirs in the same order, and TestZooAgreesWithTorchvision draws the same numbers.
"""

import json
import math
import pathlib

import numpy as np
import torch
from torch import nn
from torchvision import models

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent
LOGITS = 10  # of each model, the first ones
IMAGE = 9999  # the seed of the image


def uniform(seed, n):
    """n numbers of SplitMix64 in [0, 1), as the function of that name in tutorial_test.go."""
    with np.errstate(over="ignore"):
        z = (np.uint64(seed << 32) + np.arange(n, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        return ((z ^ z >> np.uint64(31)) >> np.uint64(40)).astype(np.float64) / (1 << 24)


class ResNet9(nn.Module):
    """The network of Page's post, from its description: table and figures of part 4."""

    def __init__(self):
        super().__init__()

        def conv(c, k):
            return nn.Sequential(nn.Conv2d(c, k, 3, padding=1, bias=False), nn.BatchNorm2d(k), nn.ReLU())

        self.stem = conv(3, 64)
        self.conv1, self.residual1 = conv(64, 128), nn.Sequential(conv(128, 128), conv(128, 128))
        self.conv2, self.conv3 = conv(128, 256), conv(256, 512)
        self.residual3 = nn.Sequential(conv(512, 512), conv(512, 512))
        self.pool, self.last = nn.MaxPool2d(2), nn.MaxPool2d(4)
        self.head = nn.Linear(512, 10, bias=False)

    def forward(self, x):
        x = self.pool(self.conv1(self.stem(x)))
        x = x + self.residual1(x)
        x = self.pool(self.conv3(self.pool(self.conv2(x))))
        x = x + self.residual3(x)
        return 0.125 * self.head(self.last(x).flatten(1))


def for_cifar(m):
    m.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    m.maxpool = nn.Identity()
    return m


# Each model and the height and width of the image that it is given; 0 where it is only looked at.
MODELS = {
    "resnet-9": (ResNet9, 32),
    "resnet-18": (models.resnet18, 64),
    "resnet-18-cifar": (lambda: for_cifar(models.resnet18(num_classes=10)), 32),
    "resnet-50": (models.resnet50, 64),
    "resnet-50-cifar": (lambda: for_cifar(models.resnet50(num_classes=10)), 32),
    "vgg-16": (models.vgg16, 0),
    "squeezenet": (models.squeezenet1_1, 64),
    "densenet-121": (models.densenet121, 64),
    "mobilenet-v2": (models.mobilenet_v2, 64),
    "convnext-tiny": (models.convnext_tiny, 64),
}


def tensors(module):
    """The parameters and moving averages of a model in the zoo's order: each with its shape there, the order in which the axes of that
    are theirs, and whether its values lie about 1."""
    for child in module.children():
        yield from tensors(child)
    if isinstance(module, nn.Conv2d):
        k, c, r, s = module.weight.shape
        if module.groups == 1:
            yield module.weight, (r, s, c, k), (3, 2, 0, 1), False
        else:  # a filter for each channel
            yield module.weight, (r, s, k, c), (2, 3, 0, 1), False
    elif isinstance(module, nn.Linear):
        yield module.weight, tuple(module.weight.shape[::-1]), (1, 0), False
    elif isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)):
        yield module.weight, tuple(module.weight.shape), (0,), True
    elif isinstance(module, models.convnext.CNBlock):
        yield module.layer_scale, (1, 1, module.layer_scale.shape[0], 1), (2, 3, 0, 1), False
    if getattr(module, "bias", None) is not None:
        yield module.bias, tuple(module.bias.shape), (0,), False
    if isinstance(module, nn.BatchNorm2d):
        yield module.running_mean, tuple(module.running_mean.shape), (0,), False
        yield module.running_var, tuple(module.running_var.shape), (0,), True


def describe(make, size):
    with torch.device("meta"):
        skeleton = make().eval()
    shapes = [list(shape) for _, shape, _, _ in tensors(skeleton)]
    golden = {"trained": sum(p.numel() for p in skeleton.parameters()), "shapes": shapes, "size": size}
    if size == 0:
        return golden
    model = make().eval()
    with torch.no_grad():
        for seed, (t, shape, order, is_about_1) in enumerate(tensors(model)):
            v = 2 * uniform(seed, math.prod(shape)) - 1
            if len(shape) > 1:
                inputs = shape[:-1] if shape[-1] > 1 else shape[:2]  # a filter for each channel sees that alone
                v *= math.sqrt(6 / math.prod(inputs))
            else:
                v = v / 8 + is_about_1
            # As the zoo has it, in float32.
            v = torch.from_numpy(v.astype(np.float32).astype(np.float64))
            t.copy_(v.reshape(shape).permute(order).reshape(t.shape))
        image = torch.from_numpy(uniform(IMAGE, size * size * 3).reshape(1, size, size, 3)).permute(0, 3, 1, 2)
        logits = model(image)[0]
    golden["largest"] = float(logits.abs().max())
    golden["logits"] = logits[:LOGITS].tolist()
    return golden


(HERE / "zoo_golden.json").write_text(json.dumps({k: describe(*v) for k, v in MODELS.items()}, separators=(",", ":")) + "\n")
