package data

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"cnn-gpu/internal/wording"
)

// manifestFormats read lists of pictures, by the end of a file's name.
var manifestFormats = map[string]func(text []byte) ([]manifestRow, error){
	".csv":   readCSV,
	".jsonl": readJSONL, ".ndjson": readJSONL,
}

// isManifest says whether a file is a list of pictures by its name.
func isManifest(name string) bool { return manifestFormats[strings.ToLower(filepath.Ext(name))] != nil }

// manifestRow is a picture of a list.
type manifestRow struct {
	line               int
	path, label, split string // split is empty where the list does not say
}

// The columns of a list. The last one may be missing; others say nothing here.
const (
	pathColumn  = "path"
	labelColumn = "label"
	splitColumn = "split"
)

// maxManifest is the largest list that is read: some millions of pictures.
const maxManifest = 1 << 28

// listManifest lists the pictures of a CSV or JSONL file. Paths are relative to its folder. The classes are the labels if none are given.
func listManifest(name string, classes []string) (*listing, error) {
	source, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	rows, err := readManifest(source)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", name, err)
	}
	l := &listing{name: name, source: source, classes: classes}
	if err := l.addRows(rows); err != nil {
		return nil, fmt.Errorf("data: %s: %w", name, err)
	}
	return l, nil
}

func readManifest(path string) (rows []manifestRow, err error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if size > maxManifest {
		return nil, fmt.Errorf("%s, expected a list of pictures of at most %s", wording.Bytes(size), wording.Bytes(maxManifest))
	}
	text, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return nil, bare(err)
	}
	return parseManifest(strings.ToLower(filepath.Ext(path)), text)
}

// parseManifest reads a list of a format. Each row that it returns has a path and a label.
func parseManifest(suffix string, text []byte) ([]manifestRow, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		return nil, errors.New("not a text in UTF-8: save it so (a spreadsheet calls that CSV UTF-8)")
	}
	rows, err := manifestFormats[suffix](text)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		for _, c := range [][2]string{{pathColumn, r.path}, {labelColumn, r.label}} {
			if strings.TrimSpace(c[1]) == "" {
				return nil, fmt.Errorf("line %d: expected a %s, found none", r.line, c[0])
			}
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("it lists no pictures")
	}
	return rows, nil
}

// readCSV reads values with commas between them (RFC 4180); the first line names the columns.
func readCSV(text []byte) (rows []manifestRow, err error) {
	in := csv.NewReader(bytes.NewReader(text))
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	at := map[string]int{}
	for i, column := range header {
		column = strings.TrimSpace(column)
		if _, twice := at[column]; twice && slices.Contains([]string{pathColumn, labelColumn, splitColumn}, column) {
			return nil, fmt.Errorf("line 1: two columns are called %s: remove one", column)
		}
		at[column] = i
	}
	path, hasPath := at[pathColumn]
	label, hasLabel := at[labelColumn]
	split, hasSplit := at[splitColumn]
	if !hasPath || !hasLabel {
		return nil, fmt.Errorf("line 1: expected the names of the columns, path and label among them, with commas between them; found %q",
			strings.Join(header, ","))
	}
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := in.FieldPos(0)
		r := manifestRow{line: line, path: strings.Clone(record[path]), label: strings.Clone(record[label])}
		if hasSplit {
			r.split = strings.Clone(record[split])
		}
		rows = append(rows, r)
	}
}

// readJSONL reads an object a line.
func readJSONL(text []byte) (rows []manifestRow, err error) {
	lines := bufio.NewReader(bytes.NewReader(text))
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return rows, nil
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var object struct {
			Path  string `json:"path"`
			Label any    `json:"label"`
			Split string `json:"split"`
		}
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&object); err != nil {
			return nil, fmt.Errorf("line %d: expected an object such as {\"path\": \"cats/1.jpg\", \"label\": \"cat\"}%w", number, whatIs(err))
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("line %d: expected one object a line, more follows", number)
		}
		r := manifestRow{line: number, path: object.Path, split: object.Split}
		switch label := object.Label.(type) {
		case string:
			r.label = label
		case json.Number:
			r.label = label.String()
		case nil:
		default:
			return nil, fmt.Errorf("line %d: expected a label that is a text or a number, found %s", number, line)
		}
		rows = append(rows, r)
	}
}

// whatIs says what stands in the place of an object or a text, and otherwise what JSON says.
func whatIs(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &wrong):
		return fmt.Errorf(": %w", err)
	case wrong.Field != "":
		return fmt.Errorf("; %s is of the type %s", wrong.Field, wrong.Value)
	}
	return fmt.Errorf("; found a value of the type %s", wrong.Value)
}

// addRows adds the pictures of a list. The classes, if there are none yet, are the labels of those to train on, sorted as texts.
func (l *listing) addRows(rows []manifestRow) error {
	named := 0
	known := l.classes
	for i := range rows {
		rows[i].label = className(strings.TrimSpace(rows[i].label))
		if rows[i].split = strings.TrimSpace(rows[i].split); rows[i].split != "" {
			named++
		}
	}
	purposes := make([]purpose, len(rows))
	lines := map[string]int{} // by picture
	for i, r := range rows {
		if named > 0 {
			if purposes[i] = purposeOf(r.split); purposes[i] == undecided {
				return fmt.Errorf("line %d: split is %q: expected train, val or test, on every line or on none", r.line, r.split)
			}
		}
		path := norm.NFC.String(l.pathOf(r))
		if before, twice := lines[path]; twice {
			return fmt.Errorf("line %d lists %s, which line %d lists too: remove one of them", r.line, wording.Printable(r.path), before)
		}
		lines[path] = r.line
		if p := purposes[i]; known == nil && (p == undecided || p == forTraining) {
			l.classes = append(l.classes, r.label)
		}
	}
	if known == nil {
		slices.Sort(l.classes)
		l.classes = slices.Compact(l.classes)
	}
	if len(l.classes) == 0 {
		return errors.New("it lists nothing to train on: expected lines whose split is train")
	}
	numbers := map[string]int{}
	for number, class := range l.classes {
		numbers[class] = number
	}
	for i, r := range rows {
		class, ok := numbers[r.label]
		if !ok {
			return fmt.Errorf("line %d: the label %q is none of the classes that are learnt (%s)", r.line, r.label, wording.And(l.classes))
		}
		l.add(filepath.Clean(r.path), l.pathOf(r), class, purposes[i])
	}
	l.sort()
	return nil
}

// pathOf is where a list's picture lies.
func (l *listing) pathOf(r manifestRow) string {
	if filepath.IsAbs(r.path) {
		return filepath.Clean(r.path)
	}
	return filepath.Join(filepath.Dir(l.source), r.path)
}
