package kernels_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
)

// Every operand of every op is asked for by type and size, and only those that may be absent are.
func TestCheckOperands(t *testing.T) {
	absent := map[string][]string{
		"conv2d_fprop": {"B"}, "dense_fprop": {"B"}, "pool2d_fprop": {"Index"}, "pool2d_dgrad": {"Index"}, "binary_dgrad": {"DA", "DB"}, "sgd": {"V"},
		"batch_norm_stats": {"Labels"}, "batch_norm_fprop": {"Gamma", "Beta"}, "batch_norm_sums": {"Labels"}, "batch_norm_dgrad": {"Labels", "Gamma"},
		"batch_norm_fold": {"B", "Gamma", "Beta"}, "group_norm_fprop": {"Gamma", "Beta", "Mean", "Variance"}, "group_norm_dgrad": {"Gamma"}, "adaptive_pool2d_fprop": {"Index"},
		"tick": {"Step", "At"}, "penalty_fprop": {"Labels"}, "penalty_dgrad": {"Labels"},
	}
	anySize := map[string]string{"zero": "Y", "finite_check": "X", "weight_decay": "W", "clip_norm": "X", "clip_value": "X", "penalty_fprop": "X", "tick": "Rates"}
	seen := map[string]bool{}
	for _, c := range kerneltest.Cases() {
		if len(c.Ops) > 1 {
			continue
		}
		op := c.Ops[0]
		require.NoError(t, kernels.CheckOperands(op), c.Name)
		name := op.Name()
		fields := reflect.TypeOf(op)
		for _, visible := range reflect.VisibleFields(fields) {
			field := visible.Name
			b, ok := reflect.ValueOf(op).FieldByIndex(visible.Index).Interface().(*kernels.Buffer)
			if !ok || b == nil || seen[name+field] {
				continue
			}
			seen[name+field] = true
			check := func(other *kernels.Buffer) error {
				changed := reflect.New(fields).Elem()
				changed.Set(reflect.ValueOf(op))
				changed.FieldByIndex(visible.Index).Set(reflect.ValueOf(other))
				return kernels.CheckOperands(changed.Interface().(kernels.Op))
			}
			if anySize[name] != field {
				larger := kernels.NewBuffer("other", b.Type, b.Elements()+1)
				assert.ErrorContains(t, check(larger), name+": ", "%s: a larger %s", c.Name, field)
			}
			if name != "zero" {
				another := kernels.Int32
				if b.Type == another {
					another = kernels.Float32
				}
				number := kernels.NewBuffer("other", another, b.Shape...)
				assert.ErrorContains(t, check(number), `is "other", `+number.Type.String(), "%s: %s of another type", c.Name, field)
			}
			if err := check(nil); err != nil {
				assert.ErrorContains(t, err, name+": ", c.Name)
			} else {
				assert.Contains(t, absent[name], field, "%s has no %s", c.Name, field)
			}
		}
	}
}

func TestCheckOperandsSaysWhatIsWrong(t *testing.T) {
	x, y := kernels.NewBuffer("pixels", kernels.Float32, 2, 3), kernels.NewBuffer("sums", kernels.Float32, 5)
	assert.EqualError(t, kernels.CheckOperands(kernels.Add{A: x, B: x, Y: y}), `add: a is "pixels", float32[2 3]; it takes float32[5]`)
	assert.EqualError(t, kernels.CheckOperands(kernels.Add{A: x, Y: x}), `add: there is no b; it takes float32[6]`)
}
