package main

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/data"
)

func TestData(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	list := succeed(t, "data").stdout
	for _, name := range data.Names() {
		assert.Contains(t, list, "\n"+name+" ")
	}
	assert.Contains(t, list, "cnn-gpu data fetch mnist")

	dir, err := data.CacheDir("mnist")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(dir, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "train-images-idx3-ubyte.gz"), make([]byte, 1_200_000), 0o666))
	assert.Regexp(t, `mnist +│ `+dir+` +│ +1\.14 MiB`, succeed(t, "data", "list").stdout)

	for _, args := range [][]string{{"data", "--json"}, {"data", "list", "--json"}} {
		r := succeed(t, args...)
		assert.Equal(t, 1, strings.Count(r.stdout, "\n"))
		assert.Empty(t, r.stderr)
		var list struct{ Sets []dataSet }
		require.NoError(t, json.Unmarshal([]byte(r.stdout), &list))
		require.Len(t, list.Sets, len(data.Names()))
		assert.Equal(t, dataSet{Name: "digits", State: "built_in"}, list.Sets[0])
		assert.Equal(t, dataSet{Name: "mnist", State: "here", Folder: dir, Bytes: 1_200_000}, list.Sets[1])
		assert.Equal(t, dataSet{Name: "kmnist", State: "fetchable", How: "cnn-gpu data fetch kmnist"}, list.Sets[3])
		assert.Equal(t, dataSet{Name: "emnist-balanced", State: "by_hand", How: "cnn-gpu data fetch emnist-balanced"}, list.Sets[4])
	}
}

// Without a home there is no cache, but what is built in, and folders of one's own.
func TestDataWithoutAHome(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	r := succeed(t, "data")
	assert.Regexp(t, `digits +│ built in`, r.stdout)
	assert.Contains(t, r.stdout, " cnn-gpu data fetch mnist --data-dir FOLDER ")
	assert.Contains(t, r.stderr, "no cache folder")
	w := newTiny(t)
	w.train(t)
	r = runCommand("train", "--data", "mnist")
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "--data-dir DIR")
}

// The list fits a terminal of 80 columns where no long folder is in it.
func TestDataListFits(t *testing.T) {
	t.Setenv("HOME", "")
	for _, cache := range []string{t.TempDir(), ""} {
		t.Setenv("XDG_CACHE_HOME", cache)
		for line := range strings.Lines(succeed(t, "data").stdout) {
			assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSpace(line)), 80, line)
		}
	}
}

func TestDataShow(t *testing.T) {
	w := newTiny(t)
	out := filepath.Join(t.TempDir(), "bars.png")
	r := succeed(t, "data", "show", w.data, "--out", out)
	assert.Regexp(t, `0 +│ +24 +│ +10`, r.stdout)
	assert.Regexp(t, `All +│ +48 +│ +20`, r.stdout)
	decodePNG(t, out)

	train, _, err := data.Open(w.data, data.Options{})
	require.NoError(t, err)
	tiles, err := samples(train)
	require.NoError(t, err)
	require.Len(t, tiles, 2*samplesPerClass)
	assert.Equal(t, "0", tiles[0].Heading)
	assert.Equal(t, "1", tiles[samplesPerClass].Heading)

	t.Chdir(filepath.Dir(out))
	for _, want := range []string{"bars-samples.png", "bars-samples-2.png", "bars-samples-3.png"} {
		assert.NoFileExists(t, want)
		assert.Contains(t, succeed(t, "data", "show", w.data).stderr, "Samples of each class: "+want+"\n")
		decodePNG(t, want)
	}
	require.NoError(t, os.WriteFile(out, nil, 0o666))
	r = runCommand("data", "show", w.data, "--out", out)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "--force")
	succeed(t, "data", "show", w.data, "--out", out, "--force")
	decodePNG(t, out)
	assert.Contains(t, succeed(t, "data", "show", w.data, "--force").stderr, ": bars-samples.png\n")
}

func TestDataShowJSON(t *testing.T) {
	w := newTiny(t)
	writeBars(t, w.data, "val", 8)
	out := filepath.Join(t.TempDir(), "bars.PNG")
	r := succeed(t, "data", "show", w.data, "--json", "--out", out)
	assert.Equal(t, 1, strings.Count(r.stdout, "\n"))
	assert.Empty(t, r.stderr)
	var s dataSummary
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &s))
	assert.Equal(t, dataSummary{
		Data: w.data, Shape: []int{12, 12, 1}, Training: 48, Validation: 8, Test: 20, Samples: out,
		Classes: []classSummary{{"0", 24, 4, 10}, {"1", 24, 4, 10}},
	}, s)
	decodePNG(t, out)
	table := succeed(t, "data", "show", w.data, "--out", out, "--force").stdout
	assert.Regexp(t, `Class +│ +Training +│ +Test +│ +Validation`, table)
	assert.Regexp(t, `All +│ +48 +│ +20 +│ +8`, table)
}

// Images of five channels have no colours: what would draw them is left out, and said.
func TestFiveChannels(t *testing.T) {
	w := newTiny(t)
	for half, count := range map[string]uint32{"train": 48, "t10k": 20} {
		pixels := binary.BigEndian.AppendUint32(nil, 0x804)
		for _, extent := range []uint32{count, 12, 12, 5} {
			pixels = binary.BigEndian.AppendUint32(pixels, extent)
		}
		pixels = append(pixels, make([]byte, count*12*12*5)...)
		require.NoError(t, os.Remove(filepath.Join(w.data, half+"-images-idx3-ubyte")))
		require.NoError(t, os.WriteFile(filepath.Join(w.data, half+"-images-idx4-ubyte"), pixels, 0o666))
	}
	require.NoError(t, os.WriteFile(w.model, []byte(strings.Replace(tinyModel, "[12, 12, 1]", "[12, 12, 5]", 1)), 0o666))
	t.Chdir(t.TempDir())
	r := succeed(t, "data", "show", w.data)
	assert.Regexp(t, `All +│ +48 +│ +20`, r.stdout)
	assert.Contains(t, r.stderr, "Samples are left out: images with 5 channels have no colours")
	assert.NoFileExists(t, "bars-samples.png")
	r = succeed(t, "data", "show", w.data, "--json")
	assert.Contains(t, r.stdout, `"samples_left_out":"images with 5 channels`)
	assert.NotContains(t, r.stdout, `"samples":`)

	r = w.train(t)
	assert.Contains(t, r.stderr, "misclassified.png is left out: images with 5 channels have no colours")
	assert.NoFileExists(t, filepath.Join(w.out, "misclassified.png"))
	decodePNG(t, filepath.Join(w.out, "confusion.png"))
	r = succeed(t, "maps", w.out)
	assert.Contains(t, r.stderr, "00-input-image.png is left out: images with 5 channels")
	decodePNG(t, filepath.Join(w.out, "maps", "02-conv2d-feature-maps.png"))
}

// What a package of the system has brought is listed where it lies.
func TestDataListsPackages(t *testing.T) {
	system := t.TempDir()
	t.Setenv("XDG_DATA_DIRS", system)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	folder := filepath.Join(system, "datasets", "fashion-mnist")
	require.NoError(t, os.MkdirAll(folder, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "train-images-idx3-ubyte.gz"), make([]byte, 1_200_000), 0o666))
	assert.Regexp(t, `fashion-mnist +│ `+folder+` +│ +1\.14 MiB`, succeed(t, "data").stdout)
}
