package inspect

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/inspect/cufile"
)

// required are the properties that the published schema (sarif-schema-2.1.0.json) requires of the objects that are written, and all that
// it allows of them: it allows no others. By the property that holds the object.
var required = map[string]struct{ must, may string }{
	"":                           {"version runs", "$schema inlineExternalProperties properties"},
	"runs":                       {"tool", "invocations results columnKind conversion language versionControlProvenance originalUriBaseIds artifacts"},
	"tool":                       {"driver", "extensions properties"},
	"driver":                     {"name", "informationUri rules version semanticVersion organization fullName"},
	"rules":                      {"id", "shortDescription fullDescription name help helpUri defaultConfiguration"},
	"shortDescription":           {"text", "markdown"},
	"invocations":                {"executionSuccessful", "exitCode toolExecutionNotifications commandLine arguments"},
	"toolExecutionNotifications": {"message", "level locations exception descriptor"},
	"results":                    {"message", "ruleId ruleIndex level locations relatedLocations kind"},
	"message":                    {"text", "markdown id arguments"},
	"locations":                  {"", "physicalLocation id message logicalLocations"},
	"relatedLocations":           {"", "physicalLocation id message logicalLocations"},
	"physicalLocation":           {"artifactLocation", "region contextRegion"},
	"artifactLocation":           {"uri", "uriBaseId index"},
	"region":                     {"startLine", "startColumn endLine endColumn snippet"},
}

// checkSARIF holds an object and all below it to the schema.
func checkSARIF(t *testing.T, name string, v any) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			checkSARIF(t, name, one)
		}
	case map[string]any:
		allowed, known := required[name]
		require.True(t, known, name)
		for _, key := range strings.Fields(allowed.must) {
			assert.Contains(t, v, key, name)
		}
		for key, inner := range v {
			assert.Contains(t, strings.Fields(allowed.must+" "+allowed.may), key, name)
			checkSARIF(t, key, inner)
		}
	case string:
		if name == "level" {
			assert.Contains(t, []string{"none", "note", "warning", "error"}, v)
		}
	case float64:
		if name == "startLine" || name == "startColumn" || name == "id" {
			assert.GreaterOrEqual(t, v, 1.0, name)
		}
	}
}

func TestSARIF(t *testing.T) {
	found := Outcome{File: bugs}
	s := script(t, bugs, "inlined", 128, "zeros:f32:128", "y=empty:f32:128", "128")
	s.Launches[0].Args[1].Name = "2"
	s.Expect = Expectations{{Name: "2", Values: []float64{1}}}
	var err error
	found.Result, err = Run(s)
	require.NoError(t, err)
	found.Conclude(nil)
	wrong := Outcome{File: "k.cu"}
	wrong.Conclude(&NotUnderstoodError{&cufile.Error{Diagnostics: []cufile.Diagnostic{{File: "k.cu", Line: 3, Text: `expected a ";"`}, {File: "k.cu", Line: 7, Text: "x is undefined"}}}})
	unable := Outcome{File: "k.cu"}
	unable.Conclude(errors.New("no NVRTC"))
	clean := Outcome{File: "k.cu", Result: &Result{}}
	clean.Conclude(nil)
	for _, test := range []struct {
		outcome Outcome
		status  Status
		code    int
		results []string
	}{
		{found, Found, 1, []string{"out-of-bounds", "expectation"}}, {wrong, NotUnderstood, 2, []string{"compiler", "compiler"}}, {unable, Unable, 3, nil}, {clean, Clean, 0, nil},
	} {
		assert.Equal(t, test.status, test.outcome.Status)
		assert.Equal(t, test.code, test.outcome.ExitCode)
		text := test.outcome.SARIF()
		var whole any
		require.NoError(t, json.Unmarshal(text, &whole))
		checkSARIF(t, "", whole)
		var log sarifLog
		require.NoError(t, json.Unmarshal(text, &log))
		run := log.Runs[0]
		var rules []string
		for _, r := range run.Results {
			rules = append(rules, r.RuleID)
			assert.Equal(t, r.RuleID, run.Tool.Driver.Rules[r.RuleIndex].ID)
		}
		assert.Equal(t, test.results, rules)
		assert.Equal(t, test.code < 2, run.Invocations[0].ExecutionSuccessful)
	}
	run := func(o Outcome) sarifRun {
		var log sarifLog
		require.NoError(t, json.Unmarshal(o.SARIF(), &log))
		return log.Runs[0]
	}
	first := run(found).Results[0]
	assert.Equal(t, "bugs.cu", first.Locations[0].Physical.Artifact.URI)
	assert.Positive(t, first.Locations[0].Physical.Region.StartLine)
	require.Len(t, first.RelatedLocations, 1, "where it was called")
	second := run(wrong).Results[1]
	assert.Equal(t, "error", second.Level)
	assert.Equal(t, 7, second.Locations[0].Physical.Region.StartLine)
}

// Paths are those of the repository that CI runs in, with blanks as URIs have them.
func TestLocations(t *testing.T) {
	here, err := filepath.Abs(".")
	require.NoError(t, err)
	for file, want := range map[string]string{
		"k.cu": "k.cu", "a/b c.cu": "a/b%20c.cu", filepath.Join(here, "a", "k.cu"): "a/k.cu", "/elsewhere/k.cu": "file:///elsewhere/k.cu", "../k.cu": "../k.cu",
	} {
		assert.Equal(t, want, location(placeIn(file)).Physical.Artifact.URI)
	}
}

func placeIn(file string) sim.Place { return sim.Place{File: file, Line: 1} }
