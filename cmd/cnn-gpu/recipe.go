package main

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/run"
)

// dataFlags are train's flags that a model file sets in its section data. All others but the outerFlags stand in its section train.
var dataFlags = []string{"data", "data-dir", "validation", "split", "resize", "crop", "strict-data", "stream", "mean", "std", "standardize", "augment"}

// outerFlags are those that no model file sets: which model and which run it is, and how it is watched.
var outerFlags = []string{"help", "model", "resume", "anyway", "out", "profile", "json", logFormatFlag, "metrics-addr", "tensorboard"}

// recipeKey is the key of a flag in a model file.
func recipeKey(flag string) string { return strings.ReplaceAll(flag, "-", "_") }

// sectionOf is the section of a model file that sets a flag; empty for the outerFlags.
func sectionOf(flag string) string {
	switch {
	case slices.Contains(outerFlags, flag):
		return ""
	case slices.Contains(dataFlags, flag):
		return model.DataSection
	}
	return model.TrainSection
}

// recipe is what a model file says of its training.
type recipe struct {
	flags *pflag.FlagSet
	given map[string]bool          // the flags of the command line, which hold whatever the file says
	from  map[string]model.Setting // the settings of the file by the flags that they set
}

// applyRecipe sets the flags of train that a model of the zoo, or a model file, sets and the command line does not.
func applyRecipe(cmd *cobra.Command, name string) (*recipe, error) {
	if _, err := model.Open(name); err != nil {
		return nil, err
	}
	settings, err := model.Recipe(name)
	if err != nil {
		return nil, err
	}
	r := &recipe{cmd.Flags(), map[string]bool{}, map[string]model.Setting{}}
	r.flags.Visit(func(f *pflag.Flag) { r.given[f.Name] = true })
	for _, s := range settings {
		flag, err := r.find(s)
		if err == nil {
			err = r.set(flag, s)
		}
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

// find is the flag that a setting sets.
func (r *recipe) find(s model.Setting) (string, error) {
	var known []string
	r.flags.VisitAll(func(f *pflag.Flag) {
		if sectionOf(f.Name) == s.Section {
			known = append(known, recipeKey(f.Name))
		}
	})
	flag := strings.ReplaceAll(s.Key, "_", "-")
	switch section := sectionOf(flag); {
	case slices.Contains(known, recipeKey(flag)):
		return flag, nil
	case r.flags.Lookup(flag) == nil:
		return "", s.Errorf("%s has no %s; %s", s.Section, s.Key, wording.Choose(s.Key, known))
	case section == "":
		return "", s.Errorf("%s has no %s: that is for the command line, as --%s", s.Section, s.Key, flag)
	default:
		return "", s.Errorf("%s has no %s; it stands in the section %s", s.Section, s.Key, section)
	}
}

// set sets a flag, and those of an optimizer's settings that stand under its name.
func (r *recipe) set(flag string, s model.Setting) error {
	if flag != optimizerFlag || len(s.Options) == 0 {
		return r.setTo(flag, s.Line(), s)
	}
	if r.given[flag] && r.flags.Lookup(flag).Value.String() != s.Text {
		return nil // the settings are those of another optimizer
	}
	if s.Text == "" {
		return s.Errorf("give the optimizer's name in front of its settings, such as sgd: {momentum: 0.9}")
	}
	if err := r.setTo(flag, s.Text, s); err != nil {
		return err
	}
	known := []string{train.RateWord}
	for _, o := range train.OptimizerSettings() {
		known = append(known, o.Word)
	}
	for _, o := range s.Options {
		if !slices.Contains(known, o.Key) {
			return o.Errorf("an optimizer has no %s; %s", o.Key, wording.Choose(o.Key, known))
		}
		flag := settingFlagName(o.Key)
		if o.Key == train.RateWord {
			flag = rateFlag
		}
		if err := r.setTo(flag, o.Text, o); err != nil {
			return err
		}
	}
	return nil
}

// setTo sets a flag to a text, unless the command line has set it.
func (r *recipe) setTo(flag, text string, s model.Setting) error {
	if before, twice := r.from[flag]; twice {
		return s.Errorf("%s is given twice, first as %s", s.Key, before.Key)
	}
	r.from[flag] = s
	if r.given[flag] || flag == "crop" && r.given["resize"] { // what is cut out belongs to the file's resize
		return nil
	}
	err := r.flags.Set(flag, text)
	var invalid *pflag.InvalidValueError
	switch f := r.flags.Lookup(flag); {
	case errors.As(err, &invalid) && f.Value.Type() == "bool":
		return s.Errorf("%s is %s; give true or false", s.Key, text)
	case errors.As(err, &invalid):
		return s.Errorf("%s is %s; %s", s.Key, text, wanted(f, errors.Unwrap(invalid)))
	}
	return err
}

// explain puts the place in the file in front of an error that begins with what the file has set: "--epochs 0: give at least 1",
// "train: schedule cosine: there is no max".
func (r *recipe) explain(err error) error {
	if r == nil {
		return err
	}
	words := about.FindStringSubmatch(err.Error())
	if words == nil {
		return err
	}
	if s, ok := r.from[words[1]]; ok && !r.given[words[1]] {
		return s.Errorf("%w", err)
	}
	return err
}

// about is what an error begins with.
var about = regexp.MustCompile(`^(?:train: (?:unknown )?|model: |--)([a-z0-9-]+)`)

// recipeOf is a model file that trains the model as a run was begun: with its flags, whoever set them, and with what they are where nobody did,
// for what the weights depend on.
func recipeOf(cmd *cobra.Command, r *run.Run) []byte {
	always := []string{"data", "epochs", "batch", optimizerFlag, "seed"}
	c := r.Config()
	var settings []model.Setting
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		section := sectionOf(f.Name)
		if section == "" || !f.Changed && !slices.Contains(always, f.Name) {
			return
		}
		text := f.Value.String()
		switch {
		case f.Name == "data":
			text = c.Data // absolute, since the folder may be read in another one
		case f.Name == "data-dir":
			text = c.DataDir
		case f.Name == "from":
			text = c.From
		case f.Value.Type() == "bool":
			if on, err := strconv.ParseBool(text); err == nil {
				text = strconv.FormatBool(on)
			}
		}
		settings = append(settings, model.Setting{Section: section, Key: recipeKey(f.Name), Text: text})
	})
	return r.Trainer().Model().RecipeText(settings)
}
