// Package kerneltest is the suite that every device must pass: a table of cases, an oracle that computes in float64 what each
// op must give, and for each value a bound on the error that float32 arithmetic may make.
//
// The oracle ([Compute]) is written straight from each op's formula and shares no code with package kernels. It is held by
// golden vectors from PyTorch (testdata/golden.py), by hand-counted ones, and its gradients by central differences. A device
// is held to it by [Case.Check] through a [Runner].
//
// The bounds follow Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, chapters 2 to 4. They hold for every
// order of summation and with or without fused multiply-adds, so one bound serves every device.
package kerneltest
