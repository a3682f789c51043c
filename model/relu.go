package model

import (
	"fmt"

	"cnn-gpu/kernels"
)

// ReLULayer passes on what is above the threshold, 0 unless given. Below, it gives 0, or NegativeSlope times what it takes less the threshold; with
// MaxValue it gives no more than that. It is Keras's ReLU; see [kernels.ThresholdReLU].
type ReLULayer struct {
	MaxValue      float64 `yaml:"max_value,omitempty" default:"0"`      // the largest value that it gives; 0 for no limit
	NegativeSlope float64 `yaml:"negative_slope,omitempty" default:"0"` // the slope below the threshold
	Threshold     float64 `yaml:"threshold,omitempty" default:"0"`      // above which values are passed on
}

// Kind implements [Spec].
func (ReLULayer) Kind() string { return "ReLU" }

// Build implements [Spec].
func (s ReLULayer) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	isParameter := func(v float64) bool { return v == 0 || float32(v) > 0 && v <= 1e10 }
	switch {
	case !isParameter(s.MaxValue):
		return nil, fmt.Errorf("max_value %v; give a number above 0 and up to 1e10, or 0 for no limit", s.MaxValue)
	case !isParameter(s.NegativeSlope):
		return nil, fmt.Errorf("negative_slope %v; give a number from 0 to 1e10", s.NegativeSlope)
	case !isParameter(s.Threshold):
		return nil, fmt.Errorf("threshold %v; give a number from 0 to 1e10", s.Threshold)
	case s.Threshold != 0 || s.MaxValue != 0 && s.NegativeSlope != 0:
		return thresholdReLU{x, kernels.ThresholdReLU{Threshold: float32(s.Threshold), Slope: float32(s.NegativeSlope), Max: float32(s.MaxValue)}}, nil
	case s.MaxValue != 0:
		return activation{x, kernels.Activation{Function: kernels.ReLU6, Alpha: float32(s.MaxValue)}}, nil
	case s.NegativeSlope != 0:
		return activation{x, kernels.Activation{Function: kernels.LeakyReLU, Alpha: float32(s.NegativeSlope)}}, nil
	}
	return activation{x, kernels.Activation{Function: kernels.ReLU}}, nil
}

type thresholdReLU struct {
	shape    Shape
	function kernels.ThresholdReLU
}

func (l thresholdReLU) Out() Shape { return l.shape }

func (l thresholdReLU) Params() []*Param { return nil }

func (l thresholdReLU) Forward(b *Binding) []kernels.Op {
	return []kernels.Op{kernels.ThresholdReLUFprop{ThresholdReLU: l.function, X: b.X[0], Y: b.Y}}
}

func (l thresholdReLU) Backward(b *Binding) []kernels.Op {
	if b.DX[0] == nil {
		return nil
	}
	return []kernels.Op{kernels.ThresholdReLUDgrad{ThresholdReLU: l.function, X: b.X[0], DY: b.DY, DX: b.DX[0]}}
}
