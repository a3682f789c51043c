//go:build cuda && cgo

package micro

import (
	"errors"
	"fmt"

	"gorgonia.org/cu"
)

// graph times graphs of kernels that do nothing but follow each other.
func (c *card) graph() error {
	x, err := c.alloc(4 * 32)
	if err != nil {
		return err
	}
	chain := func(kernel string, overlap bool, n int) (float64, error) {
		node, err := c.launchOverlapping(kernel, overlap, 1, 32, x)
		if err != nil {
			return 0, err
		}
		s, err := c.seconds(c.repeated(n, node))
		return 1e6 * s / float64(n), err
	}
	for _, n := range []int{1, 8, 51, 400} {
		us, err := chain("node", false, n)
		if err != nil {
			return err
		}
		c.add("graph", fmt.Sprintf("node_%d", n), us, "us", fmt.Sprintf("a node of a chain of %d", n))
	}
	if !c.lacks("programmatic launch", 90) {
		us, err := chain("programmatic_node", true, 51)
		if err != nil {
			return err
		}
		c.add("graph", "node_51_programmatic", us, "us", "a node of a chain of 51 with programmatic launch")
	}
	return c.branches(x)
}

// branches times a graph of two chains beside each other.
func (c *card) branches(x cu.DevicePtr) (err error) {
	const nodes = 8 // of each branch
	other, err := cu.MakeStream(cu.NonBlocking)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, other.Destroy()) }()
	var fork, join cu.Event
	for _, e := range []*cu.Event{&fork, &join} {
		if *e, err = cu.MakeEvent(cu.DisableTiming); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cu.DestroyEvent(e)) }()
	}
	y, err := c.alloc(4 * 32)
	if err != nil {
		return err
	}
	here, err := c.launch("node", 1, 32, x)
	if err != nil {
		return err
	}
	there, err := c.launch("node", 1, 32, y)
	if err != nil {
		return err
	}
	s, err := c.seconds(func() error {
		errs := []error{here(c.stream), fork.Record(c.stream), other.Wait(fork, 0)}
		for range nodes {
			errs = append(errs, here(c.stream), there(other))
		}
		return errors.Join(append(errs, join.Record(other), c.stream.Wait(join, 0), here(c.stream))...)
	})
	if err != nil {
		return err
	}
	c.add("graph", "branches_8", 1e6*s, "us", "one node, two branches of 8 beside each other, one node: 10 in a row, 18 in all")
	return nil
}
