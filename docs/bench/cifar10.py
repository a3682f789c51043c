#!/usr/bin/env python3
"""Trains the zoo's resnet-9 with PyTorch on folders of pictures, DIR/train/CLASS/*.jpg and DIR/test/CLASS/*.jpg, with the recipe of
docs/benchmarks.md: python3 docs/bench/cifar10.py DIR EPOCHS THREADS. It needs torch, numpy and pillow, and prints a line for each epoch.

The pictures are decoded once, before the time begins. A batch is flipped and cropped as a whole, which costs next to nothing.
"""

import pathlib
import sys
import time

import numpy as np
import torch
from PIL import Image
from torch import nn

BATCH, BORDER, MAX_RATE, MOMENTUM, DECAY, SMOOTHING, SEED = 128, 4, 0.2, 0.9, 5e-4, 0.1, 1


def read(folder):
    """Pixels [n 3 32 32] as bytes, and the numbers of the classes."""
    pictures, labels = [], []
    for label, kind in enumerate(sorted(p for p in folder.iterdir() if p.is_dir())):
        for path in sorted(kind.iterdir()):
            pictures.append(np.asarray(Image.open(path).convert("RGB")).transpose(2, 0, 1))
            labels.append(label)
    return torch.tensor(np.stack(pictures)), torch.tensor(labels)


def conv(channels, filters, *more):
    layer = nn.Conv2d(channels, filters, 3, padding=1, bias=False)
    nn.init.trunc_normal_(layer.weight, std=(2 / (9 * channels)) ** 0.5 / 0.8796, a=-10, b=10)
    return nn.Sequential(layer, nn.BatchNorm2d(filters), nn.ReLU(), *more)


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def resnet9():
    head = nn.Linear(512, 10, bias=False)
    nn.init.xavier_uniform_(head.weight)
    return nn.Sequential(
        conv(3, 64), conv(64, 128, nn.MaxPool2d(2)), Residual(conv(128, 128), conv(128, 128)), conv(128, 256, nn.MaxPool2d(2)),
        conv(256, 512, nn.MaxPool2d(2)), Residual(conv(512, 512), conv(512, 512)), nn.MaxPool2d(4), nn.Flatten(), head)


def batches(x, y, order, normalize, augmented):
    for at in range(0, len(order), BATCH):
        chosen = order[at:at + BATCH]
        pictures = x[chosen].float() / 255
        if augmented:
            n, side = len(chosen), x.shape[-1]
            flip = torch.rand(n) < 0.5
            pictures[flip] = pictures[flip].flip(-1)
            bordered = nn.functional.pad(pictures, (BORDER,) * 4)
            rows, columns = (torch.randint(0, 2 * BORDER + 1, (2, n, 1)) + torch.arange(side))
            pictures = bordered[torch.arange(n)[:, None, None, None], torch.arange(3)[None, :, None, None], rows[:, None, :, None], columns[:, None, None, :]]
        yield normalize(pictures).to(memory_format=torch.channels_last), y[chosen]


def main(folder, epochs, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    (x, y), (test_x, test_y) = read(folder / "train"), read(folder / "test")
    mean = torch.stack([x[:, c].float().mean() for c in range(3)]).view(1, 3, 1, 1) / 255
    std = torch.stack([x[:, c].float().std() for c in range(3)]).view(1, 3, 1, 1) / 255
    model = resnet9().to(memory_format=torch.channels_last)
    weights = [p for p in model.parameters() if p.dim() > 1]
    optimizer = torch.optim.SGD(model.parameters(), MAX_RATE, momentum=MOMENTUM, nesterov=True, fused=True)
    steps = -(-len(x) // BATCH) * epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, MAX_RATE, total_steps=steps, cycle_momentum=False)
    normalize = lambda pictures: (pictures - mean) / std  # noqa: E731
    loss = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    seconds = 0.0
    for epoch in range(epochs):
        model.train()
        begin = time.time()
        for pictures, labels in batches(x, y, torch.randperm(len(x)), normalize, True):
            optimizer.zero_grad()
            loss(model(pictures) / 8, labels).backward()
            with torch.no_grad():  # decoupled, as cnn-gpu's and Keras's is, and of weights alone
                torch._foreach_mul_(weights, 1 - schedule.get_last_lr()[0] * DECAY)
            optimizer.step()
            schedule.step()
        seconds += time.time() - begin
        model.eval()
        with torch.no_grad():
            right = sum((model(p).argmax(1) == t).sum().item() for p, t in batches(test_x, test_y, torch.arange(len(test_x)), normalize, False))
        print(f"epoch {epoch + 1}: test accuracy {right / len(test_x):.2%}, {seconds:.0f} s, {(epoch + 1) * len(x) / seconds:.0f} images/s", flush=True)


main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
