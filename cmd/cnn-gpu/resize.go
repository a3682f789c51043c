package main

import (
	"fmt"
	"strconv"
	"strings"

	"cnn-gpu/train/run"
)

// resizing is what --resize and --crop say of how large pictures become.
type resizing struct{ resize, crop string }

// shorterPrefix stands in front of a length of the shorter side.
const shorterPrefix = "shorter:"

// mostPixels is the longest side that pictures are made.
const mostPixels = 1 << 14

// sizes are the length that a picture's shorter side gets, 0 if it is as the model's input needs it, and the width and height that are left of the
// picture, 0 if nobody says.
func (r resizing) sizes() (shorter, w, h int, err error) {
	side, isShorter := strings.CutPrefix(r.resize, shorterPrefix)
	switch {
	case !isShorter && r.crop != "":
		return 0, 0, 0, usageErrorf("--crop %s is cut out of the middle of what --resize %s256 makes: give both, or neither", r.crop, shorterPrefix)
	case !isShorter && r.resize == "":
		return 0, 0, 0, nil
	case !isShorter:
		w, h, err = parseSize("resize", r.resize)
		return 0, w, h, err
	}
	if shorter, err = strconv.Atoi(side); err != nil || shorter < 1 || shorter > mostPixels {
		return 0, 0, 0, usageErrorf("--resize %s: give the length of the shorter side in pixels, such as %s256", r.resize, shorterPrefix)
	}
	if r.crop == "" {
		return shorter, 0, 0, nil
	}
	size := r.crop
	if !strings.Contains(size, "x") {
		size += "x" + size
	}
	w, h, err = parseSize("crop", size)
	return shorter, w, h, err
}

// parseSize reads WIDTHxHEIGHT, which a flag has.
func parseSize(flag, text string) (w, h int, err error) {
	var rest string
	if n, _ := fmt.Sscanf(text+" ", "%dx%d%s", &w, &h, &rest); n != 2 || w < 1 || h < 1 || w > mostPixels || h > mostPixels {
		return 0, 0, usageErrorf("--%s %s: give a width and a height in pixels, such as 32x32", flag, text)
	}
	return w, h, nil
}

// apply tells a run, and holds the size against what its model takes unless the run goes on.
func (r resizing) apply(c *run.Config, isResumed bool) error {
	shorter, w, h, err := r.sizes()
	if err != nil {
		return err
	}
	c.Shorter = shorter
	if isResumed || w == 0 {
		return nil
	}
	m, err := c.OpenModel()
	if err != nil {
		return err
	}
	if input := m.Input.Shape; len(input) != 3 || input[0] != h || input[1] != w {
		flag, text := "resize", r.resize
		if shorter > 0 {
			flag, text = "crop", r.crop
		}
		return usageErrorf("--%s %s: pictures become what the model takes, and %s takes %v (height, width, channels): leave out --%[1]s, or change the model's input",
			flag, text, m.Name, input)
	}
	return nil
}
