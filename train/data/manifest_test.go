package data

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newList is an album of 30 pictures in one folder, and the text of a list of them.
func newList(t *testing.T, line func(i int, path, label string) string) (*album, string) {
	t.Helper()
	a := newAlbum(t)
	a.add("all", 30)
	var lines []string
	for i := range 30 {
		lines = append(lines, line(i, fmt.Sprintf("all/%03d.png", i), []string{"cat", "dog"}[i%2]))
	}
	return a, strings.Join(lines, "\n") + "\n"
}

func TestOpenManifest(t *testing.T) {
	a, text := newList(t, func(_ int, path, label string) string { return path + "," + label })
	path := a.write("list.csv", []byte("\ufeffpath,label\r\n"+strings.ReplaceAll(text, "\n", "\r\n")))
	s, err := OpenSplits(path, a.options)
	require.NoError(t, err)
	assert.Equal(t, path, s.Training.Name())
	assert.Equal(t, []string{"cat", "dog"}, s.Training.Classes())
	assert.Equal(t, 30, s.Training.Len()+s.Test.Len())
	assert.Equal(t, &PictureReport{TestShare: DefaultTestShare}, s.Pictures)
	want, err := FingerprintOf(s.Training)
	require.NoError(t, err)

	// In another order and format, with other columns and from another working folder, it is the same set.
	lines := strings.Split(strings.TrimSpace(text), "\n")
	slices.Reverse(lines)
	for i, line := range lines {
		path, label, _ := strings.Cut(line, ",")
		b, err := json.Marshal(map[string]any{"label": label, "path": "./" + path, "width": 5})
		require.NoError(t, err)
		lines[i] = string(b)
	}
	a.write("list.jsonl", []byte(strings.Join(lines, "\n\n")))
	t.Chdir(a.dir)
	s, err = OpenSplits("list.jsonl", a.options)
	require.NoError(t, err)
	got, err := FingerprintOf(s.Training)
	require.NoError(t, err)
	assert.Equal(t, want, got)

	// Paths may be absolute, and what is not there is left out.
	a.write("more.csv", []byte("id,label,path\n1,cat,"+filepath.Join(a.dir, "all", "000.png")+"\n"+
		"2,\"dog, large\",all/001.png\n3,cat,all/none.png\n4,cat,all/002.png\n5,\"dog, large\",all/003.png\n"))
	a.options.Pictures.TestShare, a.options.Pictures.Seed = 0.5, 3
	s, err = OpenSplits("more.csv", a.options)
	require.NoError(t, err)
	assert.Equal(t, []string{"cat", "dog, large"}, s.Training.Classes())
	assert.Equal(t, []string{"all/none.png: no such file or directory"}, s.Pictures.First)
}

// A list may give each picture several labels, or none, and a weight.
func TestOpenManifestOfSeveralLabels(t *testing.T) {
	labels, weights := []string{"cat", "dog|cat", " | ", "bird | dog"}, []string{"", "0.5", "2", "1"}
	a, text := newList(t, func(i int, path, _ string) string { return path + "," + labels[i%4] + "," + weights[i%4] })
	path := a.write("list.csv", []byte("path,label,weight\n"+text))
	s, err := OpenSplits(path, a.options)
	require.NoError(t, err)
	assert.Equal(t, []string{"bird", "cat", "dog"}, s.Training.Classes())
	rest, part, err := Split(s.Training, 0.25, 1)
	require.NoError(t, err)
	wants := map[float32][]float32{1: {0, 1, 0}, 0.5: {0, 1, 1}, 2: {0, 0, 0}, 1.0001: {1, 0, 1}}
	total := make([]int, 3)
	for _, set := range []Set{rest, part, s.Test} {
		require.Equal(t, MultiLabel, TargetsOf(set))
		require.True(t, IsWeighted(set))
		counts := make([]int, 3)
		for i := range set.Len() {
			got := make([]float32, 3)
			require.NoError(t, set.(TargetSet).Target(i, got))
			key := set.(WeightedSet).Weight(i)
			if got[0] == 1 {
				key += 0.0001
			}
			assert.Equal(t, wants[key], got)
			for k, v := range got {
				counts[k] += int(v)
				total[k] += int(v)
			}
		}
		counted, err := Counts(set)
		require.NoError(t, err)
		assert.Equal(t, counts, counted)
	}
	assert.Equal(t, []int{7, 16, 15}, total, "of 30 pictures")
	assert.ErrorContains(t, s.Training.(TargetSet).Target(99, make([]float32, 3)), "no targets of example 99")

	first, err := FingerprintOf(s.Training)
	require.NoError(t, err)
	assert.Equal(t, MultiLabel, first.Targets)
	assert.True(t, first.Weighted)
	a.options.Pictures.Stream = true
	s, err = OpenSplits(path, a.options)
	require.NoError(t, err)
	require.True(t, isStreamed(s))
	streamed, err := FingerprintOf(s.Training)
	require.NoError(t, err)
	assert.Equal(t, first, streamed)
	a.options.Pictures.Stream = false
	normalized := Normalized(s.Training, Normalization{Std: []float64{2}})
	assert.Equal(t, s.Training.(WeightedSet).Weight(3), normalized.(WeightedSet).Weight(3))
	assert.Equal(t, MultiLabel, TargetsOf(normalized))
	for _, other := range []string{strings.Replace(text, "dog|cat,0.5", "dog|cat,0.25", 30), strings.ReplaceAll(text, "dog|cat", "dog")} {
		s, err := OpenSplits(a.write("list.csv", []byte("path,label,weight\n"+other)), a.options)
		require.NoError(t, err)
		again, err := FingerprintOf(s.Training)
		require.NoError(t, err)
		assert.NotEqual(t, first.SHA256, again.SHA256)
	}

	// Lists of JSON are the same, whatever the order of the labels.
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		fields := strings.Split(line, ",")
		list := strings.Split(strings.ReplaceAll(fields[1], " ", ""), "|")
		slices.Reverse(list)
		if i%4 == 2 {
			list = nil
		}
		object := map[string]any{"path": fields[0], "label": append([]string{}, list...)}
		if fields[2] != "" {
			object["weight"], err = strconv.ParseFloat(fields[2], 64)
			require.NoError(t, err)
		}
		b, err := json.Marshal(object)
		require.NoError(t, err)
		text = strings.Replace(text, line, string(b), 1)
	}
	s, err = OpenSplits(a.write("list.jsonl", []byte(text)), a.options)
	require.NoError(t, err)
	again, err := FingerprintOf(s.Training)
	require.NoError(t, err)
	assert.Equal(t, first, again)
}

func TestOpenManifestWithSplits(t *testing.T) {
	a, text := newList(t, func(i int, path, label string) string {
		return fmt.Sprintf(`{"path": %q, "label": %d, "split": %q}`, path, len(label)+int(label[0]), []string{"train", "train", "test", "val", "train"}[i%5])
	})
	path := a.write("list.ndjson", []byte(text))
	s, err := OpenSplits(path, a.options)
	require.NoError(t, err)
	assert.Equal(t, []string{"102", "103"}, s.Training.Classes())
	assert.Equal(t, []int{18, 6, 6}, []int{s.Training.Len(), s.Validation.Len(), s.Test.Len()})
}

// A picture is listed once, however its path is written: twice it could be both trained and tested on.
func TestOpenManifestWithAPictureTwice(t *testing.T) {
	a := newAlbum(t)
	a.add("all", 1)
	list := a.write("list.csv", []byte("path,label\nall/000.png,cat\n"+filepath.Join(a.dir, "all", "000.png")+",dog\n"))
	_, err := OpenSplits(list, a.options)
	assert.ErrorContains(t, err, "line 3 lists "+filepath.Join(a.dir, "all", "000.png")+", which line 2 lists too: remove one of them")
}

// Blanks around a label or a split, as stand behind commas, make no other class or part.
func TestOpenManifestWithBlanks(t *testing.T) {
	a, text := newList(t, func(i int, path, label string) string {
		return path + [3]string{", ", ",", ","}[i%3] + label + [3]string{"", " ", ""}[i%3] + [2]string{", train", ",test "}[i/20]
	})
	s, err := OpenSplits(a.write("list.csv", []byte("path, label, split\n"+text)), a.options)
	require.NoError(t, err)
	assert.Equal(t, []string{"cat", "dog"}, s.Training.Classes())
	assert.Equal(t, []int{20, 10}, []int{s.Training.Len(), s.Test.Len()})
}

// Spreadsheets keep a column that nothing stands in.
func TestOpenManifestWithAnEmptyColumn(t *testing.T) {
	a, text := newList(t, func(_ int, path, label string) string { return path + "," + label })
	without, err := OpenSplits(a.write("without.csv", []byte("path,label\n"+text)), a.options)
	require.NoError(t, err)
	with, err := OpenSplits(a.write("with.csv", []byte("path,label,split\n"+strings.ReplaceAll(text, "\n", ",\n"))), a.options)
	require.NoError(t, err)
	for _, sets := range [][2]Set{{without.Training, with.Training}, {without.Test, with.Test}} {
		want, err := FingerprintOf(sets[0])
		require.NoError(t, err)
		got, err := FingerprintOf(sets[1])
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestOpenManifestRefuses(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"no header":        {"l.csv", "a.png,cat\n", `line 1: expected the names of the columns, path and label among them, with commas between them; found "a.png,cat"`},
		"semicolons":       {"l.csv", "path;label\na.png;cat\n", `found "path;label"`},
		"empty":            {"l.csv", "", "the file is empty"},
		"nothing":          {"l.csv", "path,label\n", "it lists no pictures"},
		"two columns":      {"l.csv", "path,label,path\n", "line 1: two columns are called path"},
		"fields":           {"l.csv", "path,label\na.png,cat\nb.png\n", "record on line 3: wrong number of fields"},
		"a quote":          {"l.csv", "path,label\n\"a.png,cat\n", "extraneous or missing \" in quoted-field"},
		"no path":          {"l.csv", "path,label\n ,cat\n", "line 2: expected a path, found none"},
		"no label":         {"l.jsonl", `{"path": "a.png"}`, "line 1: expected a label, found none"},
		"no split":         {"l.csv", "path,label,split\na.png,cat,\nb.png,dog,train\n", `line 2: split is "": expected train, val or test, on every line or on none`},
		"a split":          {"l.csv", "path,label,split\na.png,cat,dev\n", `line 2: split is "dev": expected train, val or test`},
		"half a split":     {"l.jsonl", "{\"path\":\"a\",\"label\":1,\"split\":\"test\"}\n{\"path\":\"b\",\"label\":1}", `line 2: split is "": expected`},
		"nothing to do":    {"l.csv", "path,label,split\na.png,cat,test\n", "it lists nothing to train on"},
		"another label":    {"l.csv", "path,label,split\na.png,cat,train\nb.png,fox,test\nc.png,dog,train\n", `line 3: the label "fox" is none of the classes that are learnt (cat and dog)`},
		"twice":            {"l.csv", "path,label\na.png,cat\nb.png,dog\nx/../a.png,dog\n", "line 4 lists x/../a.png, which line 2 lists too"},
		"Korean Windows":   {"l.csv", "path,label\na.png,\xb0\xad\n", "not a text in UTF-8"},
		"no object":        {"l.jsonl", "{\"path\":\"a\",\"label\":\"b\"}\n[1]\n", "\"label\": \"cat\"}; found a value of the type array"},
		"a path of number": {"l.jsonl", `{"path":3}`, `line 1: expected an object such as {"path": "cats/1.jpg", "label": "cat"}; path is of the type number`},
		"no JSON":          {"l.jsonl", "path,label", "line 1: expected an object such as {\"path\": \"cats/1.jpg\", \"label\": \"cat\"}: invalid character"},
		"two objects":      {"l.jsonl", `{"path":"a","label":"b"} {}`, "line 1: expected one object a line, more follows"},
		"a label of lists": {"l.jsonl", `{"path":"a","label":[["b"]]}`, "line 1: expected a label that is a text or a number, or a list of such"},
		"a label twice":    {"l.csv", "path,label\na.png,cat|dog| cat\n", `line 2: the label "cat" is given twice`},
		"a label of none":  {"l.csv", "path,label\na.png,cat||dog\n", "line 2: expected a label, found none"},
		"nothing anywhere": {"l.csv", "path,label\na.png,|\n", "it lists nothing to train on"},
		"a weight":         {"l.csv", "path,label,weight\na.png,cat,heavy\n", `line 2: weight is "heavy": expected a number that is at least 0`},
		"a weight below 0": {"l.jsonl", `{"path":"a","label":"b","weight":-1}`, `line 1: weight is "-1": expected a number that is at least 0`},
		"one class":        {"l.csv", "path,label\na.png,cat\n", `has one class alone, "cat"`},
		"another file":     {"l.txt", "path,label\n", "is a file: give the folder that holds it, of IDX files or with a folder of pictures for each class, a list"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAlbum(t)
			path := a.write(c.file, []byte(c.text))
			_, err := OpenSplits(path, a.options)
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "data: "+path)
		})
	}
	a := newAlbum(t)
	path := a.write("huge.csv", nil)
	require.NoError(t, os.Truncate(path, maxManifest+1))
	_, err := OpenSplits(path, a.options)
	assert.ErrorContains(t, err, "expected a list of pictures of at most 256.00 MiB")
}

func FuzzManifest(f *testing.F) {
	f.Add(".csv", []byte("path,label\na.png,cat\n\"b,c.png\",dog\n"))
	f.Add(".csv", []byte("\ufefflabel,split,path\r\n1,train,a\r\n"))
	f.Add(".jsonl", []byte("{\"path\":\"a\",\"label\":\"b\"}\n\n{\"path\":\"b\",\"label\":3.50,\"split\":\"val\"}"))
	f.Fuzz(func(t *testing.T, suffix string, text []byte) {
		if manifestFormats[suffix] == nil {
			return
		}
		rows, err := parseManifest(suffix, text)
		if err != nil {
			return
		}
		// What was read is written in the other format, and read as the same.
		var again bytes.Buffer
		for _, r := range rows {
			require.NotEmpty(t, r.path)
			var label any = append([]string{}, r.labels...)
			if !r.isList {
				require.Len(t, r.labels, 1)
				label = r.labels[0]
			}
			line, err := json.Marshal(map[string]any{"path": r.path, "label": label, "split": r.split, "weight": r.weight})
			require.NoError(t, err)
			again.Write(append(line, '\n'))
		}
		copied, err := parseManifest(".jsonl", again.Bytes())
		require.NoError(t, err)
		require.Len(t, copied, len(rows))
		for i := range rows {
			copied[i].line = rows[i].line
		}
		require.Equal(t, rows, copied)
		l := &listing{name: "list", source: "/nowhere/list.csv"}
		if err := l.addRows(rows); err != nil {
			return
		}
		require.Len(t, l.pictures, len(rows))
		for _, p := range l.pictures {
			for _, class := range p.classes {
				require.Less(t, class, len(l.classes))
			}
		}
	})
}
