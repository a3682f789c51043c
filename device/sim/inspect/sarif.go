package inspect

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"cnn-gpu/device/sim"
)

// The parts of SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format") that are written, by the names and the sections that
// they have there.
type (
	sarifLog struct { // 3.13
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct { // 3.14
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
		ColumnKind  string            `json:"columnKind"`
	}
	sarifTool struct { // 3.18
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct { // 3.19
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri,omitempty"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct { // 3.49
		ID               string       `json:"id"`
		ShortDescription sarifMessage `json:"shortDescription"`
	}
	sarifInvocation struct { // 3.20
		ExecutionSuccessful bool                `json:"executionSuccessful"`
		ExitCode            int                 `json:"exitCode"`
		Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct { // 3.58
		Level   string       `json:"level"`
		Message sarifMessage `json:"message"`
	}
	sarifMessage struct { // 3.11
		Text string `json:"text"`
	}
	sarifResult struct { // 3.27
		RuleID           string          `json:"ruleId"`
		RuleIndex        int             `json:"ruleIndex"`
		Level            string          `json:"level"`
		Message          sarifMessage    `json:"message"`
		Locations        []sarifLocation `json:"locations"`
		RelatedLocations []sarifLocation `json:"relatedLocations,omitempty"`
	}
	sarifLocation struct { // 3.28
		ID       int           `json:"id,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifMessage `json:"message,omitempty"`
	}
	sarifPhysical struct { // 3.29
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct { // 3.4
		URI string `json:"uri"`
	}
	sarifRegion struct { // 3.30
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
)

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// SARIF writes findings, expectations that were not met and what the compiler said for CI and editors.
func (o *Outcome) SARIF() []byte {
	run := sarifRun{ColumnKind: "utf16CodeUnits", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "cnn-gpu sim", Rules: []sarifRule{}}
	invocation := sarifInvocation{ExecutionSuccessful: o.Error == "", ExitCode: o.ExitCode}
	if o.Error != "" {
		invocation.Notifications = []sarifNotification{{"error", sarifMessage{o.Error}}}
	}
	run.Invocations = []sarifInvocation{invocation}
	for _, d := range o.Diagnostics {
		run.add("compiler", "error", d.Text, []sarifLocation{location(sim.Place{File: d.File, Line: d.Line})})
	}
	if o.Result != nil {
		for _, f := range o.Findings {
			run.addFinding(f, o.File)
		}
		for _, c := range o.Compared {
			if !c.Met {
				run.add("expectation", "error", c.String(), []sarifLocation{location(sim.Place{File: o.File})})
			}
		}
	}
	text, err := json.MarshalIndent(sarifLog{sarifSchema, "2.1.0", []sarifRun{run}}, "", "  ")
	if err != nil {
		panic(err) // of these types there is none
	}
	return append(text, '\n')
}

func (r *sarifRun) addFinding(f *sim.Report, file string) {
	place := f.Source
	if place.Line == 0 {
		place = sim.Place{File: file, Line: f.PTXLine}
	}
	text := fmt.Sprintf("%s: %s (kernel %s, block %s, thread %s", f.Kind, f.Message, demangled(f.Kernel), triple(f.Block), triple(f.Thread))
	if f.Array != "" {
		text += ", " + f.Array
	}
	level := "error"
	if f.Severity == sim.Advice {
		level = "note"
	}
	r.add(strings.ReplaceAll(string(f.Kind), " ", "-"), level, text+")", []sarifLocation{location(place)})
	for i, c := range f.Callers {
		called := location(c)
		called.ID, called.Message = i+1, &sarifMessage{"called here"}
		last := &r.Results[len(r.Results)-1]
		last.RelatedLocations = append(last.RelatedLocations, called)
	}
}

// add adds a result, and its rule if it is the first of that.
func (r *sarifRun) add(rule, level, text string, at []sarifLocation) {
	rules := &r.Tool.Driver.Rules
	index := slices.IndexFunc(*rules, func(one sarifRule) bool { return one.ID == rule })
	if index < 0 {
		index = len(*rules)
		*rules = append(*rules, sarifRule{rule, sarifMessage{strings.ReplaceAll(rule, "-", " ")}})
	}
	r.Results = append(r.Results, sarifResult{RuleID: rule, RuleIndex: index, Level: level, Message: sarifMessage{text}, Locations: at})
}

// location is a place by its path from the working directory, as CI has it, or as a file's URI where it lies elsewhere.
func location(p sim.Place) sarifLocation {
	uri := url.URL{Path: filepath.ToSlash(p.File)}
	if filepath.IsAbs(p.File) {
		uri.Scheme = "file"
	}
	if absolute, err := filepath.Abs(p.File); err == nil {
		if path, ok := pathFromHere(absolute); ok {
			uri = url.URL{Path: filepath.ToSlash(path)}
		}
	}
	l := sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{uri.String()}}}
	if p.Line > 0 {
		l.Physical.Region = &sarifRegion{p.Line, p.Column}
	}
	return l
}
