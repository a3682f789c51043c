package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"cnn-gpu/internal/atomicfile"
	"cnn-gpu/model"
	"cnn-gpu/train/plot"
)

// mapSheet is a sheet of one layer's filters or maps.
type mapSheet struct {
	layer string
	what  string // "feature maps"
	title string
	scale plot.Scale
	tiles []plot.Tile
}

// file is the name of the i-th sheet's file.
func (s mapSheet) file(i int) string {
	return fmt.Sprintf("%02d-%s-%s.png", i, strings.ReplaceAll(s.layer, "/", "-"), strings.ReplaceAll(s.what, " ", "-"))
}

// drawn is what maps drew of an image, and what the model takes that for, as JSON has it.
type drawn struct {
	Image       string       `json:"image"`
	Sheets      []drawnSheet `json:"sheets"`
	Class       string       `json:"class"`
	Probability float32      `json:"probability"`
}

type drawnSheet struct {
	File  string `json:"file"`
	Layer string `json:"layer"`
	What  string `json:"what"`
	Title string `json:"title"`
}

func (d *drawn) print(cmd *cobra.Command) {
	for _, s := range d.Sheets {
		fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", s.File, s.Title)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "The model takes it for %s (%.2f%% sure): %s\n", d.Class, 100*d.Probability, d.Image)
}

// drawMaps writes the sheets of one image.
func drawMaps(t *trained, x []float32, what, dir string, force bool) (*drawn, error) {
	values, err := t.trainer.Values(x, nil)
	if err != nil {
		return nil, err
	}
	if err := checkFinite(what, "a probability", values[t.Model.Output]...); err != nil {
		return nil, err
	}
	sheets, err := t.sheets(values, what)
	if err != nil {
		return nil, err
	}
	if len(sheets) == 1 {
		return nil, fmt.Errorf("the model %s has no layers that make maps; train one with Conv2D or pooling layers, such as mnist-cnn", t.Model.Name)
	}
	for i, s := range sheets {
		if err := checkNew(filepath.Join(dir, s.file(i)), "out", force); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("cannot make the folder for the sheets: %w; give another one with --out", err)
	}
	output := values[t.Model.Output]
	best := ranked(output)[0]
	d := &drawn{Image: what, Class: t.Classes[best], Probability: output[best]}
	for i, s := range sheets {
		path := filepath.Join(dir, s.file(i))
		err := writePNG(path, func(w io.Writer) error {
			return plot.Sheet(w, plot.SheetOptions{Title: s.title, Scale: s.scale}, s.tiles)
		})
		var undrawable *plot.UndrawableError
		if errors.As(err, &undrawable) {
			fmt.Fprintf(t.stderr, "%s is left out: %v\n", s.file(i), undrawable)
			continue
		}
		if err != nil {
			return nil, err
		}
		d.Sheets = append(d.Sheets, drawnSheet{path, s.layer, s.what, s.title})
	}
	return d, nil
}

// sheets are those of the whole network: the image, and for each layer that makes maps its filters and its maps.
func (t *trained) sheets(values map[*model.Node][]float32, what string) ([]mapSheet, error) {
	var sheets []mapSheet
	for _, n := range t.Model.Nodes {
		if len(n.Shape) != 3 {
			continue
		}
		h, w, c := n.Shape[0], n.Shape[1], n.Shape[2]
		if n == t.Model.Input {
			image := plot.Tile{Pixels: values[n], H: h, W: w, C: c}
			sheets = append(sheets, mapSheet{layer: "input", what: "image", title: what, tiles: []plot.Tile{image}})
			continue
		}
		layer := n.LayerName()
		for _, p := range n.Layer.Params() {
			if len(p.Shape) != 4 {
				continue
			}
			r, s, in, k := p.Shape[0], p.Shape[1], p.Shape[2], p.Shape[3]
			filters, err := t.Weights.Values(p.Name)
			if err != nil {
				return nil, err
			}
			tiles, scale, err := plot.Filters(filters, r, s, in, k)
			if err != nil {
				return nil, err
			}
			title := fmt.Sprintf("%s: %d filters of %dx%dx%d", n.Name, k, r, s, in)
			sheets = append(sheets, mapSheet{layer, "filters", title, scale, tiles})
		}
		tiles, err := plot.Maps(values[n], h, w, c)
		if err != nil {
			return nil, err
		}
		kind, when := mapKind(n)
		title := fmt.Sprintf("%s: %d %s of %dx%d%s", n.Name, c, kind, h, w, when)
		sheets = append(sheets, mapSheet{layer, kind, title, plot.Signed, tiles})
	}
	return sheets, nil
}

// mapKind is what the tutorials call the maps that a node makes, and where they stand.
func mapKind(n *model.Node) (kind, when string) {
	switch n.Spec.(type) {
	case model.Conv2D:
		return "feature maps", ", before the activation"
	case model.MaxPooling2D, model.AveragePooling2D, model.MinPooling2D:
		return "pooled maps", ""
	case model.BatchNormalization:
		return "normalised maps", ""
	case nil, model.Activation, model.ReLULayer, model.LeakyReLU, model.PReLU, model.ELU:
		return "activation maps", ", after the activation"
	}
	return "maps", ""
}

// writePNG writes a picture, whole or not at all.
func writePNG(path string, draw func(io.Writer) error) error {
	if err := atomicfile.Write(path, draw); err != nil {
		return fmt.Errorf("cannot write the picture: %w; give another place with --out", err)
	}
	return nil
}
