package metrics

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMultiLabel(t *testing.T) {
	s := NewMultiLabel(3)
	assert.Zero(t, s.Accuracy())
	s.Add([]float32{1, 0, 1}, []float32{0.75, 0.25, 0.5}) // a half is not above
	s.Add([]float32{0, 0, 1}, []float32{0.75, 0.25, 0.875})
	s.Add([]float32{1, 0, 0}, []float32{0.875, 0.25, 0.25})
	assert.Equal(t, 3, s.Examples())
	assert.InDelta(t, 7./9, s.Accuracy(), 1e-12)
	assert.Equal(t, Class{Examples: 2, Correct: 2, Predicted: 3, Precision: 2. / 3, Recall: 1, F1: 0.8}, s.Class(0))
	assert.Equal(t, Class{}, s.Class(1))
	assert.Equal(t, Class{Examples: 2, Correct: 1, Predicted: 1, Precision: 1, Recall: 0.5, F1: 2. / 3}, s.Class(2))
	assert.InDelta(t, (0.8+2./3)/2, s.MacroF1(), 1e-12)
	assert.Equal(t, 0.75, s.AUC(0))
	assert.True(t, math.IsNaN(s.AUC(1)))
	var b strings.Builder
	require.NoError(t, s.WriteCSV(&b, []string{"a", "b", "c"}))
	assert.Contains(t, b.String(), "\na,2,2,3,0.6666666666666666,1,0.8,0.75\nb,0,0,0,0,0,0,\n")
}
