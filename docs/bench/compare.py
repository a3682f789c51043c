#!/usr/bin/env python3
"""Runs cnn-gpu and PyTorch or onnxruntime on the CPU in turn and prints medians and ratios: `make bench-cpu` calls it.

Each round times every row on both sides, one right after the other, on as many threads. Of PyTorch several settings are timed, as it
is installed and with a glibc that keeps memory, and of each the one with the best median counts. A ratio is the median of the rounds'
ratios; it says how many times faster cnn-gpu is. Nothing else should run meanwhile.
"""

import argparse
import array
import datetime
import json
import math
import os
import pathlib
import platform
import random
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ZOO = ROOT / "model/zoo"
TUTORIAL = ZOO / "mnist-cnn.yaml"
LARGE = [ZOO / "resnet-18.yaml", ZOO / "mobilenet-v2.yaml"]
NETWORKS = sorted((HERE / "networks").glob("*.yaml"))
CONVOLUTIONS = [(32, 32, 16, 16), (32, 32, 32, 32), (32, 16, 64, 64), (32, 16, 128, 128), (32, 8, 256, 256)]  # batch, extent, channels, filters
DIRECTIONS = ("fprop", "dgrad", "wgrad")


def say(text):
    print(text, file=sys.stderr, flush=True)


def environment(threads, **more):
    """The environment of a process with that many threads. What steers OpenBLAS on some hosts slows a current numpy."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    return env | {"GOMAXPROCS": str(threads), "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)} | more


# How the other side runs. By default glibc gives the memory of large activations back to the system after each step, and fetches it anew.
INSTALLED, KEEPS_MEMORY = "as installed", "glibc keeps memory"
VARIABLES = {
    INSTALLED: {},
    KEEPS_MEMORY: {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4000000000", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"},
}


class Theirs:
    """PyTorch and onnxruntime on a number of threads, in a process that waits for requests."""

    def __init__(self, threads, variables):
        self.process = subprocess.Popen(
            [sys.executable, HERE / "theirs.py", str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment(threads, **variables))
        self.versions = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("compare: PyTorch's side ended, see above; `make clean` and `make bench-cpu` install it anew")
        return json.loads(line)

    def ask(self, kind, arguments, seconds):
        self.process.stdin.write(json.dumps({"kind": kind, "arguments": arguments, "seconds": seconds}) + "\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Ours:
    """The built command, and the benchmarks of the kernels as a test binary."""

    def __init__(self, command, kernels, seconds):
        self.command, self.kernels, self.seconds = command, kernels, seconds

    def bench(self, threads, *flags):
        output = subprocess.run(
            [self.command, "bench", "--device", "cpu", "--threads", str(threads), "--json", *flags],
            env=environment(threads), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
        return json.loads(output)

    def step(self, threads, model, batch, *flags):
        """Seconds of a step, and the model's number of parameters."""
        result = self.bench(threads, "--model", model, "--batch", str(batch), "--seconds", str(self.seconds), "--ops=false", *flags)
        return result["benchmarks"][0]["median_seconds"], result["parameters"]

    def convolution(self, shape, direction):
        """Seconds of an op on one thread, by the algorithm that the engine chooses."""
        batch, extent, channels, filters = shape
        name = f"conv2d_{direction}/{batch}x{extent}x{extent}x{channels}_{filters}@3x3_same"
        output = subprocess.run(
            [self.kernels, "-test.run", "^$", "-test.bench", f"^BenchmarkOps$/^conv2d_{direction}$/^{name.split('/')[1]}$",
             "-test.benchtime", f"{self.seconds / 4}s"],
            env=environment(1), cwd=ROOT / "kernels/cpu", stdout=subprocess.PIPE, text=True, check=True).stdout
        found = re.findall(r"^BenchmarkOps/\S+\s+\d+\s+([\d.]+) ns/op", output, re.MULTILINE)
        if not found:
            sys.exit(f"compare: the benchmarks of the kernels have no {name}; see kernels/kerneltest/bench.go")
        return float(found[-1]) * 1e-9

    def first_step(self, threads, data):
        """Seconds from the start of the process to the end of the first training step, images read from files."""
        begun = time.time()
        return self.bench(threads, "--data", data, "--batch", "32", "--steps", "1")["first_step_at"] - begun

    def memory(self, threads, data, out):
        """The most memory that an epoch of the tutorial's training has in use, in bytes."""
        process = subprocess.Popen(
            [self.command, "train", "--device", "cpu", "--data", data, "--epochs", "1", "--out", out],
            env=environment(threads), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"compare: cnn-gpu train ended with {process.returncode}")
        return usage.ru_maxrss * 1024


class Row:
    """A line of the table: what both sides take for the same work, round by round."""

    def __init__(self, work, threads, goal, ours, theirs, images=None):
        self.work, self.threads, self.goal, self.measure_ours, self.measure_theirs, self.images = work, threads, goal, ours, theirs, images
        self.ours, self.theirs = [], {}

    def run(self):
        ours, our_parameters = self.measure_ours()
        self.ours.append(ours)
        for how, measure in self.measure_theirs.items():
            answer = measure()
            if our_parameters not in (None, answer["parameters"]):
                sys.exit(f"compare: {self.work}: cnn-gpu has {our_parameters} parameters, the other side {answer['parameters']}")
            for setting, seconds in answer["seconds"].items():
                self.theirs.setdefault(how, {}).setdefault(setting, []).append(seconds)

    def result(self):
        return {
            "work": self.work, "threads": self.threads, "images": self.images, "goal": self.goal,
            "ours_seconds": statistics.median(self.ours), "theirs": {how: self.against(settings) for how, settings in self.theirs.items()},
            "rounds": {"ours": self.ours, "theirs": self.theirs},
        }

    def against(self, settings):
        """The best of some settings, and how many times faster cnn-gpu is."""
        setting = min(settings, key=lambda s: statistics.median(settings[s]))
        ratios = [theirs / ours for ours, theirs in zip(self.ours, settings[setting])]
        return {
            "setting": setting, "seconds": statistics.median(settings[setting]),
            "ratio": statistics.median(ratios), "least_ratio": min(ratios), "most_ratio": max(ratios),
        }


def rows(ours, theirs, cores, seconds):
    """Everything that has another side to compare with: a list, and the convolutions of each direction. Where a row has two goals, the second is
    against a glibc that keeps memory."""
    def ask(threads, *request):
        return {how: lambda side=sides[threads]: side.ask(*request) for how, sides in theirs.items()}

    def network(kind, path, batch, threads, goal, share, *flags):
        return Row(
            f"{kind}, {path.stem}, batch {batch}", threads, goal,
            lambda: ours.step(threads, path, batch, *flags),
            ask(threads, kind, [str(path), batch], seconds * share), images=batch)

    def convolution(shape, direction):
        return Row(
            f"{direction}, 3x3, {shape[2]} channels, {shape[1]}x{shape[1]}, batch {shape[0]}", 1, None,
            lambda: (ours.convolution(shape, direction), None),
            ask(1, "convolution", [shape, direction], seconds / 4))

    several = sorted({1, cores})
    table = [network("training", TUTORIAL, batch, n, [8, 6], 1 / 4) for batch in (32, 128, 512) for n in several]
    table += [network("training", path, 32, cores, 1.5, 1 / 4) for path in NETWORKS]
    table += [network("inference", TUTORIAL, batch, n, 1.5, 1 / 2, "--inference") for batch in (1, 32) for n in several]
    table += [network("inference", path, batch, cores, 1.2, 1 / 2, "--inference") for path in LARGE for batch in (1, 32)]
    return table, {d: [convolution(shape, d) for shape in CONVOLUTIONS] for d in DIRECTIONS}


def write_images(folder):
    """Random images and labels, as many as MNIST has and in its files."""
    for name, count in (("train", 60000), ("t10k", 10000)):
        for kind, header, values in (
            ("images-idx3", struct.pack(">4i", 0x803, count, 28, 28), os.urandom(count * 28 * 28)),
            ("labels-idx1", struct.pack(">2i", 0x801, count), array.array("B", random.choices(range(10), k=count)).tobytes()),
        ):
            (folder / f"{name}-{kind}-ubyte").write_bytes(header + values)


def cpu_name():
    try:
        return re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]
    except (OSError, TypeError):
        return platform.machine()


def compare(options):
    ours = Ours(options.command, options.kernels, options.seconds)
    say("starting PyTorch and onnxruntime")
    theirs = {how: {n: Theirs(n, variables) for n in {1, options.threads}} for how, variables in VARIABLES.items()}
    versions = theirs[INSTALLED][1].versions
    table, convolutions = rows(ours, theirs, options.threads, options.seconds)
    table = [row for row in table if options.only.search(row.work)]
    convolutions = {d: kept for d in DIRECTIONS if (kept := [row for row in convolutions[d] if options.only.search(row.work)])}
    first_steps = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_images(folder)
        for n in range(options.rounds):
            begun = time.time()
            for row in table + [row for each in convolutions.values() for row in each]:
                row.run()
            first_steps.append(ours.first_step(options.threads, folder))
            say(f"round {n + 1} of {options.rounds}: {time.time() - begun:.0f} s")
        memory = ours.memory(options.threads, folder, folder / "run")
    for sides in theirs.values():
        for side in sides.values():
            side.close()

    compared = [row.result() for row in table]
    means = []
    for direction, kept in convolutions.items():
        results = [row.result() for row in kept]
        means.append(mean(f"{direction}, 3x3 convolutions of 16 to 256 channels", results, 1.0) | {"convolutions": results})
    names = [f"training, {path.stem}, " for path in NETWORKS]
    networks = [r for r in compared if r["work"].startswith(tuple(names))]
    return {
        "date": datetime.date.today().isoformat(), "cpu": cpu_name(), "cores": os.cpu_count(), "rounds": options.rounds, **versions,
        "compared": compared, "networks": mean("training, the networks of docs/bench/networks", networks, 2.0) if networks else None,
        "convolutions": means,
        "alone": [
            {"work": "most memory of the tutorial's training, MB", "value": memory / 1e6, "goal": 150},
            {"work": "start to first step, ms", "value": statistics.median(first_steps) * 1e3, "goal": 100, "rounds": first_steps},
        ],
    }


def mean(work, results, goal):
    """The geometric mean of some ratios."""
    ratios = {how: math.prod(r["theirs"][how]["ratio"] for r in results) ** (1 / len(results)) for how in VARIABLES}
    return {"work": f"{work}, geometric mean", "threads": results[0]["threads"], "goal": goal, "ratios": ratios}


def print_tables(result):
    """The result as Markdown."""
    print(f"{result['date']}, {result['cpu']}, {result['cores']} cores; PyTorch {result['pytorch']}, onnxruntime {result['onnxruntime']}; "
          f"{result['rounds']} rounds. Ratios are medians, with the least and most of a round.")
    header("work", "threads", "cnn-gpu, images/s", *(f"{how}, images/s | ratio" for how in VARIABLES), "goal")
    for r in result["compared"]:
        cells(r["work"], r["threads"], f"{r['images'] / r['ours_seconds']:,.0f}",
              *(f"{r['images'] / t['seconds']:,.0f}{setting(t)} | {spread(t)}" for t in r["theirs"].values()), goal(r))
    if result["networks"]:
        mean_cells(result["networks"])
    header("work", "threads", "cnn-gpu, µs", *(f"{how}, µs | ratio" for how in VARIABLES), "goal")
    for direction in result["convolutions"]:
        for r in direction["convolutions"]:
            cells(r["work"], r["threads"], f"{r['ours_seconds'] * 1e6:,.0f}",
                  *(f"{t['seconds'] * 1e6:,.0f}{setting(t)} | {spread(t)}" for t in r["theirs"].values()), "")
        mean_cells(direction)
    header("work", "cnn-gpu", "goal, at most")
    for r in result["alone"]:
        cells(r["work"], f"{r['value']:.0f}", r["goal"])


def mean_cells(m):
    cells(m["work"], m["threads"], "", *(f"| {ratio:.2f}" for ratio in m["ratios"].values()), m["goal"])


def goal(row):
    return " and ".join(map(str, row["goal"])) if isinstance(row["goal"], list) else row["goal"]


def header(*names):
    text = " | ".join(names)
    print(f"\n| {text} |\n|{' --- |' * (text.count('|') + 1)}")


def cells(*values):
    print("|", " | ".join(map(str, values)), "|")


def setting(t):
    return f" ({t['setting']})" if t["setting"] else ""


def spread(t):
    return f"{t['ratio']:.2f}, {t['least_ratio']:.2f} to {t['most_ratio']:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--command", default=ROOT / "bin/cnn-gpu", type=pathlib.Path, help="the built cnn-gpu")
    parser.add_argument("--kernels", default=ROOT / "bin/cpu.test", type=pathlib.Path, help="the built tests of package kernels/cpu")
    parser.add_argument("--rounds", default=5, type=int, help="how often everything is timed")
    parser.add_argument("--seconds", default=1.0, type=float, help="how long a row of a round is timed on each side")
    parser.add_argument("--threads", default=os.cpu_count(), type=int, help="threads, where not one (default: one for each core)")
    parser.add_argument("--only", default="", type=re.compile, help="a regular expression: time the rows whose work it matches")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    result = compare(options)
    if options.json:
        json.dump(result, sys.stdout)
        print()
    else:
        print_tables(result)


if __name__ == "__main__":
    main()
