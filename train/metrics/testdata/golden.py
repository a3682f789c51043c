"""Writes golden.json: what scikit-learn makes of examples that a classifier was asked about.

    pip install scikit-learn
    python3 train/metrics/testdata/golden.py
"""

import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn import metrics

warnings.simplefilter("ignore")  # of classes without examples
random = np.random.default_rng(7)


def case(name, classes, examples, digits=6, absent=(), hint=0.3):
    """Random answers that know the label a little; rounded to few digits they are often equal."""
    labels = random.choice([c for c in range(classes) if c not in absent], examples)
    scores = random.random((examples, classes)) + hint * np.eye(classes)[labels]
    p = np.round(scores / scores.sum(axis=1, keepdims=True), digits).astype("float32")
    predicted = p.argmax(axis=1)
    every = list(range(classes))
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(labels, predicted, labels=every, zero_division=0)
    return {
        "name": name,
        "labels": labels.tolist(),
        "probabilities": [[float(v) for v in row] for row in p],
        "confusion": metrics.confusion_matrix(labels, predicted, labels=every).tolist(),
        "accuracy": float(metrics.accuracy_score(labels, predicted)),
        # Where probabilities are equal scikit-learn takes the last class first.
        "top3": float(metrics.top_k_accuracy_score(labels, p, k=3, labels=every)) if classes > 3 and digits > 3 else None,
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "macro_f1": float(metrics.f1_score(labels, predicted, average="macro", zero_division=0)),
        "auc": [float(metrics.roc_auc_score(labels == c, p[:, c])) if 0 < (labels == c).sum() < examples else None for c in every],
    }


golden = {
    "scikit-learn": sklearn.__version__,
    "cases": [
        case("ten classes", 10, 40),
        case("two classes", 2, 15),
        case("equal probabilities", 3, 40, digits=1),
        case("classes without examples", 5, 20, absent=(1, 4)),
        case("hardly better than chance", 6, 25, hint=0.02),
        case("one example", 4, 1),
    ],
}
pathlib.Path(__file__).with_name("golden.json").write_text(json.dumps(golden, indent=None, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
