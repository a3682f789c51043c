package data

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"strings"
)

// PictureOptions switches off what Picture does by itself to inputs of one channel.
type PictureOptions struct {
	// NoInvert keeps a light background light: for models trained on dark ink.
	NoInvert bool
	// NoCenter keeps the picture's framing: for models of 28x28 inputs whose training images were not
	// centred as MNIST's are, such as Fashion-MNIST's.
	NoCenter bool
}

// maxPicture is the largest picture that is decoded, in pixels: room for most cameras, and 256 MiB as RGBA.
const maxPicture = 1 << 26

// Picture reads a PNG or JPEG of any size and makes of it what a model of input shape [H W C] was trained
// on: C is 3 for colour, 1 for grey, the values lie in [0, 1]. The note says in words what was done.
//
// A photograph is turned upright as its Exif data say. Transparent parts become white, or black where what
// is visible is light. A grey picture with a light border is inverted, since sets of the MNIST family show
// light on dark. For 28x28x1, a picture of another size is then prepared as MNIST's images were: cut to
// its ink, scaled to fit 20x20, and placed with its centre of mass in pixel (14, 14). Any other is scaled to
// fit, keeping its proportions, and bordered with its background.
func Picture(path string, shape []int, o PictureOptions) (x []float32, note string, err error) {
	if len(shape) != 3 || shape[0] < 1 || shape[1] < 1 || shape[2] != 1 && shape[2] != 3 {
		return nil, "", fmt.Errorf("data: %s: a picture fits an input of shape [H W 1] or [H W 3], not %v", path, shape)
	}
	img, orientation, err := decodePicture(path)
	if err != nil {
		return nil, "", fmt.Errorf("data: %s: %w", path, err)
	}
	p := &preparation{h: shape[0], w: shape[1]}
	p.flatten(img)
	p.turn(orientation)
	if shape[2] == 1 {
		p.grey()
		if p.h == mnistSide && p.w == mnistSide && !o.NoCenter {
			p.center()
		} else if !o.NoInvert {
			p.invert()
		}
	}
	p.fit()
	p.each(func(q []byte) {
		for _, v := range q[:shape[2]] {
			x = append(x, shade[v])
		}
	})
	if len(p.steps) == 0 {
		p.say("used as it is")
	}
	return x, strings.Join(p.steps, ", "), nil
}

// decodePicture reads a picture, once its header has shown that it is not too large to decode.
func decodePicture(path string) (img image.Image, turned int, err error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	whole := func() io.Reader { return bufio.NewReader(io.NewSectionReader(f, 0, size)) }
	c, _, err := image.DecodeConfig(whole())
	switch {
	case errors.Is(err, image.ErrFormat):
		return nil, 0, errors.New("expected a PNG or JPEG file, found neither")
	case err != nil:
		return nil, 0, fmt.Errorf("damaged picture: %w", err)
	case c.Width < 1 || c.Height < 1 || c.Width > maxPicture/c.Height:
		return nil, 0, fmt.Errorf("a picture of %dx%d pixels, expected 1 to %d of them: scale it down first", c.Width, c.Height, maxPicture)
	}
	turned = orientation(whole())
	if img, _, err = image.Decode(whole()); err != nil {
		return nil, 0, fmt.Errorf("damaged picture: %w", err)
	}
	return img, turned, nil
}
