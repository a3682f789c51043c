// Package markdown reads tables of the project's pages, for tests that hold a page to what the program does.
package markdown

import "strings"

// Table is the first table under a heading, such as "## Signals": its rows without the head, by cells. It is empty if there is none.
func Table(page, heading string) (rows [][]string) {
	_, below, found := strings.Cut("\n"+page, "\n"+heading+"\n")
	if !found {
		return nil
	}
	line := 0
	for text := range strings.Lines(below) {
		text = strings.TrimSpace(text)
		if !strings.HasPrefix(text, "|") {
			if line > 0 || strings.HasPrefix(text, "#") {
				break
			}
			continue
		}
		if line++; line > 2 { // behind the head and the line under it
			rows = append(rows, cells(text))
		}
	}
	return rows
}

// cells parts a row; \| is no border.
func cells(row string) (list []string) {
	const border = "\x00"
	row = strings.ReplaceAll(strings.Trim(row, "|"), `\|`, border)
	for cell := range strings.SplitSeq(row, "|") {
		list = append(list, strings.TrimSpace(strings.ReplaceAll(cell, border, "|")))
	}
	return list
}

// Code lists the code in a text: what stands between backticks.
func Code(text string) (list []string) {
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			list = append(list, part)
		}
	}
	return list
}
