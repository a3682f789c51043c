package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"cnn-gpu/internal/wording"
	"cnn-gpu/train/data"
)

func newDataCommand() *cobra.Command {
	var asJSON bool
	list := func(cmd *cobra.Command, _ []string) error { return listData(cmd, asJSON) }
	cmd := &cobra.Command{
		Use:   "data",
		Short: "List data sets, fetch them and look at them",
		Long: `List the data sets that --data knows by name and where each one is.

digits is built in. mnist, fashion-mnist and kmnist are fetched on request; fashion-mnist is also read where Debian's package
dataset-fashion-mnist has put it. cifar10 and cifar100 (with cifar100-coarse, the same images by
their 20 kinds) are read from their binary version, whose folder --data-dir names. Any folder of IDX files can be named too: train-images,
train-labels, test-images and test-labels (or t10k-), and perhaps validation-images and validation-labels (or val-), each with
-idx3-ubyte or -idx1-ubyte behind it, and perhaps .gz. With --data-dir, a set of your own has a name: that of a folder in there, or
the one before its files' names, as in cats-train-images-idx3-ubyte.

` + picturesHelp + `

With --json there is one line: "sets" lists each with name, state (built_in, here, fetchable or by_hand), the folder and bytes of one
that is here, and how to get one that is not.`,
		Example: `  cnn-gpu data
  cnn-gpu data fetch mnist
  cnn-gpu data show digits`,
		Args: takesCommand,
		RunE: list,
	}
	listCommand := &cobra.Command{
		Use:     "list",
		Short:   "List the data sets and where they are",
		Example: "  cnn-gpu data list",
		Args:    takes(0, 0, "cnn-gpu data list takes no arguments"),
		RunE:    list,
	}
	for _, c := range []*cobra.Command{cmd, listCommand} {
		c.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	}
	cmd.AddCommand(listCommand, newDataFetchCommand(), newDataShowCommand())
	return cmd
}

// dataSet is a set that is known by name, and where it is.
type dataSet struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	Folder string `json:"folder,omitempty"`
	Bytes  int64  `json:"bytes,omitempty"`
	How    string `json:"how,omitempty"` // to get it
}

// The states of a data set.
const (
	builtIn   = "built_in"
	here      = "here"
	fetchable = "fetchable"
	byHand    = "by_hand"
)

func listData(cmd *cobra.Command, asJSON bool) error {
	var sets []dataSet
	var cacheless error
	for _, name := range data.Names() {
		s := dataSet{Name: name, State: builtIn}
		if name != "digits" {
			if _, err := data.CacheDir(name); err != nil {
				cacheless = cmp.Or(cacheless, err)
			}
			var err error
			if s, err = findSet(name, cacheless == nil); err != nil {
				return err
			}
		}
		sets = append(sets, s)
	}
	if cacheless != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "cnn-gpu: %v\n", cacheless)
	}
	if asJSON {
		return printJSON(cmd, map[string]any{"sets": sets})
	}
	t := newTable("Name", "Where, or how to get it", "Size")
	for _, s := range sets {
		t.AppendRow(s.row())
	}
	rightAlign(t, 3)
	printTable(cmd.OutOrStdout(), t)
	fmt.Fprintln(cmd.ErrOrStderr(), "Files elsewhere are named with --data-dir FOLDER.")
	return nil
}

func (s dataSet) row() table.Row {
	switch s.State {
	case here:
		return table.Row{s.Name, s.Folder, wording.Bytes(s.Bytes)}
	case fetchable:
		return table.Row{s.Name, s.How, "-"}
	case byHand:
		return table.Row{s.Name, "by hand: " + s.How, "-"}
	}
	return table.Row{s.Name, "built in", "-"}
}

// findSet says where a data set's files are, or how to get them.
func findSet(name string, hasCache bool) (dataSet, error) {
	s := dataSet{Name: name, State: byHand, How: "cnn-gpu data fetch " + name}
	if slices.Contains(data.Fetchable(), name) {
		if s.State = fetchable; !hasCache {
			s.How += " --data-dir FOLDER"
		}
	}
	dirs, _ := data.Folders(name) // that there is no cache is said once
	for _, dir := range dirs {
		size, err := sizeOf(dir)
		if err != nil {
			return dataSet{}, err
		}
		if size > 0 {
			return dataSet{Name: name, State: here, Folder: dir, Bytes: size}, nil
		}
	}
	return s, nil
}

// sizeOf is how many bytes the files of a folder have; 0 if there is none.
func sizeOf(dir string) (bytes int64, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return 0, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return 0, err
		}
		bytes += info.Size()
	}
	return bytes, nil
}

func newDataFetchCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "fetch NAME [flags]",
		Short: "Download a data set",
		Long: `Download a data set's files into the cache folder, or into another one. Several mirrors are tried, the content is checked by its
SHA-256, and a file appears only when it is whole. Files that are there already are kept, and those of Debian's dataset-fashion-mnist
copied if they are right.`,
		Example: `  cnn-gpu data fetch mnist
  cnn-gpu data fetch fashion-mnist --data-dir ~/fashion-mnist`,
		Args:      takes(1, 1, "give one data set's name, as in: cnn-gpu data fetch mnist"),
		ValidArgs: data.Fetchable(),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if !slices.Contains(data.Names(), name) {
				return fmt.Errorf("there is no data set %q to fetch; %s (cnn-gpu data lists the sets)", name, wording.Choose(name, data.Fetchable()))
			}
			where, err := fetch(cmd, name, dir)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s is in %s\n", name, where)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "data-dir", "", "the `folder` to put the files into (default: cnn-gpu/data/NAME in the user's cache folder)")
	return cmd
}

func fetch(cmd *cobra.Command, name, dir string) (string, error) {
	options := data.FetchOptions{Dir: dir}
	if stderr := cmd.ErrOrStderr(); isTerminal(stderr) {
		bar := newBar(stderr, 1, progressbar.OptionShowBytes(true), progressbar.OptionShowTotalBytes(true), progressbar.OptionUseIECUnits(true),
			progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond))
		bar.Describe(name)
		defer func() { _ = bar.Clear() }()
		options.Progress = func(done, total int64) {
			if bar.GetMax64() != total {
				bar.ChangeMax64(total)
			}
			_ = bar.Set64(done) // where standard error is gone there is nobody to tell
		}
	}
	where, err := data.Fetch(cmd.Context(), name, options)
	if stopped := cmd.Context().Err(); stopped != nil {
		return "", stopped
	}
	return where, err
}
