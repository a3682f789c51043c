// Package kernels holds the operations that networks are made of.
//
// An [Op] is one kernel call as a value: it knows its geometry, its named operands, its formula and its cost, and nothing of how a device
// runs it. Layers (package model) emit ops, a device (package device) runs lists of them. Each op has a file of its own; its code is in
// the file of the same name in each engine: package cpu, and package cuda.
//
// Names and layouts, used everywhere:
//
//   - Images are NHWC (channels last), filters RSCK as Keras keeps them, outputs NPQK, row-major, float32; labels are int32.
//   - N batch, H and W input height and width, C input channels, K filters, R and S filter height and width, P and Q output
//     height and width.
//   - fprop computes an output, dgrad the gradient by an input, wgrad the gradient by a parameter. DX is the loss's
//     gradient by X.
//   - fprop and dgrad overwrite what they write; wgrad adds to it.
//   - Every result is deterministic: the order of each sum is fixed by the shapes, never by the number of workers.
package kernels
