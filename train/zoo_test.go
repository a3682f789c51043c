package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

// Every model of the zoo makes a step on the CPU that changes each of its parameters; those for large images make it on small ones.
func TestZooTrains(t *testing.T) {
	for _, name := range model.Zoo() {
		t.Run(name, func(t *testing.T) {
			text, err := model.ZooText(name)
			require.NoError(t, err)
			m, err := model.Parse(name, []byte(strings.Replace(text, "input: [224, 224, 3]", "input: [64, 64, 3]", 1)))
			require.NoError(t, err)
			if testing.Short() && m.FLOPs() > 1e8 {
				t.Skip("a step of a large model takes a second")
			}
			const batch = 2
			tr := compile(t, m, 2, SGD{LearningRate: 0.1})
			before, err := tr.Weights()
			require.NoError(t, err)
			x := make([]float32, batch*m.Input.Shape.Elements())
			for i := range x {
				x[i] = float32(math.Abs(math.Sin(float64(i * i))))
			}
			step, err := tr.TrainingStep(batch)
			require.NoError(t, err)
			var unchanged []string
			for range 2 { // a branch whose factor begins at zero learns once that has changed
				require.NoError(t, step.Reset())
				require.NoError(t, step.Run(x, []int32{0, 1}))
				r, err := step.Result()
				require.NoError(t, err)
				assert.Less(t, r.Loss, 3*math.Log(float64(m.Output.Shape[0])))
				after, err := tr.Weights()
				require.NoError(t, err)
				unchanged = nil
				for p, was := range before.All() {
					is, err := after.Values(p.Name)
					require.NoError(t, err)
					if slices.Equal(was, is) {
						unchanged = append(unchanged, p.Name)
					}
				}
				if len(unchanged) == 0 {
					break
				}
			}
			assert.Empty(t, unchanged)
		})
	}
}
