package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
	"cnn-gpu/train/plot"
)

// gradCAM says of which layer and for which class.
type gradCAM struct {
	is           bool
	layer, class string // empty for the last convolution, and for the most probable class
}

func (g *gradCAM) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&g.is, "grad-cam", false, "draw instead where in the image the evidence for a class lies (Grad-CAM)")
	cmd.Flags().StringVar(&g.layer, "layer", "", "with --grad-cam, the `name` of the layer in whose maps it is looked for (default: the last convolution)")
	cmd.Flags().StringVar(&g.class, "class", "", "with --grad-cam, the `class`, by its name or number (default: what the model takes the image for)")
}

func (g *gradCAM) check(cmd *cobra.Command) error {
	for _, flag := range []string{"layer", "class"} {
		if cmd.Flags().Changed(flag) && !g.is {
			return usageErrorf("--%s says what --grad-cam draws: give both, or leave it out", flag)
		}
	}
	return nil
}

// draw writes the picture of one image.
func (g *gradCAM) draw(t *trained, x []float32, what, dir string, force bool) (*drawn, error) {
	layer, maps, err := g.maps(t.Model)
	if err != nil {
		return nil, err
	}
	values, err := t.trainer.Values(x, nil)
	if err != nil {
		return nil, err
	}
	output := values[t.Model.Output]
	if err := checkFinite(what, "a probability", output...); err != nil {
		return nil, err
	}
	best := ranked(output)[0]
	class, err := g.classOf(t.Classes, best)
	if err != nil {
		return nil, err
	}
	heat, err := t.trainer.GradCAM(x, maps, class)
	if err != nil {
		return nil, err
	}
	title := fmt.Sprintf("%s: what speaks for %s (%.2f%% sure)", layer, t.Classes[class], 100*output[class])
	path := filepath.Join(dir, fmt.Sprintf("grad-cam-%s-%d.png", strings.ReplaceAll(layer, "/", "-"), class))
	if err := checkNew(path, "out", force); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("cannot make the folder for the picture: %w; give another one with --out", err)
	}
	shape := t.Model.Input.Shape
	err = writePNG(path, func(w io.Writer) error {
		return plot.HeatMap(w, plot.Heat{
			Title: title, Image: plot.Tile{Pixels: x, H: shape[0], W: shape[1], C: shape[2], Caption: what},
			Map: heat, H: maps.Shape[0], W: maps.Shape[1], Caption: fmt.Sprintf("Grad-CAM, %dx%d", maps.Shape[0], maps.Shape[1]),
		})
	})
	if err != nil {
		return nil, err
	}
	return &drawn{Image: what, Class: t.Classes[best], Probability: output[best], Sheets: []drawnSheet{{path, layer, "Grad-CAM", title}}}, nil
}

// maps is the output of the layer that was named, or of the last convolution, and that layer's name.
func (g *gradCAM) maps(m *model.Model) (layer string, output *model.Node, err error) {
	if len(m.Input.Shape) != 3 {
		return "", nil, fmt.Errorf("the model %s takes %v, and no images: there is nothing to draw Grad-CAM over", m.Name, m.Input.Shape)
	}
	last := ""
	for _, n := range m.Nodes[1:] {
		for _, p := range n.Layer.Params() {
			if len(p.Shape) == 4 && len(n.Shape) == 3 {
				last = n.Name
			}
		}
	}
	if g.layer == "" && last == "" {
		return "", nil, fmt.Errorf("the model %s has no convolutions for Grad-CAM; name a layer that makes maps with --layer", m.Name)
	}
	layer = cmp.Or(g.layer, last)
	if output, err = m.LayerOutput(layer); err != nil {
		return "", nil, usageErrorf("--layer: %w", err)
	}
	if len(output.Shape) != 3 {
		return "", nil, usageErrorf("--layer %s: its output is %v; give a layer that makes maps [height width channels]", layer, output.Shape)
	}
	return layer, output, nil
}

// classOf is the number of the class that was named.
func (g *gradCAM) classOf(classes []string, best int) (int, error) {
	if g.class == "" {
		return best, nil
	}
	for i, class := range classes {
		if class == g.class {
			return i, nil
		}
	}
	if i, err := strconv.Atoi(g.class); err == nil && i >= 0 && i < len(classes) {
		return i, nil
	}
	return 0, usageErrorf("--class %s: %s, or a number from 0 to %d", g.class, wording.Choose(g.class, classes), len(classes)-1)
}
