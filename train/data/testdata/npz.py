# Writes numpy.npz, arrays of every type that is read: python3 npz.py, with NumPy 2.4.6.
import numpy as np

images = (np.arange(4 * 2 * 3) * 10).reshape(4, 2, 3)
labels = np.array([1, 0, 2, 1])
arrays = {"labels_" + t: labels.astype(t) for t in "u1 u2 u4 u8 i1 i2 i4 i8 >u2 >i4 >i8".split()}
arrays["labels_b1"] = labels == 1
arrays |= {"images_" + t: (images / 256).astype(t) for t in "f2 f4 f8 >f2 >f4 >f8".split()}
arrays["images_u1"] = images.astype(np.uint8)
arrays["halves"] = np.array([0, -0.0, 1, -2, 65504, 2**-14, 2**-24, 2**-24 * 1023, np.inf, -np.inf, np.nan, 0.1], np.float16)
arrays["columns"] = np.asfortranarray(images.astype(np.uint8))
arrays["objects"] = np.array([{}, None], dtype=object)
arrays["records"] = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
arrays["scalar"] = np.uint8(7)
np.savez_compressed("numpy.npz", **arrays)
