package plot

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"strconv"
)

const (
	heatSide    = 288 // pixels that the longer side of an image under a heat map should about have
	heatOpacity = 0.6 // of the hottest place
	heatBarSide = 12  // pixels
)

// heatColours run from cold to hot in equal steps. They differ by hue and are all strong: light and dark are the image's.
var heatColours = []color.RGBA{{48, 60, 160, 255}, {40, 130, 235, 255}, {30, 200, 200, 255}, {90, 230, 90, 255}, {240, 220, 40, 255}, {250, 130, 30, 255}, {215, 40, 20, 255}}

// Heat is an image and a map of what is important in it.
type Heat struct {
	Title   string
	Image   Tile      // of 1 channel (grey) or 3 (RGB), in the scale Unit; its caption is drawn below it
	Map     []float32 // [H W], none negative; it covers the whole image
	H, W    int
	Caption string // below the image with the map over it
}

// HeatMap draws an image and beside it the same image with the map over it, smoothed between the map's places. Under it the image is grey, so that all
// colours are the map's: they run from 0, where nothing lies over the image, to the largest value, as a bar says. Values that are not finite, or
// negative, are refused.
func HeatMap(w io.Writer, h Heat) error {
	if err := h.check(); err != nil {
		return fmt.Errorf("plot: heat map: %w", err)
	}
	img, err := h.draw()
	if err != nil {
		return fmt.Errorf("plot: heat map: %w", err)
	}
	return encode(w, img)
}

func (h Heat) check() error {
	if err := check(SheetOptions{}, []Tile{h.Image}); err != nil {
		return err
	}
	if !holds(len(h.Map), h.H, h.W) {
		return fmt.Errorf("%d values for a map of shape [%d,%d]", len(h.Map), h.H, h.W)
	}
	for _, v := range h.Map {
		if !isFinite(v) || v < 0 {
			return fmt.Errorf("the map holds %v; its values start at 0", v)
		}
	}
	return nil
}

// draw paints the title, the bar and the two images.
func (h Heat) draw() (image.Image, error) {
	head, body, err := headAndBody()
	if err != nil {
		return nil, err
	}
	zoom := max(1, int(math.Round(heatSide/float64(max(h.Image.H, h.Image.W)))))
	side := image.Pt(h.Image.W*zoom, h.Image.H*zoom)
	if !fits(side) {
		return nil, tooLarge([]Tile{h.Image, h.Image}, side)
	}
	limit, _ := largest(Tile{Pixels: h.Map})
	cell := max(side.X, min(captionWidth+side.X, max(body.width(h.Image.Caption), body.width(h.Caption))))
	title := head.shorten(h.Title, titleWidth)
	barAt := margin + head.height() + 6
	top := barAt + body.height() + gap
	size := image.Pt(max(2*cell+gap, head.width(title))+2*margin, top+side.Y+captionGap+body.height()+margin)
	if !fits(size) {
		return nil, tooLarge([]Tile{h.Image, h.Image}, size)
	}

	img := newImage(size)
	head.draw(img, margin, margin, title, ink)
	drawHeatBar(img, body, margin, barAt, limit)
	for i, caption := range []string{h.Image.Caption, h.Caption} {
		left := margin + i*(cell+gap)
		panel := image.Rectangle{Max: side}.Add(image.Pt(left+(cell-side.X)/2, top))
		frame(img, panel.Inset(-1), 1, outline)
		for y := range side.Y {
			for x := range side.X {
				at := (y/zoom*h.Image.W + x/zoom) * h.Image.C
				c := unitColour(h.Image.Pixels[at : at+h.Image.C])
				if i == 1 {
					c = heated(c, h.at((float64(x)+0.5)/float64(side.X), (float64(y)+0.5)/float64(side.Y)), limit)
				}
				img.SetRGBA(panel.Min.X+x, panel.Min.Y+y, c)
			}
		}
		text := body.shorten(caption, cell)
		body.draw(img, left+(cell-body.width(text))/2, panel.Max.Y+captionGap, text, ink)
	}
	return img, nil
}

// at is the map's value at a place given in shares of its width and height: between the middles of the map's places it is bilinear.
func (h Heat) at(x, y float64) float64 {
	low, high, right := between(x, h.W)
	top, bottom, down := between(y, h.H)
	value := func(row, column int) float64 { return float64(h.Map[row*h.W+column]) }
	above := value(top, low)*(1-right) + value(top, high)*right
	below := value(bottom, low)*(1-right) + value(bottom, high)*right
	return above*(1-down) + below*down
}

// between are the two of n places whose middles a share of the whole lies between, and how far it is from the first to the second.
func between(share float64, n int) (from, to int, part float64) {
	at := min(max(share*float64(n)-0.5, 0), float64(n-1))
	from = int(at)
	return from, min(from+1, n-1), at - float64(from)
}

// heatColour is that of a share of the largest value.
func heatColour(share float64) color.RGBA {
	n := float64(len(heatColours))
	from, to, part := between((share*(n-1)+0.5)/n, len(heatColours))
	return blend(heatColours[from], heatColours[to], part)
}

// heated lays a value's colour over a pixel without colours of its own: the hotter, the less is seen of the pixel.
func heated(pixel color.RGBA, v, limit float64) color.RGBA {
	grey := color.GrayModel.Convert(pixel).(color.Gray).Y
	pixel = color.RGBA{grey, grey, grey, 255}
	if limit == 0 {
		return pixel
	}
	share := min(v/limit, 1)
	return blend(pixel, heatColour(share), heatOpacity*math.Sqrt(share))
}

// drawHeatBar explains the colours.
func drawHeatBar(img *image.RGBA, body lettering, x, y int, limit float64) {
	if limit == 0 {
		body.draw(img, x, y, "0 everywhere", muted)
		return
	}
	body.draw(img, x, y, "0", muted)
	bar := image.Rect(0, 0, keyLength, heatBarSide).Add(image.Pt(x+body.width("0")+6, y+(body.height()-heatBarSide)/2))
	for i := range bar.Dx() {
		fill(img, image.Rect(bar.Min.X+i, bar.Min.Y, bar.Min.X+i+1, bar.Max.Y), heatColour(float64(i)/float64(bar.Dx()-1)))
	}
	frame(img, bar.Inset(-1), 1, outline)
	body.draw(img, bar.Max.X+6, y, strconv.FormatFloat(limit, 'g', 3, 64), muted)
}
