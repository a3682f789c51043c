package train

import (
	"errors"
	"fmt"
	"strings"

	"cnn-gpu/kernels"
)

// Clipping limits the gradients of a step before they change anything. At most one of its limits may be above 0; none is as if there were none.
type Clipping struct {
	// Norm is the most that the norm of each parameter's gradient may be: longer ones are shortened to it, Keras's clipnorm. See
	// [kernels.ClipNorm].
	Norm float64 `json:"norm_of_each,omitempty"`
	// GlobalNorm is the most that the norm of all gradients together may be, likewise; Keras's global_clipnorm.
	GlobalNorm float64 `json:"norm,omitempty"`
	// Value is the most that each gradient's magnitude may be, Keras's clipvalue. See [kernels.ClipValue].
	Value float64 `json:"value,omitempty"`
}

// limits are the limits that are given, with what they are called.
func (c Clipping) limits() (limits []float64, names []string) {
	for i, limit := range []float64{c.Norm, c.GlobalNorm, c.Value} {
		if limit != 0 {
			limits, names = append(limits, limit), append(names, []string{"norm of each", "norm", "value"}[i])
		}
	}
	return limits, names
}

// Check says what is wrong with the limits.
func (c Clipping) Check() error {
	var errs []error
	limits, names := c.limits()
	for i, limit := range limits {
		errs = append(errs, above0("clipping "+names[i], limit))
	}
	if len(limits) > 1 {
		errs = append(errs, fmt.Errorf("gradients are clipped by a %s; give one of them", strings.Join(names, " and by a ")))
	}
	return errors.Join(errs...)
}

// String is the limit there is; none is empty.
func (c Clipping) String() string {
	limits, names := c.limits()
	if len(limits) == 0 {
		return ""
	}
	return fmt.Sprintf("%s %v", names[0], limits[0])
}

// ops limits the gradients, of which each is a parameter's.
func (c Clipping) ops(gradients *kernels.Buffer, each []*kernels.Buffer) (ops []kernels.Op) {
	switch {
	case c.Norm != 0:
		for _, g := range each {
			ops = append(ops, kernels.ClipNorm{Norm: c.Norm, X: g})
		}
	case c.GlobalNorm != 0:
		ops = []kernels.Op{kernels.ClipNorm{Norm: c.GlobalNorm, X: gradients}}
	case c.Value != 0:
		ops = []kernels.Op{kernels.ClipValue{Most: c.Value, X: gradients}}
	}
	return ops
}
