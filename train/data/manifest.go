package data

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
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
	labels             []string
	isList             bool    // labels are those of a list, though there be one or none
	weight             float32 // 1 where the list does not say
}

// The columns of a list. The last two may be missing; others say nothing here.
const (
	pathColumn   = "path"
	labelColumn  = "label"
	splitColumn  = "split"
	weightColumn = "weight"
)

// labelsBetween parts the labels of a picture that shows several classes; alone it is that of one that shows none.
const labelsBetween = "|"

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
	for i := range rows {
		r := &rows[i]
		if strings.TrimSpace(r.path) == "" {
			return nil, fmt.Errorf("line %d: expected a %s, found none", r.line, pathColumn)
		}
		if err := r.partLabels(); err != nil {
			return nil, fmt.Errorf("line %d: %w", r.line, err)
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("it lists no pictures")
	}
	return rows, nil
}

// partLabels makes a list of labels with strokes between them.
func (r *manifestRow) partLabels() error {
	if !r.isList && strings.TrimSpace(r.label) == labelsBetween {
		r.isList, r.label = true, ""
	} else if !r.isList {
		r.labels = strings.Split(r.label, labelsBetween)
		r.isList = len(r.labels) > 1
	}
	for i, label := range r.labels {
		if r.labels[i] = className(strings.TrimSpace(label)); r.labels[i] == "" {
			return fmt.Errorf("expected a %s, found none", labelColumn)
		}
		if slices.Contains(r.labels[:i], r.labels[i]) {
			return fmt.Errorf("the label %q is given twice", r.labels[i])
		}
	}
	return nil
}

// parseWeight reads a weight as a text; none is 1.
func parseWeight(text string) (float32, error) {
	if text = strings.TrimSpace(text); text == "" {
		return 1, nil
	}
	w, err := strconv.ParseFloat(text, 32)
	if err != nil || !(w >= 0 && w <= math.MaxFloat32) {
		return 0, fmt.Errorf("weight is %q: expected a number that is at least 0", text)
	}
	return float32(w), nil
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
		if _, twice := at[column]; twice && slices.Contains([]string{pathColumn, labelColumn, splitColumn, weightColumn}, column) {
			return nil, fmt.Errorf("line 1: two columns are called %s: remove one", column)
		}
		at[column] = i
	}
	path, hasPath := at[pathColumn]
	label, hasLabel := at[labelColumn]
	split, hasSplit := at[splitColumn]
	weight, hasWeight := at[weightColumn]
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
		r := manifestRow{line: line, path: strings.Clone(record[path]), label: strings.Clone(record[label]), weight: 1}
		if hasSplit {
			r.split = strings.Clone(record[split])
		}
		if hasWeight {
			if r.weight, err = parseWeight(record[weight]); err != nil {
				return nil, fmt.Errorf("line %d: %w", line, err)
			}
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
			Path   string      `json:"path"`
			Label  any         `json:"label"`
			Split  string      `json:"split"`
			Weight json.Number `json:"weight"`
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
		if r.weight, err = parseWeight(object.Weight.String()); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		list, isList := object.Label.([]any)
		if !isList {
			list = []any{object.Label}
		}
		for _, label := range list {
			text, ok := labelText(label)
			if !ok {
				return nil, fmt.Errorf("line %d: expected a label that is a text or a number, or a list of such, found %s", number, line)
			}
			r.labels = append(r.labels, text)
		}
		if r.isList = isList; !isList {
			r.label, r.labels = r.labels[0], nil
		}
		rows = append(rows, r)
	}
}

// labelText is a label that is a text, a number or missing.
func labelText(label any) (text string, ok bool) {
	switch label := label.(type) {
	case string:
		return label, true
	case json.Number:
		return label.String(), true
	}
	return "", label == nil
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
		l.isMultiLabel = l.isMultiLabel || rows[i].isList
		l.isWeighted = l.isWeighted || rows[i].weight != 1
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
			l.classes = append(l.classes, r.labels...)
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
		var of []int
		for _, label := range r.labels {
			class, ok := numbers[label]
			if !ok {
				return fmt.Errorf("line %d: the label %q is none of the classes that are learnt (%s)", r.line, label, wording.And(l.classes))
			}
			of = append(of, class)
		}
		slices.Sort(of)
		l.add(filepath.Clean(r.path), l.pathOf(r), of, r.weight, purposes[i])
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
