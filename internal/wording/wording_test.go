package wording_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/internal/wording"
)

func TestBytes(t *testing.T) {
	for want, n := range map[string]float64{
		"0 B": 0, "1023 B": 1023, "1.00 KiB": 1024, "364.54 KiB": 93322 * 4, "1.50 MiB": 1.5 * (1 << 20), "4.00 GiB": 1 << 32,
		"2.00 TiB": 1 << 41, "1.00 PiB": 1 << 50, "1,024.00 PiB": 1 << 60,
	} {
		assert.Equal(t, want, wording.Bytes(n))
	}
	assert.Equal(t, "8.00 KiB", wording.Bytes(int64(8192)))
}

func TestEnglish(t *testing.T) {
	assert.Equal(t, "93,322 parameters, -1,000, 999", wording.English.Sprintf("%d parameters, %d, %d", 93322, -1000, 999))
}

func TestOr(t *testing.T) {
	assert.Equal(t, "", wording.Or[string](nil))
	assert.Equal(t, "adam", wording.Or([]string{"adam"}))
	assert.Equal(t, "adam or sgd", wording.Or([]string{"adam", "sgd"}))
	assert.Equal(t, "adam, rmsprop or sgd", wording.Or([]string{"adam", "rmsprop", "sgd"}))
	assert.Equal(t, "adam, rmsprop and sgd", wording.And([]string{"adam", "rmsprop", "sgd"}))
}

func TestChoose(t *testing.T) {
	known := []string{"mnist", "fashion-mnist", "kmnist", "Größe"}
	for word, want := range map[string]string{
		"mnst":                      "did you mean mnist?",
		"MNIST":                     "did you mean mnist?",
		"fashion":                   "did you mean fashion-mnist?", // no few edits, but a part of it
		"große":                     "did you mean Größe?",         // letters count, not bytes
		"fa":                        "choose mnist, fashion-mnist, kmnist or Größe",
		"":                          "choose mnist, fashion-mnist, kmnist or Größe",
		"cifar":                     "choose mnist, fashion-mnist, kmnist or Größe",
		strings.Repeat("mnist", 20): "choose mnist, fashion-mnist, kmnist or Größe",
	} {
		assert.Equal(t, want, wording.Choose(word, known), word)
	}
}

// A word so long that comparing would take minutes is none of the known ones.
func TestNearestOfAHugeWord(t *testing.T) {
	huge := strings.Repeat("a", 1<<20)
	assert.Empty(t, wording.Nearest(huge, []string{huge}))
}

func TestTable(t *testing.T) {
	type colour string
	table := wording.Table[colour, int]{{Word: "red", Value: 1, Also: []colour{"scarlet", "crimson"}}, {Word: "green", Value: 2}}.Lacking("a colour of the rainbow", "blue", "violet")
	assert.Equal(t, []colour{"red", "green"}, table.Words())
	v, err := table.Find("colour", "green")
	assert.NoError(t, err)
	assert.Equal(t, 2, v)
	row, ok := table.Row("crimson")
	assert.True(t, ok)
	assert.Equal(t, colour("red"), row.Word)
	v, err = table.Find("colour", "scarlet")
	assert.NoError(t, err)
	assert.Equal(t, 1, v)
	_, err = table.Find("colour", "blue")
	assert.EqualError(t, err, `unknown colour "blue"; blue is a colour of the rainbow; choose red or green`)
	_, ok = table.Row("violet")
	assert.False(t, ok)
	_, err = table.Find("colour", "grean")
	assert.EqualError(t, err, `unknown colour "grean"; did you mean green?`)
	_, err = table.Find("colour", "Crimson")
	assert.EqualError(t, err, `unknown colour "Crimson"; did you mean crimson?`)
	_, err = table.Find("colour", "c")
	assert.EqualError(t, err, `unknown colour "c"; choose red or green`)
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"a é 가 3\u00a0%\n\t": "a é 가 3\u00a0%\n\t",
		"\x1b[31mred\r\a":    `\x1b[31mred\r\a`,
		"\u202egnp.exe":      `\u202egnp.exe`, // what turns the direction of reading
		"\u009b31m\x7f":      `\u009b31m\x7f`,
		"\xff":               "\ufffd",
	} {
		assert.Equal(t, want, wording.Printable(text))
	}
}

func TestArgument(t *testing.T) {
	for text, want := range map[string]string{
		"runs/mnist-cnn-digits-2": "runs/mnist-cnn-digits-2", "Größe/숫자.png": "Größe/숫자.png", "a=b,c:d": "a=b,c:d",
		"": "''", "my runs": "'my runs'", "a'b": `'a'\''b'`, "~/$HOME;rm *": "'~/$HOME;rm *'",
	} {
		assert.Equal(t, want, wording.Argument(text))
	}
}
