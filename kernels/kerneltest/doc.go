// Package kerneltest is the suite that every device must pass: a table of cases, an oracle that computes in float64 what they must give, and
// for each value a bound on the error that float32 arithmetic may make.
//
// A [Case] is an op or a short list of ops, with the contents of the buffers that outlive its run. What the ops of a list hand on among
// themselves is the device's own affair, so that it may compute several in one, or one by another algorithm; it says which
// ([Runner]), since the bound goes by the algorithm. To add an op, add rows to a cases_*.go and its formula to an oracle_*.go; the tests
// name the op that lacks either.
//
// The oracle ([Compute]) is written straight from each op's formula. All that it has in common with an engine are the matrices of Winograd's
// algorithms, from which it takes bounds. It is held by golden vectors from PyTorch (testdata/golden.py), by hand-counted ones, and its
// gradients by central differences. A device is held to it by [Case.Check].
//
// The bounds follow Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, chapters 2 to 4. They hold for every
// order of summation and with or without fused multiply-adds, so one bound serves every device; where a device names a precision, they count what
// tensor cores round besides. Errors of a value that one op hands to the
// next are followed through the list; where nobody has written down how, there is an error and no bound.
package kerneltest
