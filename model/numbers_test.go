package model_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/model"
)

// No layer takes a number that is another one in float32, in which devices compute: every field of every layer that is a number is tried.
func TestNumbersThatFloat32DoesNotHold(t *testing.T) {
	tried := 0
	for kind, spec := range model.KindSpecs {
		for i := range reflect.TypeOf(spec).NumField() {
			if reflect.TypeOf(spec).Field(i).Type.Kind() != reflect.Float64 {
				continue
			}
			for _, v := range []float64{1e-46, 1e-50, 1e39, 1e300} {
				value := reflect.New(reflect.TypeOf(spec)).Elem()
				for at := range value.NumField() { // what must be given
					switch field := value.Field(at); field.Kind() {
					case reflect.Float64:
						field.SetFloat(0.5)
					case reflect.Int:
						field.SetInt(1)
					}
				}
				value.Field(i).SetFloat(v)
				g := model.NewGraph(model.Input(6, 6, 3))
				_, err := g.Build(g.Add(value.Interface().(model.Spec), g.Input()))
				assert.Error(t, err, "%s with %s %v", kind, reflect.TypeOf(spec).Field(i).Name, v)
			}
			tried++
		}
	}
	assert.Greater(t, tried, 5)

	for text, want := range map[string]string{
		"GaussianNoise: {stddev: 1e-50}":               "stddev 1e-50 is 0 in float32, in which devices compute; give 0, or at least 1.4e-45",
		"Rescaling: {scale: 1, offset: 1e-50}":         "offset 1e-50 is 0 in float32",
		"Dropout: {rate: 1e-46}":                       "rate 1e-46 is 0 in float32",
		"BatchNormalization: {momentum: 0.9999999999}": "momentum 0.9999999999; give a number above 0 and below 1",
	} {
		_, err := model.Parse("net.yaml", []byte("{input: [4], layers: ["+text+"]}"))
		assert.ErrorContains(t, err, want)
	}
	_, err := model.Parse("net.yaml", []byte("{input: [4], layers: [GaussianNoise: {stddev: 1e-40}, Dropout: {rate: 0}]}"))
	assert.NoError(t, err)
}
