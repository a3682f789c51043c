package main

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// printHelp writes a command's help so that it fits where it goes.
func printHelp(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	about := cmp.Or(cmd.Long, cmd.Short)
	width := columns(w)
	if width > 0 {
		about = paragraphs(about)
	}
	for line := range strings.Lines(strings.TrimSpace(about) + "\n\n" + cmd.UsageString()) {
		printFolded(w, strings.TrimSuffix(line, "\n"), width)
	}
}

// refuseUnknownTopics has "cnn-gpu help" fail where it is asked about what is no command; cobra's shows some other help.
func refuseUnknownTopics(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, _ := root.Find([]string{"help"})
	show := help.Run
	help.Run, help.RunE = nil, func(cmd *cobra.Command, args []string) error {
		about, rest, err := root.Find(args)
		if err != nil {
			return &usageError{err}
		}
		if about.HasSubCommands() {
			if err := takesCommand(about, rest); err != nil {
				return err
			}
		}
		show(cmd, args)
		return nil
	}
}

var (
	paragraph = regexp.MustCompile(`(?m)^(\S.*\S)\n(\S)`)
	// label is what a line explains: the name of a flag or of a word in a list, up to the column where that begins.
	label = regexp.MustCompile(`^ *(\S+( \S+)*  +)?`)
)

// paragraphs joins the lines of each.
func paragraphs(text string) string {
	for paragraph.MatchString(text) {
		text = paragraph.ReplaceAllString(text, "$1 $2")
	}
	return text
}

// printFolded writes a line that may be too long. An example stays whole, so that it can be copied.
func printFolded(w io.Writer, line string, width int) {
	if width == 0 || utf8.RuneCountInString(line) <= width || strings.HasPrefix(line, "  cnn-gpu ") {
		fmt.Fprintln(w, line)
		return
	}
	begins := label.FindString(line)
	printFact(w, strings.TrimRight(begins, " "), utf8.RuneCountInString(begins), strings.TrimPrefix(line, begins))
}
