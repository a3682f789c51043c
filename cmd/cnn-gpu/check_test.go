package main

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/train/check"
)

func TestCheck(t *testing.T) {
	w := newTiny(t)
	args := []string{"check", "--device", "cpu", "--quick", "--model", w.model, "--steps", "2"}
	text := succeed(t, args...).stdout
	for line := range strings.Lines(text) {
		assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 80, line)
	}
	assert.Regexp(t, `(?m)^conv2d_fprop +│ +\d+ │ +0 │ 0\.\d{3} │ \S+ *$`, text)
	assert.Regexp(t, `(?m)^conv2d_fprop\+… +│ +\d+ │ +0 │ 0\.\d{3} │ \S+ *$`, text)
	assert.Regexp(t, `(?m)^The loss of tiny in each step of training in fp32:$`, text)
	assert.Contains(t, text, "cpu is right in fp32.\n")

	var found checkResult
	require.NoError(t, json.Unmarshal([]byte(succeed(t, append(args, "--json")...).stdout), &found))
	assert.True(t, found.OK)
	assert.Len(t, found.Steps, 2)
	listed := map[string]bool{}
	for _, op := range found.Ops {
		listed[op.Op] = true
		assert.True(t, strings.HasPrefix(op.Case, op.Op+"/"), "JSON has the whole names")
	}
	for _, c := range kerneltest.Cases() {
		assert.True(t, listed[c.Group()], "%s was not checked", c.Group())
	}
}

// Every kind of case is checked quickly: a tenth of them at most, of integers as of real numbers.
func TestQuickCheckIsAShareOfEach(t *testing.T) {
	all, quick, first := map[string]int{}, map[string]int{}, map[string]string{}
	integers := 0
	for _, c := range casesToCheck(false) {
		if all[c.Group()] == 0 {
			first[c.Group()] = c.Name
		}
		all[c.Group()]++
	}
	cases := casesToCheck(true)
	for _, c := range cases {
		if quick[c.Group()] == 0 {
			assert.Equal(t, first[c.Group()], c.Name)
		}
		quick[c.Group()]++
		if strings.HasSuffix(c.Name, "_int") {
			integers++
		}
	}
	for group, n := range all {
		assert.Equal(t, (n+quickStep-1)/quickStep, quick[group], group)
	}
	assert.Less(t, len(cases), len(kerneltest.Cases())/10)
	assert.Greater(t, integers, len(cases)/7)
	assert.Less(t, integers, len(cases)*3/4)
}

func TestCheckSaysWhatFailed(t *testing.T) {
	long := "conv2d_fprop+activation_fprop+pool2d_fprop"
	r := checkResult{Device: "sim:h200", Model: "net", Ops: []opCheck{
		{Op: "conv2d_fprop", Cases: 3, Worst: 0.25, Case: "conv2d_fprop/small"},
		{Op: "conv2d_fprop+add", Cases: 2, Worst: 0.5, Case: "conv2d_fprop+add/1x1"},
		{Op: long, Cases: 4, Failed: 1, Worst: 0.75, Case: long + "/17x6x6x8_16@2x3_valid_pool2x2_same_stride2x2_average", Error: long + "/1x1: y[0] is 1, want 2"},
	}, Steps: []check.Step{{Step: 1, Exact: 2.5, Losses: []float64{2.5, 2.6}, Bounds: []float64{1e-3, 1e-6}}}}
	var text strings.Builder
	r.print(&text)
	assert.Regexp(t, `(?m)^conv2d_fprop +│ +3 │ +0 │ 0\.250 │ small *$`, text.String())
	assert.Regexp(t, `(?m)^conv2d_fprop\+… +│ +6 │ +1 │ 0\.750 │ 17x6x6x8_16@2x…de2x2_average$`, text.String())
	assert.Contains(t, text.String(), "\nFAILED "+long+"/1x1: y[0] is 1, want 2\n")
	assert.Regexp(t, `(?m)^ *1 │ +2\.5000000 │ +2\.6000000 │ +2\.5000000 │ 1\.0e-01 │ 1\.0e-06 │ FAILED$`, text.String())
	assert.NotContains(t, text.String(), "sim:h200 is right")
}

func TestCutMiddle(t *testing.T) {
	for want, letters := range map[string]int{"abcdefg": 7, "abc…fg": 6, "ab…fg": 5, "a…": 2, "…": 1} {
		assert.Equal(t, want, cutMiddle("abcdefg", letters))
	}
	assert.Equal(t, "äö…ß", cutMiddle("äöüéß", 4))
}
