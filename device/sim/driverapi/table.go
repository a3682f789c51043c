//go:build cuda && cgo

package driverapi

// #include "table.h"
import "C"
import "unsafe"

// functions lists this package's functions by the names that libcuda exports.
func functions() map[string]unsafe.Pointer {
	table := map[string]unsafe.Pointer{}
	for _, e := range unsafe.Slice(C.sim_table(), C.sim_table_size()) {
		table[C.GoString(e.name)] = e.function
	}
	return table
}
