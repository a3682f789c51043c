package train

import (
	"errors"
	"fmt"

	"cnn-gpu/kernels"
)

// Clipping limits the gradients of a step before they change anything. At most one of its limits may be above 0; none is as if there were none.
type Clipping struct {
	// Norm is the most that the norm of all gradients together may be: longer ones are shortened to it, Keras's global_clipnorm. See
	// [kernels.ClipNorm].
	Norm float64 `json:"norm,omitempty"`
	// Value is the most that each gradient's magnitude may be, Keras's clipvalue. See [kernels.ClipValue].
	Value float64 `json:"value,omitempty"`
}

// Check says what is wrong with the limits.
func (c Clipping) Check() error {
	var errs []error
	if c.Norm != 0 {
		errs = append(errs, above0("clipping norm", c.Norm))
	}
	if c.Value != 0 {
		errs = append(errs, above0("clipping value", c.Value))
	}
	if c.Norm != 0 && c.Value != 0 {
		errs = append(errs, errors.New("gradients are clipped both by a norm and by a value; give one of them"))
	}
	return errors.Join(errs...)
}

// String is the limit there is; none is empty.
func (c Clipping) String() string {
	switch {
	case c.Norm != 0:
		return fmt.Sprintf("norm %v", c.Norm)
	case c.Value != 0:
		return fmt.Sprintf("value %v", c.Value)
	}
	return ""
}

func (c Clipping) ops(gradients *kernels.Buffer) []kernels.Op {
	switch {
	case c.Norm != 0:
		return []kernels.Op{kernels.ClipNorm{Norm: c.Norm, X: gradients}}
	case c.Value != 0:
		return []kernels.Op{kernels.ClipValue{Most: c.Value, X: gradients}}
	}
	return nil
}
