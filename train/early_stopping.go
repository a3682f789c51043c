package train

// BestEpoch is the index of the first epoch with the lowest loss: that on the validation data or, without any, of training. It is -1 if there
// are none.
func BestEpoch(history []Epoch) int {
	best := -1
	for i, e := range history {
		if best < 0 || e.loss() < history[best].loss() {
			best = i
		}
	}
	return best
}

// Stalls says whether a Fit stops early after these epochs of it, because the loss has not fallen for Patience of them.
func (o FitOptions) Stalls(history []Epoch) bool {
	return o.Patience > 0 && len(history) > 0 && len(history)-1-BestEpoch(history) >= o.Patience
}
