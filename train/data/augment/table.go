package augment

import (
	"cmp"
	"fmt"

	"cnn-gpu/internal/wording"
)

// Kind is a kind of transformation. Parser, help and docs are made of it.
type Kind struct {
	Help       string // what it does, a sentence without its full stop
	Formula    string // how
	Source     string // where it is from
	Parameters []Parameter
	Colours    bool // it needs three channels, red, green and blue
	Levels     bool // it tells one channel, grey, from three
	check      func(v []float64) error
	apply      func(t *tool, p picture, v []float64)
	// place draws the same numbers as apply and says where a picture of h x w comes to lie; nil for what does more than that.
	place func(t *tool, at *Placement, h, w int, v []float64)
	// mix puts another picture into p, which keeps about own of itself, and returns the other one's share; nil for what is of one picture.
	mix func(t *tool, p picture, other []float32, own float64) (share float64)
}

// Parameter is a setting of a transformation.
type Parameter struct {
	Word         string
	Unit         Unit
	Default      float64
	Least, Most  float64
	Help         string
	ExcludeLeast bool // it is above Least
}

// Unit is what a parameter is counted in.
type Unit string

const (
	pixels      Unit = "pixels" // a whole number of them
	whole       Unit = "times"
	degrees     Unit = "degrees"
	probability Unit = "probability"
	level       Unit = "level, 0 is black and 1 white"
	side        Unit = "part of the side"
	area        Unit = "part of the area"
	factor      Unit = "factor"
)

func (p Parameter) isWhole() bool { return p.Unit == pixels || p.Unit == whole }

// chance is the parameter of what is done to some of the pictures.
func chance(usual float64) Parameter {
	return Parameter{Word: "probability", Unit: probability, Default: usual, Most: 1, Help: "of a picture to be changed"}
}

const fillWord = "fill"

// filled is the parameter of what uncovers places that the picture does not have.
func filled(usual float64) Parameter {
	return Parameter{Word: fillWord, Unit: level, Default: usual, Most: 1, Help: "what lies outside of the picture"}
}

// alpha is the parameter of what mixes pictures.
func alpha(usual float64) Parameter {
	return Parameter{Word: "alpha", Unit: factor, Default: usual, Least: 0.01, Most: 100, Help: "of the distribution of shares: even at 1, at the ends below, in the middle above"}
}

// kinds are the transformations by their words.
var kinds = wording.Table[string, Kind]{
	{Word: "shift", Value: Kind{
		Help:    "moves the picture along both axes",
		Formula: "by ⌊u·W⌉ and ⌊v·H⌉ whole pixels, u and v uniform in ±fraction",
		Source:  "Krizhevsky et al., \"ImageNet classification with deep convolutional neural networks\", NeurIPS 2012, section 4.1",
		Parameters: []Parameter{
			{Word: "fraction", Unit: side, Default: 0.1, Most: 1, Help: "the most that it moves"},
			filled(0),
		},
		apply: shift,
		place: func(t *tool, at *Placement, h, w int, v []float64) {
			dx, dy := t.shifted(v[0], h, w)
			at.move(dx, dy, h, w)
		},
	}},
	{Word: "flip", Value: Kind{
		Help:       "mirrors the picture, left to right",
		Formula:    "y[i,j] = x[i,W−1−j]",
		Source:     "Krizhevsky et al. 2012, section 4.1",
		Parameters: []Parameter{chance(0.5)},
		apply:      flip,
		place: func(t *tool, at *Placement, _, w int, v []float64) {
			if t.happens(v[0]) {
				at.mirror(w)
			}
		},
	}},
	{Word: "flip_vertical", Value: Kind{
		Help:       "mirrors the picture, top to bottom",
		Formula:    "y[i,j] = x[H−1−i,j]",
		Source:     "as flip",
		Parameters: []Parameter{chance(0.5)},
		apply:      flipVertical,
		place: func(t *tool, at *Placement, h, _ int, v []float64) {
			if t.happens(v[0]) {
				at.upend(h)
			}
		},
	}},
	{Word: "crop", Value: Kind{
		Help:    "borders the picture and cuts as large a one out of it, anywhere",
		Formula: "moved by whole pixels, uniform in ±padding, along each axis",
		Source:  "He et al., \"Deep residual learning for image recognition\", CVPR 2016, section 4.2",
		Parameters: []Parameter{
			{Word: "padding", Unit: pixels, Default: 4, Most: 1 << 20, Help: "the border on each side"},
			filled(0),
		},
		apply: crop,
		place: func(t *tool, at *Placement, h, w int, v []float64) {
			dx, dy := t.cropped(v[0])
			at.move(dx, dy, h, w)
		},
	}},
	{Word: "resized_crop", Value: Kind{
		Help: "cuts a part out of the picture and enlarges it to the picture's size",
		Formula: "area uniform from min_area to max_area of the picture's, the logarithm of width/height uniform from min_ratio to max_ratio, anywhere; after ten " +
			"parts that do not fit, the middle one that fits best; bilinear, what lies outside of the part being its edge",
		Source: "Szegedy et al., \"Going deeper with convolutions\", CVPR 2015, section 6",
		Parameters: []Parameter{
			{Word: "min_area", Unit: area, Default: 0.08, Most: 1, ExcludeLeast: true, Help: "the least that is cut out"},
			{Word: "max_area", Unit: area, Default: 1, Most: 1, ExcludeLeast: true, Help: "the most that is cut out"},
			{Word: "min_ratio", Unit: factor, Default: 0.75, Least: 0.01, Most: 100, Help: "the least of width/height"},
			{Word: "max_ratio", Unit: factor, Default: 4. / 3, Least: 0.01, Most: 100, Help: "the most of width/height"},
		},
		check: func(v []float64) error {
			return cmp.Or(ordered("min_area", v[0], "max_area", v[1]), ordered("min_ratio", v[2], "max_ratio", v[3]))
		},
		apply: resizedCrop,
	}},
	{Word: "rotate", Value: Kind{
		Help:    "turns the picture about its middle",
		Formula: "by an angle uniform in ±degrees, bilinear",
		Source:  "Simard, Steinkraus and Platt, \"Best practices for convolutional neural networks applied to visual document analysis\", ICDAR 2003, section 2",
		Parameters: []Parameter{
			{Word: "degrees", Unit: degrees, Default: 15, Most: 180, Help: "the most that it is turned"},
			filled(0),
		},
		apply: rotate,
	}},
	{Word: "shear", Value: Kind{
		Help:    "slants the picture about its middle",
		Formula: "what lies d rows below the middle moves right by u·d, what lies d columns right of it moves down by v·d; u uniform in ±x, v in ±y; bilinear",
		Source:  "Simard, Steinkraus and Platt 2003, section 2",
		Parameters: []Parameter{
			{Word: "x", Unit: factor, Default: 0.1, Most: 0.99, Help: "the most of u"},
			{Word: "y", Unit: factor, Default: 0, Most: 0.99, Help: "the most of v"},
			filled(0),
		},
		apply: shear,
	}},
	{Word: "zoom", Value: Kind{
		Help:    "enlarges the picture about its middle, or makes it smaller",
		Formula: "by a factor uniform from min to max, bilinear",
		Source:  "Simard, Steinkraus and Platt 2003, section 2",
		Parameters: []Parameter{
			{Word: "min", Unit: factor, Default: 0.9, Least: 0.1, Most: 10, Help: "the least factor"},
			{Word: "max", Unit: factor, Default: 1.1, Least: 0.1, Most: 10, Help: "the largest factor"},
			filled(0),
		},
		check: func(v []float64) error { return ordered("min", v[0], "max", v[1]) },
		apply: zoom,
	}},
	{Word: "color_jitter", Value: Kind{
		Help: "changes brightness, contrast, saturation and hue, in an order that is drawn",
		Formula: "brightness f·x, contrast f·x + (1−f)·mean of L, saturation f·x + (1−f)·L, each cut off to 0 and 1 and with f uniform in 1 ± the " +
			"parameter; hue turned by a part of the circle that is uniform in ±hue; L = 0.299·R + 0.587·G + 0.114·B. A grey picture has neither saturation nor hue",
		Source: "Howard, \"Some improvements on deep convolutional neural network based image classification\", 2013, section 2; PyTorch's ColorJitter",
		Parameters: []Parameter{
			{Word: "brightness", Unit: factor, Default: 0.4, Most: 1, Help: "of brightness"},
			{Word: "contrast", Unit: factor, Default: 0.4, Most: 1, Help: "of contrast"},
			{Word: "saturation", Unit: factor, Default: 0.4, Most: 1, Help: "of saturation"},
			{Word: "hue", Unit: "part of the circle", Default: 0.1, Most: 0.5, Help: "of hue"},
		},
		Levels: true,
		apply:  colorJitter,
	}},
	{Word: "grey", Value: Kind{
		Help:       "takes the colours away",
		Formula:    "L = 0.299·R + 0.587·G + 0.114·B in all three channels",
		Source:     "ITU-R BT.601-7, section 2.5.1; Chen et al., \"A simple framework for contrastive learning of visual representations\", ICML 2020, appendix A",
		Parameters: []Parameter{chance(0.1)},
		Colours:    true,
		apply:      grey,
	}},
	{Word: "blur", Value: Kind{
		Help:    "blurs the picture",
		Formula: "by a Gaussian of a standard deviation σ that is uniform from min_sigma to max_sigma, cut off at ⌈3σ⌉ pixels; the edge goes on outside",
		Source:  "Chen et al. 2020, appendix A",
		Parameters: []Parameter{
			{Word: "min_sigma", Unit: "pixels, or parts of one", Default: 0.1, Least: 0.01, Most: 100, Help: "the least deviation"},
			{Word: "max_sigma", Unit: "pixels, or parts of one", Default: 1, Least: 0.01, Most: 100, Help: "the largest deviation"},
			chance(0.5),
		},
		check: func(v []float64) error { return ordered("min_sigma", v[0], "max_sigma", v[1]) },
		apply: blur,
	}},
	{Word: "erase", Value: Kind{
		Help: "covers a rectangle with random values",
		Formula: "area uniform from min_area to max_area of the picture's, height/width uniform from min_ratio to 1/min_ratio, anywhere in the picture, each " +
			"value uniform from 0 to 1; after ten rectangles that do not fit, none",
		Source: "Zhong et al., \"Random erasing data augmentation\", AAAI 2020, algorithm 1",
		Parameters: []Parameter{
			chance(0.5),
			{Word: "min_area", Unit: area, Default: 0.02, Most: 1, ExcludeLeast: true, Help: "the least that is covered"},
			{Word: "max_area", Unit: area, Default: 0.4, Most: 1, ExcludeLeast: true, Help: "the most that is covered"},
			{Word: "min_ratio", Unit: factor, Default: 0.3, Least: 0.01, Most: 1, Help: "the least of height/width"},
		},
		check: func(v []float64) error { return ordered("min_area", v[1], "max_area", v[2]) },
		apply: erase,
	}},
	{Word: "cutout", Value: Kind{
		Help:    "covers a square",
		Formula: "its middle anywhere in the picture, so that a part of it may lie outside",
		Source:  "DeVries and Taylor, \"Improved regularization of convolutional neural networks with cutout\", 2017, section 3.2",
		Parameters: []Parameter{
			{Word: "size", Unit: pixels, Default: 8, Least: 1, Most: 1 << 20, Help: "the square's side"},
			{Word: "fill", Unit: level, Default: 0, Most: 1, Help: "what covers it"},
		},
		apply: cutout,
	}},
	{Word: "randaugment", Value: Kind{
		Help:    "does some of fourteen operations, each at the same strength",
		Formula: "operations of the table below, each drawn anew, at strength magnitude/10",
		Source:  "Cubuk et al., \"RandAugment\", NeurIPS 2020, section 3; the operations' ranges: Cubuk et al., \"AutoAugment\", CVPR 2019, table 6",
		Parameters: []Parameter{
			{Word: "operations", Unit: whole, Default: 2, Least: 1, Most: 14, Help: "how many are done"},
			{Word: "magnitude", Unit: "strength in tenths", Default: 9, Most: 10, Help: "of each"},
			filled(0.5),
		},
		Levels: true,
		apply:  randAugment,
	}},
	{Word: "trivialaugment", Value: Kind{
		Help:       "does one of fourteen operations at a strength that is drawn",
		Formula:    "an operation of the table below at a strength of k/30, k uniform from 0 to 30",
		Source:     "Müller and Hutter, \"TrivialAugment\", ICCV 2021, algorithm 1, with the space that the paper calls wide",
		Parameters: []Parameter{filled(0.5)},
		Levels:     true,
		apply:      trivialAugment,
	}},
	{Word: "mixup", Value: Kind{
		Help:       "adds another training picture, and mixes the labels alike",
		Formula:    "λ·x + (1−λ)·x′ with λ from Beta(alpha, alpha)",
		Source:     "Zhang et al., \"mixup: beyond empirical risk minimization\", ICLR 2018, section 2",
		Parameters: []Parameter{alpha(0.2), chance(1)},
		mix:        mixUp,
	}},
	{Word: "cutmix", Value: Kind{
		Help: "puts a rectangle of another training picture into the same place, and mixes the labels by area",
		Formula: "λ from Beta(alpha, alpha), sides W·√(1−λ) and H·√(1−λ), the middle anywhere, so that a part may lie outside; " +
			"λ is then what is left of the picture",
		Source:     "Yun et al., \"CutMix: regularization strategy to train strong classifiers with localizable features\", ICCV 2019, section 3.1",
		Parameters: []Parameter{alpha(1), chance(0.5)},
		mix:        cutMix,
	}},
}

// Words lists the transformations.
func Words() []string { return kinds.Words() }

// Find is the transformation of a word.
func Find(word string) (Kind, error) {
	kind, err := kinds.Find("augmentation", word)
	if err != nil {
		return kind, fmt.Errorf("augment: %w", err)
	}
	return kind, nil
}

// ordered says whether a least value is at most the largest.
func ordered(least string, from float64, most string, to float64) error {
	if from > to {
		return fmt.Errorf("%s %v is above %s %v; give it at most as much", least, from, most, to)
	}
	return nil
}
