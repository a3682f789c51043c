package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cnn-gpu/internal/wording"
)

// Settings are numbers that what is chosen by name is told, by their words; what is left out has its default.
type Settings map[string]float64

// parseSettings parts what is chosen by a name and, behind commas, settings, such as the example.
func parseSettings(text, example string) (name string, settings Settings, err error) {
	words := strings.Split(text, ",")
	settings = Settings{}
	for _, setting := range words[1:] {
		word, number, _ := strings.Cut(setting, "=")
		v, wrong := strconv.ParseFloat(number, 64)
		if _, twice := settings[word]; wrong != nil || twice {
			return words[0], nil, fmt.Errorf("%q; give each setting once, as a word and a number, such as %s", setting, example)
		}
		settings[word] = v
	}
	return words[0], settings, nil
}

// reader gives settings to what is chosen by name, and notes the words that it asks for.
type reader struct {
	settings Settings
	words    []string
	err      error
}

// number sets a setting that is above 0.
func (r *reader) number(word string, to *float64) {
	if v, given := r.read(word); given {
		*to = v
		if v == 0 {
			r.err = cmp.Or(r.err, fmt.Errorf("%s 0; give a number above 0", word))
		}
	}
}

// orNone sets a setting that may be 0, which is none.
func (r *reader) orNone(word string, to *float64) {
	if v, given := r.read(word); given {
		*to = v
	}
}

// whole sets a whole number that is at least 1.
func (r *reader) whole(word string, to *int) {
	const most = 1e9
	if v, given := r.read(word); given {
		if !(v >= 1 && v <= most && v == math.Trunc(v)) {
			r.err = cmp.Or(r.err, fmt.Errorf("%s %v; give a whole number, at least 1 and at most %v", word, v, float64(most)))
			return
		}
		*to = int(v)
	}
}

// flag sets what is on or off.
func (r *reader) flag(word string, to *bool) {
	if v, given := r.read(word); given {
		*to = v != 0
		if v != 0 && v != 1 {
			r.err = cmp.Or(r.err, fmt.Errorf("%s %v; give 1 or 0", word, v))
		}
	}
}

func (r *reader) read(word string) (v float64, given bool) {
	r.words = append(r.words, word)
	v, given = r.settings[word]
	return v, given
}

// end says which settings are wrong, or are none of those that were asked for.
func (r *reader) end() error {
	for word := range r.settings {
		if !slices.Contains(r.words, word) {
			takes := "no settings"
			if len(r.words) > 0 {
				takes = wording.And(r.words)
			}
			r.err = fmt.Errorf("there is no %s; it takes %s", word, takes)
		}
	}
	return r.err
}

// leastFloat32 is the least number above 0 that devices compute with, as people write it.
const leastFloat32 = "1.4e-45"

// vanishes refuses a setting that is not 0, but is in float32.
func vanishes(name string, v float64) error {
	if v != 0 && float32(v) == 0 {
		return fmt.Errorf("%s %v is 0 in float32, in which devices compute: give at least %s", name, v, leastFloat32)
	}
	return nil
}

// above0 checks a setting that devices compute with as a float32.
func above0(name string, v float64) error {
	const most = 1e10
	if !(v > 0 && v <= most) {
		return fmt.Errorf("%s %v; give a number above 0 and up to %v", name, v, most)
	}
	return vanishes(name, v)
}

// below1 checks the decay rates of averages.
func below1(name string, v float64) error {
	switch {
	case !(v > 0 && v < 1):
		return fmt.Errorf("%s %v; give a number above 0 and below 1", name, v)
	case float32(v) == 1:
		return fmt.Errorf("%s %v is 1 in float32, in which devices compute: give at most %v", name, v, math.Nextafter32(1, 0))
	}
	return vanishes(name, v)
}

// checkMomentum checks a momentum, which may be none.
func checkMomentum(v float64) error {
	if v == 0 {
		return nil
	}
	if err := below1("momentum", v); err != nil {
		return fmt.Errorf("%w, or 0 for none", err)
	}
	return nil
}
