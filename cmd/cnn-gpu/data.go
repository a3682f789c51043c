package main

import (
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
	list := func(cmd *cobra.Command, _ []string) error { return listData(cmd) }
	cmd := &cobra.Command{
		Use:   "data",
		Short: "List data sets, fetch them and look at them",
		Long: `List the data sets that --data knows by name and where each one is.

digits is built in. mnist, fashion-mnist and kmnist are fetched on request. Any folder of IDX files can be named too: train-images,
train-labels, test-images and test-labels (or t10k-), each with -idx3-ubyte or -idx1-ubyte behind it, and perhaps .gz.`,
		Example: `  cnn-gpu data
  cnn-gpu data fetch mnist
  cnn-gpu data show digits`,
		Args: takesCommand,
		RunE: list,
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "list",
		Short:   "List the data sets and where they are",
		Example: "  cnn-gpu data list",
		Args:    takes(0, 0, "cnn-gpu data list takes no arguments"),
		RunE:    list,
	}, newDataFetchCommand(), newDataShowCommand())
	return cmd
}

// checkDataName refuses what is neither a known set nor a folder, before anything is opened.
func checkDataName(name string) error {
	if slices.Contains(data.Names(), name) {
		return nil
	}
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	return fmt.Errorf("there is no data set and no folder %q; %s (cnn-gpu data lists the sets)", name, wording.Choose(name, data.Names()))
}

func listData(cmd *cobra.Command) error {
	t := newTable("Name", "Where", "Size")
	for _, name := range data.Names() {
		where, size, err := whereIs(name)
		if err != nil {
			return err
		}
		t.AppendRow(table.Row{name, where, size})
	}
	rightAlign(t, 3)
	fmt.Fprintln(cmd.OutOrStdout(), t.Render())
	fmt.Fprintln(cmd.ErrOrStderr(), "Files elsewhere are named with --data-dir FOLDER.")
	return nil
}

// whereIs says where a data set's files are, or how to get them.
func whereIs(name string) (where, size string, err error) {
	if name == "digits" {
		return "built in", "-", nil
	}
	dir, err := data.CacheDir(name)
	if err != nil {
		return "", "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return "", "", err
	}
	var bytes int64
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return "", "", err
		}
		bytes += info.Size()
	}
	switch {
	case bytes > 0:
		return dir, wording.Bytes(bytes), nil
	case slices.Contains(data.Fetchable(), name):
		return "get it with: cnn-gpu data fetch " + name, "-", nil
	}
	return "by hand: cnn-gpu data fetch " + name + " says how", "-", nil
}

func newDataFetchCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "fetch NAME [flags]",
		Short: "Download a data set",
		Long: `Download a data set's files into the cache folder, or into another one. Several mirrors are tried, the content is checked by its
SHA-256, and a file appears only when it is whole. Files that are there already are kept.`,
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
