package metrics

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGolden holds the scores to scikit-learn's.
func TestGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	var golden struct {
		Cases []struct {
			Name                  string
			Labels                []int32
			Probabilities         [][]float32
			Confusion             [][]int
			Accuracy              float64
			Top3                  *float64
			Precision, Recall, F1 []float64
			MacroF1               float64 `json:"macro_f1"`
			AUC                   []*float64
		}
	}
	require.NoError(t, json.Unmarshal(text, &golden))
	require.NotEmpty(t, golden.Cases)
	for _, c := range golden.Cases {
		t.Run(c.Name, func(t *testing.T) {
			s := New(len(c.Confusion))
			for i, label := range c.Labels {
				s.Add(label, c.Probabilities[i])
			}
			assert.Equal(t, len(c.Labels), s.Examples())
			assert.Equal(t, c.Confusion, s.Confusion())
			assert.InDelta(t, c.Accuracy, s.TopK(1), 1e-12)
			if c.Top3 != nil {
				assert.InDelta(t, *c.Top3, s.TopK(3), 1e-12)
			}
			assert.EqualValues(t, 1, s.TopK(len(c.Confusion)))
			assert.InDelta(t, c.MacroF1, s.MacroF1(), 1e-12)
			for class := range c.Confusion {
				got := s.Class(class)
				assert.InDelta(t, c.Precision[class], got.Precision, 1e-12)
				assert.InDelta(t, c.Recall[class], got.Recall, 1e-12)
				assert.InDelta(t, c.F1[class], got.F1, 1e-12)
				if c.AUC[class] == nil {
					assert.True(t, math.IsNaN(s.AUC(class)))
				} else {
					assert.InDelta(t, *c.AUC[class], s.AUC(class), 1e-12)
				}
			}
		})
	}
}

func TestEqualProbabilities(t *testing.T) {
	s := New(3)
	assert.Zero(t, s.Add(1, []float32{0.4, 0.4, 0.2}), "the first")
	assert.Zero(t, s.TopK(1))
	assert.EqualValues(t, 1, s.TopK(2))
	assert.EqualValues(t, 1, s.TopK(10))
}

func TestNoExamples(t *testing.T) {
	s := New(2)
	assert.Zero(t, s.TopK(1))
	assert.Zero(t, s.MacroF1())
	assert.Equal(t, Class{}, s.Class(1))
	assert.True(t, math.IsNaN(s.AUC(0)))
}

func TestCSV(t *testing.T) {
	s := New(3)
	s.Add(0, []float32{0.5, 0.25, 0.25})
	s.Add(0, []float32{0.25, 0.5, 0.25})
	s.Add(1, []float32{0.25, 0.75, 0})
	classes := []string{"cat", "dog, small", "owl"}
	var text strings.Builder
	require.NoError(t, s.WriteCSV(&text, classes))
	assert.Equal(t, `class,examples,correct,predicted,precision,recall,f1,auc
cat,2,1,1,1,0.5,0.6666666666666666,0.75
"dog, small",1,1,2,0.5,1,0.6666666666666666,1
owl,0,0,0,0,0,0,
`, text.String())
	text.Reset()
	require.NoError(t, s.WriteConfusion(&text, classes))
	assert.Equal(t, `label \ predicted,cat,"dog, small",owl
cat,1,1,0
"dog, small",0,1,0
owl,0,0,0
`, text.String())
}
