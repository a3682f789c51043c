//go:build cuda && cgo

package driverapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cnn-gpu/device/driver"
)

// faultKinds are the faults that Config.Faults can name.
var faultKinds = []string{"oom", "launch", "copy", "load", "function", "lost"}

// codedFaults are the kinds that may name the driver's answer, and what it is where they do not.
var codedFaults = map[string]driver.Result{"launch": driver.LaunchFailed, "copy": driver.EccUncorrectable, "load": driver.NoBinaryForGpu, "function": driver.NoBinaryForGpu}

// fault counts down to the call that fails, and is its answer.
type fault struct {
	left   int
	result driver.Result
}

// faults are by kind; one that is not there never fails.
type faults map[string]*fault

func parseFaults(list string) (faults, error) {
	f := faults{}
	for item := range strings.SplitSeq(list, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		what, at, _ := strings.Cut(item, "@")
		kind, code, coded := strings.Cut(what, "=")
		n, err := strconv.Atoi(at)
		if !slices.Contains(faultKinds, kind) || err != nil || n < 1 {
			return nil, fmt.Errorf("driverapi: fault %q: want a kind of %s, @ and a count from 1, like oom@17", item, strings.Join(faultKinds, ", "))
		}
		result, may := codedFaults[kind]
		if coded {
			number, err := strconv.Atoi(code)
			if result = driver.Result(number); !may || err != nil || number < 1 || !result.Known() {
				return nil, fmt.Errorf("driverapi: fault %q: want launch, copy, load or function, = and a code of the driver, like launch=715@3", item)
			}
		}
		f[kind] = &fault{n, result}
	}
	return f, nil
}

// hits counts one call and says whether it is the one that fails.
func (f faults) hits(kind string) bool {
	if f[kind] == nil {
		return false
	}
	f[kind].left--
	return f[kind].left == 0
}
