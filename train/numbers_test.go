package train

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checked is what a training can be told that says what is wrong with it.
type checked interface{ Check() error }

// No optimizer, schedule, clipping, average or loss takes a number that is 0 in float32, in which devices compute: every field that is a number is
// tried.
func TestNumbersThatVanishInFloat32(t *testing.T) {
	list := []checked{Clipping{}, EMA{Momentum: 0.5}}
	for _, name := range LossNames() {
		l, err := ParseLoss(name)
		require.NoError(t, err)
		if l, ok := l.(checked); ok {
			list = append(list, l)
		}
	}
	for _, name := range OptimizerNames() {
		o, err := OptimizerByName(name, nil)
		require.NoError(t, err)
		list = append(list, o)
	}
	for _, name := range ScheduleNames() {
		s, err := ParseSchedule(name)
		require.NoError(t, err)
		list = append(list, s)
	}
	tried := 0
	for _, c := range list {
		require.NoError(t, c.Check())
		for i := range reflect.TypeOf(c).NumField() {
			field := reflect.TypeOf(c).Field(i)
			if field.Type.Kind() != reflect.Float64 {
				continue
			}
			for _, v := range []float64{1e-46, 1e-50, 1e-300} {
				value := reflect.New(reflect.TypeOf(c)).Elem()
				value.Set(reflect.ValueOf(c))
				value.Field(i).SetFloat(v)
				assert.ErrorContains(t, value.Interface().(checked).Check(), " float32", "%T with %s %v", c, field.Name, v)
			}
			tried++
		}
	}
	assert.Greater(t, tried, 25)
	_, err := ParseSchedule("cosine,end=1e-50")
	assert.EqualError(t, err, "train: schedule cosine: end 1e-50 is 0 in float32, in which devices compute: give at least 1.4e-45")
}
