package inspect

import (
	"fmt"
	"slices"
	"strings"

	"cnn-gpu/device/sim"
)

// checks are the checks that can be chosen, besides the accesses that a real chip refuses, which are always checked.
var checks = []struct {
	name  string
	check sim.Checks
}{
	{"shared-races", sim.SharedRaces},
	{"block-races", sim.BlockRaces},
	{"uninitialised", sim.Uninitialized},
	{"barriers", sim.Barriers},
	{"traffic", sim.Traffic},
}

// CheckNames lists the names that ParseChecks takes.
func CheckNames() []string {
	var names []string
	for _, c := range checks {
		names = append(names, c.name)
	}
	return names
}

// ParseChecks reads names of checks separated by commas, "all" or "none".
func ParseChecks(text string) (sim.Checks, error) {
	switch text {
	case "all":
		return sim.AllChecks, nil
	case "none":
		return 0, nil
	}
	var all sim.Checks
	for _, name := range strings.Split(text, ",") {
		i := slices.Index(CheckNames(), name)
		if i < 0 {
			return 0, fmt.Errorf("inspect: unknown check %q; the checks are %s, all and none", name, strings.Join(CheckNames(), ", "))
		}
		all |= checks[i].check
	}
	return all, nil
}

// ParseOrder reads the name of an order of the warps.
func ParseOrder(text string) (sim.Order, error) {
	switch text {
	case "forward":
		return sim.Forward, nil
	case "reverse":
		return sim.Reverse, nil
	case "random":
		return sim.Random, nil
	}
	return 0, fmt.Errorf("inspect: unknown order %q; the orders are forward, reverse and random", text)
}
