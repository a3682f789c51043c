"""Writes golden.json: what transformations of fixed settings make of fixed pictures, with PyTorch 2.15 and Python's colorsys in float64.

    python3 golden.py

Each case has an operation, its settings and a picture's shape [H W C]; pixel i of the picture is (i * 7919 % 256) / 255.
"""

import colorsys
import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
SHAPES = [(5, 7, 3), (6, 4, 1), (1, 4, 1)]


def picture(h, w, c):
    return (torch.arange(h * w * c) * 7919 % 256 / 255).reshape(h, w, c)


def planes(x):
    return x.permute(2, 0, 1)[None]


def pixels(x):
    return x[0].permute(1, 2, 0)


def warp(x, m, fill):
    """m takes a place of the result to one of the picture, in pixels from the middle; PyTorch wants it in halves of the sides."""
    h, w, _ = x.shape
    theta = torch.tensor([[m[0][0], m[0][1] * h / w, 0], [m[1][0] * w / h, m[1][1], 0]])[None]
    grid = F.affine_grid(theta, planes(x).shape, align_corners=False)
    inside = F.grid_sample(torch.ones_like(planes(x)), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    value = F.grid_sample(planes(x), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return pixels(value + fill * (1 - inside))


def turn(x, degrees, fill):
    a = math.radians(degrees)
    # Counterclockwise as people see it: rows go down.
    return warp(x, torch.linalg.inv(torch.tensor([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])), fill)


def slant(x, sx, sy, fill):
    return warp(x, torch.linalg.inv(torch.tensor([[1, sx], [sy, 1]])), fill)


def scale(x, by, fill):
    return warp(x, torch.eye(2) / by, fill)


def move(x, dx, dy, fill):
    h, w, _ = x.shape
    border = max(abs(int(dx)), abs(int(dy)))
    y = F.pad(planes(x), [border] * 4, value=fill)
    return pixels(y.roll((int(dy), int(dx)), (2, 3))[:, :, border : border + h, border : border + w])


def enlarge(x, left, top, w, h):
    part = x[int(top) : int(top + h), int(left) : int(left + w)]
    return pixels(F.interpolate(planes(part), size=x.shape[:2], mode="bilinear", align_corners=False))


def smear(x, sigma):
    radius = math.ceil(3 * sigma)
    taps = torch.exp(-torch.arange(-radius, radius + 1.0) ** 2 / (2 * sigma**2))
    taps /= taps.sum()
    y = F.pad(planes(x).transpose(0, 1), [radius] * 4, mode="replicate")
    y = F.conv2d(F.conv2d(y, taps.reshape(1, 1, 1, -1)), taps.reshape(1, 1, -1, 1))
    return pixels(y.transpose(0, 1))


def lightness(x):
    return x if x.shape[2] == 1 else (x * torch.tensor([0.299, 0.587, 0.114])).sum(2, keepdim=True)


def blend(x, other, f):
    return torch.lerp(other.expand_as(x), x, torch.tensor(float(f))).clamp(0, 1)


def brighten(x, f):
    return blend(x, torch.zeros(1), f)


def contrast(x, f):
    return blend(x, lightness(x).mean(), f)


def saturate(x, f):
    return blend(x, lightness(x), f)


def hue(x, by):
    if x.shape[2] == 1:
        return x
    colours = [colorsys.rgb_to_hsv(*p) for p in x.reshape(-1, 3).tolist()]
    return torch.tensor([colorsys.hsv_to_rgb((h + by) % 1, s, v) for h, s, v in colours]).reshape(x.shape)


def sharpen(x, f):
    h, w, c = x.shape
    if h < 3 or w < 3:
        return x
    kernel = torch.ones(3, 3)
    kernel[1, 1] = 5
    smooth = x.clone()
    smooth[1:-1, 1:-1] = pixels(F.conv2d(planes(x), (kernel / kernel.sum()).expand(c, 1, 3, 3), groups=c))
    y = blend(x, smooth, f)
    y[0], y[-1], y[:, 0], y[:, -1] = x[0], x[-1], x[:, 0], x[:, -1]
    return y


def channels(x, f):
    return torch.stack([f(x[:, :, k]) for k in range(x.shape[2])], 2)


def stretch(x):
    return channels(x, lambda v: (v - v.min()) / (v.max() - v.min()) if v.max() > v.min() else v)


def equalize(x):
    def one(v):
        b = (v * 255).round().long()
        histogram = torch.bincount(b.flatten(), minlength=256)
        step = (histogram.sum() - histogram[histogram.nonzero()[-1]]) // 255
        if step == 0:
            return v
        table = (F.pad(histogram.cumsum(0), [1, 0])[:256] + step // 2) // step
        return table.clamp(0, 255)[b] / 255

    return channels(x, one)


def posterize(x, bits):
    bits = int(bits)
    return ((x * 255).round().long() >> (8 - bits) << (8 - bits)) / 255


def solarize(x, threshold):
    return torch.where(x >= threshold, 1 - x, x)


CASES = [
    (turn, [(30, 0.5), (-135, 0.0), (90, 0.25), (7.5, 1.0)]),
    (slant, [(0.3, 0, 0.5), (0, -0.99, 0.0), (0.2, 0.1, 0.5), (-0.5, 0.75, 0.0)]),
    (scale, [(0.8, 0.5), (1.25, 0.0), (0.1, 0.5), (3, 0.0)]),
    (move, [(1, 0, 0.5), (-2, 1, 0.0), (0, -3, 0.25), (9, 2, 0.5), (2, -20, 0.0)]),
    (enlarge, [(0, 0, 1, 1), (1, 0, 3, 1), (0, 0, 4, 1)]),
    (smear, [(0.1,), (0.7,), (2.0,)]),
    (brighten, [(0.3,), (1.7,), (0.01,)]),
    (contrast, [(0.3,), (1.7,), (0.0,)]),
    (saturate, [(0.3,), (1.7,), (0.0,)]),
    (hue, [(0.1,), (-0.4,), (0.5,), (0.0,)]),
    (sharpen, [(0.1,), (1.9,), (0.0,)]),
    (stretch, [()]),
    (equalize, [()]),
    (posterize, [(8,), (4,), (2,)]),
    (solarize, [(0.5,), (1.0,), (0.0,)]),
]

# Large enough that equalize has steps of more than one pixel.
LARGE = (20, 26, 1)


def main():
    rows = []
    for operation, settings in CASES:
        for shape in SHAPES + ([LARGE] if operation is equalize else []):
            for s in settings:
                y = operation(picture(*shape), *s)
                rows.append({"operation": operation.__name__, "settings": list(s), "shape": list(shape), "y": [round(v, 7) for v in y.flatten().tolist()]})
    text = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    pathlib.Path(__file__).with_name("golden.json").write_text(f"[\n{text}\n]\n")


main()
