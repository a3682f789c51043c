//go:build cuda && cgo

package driverapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// faultKinds are the faults that Config.Faults can name.
var faultKinds = []string{"oom", "launch", "copy", "lost"}

// faults counts down to the call that fails, for each kind; a kind that is not there never fails.
type faults map[string]int

func parseFaults(list string) (faults, error) {
	f := faults{}
	for item := range strings.SplitSeq(list, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		kind, at, _ := strings.Cut(item, "@")
		n, err := strconv.Atoi(at)
		if !slices.Contains(faultKinds, kind) || err != nil || n < 1 {
			return nil, fmt.Errorf("driverapi: fault %q: want a kind of %s, @ and a count from 1, like oom@17", item, strings.Join(faultKinds, ", "))
		}
		f[kind] = n
	}
	return f, nil
}

// hits counts one call and says whether it is the one that fails.
func (f faults) hits(kind string) bool {
	if f[kind] == 0 {
		return false
	}
	f[kind]--
	return f[kind] == 0
}
