package train

// Constant leaves the learning rate as it is.
type Constant struct{}

// Name implements [Schedule].
func (Constant) Name() string { return "constant" }

// Check implements [Schedule].
func (Constant) Check() error { return nil }

// Factor implements [Schedule].
func (Constant) Factor(Moment) float64 { return 1 }

// Ends implements [Schedule].
func (Constant) Ends() bool { return false }
