package train

import (
	"errors"
	"fmt"

	"cnn-gpu/model"
)

// GradCAM says where in the maps of a node the evidence for a class lies (Selvaraju et al., "Grad-CAM: visual explanations from deep networks via
// gradient-based localization", ICCV 2017, equations 1 and 2):
//
//	α[k] = 1/(H·W) · Σ_{i,j} ∂y/∂A[i,j,k]    L[i,j] = max(0, Σ_k α[k] · A[i,j,k])
//
// A is the node's value, [H W K], for one example x, and y the class's score before the softmax. The result, L, is [H W]. Layers are as they are
// outside training, and every sum is computed as it stands, as with [Options.Strict].
func (t *Trainer) GradCAM(x []float32, maps *model.Node, class int) (heat []float32, err error) {
	if len(maps.Shape) != 3 {
		return nil, fmt.Errorf("train: Grad-CAM of %s: its value is %v; it takes maps [height width channels]", maps.Name, maps.Shape)
	}
	if classes := t.output.Shape[0]; class < 0 || class >= classes {
		return nil, fmt.Errorf("train: Grad-CAM of class %d: the model has classes 0 to %d", class, classes-1)
	}
	lowered := t.model.Lower(1, model.LowerOptions{Output: t.output, GradientOf: maps, Keep: true, Weights: t.averaged()})
	if lowered.DValue == nil {
		return nil, fmt.Errorf("train: Grad-CAM of %s: the scores of the classes do not depend on it", maps.Name)
	}
	score := make([]float32, t.output.Shape[0])
	score[class] = 1
	program, err := t.runOnce(lowered, append(model.Ops(lowered.Forward), model.Ops(lowered.Backward)...), x, score)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.discard(program)) }()
	value, gradient := make([]float32, maps.Shape.Elements()), make([]float32, maps.Shape.Elements())
	if err := errors.Join(t.device.Download(value, lowered.Value(maps)), t.device.Download(gradient, lowered.DValue)); err != nil {
		return nil, fmt.Errorf("train: Grad-CAM of %s: %w", maps.Name, err)
	}
	return weighted(value, gradient, maps.Shape[2]), nil
}

// weighted is L of [Trainer.GradCAM].
func weighted(value, gradient []float32, channels int) []float32 {
	places := len(value) / channels
	weights := make([]float64, channels)
	for i, g := range gradient {
		weights[i%channels] += float64(g) / float64(places)
	}
	heat := make([]float32, places)
	for i := range heat {
		sum := 0.
		for k, w := range weights {
			sum += w * float64(value[i*channels+k])
		}
		heat[i] = float32(max(0, sum))
	}
	return heat
}
