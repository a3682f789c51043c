package main

import (
	"errors"
	"path/filepath"
	"strconv"

	"github.com/spf13/pflag"

	"cnn-gpu/train/run"
)

// tensorBoardFlag adds the flag that is given alone or with a folder, as [run.Config] has it.
func tensorBoardFlag(f *pflag.FlagSet, folder *string) {
	f.Var((*tensorBoardValue)(folder), "tensorboard", "write events for TensorBoard into the run's folder, or with --tensorboard=DIR into another (default: none)")
	f.Lookup("tensorboard").NoOptDefVal = "true"
}

type tensorBoardValue string

// Type is that of a flag that may stand alone.
func (v *tensorBoardValue) Type() string { return "bool" }

func (v *tensorBoardValue) String() string { return string(*v) }

func (v *tensorBoardValue) Set(given string) error {
	if is, err := strconv.ParseBool(given); err == nil {
		*v = ""
		if is {
			*v = run.TensorBoardFolder
		}
		return nil
	}
	if given == "" {
		return errors.New("give it alone, or with a folder, as --tensorboard=DIR")
	}
	folder, err := filepath.Abs(given)
	*v = tensorBoardValue(folder)
	return err
}
