// Package driverapi is the CUDA driver of the simulated GPU: [Install] puts it in libcuda's place in device/driver's table, so
// that gorgonia.org/cu and everything above it run unchanged. It needs the cuda tag, as cu does, and no driver.
//
// There are devices and their attributes, contexts, modules from PTX, functions and their attributes, linear memory with copies and
// fills, pinned memory, streams, events, graphs (captured or made of kernels), and errors; every other call answers
// CUDA_ERROR_NOT_SUPPORTED. One allocation has at most 4 GiB.
//
// It is a strict driver. Where the CUDA driver API leaves freedom, it takes what shows mistakes:
//
//   - Work on a stream runs when somebody waits for it, and no sooner: a forgotten wait shows old data. Asking whether it is done
//     (cuStreamQuery, cuEventQuery) runs one piece of it. A stream holds 1024 pieces; one more makes the first one run.
//   - A copy from pinned memory reads it when it runs, a copy from pageable memory when it is queued. A copy to pageable memory
//     ends before the call does.
//   - Streams that do not wait for each other run in an order of choice: that of [Config].Options.Order. So do the nodes of a graph, and two of
//     them that nothing orders and that meet in memory are a finding.
//   - A handle is never used twice; one that was destroyed is refused.
//   - What a check finds in a kernel ends the context with an error, as a fault does on a real GPU, and [driver.Detail] has the report.
//
// Errors of running work are sticky, as in libcuda: every later call in the context answers the same. Pages of a graph's copies must
// be pinned.
//
// CNN_GPU_SIM_FAULT makes calls fail, for tests of what happens then; see [Config].
package driverapi
