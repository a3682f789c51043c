"""Makes golden.json (what PyTorch computes for each op, in float64) and model/testdata/tutorial_golden.json (loss and gradients
of the tutorial's network).

    python3 -m venv env && env/bin/pip install torch==2.15.0 numpy==2.4.6
    env/bin/python golden.py            # from this folder; writes both files

The committed files were made with Python 3.11.7 and the versions above, on a CPU.

Convolutions, pools, dense layers, activations, softmax, cross-entropy and their gradients are PyTorch's. PyTorch knows no
uneven padding, so `same` pads by hand, with TensorFlow's documented formula. Four optimizers need a note:

  * Adam. Keras divides by sqrt(v) + epsilon, PyTorch by sqrt(v) / sqrt(1 - beta2^t) + epsilon: they agree when PyTorch is
    given epsilon / sqrt(1 - beta2^t), which is what is done for the one step of each case.
  * RMSprop. Keras divides by sqrt(v + epsilon), PyTorch by sqrt(v) + epsilon: the cases have epsilon 0. Keras keeps m = momentum * m +
    rate * step, PyTorch b = momentum * b + step: m = rate * b while the rate is constant.
  * Adagrad. Keras divides by sqrt(v + epsilon), PyTorch by sqrt(v) + epsilon: the case has epsilon 0.
  * SGD. Keras keeps v = momentum * v - rate * g, PyTorch b = momentum * b + g: v = -rate * b while the rate is constant.
"""

import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(2026)
HERE = pathlib.Path(__file__).parent
cases = []


def draw(*shape, scale=16, limit=32):
    """Multiples of 1/scale: exact, and short in JSON."""
    return (torch.randint(-limit, limit + 1, shape) / scale).requires_grad_()


def distinct(*shape):
    """Different numbers everywhere, so that no maximum is tied."""
    n = math.prod(shape)
    return ((torch.randperm(n) - n // 2) / 16).reshape(shape).requires_grad_()


def flat(t):
    return t.detach().reshape(-1).tolist()


def case(op, name, inputs, want, **geometry):
    cases.append({"op": op, "name": name, **geometry, "in": {k: flat(v) for k, v in inputs.items()},
                  "want": {k: flat(v) for k, v in want.items()}})


def padding(size, kernel, stride, dilation):
    """TensorFlow's `same`: zeros before and after."""
    out = -(-size // stride)
    total = max((out - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def pad(x, g, value=0.0):
    """Pads an NCHW image."""
    if g["padding"] == "valid":
        return x
    top, bottom = padding(g["image"][0], g["size"][0], g["stride"][0], g["dilation"][0])
    left, right = padding(g["image"][1], g["size"][1], g["stride"][1], g["dilation"][1])
    return F.pad(x, (left, right, top, bottom), value=value)


def window(image, size, stride=(1, 1), dilation=(1, 1), mode="valid"):
    return {"image": image, "size": size, "stride": stride, "dilation": dilation, "padding": mode}


def conv(name, n, c, k, groups=1, **win):
    g = window(**win)
    x, w, b = draw(n, *g["image"], c), draw(*g["size"], c // groups, k), draw(k)
    y = F.conv2d(pad(x.permute(0, 3, 1, 2), g), w.permute(3, 2, 0, 1), b, stride=g["stride"], dilation=g["dilation"], groups=groups)
    y = y.permute(0, 2, 3, 1)
    dy, dw0, db0 = draw(*y.shape), draw(*w.shape), draw(k)
    dx, dw, db = torch.autograd.grad(y, (x, w, b), dy)
    g.update(n=n, c=c, k=k, out=list(y.shape[1:3]))
    if groups > 1:
        g["groups"] = groups
    case("conv2d_fprop", name, {"x": x, "w": w, "b": b}, {"y": y}, **g)
    case("conv2d_dgrad", name, {"dy": dy, "w": w}, {"dx": dx}, **g)
    case("conv2d_wgrad", name, {"x": x, "dy": dy, "dw": dw0}, {"dw": dw0 + dw}, **g)
    case("bias_wgrad", name, {"dy": dy, "db": db0}, {"db": db0 + db}, n=dy.numel() // k, k=k)


def pool(name, kind, n, c, **win):
    g = window(**win)
    x = distinct(n, *g["image"], c)
    image = x.permute(0, 3, 1, 2)
    size, stride = g["size"], g["stride"]
    if kind == "sum":
        y = F.avg_pool2d(pad(image, g), size, stride) * (size[0] * size[1])
        index = None
    elif kind == "average":
        # Sums over the padded image of X and of ones: padding does not count.
        area = size[0] * size[1]
        y = F.avg_pool2d(pad(image, g), size, stride) * area
        y = y / (F.avg_pool2d(pad(torch.ones_like(image), g), size, stride) * area).round()
        if g["padding"] == "same" and padding_is_even(g):
            even = [padding(g["image"][d], size[d], stride[d], 1)[0] for d in (0, 1)]
            torch.testing.assert_close(y, F.avg_pool2d(image, size, stride, even, count_include_pad=False))
        index = None
    else:
        sign = 1 if kind == "max" else -1
        y, at = F.max_pool2d(pad(sign * image, g, -math.inf), size, stride, return_indices=True)
        y = sign * y
        # The place in the padded image as r * S + s of the window.
        wide = pad(image, g).shape[3]
        p, q = torch.arange(y.shape[2])[:, None], torch.arange(y.shape[3])[None, :]
        index = (at // wide - p * stride[0]) * size[1] + at % wide - q * stride[1]
        index = index.permute(0, 2, 3, 1)
    y = y.permute(0, 2, 3, 1)
    dy = draw(*y.shape)
    (dx,) = torch.autograd.grad(y, x, dy)
    g.update(kind=kind, n=n, c=c, out=list(y.shape[1:3]))
    case("pool2d_fprop", name, {"x": x}, {"y": y} if index is None else {"y": y, "index": index}, **g)
    case("pool2d_dgrad", name, {"dy": dy} if index is None else {"dy": dy, "index": index}, {"dx": dx}, **g)


def padding_is_even(g):
    pads = [padding(g["image"][d], g["size"][d], g["stride"][d], 1) for d in (0, 1)]
    return all(before == after for before, after in pads)


def dense(n, c, k):
    x, w, b = draw(n, c), draw(c, k), draw(k)
    y = F.linear(x, w.T, b)
    dy, dw0 = draw(n, k), draw(c, k)
    dx, dw = torch.autograd.grad(y, (x, w), dy)
    g = {"n": n, "c": c, "k": k}
    case("dense_fprop", "", {"x": x, "w": w, "b": b}, {"y": y}, **g)
    case("dense_dgrad", "", {"dy": dy, "w": w}, {"dx": dx}, **g)
    case("dense_wgrad", "", {"x": x, "dy": dy, "dw": dw0}, {"dw": dw0 + dw}, **g)


def activations():
    x = torch.tensor([-20.0, -3.5, -1.0, -0.25, -0.0625, 0.0, 0.0625, 0.5, 1.0, 2.75, 20.0]).requires_grad_()
    for name, f in (("linear", lambda v: v * 1), ("relu", torch.relu), ("sigmoid", torch.sigmoid), ("tanh", torch.tanh)):
        y = f(x)
        dy = draw(*y.shape)
        (dx,) = torch.autograd.grad(y, x, dy)
        case("activation_fprop", name, {"x": x}, {"y": y}, function=name, n=x.numel())
        # Where tanh and sigmoid saturate, 1 - y^2 from the rounded y has lost its digits: PyTorch computes it in the same way.
        case("activation_dgrad", name, {"v": y, "dy": dy}, {"dx": dx}, function=name, n=x.numel())


def more_activations():
    x = torch.tensor([-20.0, -6.5, -3.0, -2.5, -1.0, -0.25, 0.0, 0.0625, 0.5, 1.0, 2.75, 3.0, 6.0, 8.0]).requires_grad_()
    for name, alpha, f in (
        ("leaky_relu", 0.25, lambda v: F.leaky_relu(v, 0.25)), ("elu", 0.25, lambda v: F.elu(v, 0.25)), ("selu", 0, F.selu),
        ("relu6", 6, F.relu6), ("hard_sigmoid", 0, lambda v: F.relu6(v + 3) / 6), ("softplus", 0, F.softplus), ("softsign", 0, F.softsign),
        ("exponential", 0, torch.exp),
        ("silu", 0, F.silu), ("gelu", 0, F.gelu), ("gelu_tanh", 0, lambda v: F.gelu(v, approximate="tanh")), ("hard_swish", 0, F.hardswish),
        ("mish", 0, F.mish),
    ):
        y = f(x)
        dy = draw(*y.shape)
        (dx,) = torch.autograd.grad(y, x, dy)
        case("activation_fprop", name, {"x": x}, {"y": y}, function=name, alpha=alpha, n=x.numel())
        v = x if name in ("silu", "gelu", "gelu_tanh", "hard_swish", "mish") else y
        case("activation_dgrad", name, {"v": v, "dy": dy}, {"dx": dx}, function=name, alpha=alpha, n=x.numel())


def binaries(functions):
    for name, f in functions:
        n, m, k = 2, 3, 4
        values = distinct(n * m * k + n * k)
        a, b = values[:n * m * k].reshape(n, m, k), values[n * m * k:].reshape(n, 1, k).repeat(1, m, 1)
        y = f(a, b)
        dy = draw(n, m, k)
        da, db = torch.autograd.grad(y, (a, b), dy)
        case("binary_fprop", name, {"a": a, "b": b[:, 0]}, {"y": y}, function=name, n=n, m=m, k=k)
        case("binary_dgrad", name, {"a": a, "b": b[:, 0], "dy": dy}, {"da": da, "db": db}, function=name, n=n, m=m, k=k)


def rescale():
    x = draw(9)
    case("rescale", "", {"x": x}, {"y": x * 0.25 - 1.5}, scale=0.25, offset=-1.5)


def copy(name, x, y, box, axes=(0, 1, 2, 3), x_at=(0, 0, 0, 0), y_at=(0, 0, 0, 0)):
    case("copy", name, {"x": x}, {"y": y}, xshape=list(x.shape), yshape=list(y.shape), axes=axes, box=box, xat=x_at, yat=y_at)


def copies():
    x = draw(2, 3, 4, 3)
    copy("padded", x, F.pad(x, (0, 0, 1, 3, 2, 0)), [2, 3, 4, 3], y_at=(0, 2, 1, 0))
    copy("cropped", x, x[:, 1:3, 1:2], [2, 2, 1, 3], x_at=(0, 1, 1, 0))
    copy("permuted", x, x.permute(0, 3, 1, 2), [2, 3, 3, 4], axes=(0, 3, 1, 2))


def bilinear(n, image, c, factors):
    x = draw(n, *image, c)
    y = F.interpolate(x.permute(0, 3, 1, 2), scale_factor=factors, mode="bilinear", align_corners=False).permute(0, 2, 3, 1)
    dy = draw(*y.shape)
    (dx,) = torch.autograd.grad(y, x, dy)
    g = {"n": n, "image": image, "c": c, "size": factors}
    case("bilinear2d_fprop", f"{factors}", {"x": x}, {"y": y}, **g)
    case("bilinear2d_dgrad", f"{factors}", {"dy": dy}, {"dx": dx}, **g)


def prelu(n, k):
    x, a = draw(n, k), draw(k)
    # A row at a time, so that the gradients by a slope are the terms of its sum.
    slopes = [a.detach().clone().requires_grad_() for _ in range(n)]
    y = torch.cat([F.prelu(x[i : i + 1], slopes[i]) for i in range(n)])
    dy = draw(n, k)
    dx, *terms = torch.autograd.grad(y, (x, *slopes), dy)
    case("prelu_fprop", "", {"x": x, "a": a}, {"y": y}, n=n, k=k)
    case("prelu_dgrad", "", {"x": x, "a": a, "dy": dy}, {"dx": dx}, n=n, k=k)
    case("prelu_terms", "", {"x": x, "dy": dy}, {"t": torch.stack(terms)}, n=n, k=k)


def philox(counter, key):
    """Philox4x32-10 on Python's integers."""
    word = 0xFFFFFFFF
    x, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [(b >> 32) ^ x[1] ^ k[0], b & word, (a >> 32) ^ x[3] ^ k[1], a & word]
        k = [(k[0] + 0x9E3779B9) & word, (k[1] + 0xBB67AE85) & word]
    return x


def gaussian_noise(n, seed, stream, step, deviation):
    assert philox((0, 0, 0, 0), (0, 0)) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]  # Random123, tests/kat_vectors
    x = draw(n)
    z = []
    for block in range(-(-n // 4)):
        words = philox((block, step, 0, 0), (seed, stream))
        for u, v in (words[:2], words[2:]):
            radius, angle = math.sqrt(-2 * math.log(((u >> 8) + 1) / 2**24)), 2 * math.pi * (v >> 8) / 2**24
            z += [radius * math.cos(angle), radius * math.sin(angle)]
    y = x + deviation * torch.tensor(z[:n])
    case("gaussian_noise", "", {"x": x, "step": torch.tensor([step])}, {"y": y}, n=n, seed=seed, stream=stream, deviation=deviation)


def classes():
    x = draw(4, 7)
    y = torch.softmax(x, 1)
    dy = draw(4, 7)
    (dx,) = torch.autograd.grad(y, x, dy)
    case("softmax_fprop", "", {"x": x}, {"y": y}, n=4, k=7)
    case("softmax_dgrad", "", {"y": y, "dy": dy}, {"dx": dx}, n=4, k=7)

    for name, logits in (("plain", draw(5, 6)), ("large", draw(5, 6, scale=0.01))):
        labels = torch.tensor([5, 0, -100, 3, 3])  # -100 is PyTorch's mark for a row that is no example
        y = torch.softmax(logits, 1)
        for smoothing in (0, 0.125):
            loss = F.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)
            (dx,) = torch.autograd.grad(F.cross_entropy(logits, labels, label_smoothing=smoothing), logits)
            more = {"smoothing": smoothing} if smoothing else {}
            title = name + (" smoothed" if smoothing else "")
            case("cross_entropy_fprop", title, {"x": logits, "labels": labels}, {"y": y, "loss": loss}, n=5, k=6, **more)
            case("cross_entropy_dgrad", title, {"y": y, "labels": labels}, {"dx": dx}, n=5, k=6, **more)


def dense_losses():
    """Losses of targets for each value: of a row, and the gradient of the mean over the rows that are examples. PyTorch knows no focal loss: its
    formula stands here. Two targets of three are ones and zeros, as labels give them."""
    labels, n, k = torch.tensor([0, 4, -1, 0]), 4, 5
    is_example = (labels >= 0).double()
    case("one_hot", "", {"labels": labels}, {"y": F.one_hot(labels.clamp(min=0), k) * is_example[:, None]}, n=n, k=k)

    def both(op, name, x, targets, loss, y=None, **geometry):
        (dx,) = torch.autograd.grad((loss * is_example).sum() / is_example.sum(), x)
        given = {"x": x, "targets": targets, "labels": labels}
        case(op + "_fprop", name, given, {"loss": loss * is_example, **({} if y is None else {"y": y})}, n=n, k=k, **geometry)
        case(op + "_dgrad", name, given, {"dx": dx}, n=n, k=k, **geometry)

    def hard_and_soft():
        t = torch.randint(0, 17, (n, k)) / 16
        return torch.where(torch.arange(n)[:, None] > 0, t.round(), t)

    x, shares = draw(n, k), hard_and_soft()
    both("categorical", "plain", x, shares, F.cross_entropy(x, shares, reduction="none"), torch.softmax(x, 1), alpha=1)
    for alpha, gamma in ((0.25, 2), (0.5, 0.5), (1, 1)):
        x, shares = draw(n, k), hard_and_soft()
        p = torch.softmax(x, 1)
        loss = (alpha * (1 - p) ** gamma * -shares * torch.log_softmax(x, 1)).sum(1)
        both("categorical", f"alpha {alpha}, gamma {gamma}", x, shares, loss, p, alpha=alpha, gamma=gamma)
    for function, of, more in (
        ("squared_error", F.mse_loss, {}), ("absolute_error", F.l1_loss, {}), ("huber", F.huber_loss, {"delta": 1}), ("huber", F.huber_loss, {"delta": 0.375}),
        ("binary_cross_entropy", F.binary_cross_entropy_with_logits, {}),
    ):
        x, t = draw(n, k), hard_and_soft()
        both("element_loss", function + str(more or ""), x, t, of(x, t, reduction="none", **more).mean(1), function=function, **more)
    for alpha, gamma in ((0, 2), (0.25, 2), (0.25, 0), (0.75, 0.5)):
        x, t = draw(n, k), hard_and_soft()
        p = torch.sigmoid(x)
        loss = (t * (1 - p) + (1 - t) * p) ** gamma * F.binary_cross_entropy_with_logits(x, t, reduction="none")
        if alpha:
            loss = (t * alpha + (1 - t) * (1 - alpha)) * loss
        both("element_loss", f"binary_cross_entropy, alpha {alpha}, gamma {gamma}", x, t, loss.mean(1), function="binary_cross_entropy", alpha=alpha, gamma=gamma)


def penalties():
    """Regularisers: PyTorch's norms, and the gradients of the mean over the examples of a loss that they are part of."""
    labels, loss = torch.tensor([0, -1, 2]), draw(3)
    is_example = (labels >= 0).double()
    for l1, l2, each in ((0.25, 0, False), (0, 0.5, False), (0.125, 0.25, False), (0.125, 0.25, True)):
        x, dy = draw(3, 4), draw(3, 4)
        cost = l1 * x.abs().sum(1) + l2 * (x * x).sum(1)
        if not each:
            cost = cost.sum().expand(3)
        (dx,) = torch.autograd.grad((cost * is_example).sum() / is_example.sum(), x)
        more = {"n": 3, "k": 3, "l1": l1, "l2": l2, "each": each}
        name = f"{l1} and {l2}" + (" of each" if each else "")
        case("penalty_fprop", name, {"x": x, "labels": labels, "loss": loss}, {"loss": loss + cost * is_example}, **more)
        case("penalty_dgrad", name, {"x": x, "labels": labels, "dy": dy}, {"dx": dy + dx}, **more)


def adam(step, beta1=0.9, beta2=0.999, epsilon=1e-7, rate=1e-3):
    w, g, m = draw(6), draw(6, scale=256), draw(6, scale=256)
    v = draw(6, scale=256).abs()
    if step == 1:
        m, v = torch.zeros(6), torch.zeros(6)
    p = torch.nn.Parameter(w.detach().clone())
    p.grad = g.detach().clone()
    optimizer = torch.optim.Adam([p], lr=rate, betas=(beta1, beta2), eps=epsilon / math.sqrt(1 - beta2**step), foreach=False)
    optimizer.state[p] = {"step": torch.tensor(float(step - 1)), "exp_avg": m.detach().clone(), "exp_avg_sq": v.detach().clone()}
    optimizer.step()
    state = optimizer.state[p]
    # Keras's own lines (keras/src/optimizers/adam.py), transcribed.
    wn, gn, mn, vn = (t.detach().numpy().copy() for t in (w, g, m, v))
    alpha = rate * math.sqrt(1 - beta2**step) / (1 - beta1**step)
    mn += (gn - mn) * (1 - beta1)
    vn += (gn * gn - vn) * (1 - beta2)
    wn -= mn * alpha / (np.sqrt(vn) + epsilon)
    np.testing.assert_allclose(p.detach().numpy(), wn, rtol=1e-13)
    case("adam", f"step {step}", {"w": w, "m": m, "v": v, "dw": g, "rate": torch.tensor([rate]), "step": torch.tensor([step]),
                                  "halt": torch.tensor([0])},
         {"w": p, "m": state["exp_avg"], "v": state["exp_avg_sq"]}, n=6, beta1=beta1, beta2=beta2, epsilon=epsilon)


def rmsprop(momentum, centered, rho=0.9, rate=0.125):
    w, g, m = draw(6), draw(6, scale=256), draw(6)
    a = draw(6, scale=256)
    v = a.detach() ** 2 + draw(6, scale=256).detach().abs()  # no less than the square of the mean
    p = torch.nn.Parameter(w.detach().clone())
    p.grad = g.detach().clone()
    optimizer = torch.optim.RMSprop([p], lr=rate, alpha=rho, eps=0, momentum=momentum, centered=centered, foreach=False)
    optimizer.state[p] = {"step": torch.tensor(0.0), "square_avg": v.detach().clone()}
    state = optimizer.state[p]
    inputs = {"w": w, "v": v, "dw": g, "rate": torch.tensor([rate]), "halt": torch.tensor([0])}
    if centered:
        inputs["a"], state["grad_avg"] = a, a.detach().clone()
    if momentum:
        inputs["m"], state["momentum_buffer"] = m, m.detach() / rate
    optimizer.step()
    want = {"w": p, "v": state["square_avg"]}
    if centered:
        want["a"] = state["grad_avg"]
    if momentum:
        want["m"] = rate * state["momentum_buffer"]
    case("rmsprop", f"momentum {momentum} centered {centered}", inputs, want, n=6, rho=rho, momentum=momentum, centered=centered)


def sgd(momentum, nesterov, rate=0.125):
    w, g, v = draw(6), draw(6), draw(6)
    p = torch.nn.Parameter(w.detach().clone())
    p.grad = g.detach().clone()
    optimizer = torch.optim.SGD([p], lr=rate, momentum=momentum, nesterov=nesterov, foreach=False)
    inputs = {"w": w, "dw": g, "rate": torch.tensor([rate]), "halt": torch.tensor([0])}
    want = {"w": p}
    if momentum:
        inputs["v"] = v
        optimizer.state[p]["momentum_buffer"] = -v.detach() / rate
    optimizer.step()
    if momentum:
        want["v"] = -rate * optimizer.state[p]["momentum_buffer"]
    case("sgd", f"momentum {momentum} nesterov {nesterov}", inputs, want, n=6, momentum=momentum, nesterov=nesterov)


def adagrad(initial=0.125, rate=0.125):
    w, g, v = draw(6), draw(6), draw(6).detach().abs()
    p = torch.nn.Parameter(w.detach().clone())
    p.grad = g.detach().clone()
    optimizer = torch.optim.Adagrad([p], lr=rate, initial_accumulator_value=initial, eps=0, foreach=False)
    optimizer.state[p]["sum"] += v
    optimizer.step()
    case("adagrad", "", {"w": w, "v": v, "dw": g, "rate": torch.tensor([rate]), "halt": torch.tensor([0])},
         {"w": p, "v": optimizer.state[p]["sum"] - initial}, n=6, initial=initial)


def weight_decay(decay=0.25, rate=0.125):
    """What AdamW leaves of weights whose gradients are zero."""
    w = draw(6)
    p = torch.nn.Parameter(w.detach().clone())
    p.grad = torch.zeros(6)
    torch.optim.AdamW([p], lr=rate, weight_decay=decay, foreach=False).step()
    case("weight_decay", "", {"w": w, "rate": torch.tensor([rate]), "halt": torch.tensor([0])}, {"w": p}, n=6, decay=decay)


def weight_average(momentum=0.75):
    """The averages of PyTorch's model averaging, the first and those of a later step."""
    for step, updates in ((1, 0), (5, 4)):
        model, old = torch.nn.Linear(6, 1, bias=False), draw(6)
        averaged = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(momentum))
        weights = draw(6)
        model.weight.data, averaged.module.weight.data = weights.detach().clone(), old.detach().clone()
        averaged.n_averaged += updates
        averaged.update_parameters(model)
        case("weight_average", f"step {step}", {"w": weights, "average": old, "step": torch.tensor([step]), "halt": torch.tensor([0])},
             {"w": weights, "average": averaged.module.weight}, n=6, momentum=momentum)


def clips():
    """By the norm itself: torch.nn.utils.clip_grad_norm_ divides by a norm that is 1e-6 larger, Keras does not."""
    x = draw(6)
    case("clip_norm", "longer", {"x": x}, {"x": 0.75 * x / torch.linalg.vector_norm(x)}, n=6, norm=0.75)
    case("clip_norm", "shorter", {"x": x}, {"x": x}, n=6, norm=64)
    case("clip_value", "", {"x": x}, {"x": torch.clamp(x, -0.75, 0.75)}, n=6, most=0.75)


def batch_norm(name, n, p, c, labels, epsilon=1e-3, momentum=0.875):
    """Rows whose label is no class are left out of what PyTorch sees. Its momentum is that of the new value."""
    x, dy, gamma, beta, average = draw(n, p, c), draw(n, p, c), draw(c), draw(c), draw(c)
    rows = [i for i in range(n) if labels is None or 0 <= labels[i] < 3]
    examples = x[rows]
    mean, variance = examples.detach().mean((0, 1)), examples.detach().var((0, 1), unbiased=False)
    moved = average.detach().clone()
    y = F.batch_norm(examples.permute(0, 2, 1), moved, torch.ones(c), gamma, beta, True, 1 - momentum, epsilon)
    dx, dgamma, dbeta = torch.autograd.grad(y, (x, gamma, beta), dy[rows].permute(0, 2, 1))
    marks = {} if labels is None else {"labels": torch.tensor(labels)}
    statistics = {"mean": mean, "variance": variance}
    sums = {"dy_sum": dbeta, "dyx_sum": dgamma}
    g = {"n": n, "p": p, "c": c, "epsilon": epsilon}
    case("batch_norm_stats", name, {"x": x} | marks, statistics, **g)
    everywhere = F.batch_norm(x.permute(0, 2, 1), mean, variance, gamma, beta, False, 0, epsilon).permute(0, 2, 1)
    case("batch_norm_fprop", name, {"x": x, "gamma": gamma, "beta": beta} | statistics, {"y": everywhere}, **g)
    case("batch_norm_sums", name, {"x": x, "dy": dy} | marks | statistics, sums, **g)
    case("batch_norm_dgrad", name, {"x": x, "dy": dy, "gamma": gamma} | marks | statistics | sums, {"dx": dx}, **g)
    case("moving_average", name, {"x": mean, "average": average, "halt": torch.tensor([0])}, {"average": moved}, n=c, momentum=momentum)


def group_norm(name, n, p, c, groups, epsilon=1e-3):
    x, dy, gamma, beta, before = draw(n, p, c), draw(n, p, c), draw(c), draw(c), draw(c)
    y = F.group_norm(x.permute(0, 2, 1), groups, gamma, beta, epsilon).permute(0, 2, 1)
    dx, dgamma = torch.autograd.grad(y, (x, gamma), dy)
    parts = x.detach().reshape(n, p, groups, c // groups)
    statistics = {"mean": parts.mean((1, 3)), "variance": parts.var((1, 3), unbiased=False)}
    g = {"n": n, "p": p, "c": c, "g": groups, "epsilon": epsilon}
    case("group_norm_fprop", name, {"x": x, "gamma": gamma, "beta": beta}, {"y": y} | statistics, **g)
    case("group_norm_dgrad", name, {"x": x, "dy": dy, "gamma": gamma} | statistics, {"dx": dx}, **g)
    case("group_norm_wgrad", name, {"x": x, "dy": dy, "dgamma": before} | statistics, {"dgamma": before + dgamma}, **g)


def batch_norm_fold(d, k, epsilon=1e-3):
    """PyTorch's own fusion of an evaluated convolution with the normalisation behind it."""
    w, b, mean, gamma, beta, variance = draw(d, k), draw(k), draw(k), draw(k), draw(k), draw(k).abs()
    folded_w, folded_b = torch.nn.utils.fuse_linear_bn_weights(w.T, b, mean, variance, epsilon, gamma, beta)
    case("batch_norm_fold", "", {"w": w, "b": b, "mean": mean, "variance": variance, "gamma": gamma, "beta": beta},
         {"folded_w": folded_w.T, "folded_b": folded_b}, m=d, k=k, epsilon=epsilon)


def adaptive_pool(kind, n, c, image, out):
    x = distinct(n, *image, c)
    want = {}
    if kind == "average":
        y = F.adaptive_avg_pool2d(x.permute(0, 3, 1, 2), out).permute(0, 2, 3, 1)
    else:
        y, at = F.adaptive_max_pool2d(x.permute(0, 3, 1, 2), out, return_indices=True)
        y, at = y.permute(0, 2, 3, 1), at.permute(0, 2, 3, 1)
        # The place in the image as r * S + s of the window; PyTorch's documentation has no formula for where windows begin, its kernels have.
        first = [torch.arange(out[d]) * image[d] // out[d] for d in (0, 1)]
        widest = max(-(-(q + 1) * image[1] // out[1]) - q * image[1] // out[1] for q in range(out[1]))
        want["index"] = (at // image[1] - first[0][:, None, None]) * widest + at % image[1] - first[1][:, None]
    dy = draw(*y.shape)
    (dx,) = torch.autograd.grad(y, x, dy)
    g = {"n": n, "c": c, "image": image, "out": out, "kind": kind}
    case("adaptive_pool2d_fprop", kind, {"x": x}, {"y": y} | want, **g)
    case("adaptive_pool2d_dgrad", kind, {"dy": dy} | want, {"dx": dx}, **g)


def threshold_relu(threshold, slope, most):
    x, dy = distinct(24), draw(24)
    y = torch.where(x > threshold, torch.clamp(x, max=most) if most else x, slope * (x - threshold))
    (dx,) = torch.autograd.grad(y, x, dy)
    g = {"threshold": threshold, "slope": slope, "most": most}
    name = f"threshold {threshold}, slope {slope}, most {most}"
    case("threshold_relu_fprop", name, {"x": x}, {"y": y}, **g)
    case("threshold_relu_dgrad", name, {"x": x, "dy": dy}, {"dx": dx}, **g)


def max_norm(d, k, most):
    """PyTorch's renorm adds 1e-7 to the norm that it divides by, so the norms alone are PyTorch's."""
    w = draw(d, k)
    norms = torch.linalg.vector_norm(w, dim=0)
    assert (norms > most).any() and (norms < most).any()
    case("max_norm", "", {"w": w, "halt": torch.tensor([0])}, {"w": w * torch.clamp(most / norms, max=1)}, m=d, k=k, most=most)


def ops():
    conv("valid", 2, 3, 4, image=(5, 6), size=(3, 3))
    conv("same", 1, 2, 3, image=(5, 4), size=(3, 2), mode="same")
    conv("same, strides", 2, 2, 3, image=(7, 6), size=(3, 4), stride=(2, 3), mode="same")
    conv("uneven padding", 1, 3, 2, image=(6, 5), size=(4, 4), stride=(2, 2), mode="same")
    conv("dilated", 1, 2, 3, image=(8, 7), size=(3, 2), dilation=(2, 3))
    conv("dilated, same, strides", 1, 2, 2, image=(9, 8), size=(3, 3), stride=(2, 1), dilation=(2, 2), mode="same")
    conv("strides beyond the filter", 1, 2, 2, image=(8, 9), size=(2, 1), stride=(3, 4))
    conv("filter beyond the image", 1, 1, 2, image=(2, 3), size=(5, 5), mode="same")
    conv("1x1", 2, 5, 3, image=(3, 2), size=(1, 1))
    for kind in ("max", "min", "average"):
        pool(f"{kind}, valid", kind, 2, 3, image=(5, 6), size=(2, 2), stride=(2, 2))
        pool(f"{kind}, overlapping, same", kind, 1, 2, image=(6, 5), size=(3, 3), stride=(2, 1), mode="same")
        pool(f"{kind}, uneven padding", kind, 1, 2, image=(5, 7), size=(2, 4), stride=(2, 3), mode="same")
        pool(f"{kind}, even padding", kind, 1, 2, image=(5, 5), size=(3, 3), mode="same")
    dense(3, 5, 4)
    activations()
    classes()
    for step in (1, 2, 1000):
        adam(step)
    for momentum, nesterov in ((0, False), (0.9, False), (0.9, True)):
        sgd(momentum, nesterov)
    for momentum, centered in ((0, False), (0.5, False), (0, True), (0.5, True)):
        rmsprop(momentum, centered)
    # Behind all others, so that the numbers of those stay what they are.
    pool("sum, overlapping, same", "sum", 1, 2, image=(6, 5), size=(3, 3), stride=(2, 1), mode="same")
    pool("sum, all of it", "sum", 2, 3, image=(5, 6), size=(5, 6))
    binaries((("multiply", torch.mul), ("subtract", torch.sub), ("maximum", torch.maximum), ("minimum", torch.minimum)))
    rescale()
    copies()
    bilinear(2, (3, 4), 2, (2, 3))
    bilinear(1, (1, 3), 3, (3, 2))
    more_activations()
    adagrad()
    weight_decay()
    clips()
    prelu(5, 4)
    gaussian_noise(10, 2026, 7, 12, 0.25)
    batch_norm("images", 3, 4, 5, None)
    batch_norm("vectors", 6, 1, 3, None)
    batch_norm("rows that are no example", 4, 3, 2, [2, -1, 0, 3])
    group_norm("groups", 3, 4, 6, 2)
    group_norm("one group", 5, 1, 7, 1)
    group_norm("as many groups as channels", 2, 5, 3, 3)
    dense_losses()
    batch_norm_fold(6, 5)
    weight_average()
    adaptive_pool("average", 2, 3, (5, 7), (3, 2))
    adaptive_pool("average", 1, 2, (2, 3), (3, 5))
    adaptive_pool("max", 2, 2, (7, 5), (3, 2))
    threshold_relu(0.21875, 0, 0)
    threshold_relu(0.21875, 0.25, 0)
    threshold_relu(0.09375, 0.5, 0.46875)
    max_norm(4, 5, 2.5)
    conv("groups", 2, 6, 9, 3, image=(5, 4), size=(3, 2), stride=(2, 1), mode="same")
    conv("depthwise", 1, 3, 3, 3, image=(5, 6), size=(3, 3), mode="same")
    conv("depthwise, two filters each", 2, 3, 6, 3, image=(6, 5), size=(2, 3), dilation=(2, 1))
    binaries([("plus", torch.add)])
    penalties()


def uniform(seed, n):
    """n multiples of 2^-24 in [0, 1): splitmix64's output function of seed * 2^32 + i, its upper 24 bits."""
    with np.errstate(over="ignore"):
        z = (np.uint64(seed << 32) + np.arange(n, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(40)).astype(np.float64) / 2**24


def tutorial():
    """The tutorial's network. Weights are (2 * uniform(seed) - 1) * scale and images uniform(seed): exact in float32."""
    batch = 8
    layers = [  # name, shape as Keras keeps it, scale
        ("conv2d/kernel", (3, 3, 1, 32), 0.5), ("conv2d/bias", (32,), 0.0625),
        ("conv2d_1/kernel", (3, 3, 32, 64), 0.125), ("conv2d_1/bias", (64,), 0.0625),
        ("conv2d_2/kernel", (3, 3, 64, 64), 0.125), ("conv2d_2/bias", (64,), 0.0625),
        ("dense/kernel", (576, 64), 0.125), ("dense/bias", (64,), 0.0625),
        ("dense_1/kernel", (64, 10), 0.25), ("dense_1/bias", (10,), 0.0625),
    ]
    params = []
    for i, (_, shape, scale) in enumerate(layers):
        values = (2 * uniform(i + 1, math.prod(shape)) - 1) * scale
        assert np.array_equal(values, values.astype(np.float32))
        params.append(torch.tensor(values).reshape(shape).requires_grad_())
    images = torch.tensor(uniform(100, batch * 28 * 28)).reshape(batch, 28, 28, 1)
    labels = [3, 1, 4, 1, 5, 9, 2, 6]

    x = images.permute(0, 3, 1, 2)
    for i, pooled in ((0, True), (2, True), (4, False)):
        x = torch.relu(F.conv2d(x, params[i].permute(3, 2, 0, 1), params[i + 1]))
        x = F.max_pool2d(x, 2) if pooled else x
    x = x.permute(0, 2, 3, 1).reshape(batch, -1)  # Flatten sees NHWC
    x = torch.relu(x @ params[6] + params[7])
    logits = x @ params[8] + params[9]
    loss = F.cross_entropy(logits, torch.tensor(labels))
    loss.backward()

    digests = []
    for i, ((name, shape, scale), p) in enumerate(zip(layers, params)):
        gradient = p.grad.reshape(-1)
        n = gradient.numel()
        at = range(n) if n <= 64 else [int(k) for k in np.unique((uniform(1000 + i, 64) * n).astype(np.int64))]
        digests.append({"name": name, "shape": shape, "seed": i + 1, "scale": scale, "first": flat(p)[:3], "sum": gradient.sum().item(),
                        "norm": gradient.norm().item(), "max": gradient.abs().max().item(),
                        "entries": [[k, gradient[k].item()] for k in at]})
    return {"batch": batch, "images": {"seed": 100, "shape": [batch, 28, 28, 1], "first": flat(images)[:3]}, "labels": labels, "loss": loss.item(),
            "logits": logits.tolist(), "params": digests}


def write(path, content):
    content = {"made_with": {"torch": torch.__version__, "numpy": np.__version__}, **content}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    # A line for each case or parameter, so that a change can be read.
    path.write_text(text.replace('{"op"', '\n{"op"').replace('{"name"', '\n{"name"') + "\n")


ops()
write(HERE / "golden.json", {"cases": cases})
write(HERE.parents[2] / "model" / "testdata" / "tutorial_golden.json", tutorial())
