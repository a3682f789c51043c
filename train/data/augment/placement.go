package augment

// Placement says where a picture comes to lie that is only moved and mirrored by whole pixels: pixel (y, x) is the picture's at row
// Row + RowStep·y and column Column + ColumnStep·x, for y from Top to below Bottom and x from Left to below Right, and elsewhere the fill.
type Placement struct {
	Row, RowStep, Column, ColumnStep int
	Top, Bottom, Left, Right         int
}

// Places says whether the pipeline does nothing but move and mirror pictures by whole pixels, and with what it fills the rest.
func (p *Pipeline) Places() (fill float32, only bool) {
	isFilled := false
	for _, s := range p.steps {
		if s.kind.place == nil {
			return 0, false
		}
		for i, parameter := range s.kind.Parameters {
			if parameter.Word != fillWord {
				continue
			}
			if v := float32(s.values[i]); isFilled && v != fill {
				return 0, false
			}
			fill, isFilled = float32(s.values[i]), true
		}
	}
	return fill, !p.Mixes()
}

// Place says where picture index of a set comes to lie in an epoch, by a pipeline that only does so.
func (p *Pipeline) Place(shape []int, seed uint64, epoch, index int) Placement {
	t := p.tool()
	defer p.tools.Put(t)
	t.begin(seed, epoch, index)
	h, w := shape[0], shape[1]
	at := Placement{RowStep: 1, ColumnStep: 1, Bottom: h, Right: w}
	for _, s := range p.steps {
		s.kind.place(t, &at, h, w, s.values)
	}
	return at
}

// move moves what lies there right and down.
func (p *Placement) move(dx, dy, h, w int) {
	p.Row, p.Column = p.Row-p.RowStep*dy, p.Column-p.ColumnStep*dx
	p.Top, p.Bottom = min(max(p.Top+dy, 0), h), min(max(p.Bottom+dy, 0), h)
	p.Left, p.Right = min(max(p.Left+dx, 0), w), min(max(p.Right+dx, 0), w)
}

// mirror exchanges left and right.
func (p *Placement) mirror(w int) {
	p.Column, p.ColumnStep = p.Column+p.ColumnStep*(w-1), -p.ColumnStep
	p.Left, p.Right = w-p.Right, w-p.Left
}

// upend exchanges top and bottom.
func (p *Placement) upend(h int) {
	p.Row, p.RowStep = p.Row+p.RowStep*(h-1), -p.RowStep
	p.Top, p.Bottom = h-p.Bottom, h-p.Top
}
