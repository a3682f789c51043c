package data

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"path/filepath"
	"slices"
	"strings"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
	"golang.org/x/sync/semaphore"
)

// PictureFormats names the files that Picture reads: of a GIF the first frame, of a TIFF the first page.
const PictureFormats = "PNG, JPEG, WebP, BMP, GIF or TIFF"

// pictureSuffixes are those of pictures, of formats that are not read too: these get an error that names them.
var pictureSuffixes = strings.Fields(".png .jpg .jpeg .jpe .jfif .webp .bmp .dib .gif .tif .tiff .heic .heif .avif .jxl .jp2 .svg .pdf .psd")

// IsPictureName says whether a file is a picture by its name: hidden ones are none.
func IsPictureName(name string) bool {
	return !strings.HasPrefix(name, ".") && slices.Contains(pictureSuffixes, strings.ToLower(filepath.Ext(name)))
}

// The largest picture that is decoded, and the largest file that is read from a stream.
const (
	maxPictureSide  = 1<<16 - 1 // pixels, as many as a JPEG can have
	maxPictureArea  = 1 << 27   // pixels: a phone's 108 million fit, and take up to 1 GiB
	maxPictureBytes = 1 << 29
)

// decoding holds the pictures that are decoded at the same time to the memory of the largest one.
var decoding = semaphore.NewWeighted(maxPictureArea)

// PictureOptions say what a picture is to be made like.
type PictureOptions struct {
	// Preparation is what the model's training images were prepared like.
	Preparation Preparation
	// NoInvert keeps dark ink dark and a light background light.
	NoInvert bool
	// NoCenter keeps the picture's framing.
	NoCenter bool
}

// Prepared is a picture as a model's input.
type Prepared struct {
	Pixels []float32 // [H W C], from 0 to 1
	Note   string    // what was done to the picture, in words
	Doubt  string    // why nothing should be made of it, such as "nothing stands out from the page"; empty if all seems well
}

// Picture reads a picture of any size ([PictureFormats]) and makes of it what a model of input shape [H W C] was trained on: C is 3 for
// colour, 1 for grey. A picture may have sides of 65,535 pixels and 134,217,728 pixels in all.
//
// A photograph is turned upright as its Exif data say. Transparent parts become white, or black where what is visible is light.
// What follows is up to the [Preparation]: either the ink is searched (see below), cut out and centred, light on dark, or the whole picture
// is scaled, keeping its proportions. It is scaled to fit and bordered with its background, or, [Cropped], to cover, and its middle is cut
// out. Grey ones are inverted as the preparation has it.
//
// The search for ink first cuts the picture to the sheet that it shows, without frames, bars, tables and drawn boxes. Ink is what is darker
// than the ground around it, or lighter; shadows and uneven light are ground. Ruled lines and specks are left out. A picture of 28x28 pixels
// whose ink lies as the training images' does is left as it is.
func Picture(path string, shape []int, o PictureOptions) (*Prepared, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", path, err)
	}
	defer f.Close()
	return preparePicture(path, io.NewSectionReader(f, 0, size), shape, o)
}

// PictureFrom is Picture for what is read from a stream; the name is for errors.
func PictureFrom(name string, r io.Reader, shape []int, o PictureOptions) (*Prepared, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPictureBytes+1))
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", name, err)
	}
	if len(b) > maxPictureBytes {
		return nil, fmt.Errorf("data: %s: more than %d bytes, expected one picture", name, maxPictureBytes)
	}
	return preparePicture(name, io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), shape, o)
}

func preparePicture(name string, file *io.SectionReader, shape []int, o PictureOptions) (*Prepared, error) {
	pixels, p, err := prepareBytes(file, shape, o)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", name, err)
	}
	x := make([]float32, len(pixels))
	for i, v := range pixels {
		x[i] = shade[v]
	}
	return &Prepared{Pixels: x, Note: strings.Join(p.steps, ", "), Doubt: p.doubt}, nil
}

// prepareBytes makes a picture the bytes of an image, as sets hold them.
func prepareBytes(file *io.SectionReader, shape []int, o PictureOptions) ([]byte, *preparation, error) {
	if len(shape) != 3 || shape[0] < 1 || shape[1] < 1 || shape[2] != 1 && shape[2] != 3 {
		return nil, nil, fmt.Errorf("a picture fits an input of shape [H W 1] or [H W 3], not %v", shape)
	}
	how := o.Preparation.fill(shape)
	if o.NoCenter && how.Framing != Cropped {
		how.Framing = Whole
	}
	if o.NoInvert {
		how.Ground = AnyGround
	}
	if err := how.checkShorter(shape); err != nil {
		return nil, nil, err
	}
	p := &preparation{h: shape[0], w: shape[1], framing: how.Framing, shorter: how.Shorter}
	if err := p.decode(file); err != nil {
		return nil, nil, err
	}
	if shape[2] == 1 {
		p.grey()
		if how.Framing == Whole || how.Framing == Cropped {
			p.invert(how.Ground)
		} else {
			p.center(how)
		}
	}
	if how.Framing == Cropped {
		p.crop()
	} else {
		p.fit()
	}
	pixels := make([]byte, 0, product(shape))
	p.each(func(q []byte) { pixels = append(pixels, q[:shape[2]]...) })
	if len(p.steps) == 0 {
		p.say("used as it is")
	}
	return pixels, p, nil
}

// decode reads the picture, once its header has shown that it is not too large to decode, and lays it down flat and upright.
func (p *preparation) decode(file *io.SectionReader) error {
	whole := func() io.Reader { return bufio.NewReader(io.NewSectionReader(file, 0, file.Size())) }
	header := make([]byte, sniffed)
	n, _ := io.ReadFull(whole(), header)
	other := otherFormat(header[:n])
	if isTIFF(header[:n]) && isRaw(tiffDirectory(io.NewSectionReader(file, 0, file.Size()))) {
		other = "a camera's raw file"
	}
	if other != "" {
		return fmt.Errorf("this is %s, which is not read: make it a PNG or JPEG first (read are %s)", other, PictureFormats)
	}
	c, _, err := image.DecodeConfig(whole())
	switch {
	case n == 0:
		return fmt.Errorf("expected a picture (%s), found an empty file", PictureFormats)
	case errors.Is(err, image.ErrFormat):
		return fmt.Errorf("expected a picture (%s), found something else", PictureFormats)
	case err != nil:
		return fmt.Errorf("damaged picture, or of an unusual kind: %w", err)
	case c.Width < 1 || c.Height < 1 || max(c.Width, c.Height) > maxPictureSide || c.Width > maxPictureArea/c.Height:
		return fmt.Errorf("a picture of %dx%d pixels, expected sides of 1 to %d and at most %d pixels in all: scale it down first",
			c.Width, c.Height, maxPictureSide, maxPictureArea)
	}
	area := int64(c.Width) * int64(c.Height)
	if err := decoding.Acquire(context.Background(), area); err != nil {
		return err // never: this context does not end
	}
	defer decoding.Release(area)
	img, _, err := image.Decode(whole())
	if err != nil {
		return fmt.Errorf("damaged picture: %w", err)
	}
	p.size = img.Bounds().Size()
	if bits := fullRange(img); bits > 0 {
		p.say("%d-bit values made 16-bit", bits)
	}
	p.flatten(img)
	p.turn(orientation(io.NewSectionReader(file, 0, file.Size())))
	return nil
}
