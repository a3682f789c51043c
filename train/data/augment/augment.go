// Package augment changes training pictures at random, so that a network sees each of them otherwise in every epoch: it moves, turns, crops,
// recolours and covers them.
//
// What is drawn for a picture follows from the seed, the epoch and the picture's number in its set alone: neither from the batch it is in, nor
// from the threads at work, nor from whether the training was interrupted.
//
// Pictures are [H W C] values from 0 to 1, as data sets give them, and stay so. They are computed with as float32 and are not rounded to bytes
// in between, but by what is defined on bytes (posterize and equalize, within randaugment and trivialaugment).
package augment

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// Pipeline is a list of transformations that are done one after the other.
type Pipeline struct {
	steps []step    // of one picture
	mixes []step    // of two, behind the others; the first that happens is done
	tools sync.Pool // of *tool
}

// step is a transformation with its settings.
type step struct {
	word   string
	kind   Kind
	values []float64 // of the kind's parameters, in their order
}

// String writes the pipeline as [Parse] reads it, with every setting that is not the default.
func (p *Pipeline) String() string {
	var words []string
	for _, s := range slices.Concat(p.steps, p.mixes) {
		text := s.word
		for i, parameter := range s.kind.Parameters {
			if s.values[i] != parameter.Default {
				text += fmt.Sprintf(":%s=%v", parameter.Word, s.values[i])
			}
		}
		words = append(words, text)
	}
	return strings.Join(words, ",")
}

// Check says why pictures of a shape cannot be transformed so.
func (p *Pipeline) Check(shape []int) error {
	if len(shape) != 3 {
		return fmt.Errorf("augment: examples of shape %v are no pictures [height width channels]; leave the augmentation out", shape)
	}
	h, w, c := shape[0], shape[1], shape[2]
	for _, s := range p.steps {
		switch {
		case s.kind.Colours && c != 3:
			return fmt.Errorf("augment: %s needs three colours, the pictures are %v; leave it out", s.word, shape)
		case s.kind.Levels && c != 1 && c != 3:
			return fmt.Errorf("augment: %s takes grey pictures or three colours, the pictures are %v; leave it out", s.word, shape)
		}
		for i, parameter := range s.kind.Parameters {
			if side := min(h, w); parameter.Unit == pixels && s.values[i] > float64(side) {
				return fmt.Errorf("augment: %s: %s %v is more than the pictures' %d pixels (%v); give less", s.word, parameter.Word, s.values[i], side, shape)
			}
		}
	}
	return nil
}

// transform makes of the picture x [H W C], which is number index of its set, what is seen of it in an epoch, but for what is mixed in. It is safe
// for concurrent use.
func (p *Pipeline) transform(x []float32, shape []int, seed uint64, epoch, index int) {
	t := p.tool()
	defer p.tools.Put(t)
	t.begin(seed, epoch, index)
	at := picture{x, shape[0], shape[1], shape[2]}
	for _, s := range p.steps {
		s.kind.apply(t, at, s.values)
	}
}

// picture is what is transformed, in place.
type picture struct {
	x       []float32
	h, w, c int
}

// tool is what a thread transforms pictures with.
type tool struct {
	*rand.Rand
	source *rand.PCG
	spare  []float32
}

// tool is one that nobody uses, to be given back.
func (p *Pipeline) tool() *tool {
	if t, ok := p.tools.Get().(*tool); ok {
		return t
	}
	return newTool()
}

func newTool() *tool {
	source := &rand.PCG{}
	return &tool{Rand: rand.New(source), source: source}
}

// begin starts the random numbers of a picture in an epoch.
func (t *tool) begin(seed uint64, epoch, index int) {
	t.source.Seed(mix(seed+stream), mix(mix(uint64(epoch))+uint64(index)))
}

// stream keeps the random numbers of augmentation apart from the others that are drawn from the same seed.
const stream = 1 << 34

// mix is a permutation of the 64-bit words in which neighbours are far apart: the finalizer of SplitMix64 (Steele, Lea and Flood, "Fast
// splittable pseudorandom number generators", OOPSLA 2014, figure 16) of the next word of its sequence.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// happens says yes with a probability.
func (t *tool) happens(probability float64) bool { return t.Float64() < probability }

// between is uniform from a to b.
func (t *tool) between(a, b float64) float64 { return a + (b-a)*t.Float64() }

// around is uniform from -most to most.
func (t *tool) around(most float64) float64 { return t.between(-most, most) }

// copyOf is the picture as it is now; the copy is valid until the next one.
func (t *tool) copyOf(p picture) []float32 {
	t.spare = append(slices.Grow(t.spare[:0], len(p.x)), p.x...)
	return t.spare
}
