package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"cnn-gpu/device"
	"cnn-gpu/device/driver"
	"cnn-gpu/internal/atomicfile"
	"cnn-gpu/internal/version"
	"cnn-gpu/kernels"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
)

// Provenance is how a run came about. It stands in its weights, in its checkpoints and, for people, in run.yaml.
type Provenance struct {
	Settings Config  `json:"settings"`
	Data     Data    `json:"data"`
	Parts    []Part  `json:"parts"`             // in the order of time: one, and one more for each time that the run was resumed
	Stopped  string  `json:"stopped,omitempty"` // why the run stopped early
	From     *Origin `json:"from,omitempty"`    // the weights that it began with
}

// Data are the fingerprints of what a run was trained and measured on.
type Data struct {
	Training   data.Fingerprint  `json:"training"` // before any of it was set apart
	Validation *data.Fingerprint `json:"validation,omitempty"`
	Test       data.Fingerprint  `json:"test"`

	Pictures *data.PictureReport `json:"pictures,omitempty"` // what was left out, where the data is pictures
}

// Part says what computed the training from an epoch and a batch on, until the next part.
type Part struct {
	Epoch     int               `json:"epoch"` // that were complete
	Batch     int               `json:"batch"` // of the epoch that were done
	Date      time.Time         `json:"date"`
	Version   string            `json:"version"`
	Commit    string            `json:"commit"`
	Build     string            `json:"build"`
	Device    string            `json:"device"`              // as --device takes it
	Precision kernels.Precision `json:"precision,omitempty"` // in which it multiplied; FP32 where it does not say
	CPUCode   string            `json:"cpu_code,omitempty"`  // of a CPU, as `cnn-gpu devices` names it
	GPU       string            `json:"gpu,omitempty"`
	Driver    string            `json:"driver,omitempty"`   // the newest CUDA that a GPU's driver runs
	Compiler  string            `json:"compiler,omitempty"` // of a GPU's kernels; empty where they were compiled before
}

// newPart is a part that a trainer begins now, with the first batch.
func newPart(t *train.Trainer) Part {
	d := t.Device()
	lines := strings.Split(version.Text(driver.Build), "\n")
	p := Part{Date: time.Now().UTC().Truncate(time.Second), Version: lines[0], Commit: lines[1], Build: lines[2], Device: d.Name(), Precision: t.Precision()}
	if p.Device == "cpu" {
		p.CPUCode = device.CPUCode()
		return p
	}
	p.GPU = d.String()
	report := driver.Probe()
	if report.CUDA != "" {
		p.Driver = "CUDA " + report.CUDA
	}
	if report.Version != "" {
		p.Compiler = "NVRTC " + report.Version
	}
	return p
}

// last is what computed last.
func (p *Provenance) last() Part { return p.Parts[len(p.Parts)-1] }

// deviceOf is the device that computed an epoch, counted from 1, or the end of it.
func (p *Provenance) deviceOf(epoch int) (device string) {
	for _, part := range p.Parts {
		if part.Epoch < epoch {
			device = part.Device
		}
	}
	return device
}

// until is the provenance of what was there at a position: without parts that have computed nothing of it.
func (p *Provenance) until(at train.Position) *Provenance {
	q := *p
	q.Parts = nil
	for i, part := range p.Parts {
		if i == 0 || part.Epoch < at.Epoch || part.Epoch == at.Epoch && part.Batch < at.Batch {
			q.Parts = append(q.Parts, part)
		}
	}
	return &q
}

func (p *Provenance) encode() (string, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("run: %w", err)
	}
	return string(text), nil
}

// decodeProvenance refuses what it does not know: a later version may mean something by it.
func decodeProvenance(text string) (*Provenance, error) {
	var p Provenance
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("it does not say how the run was started, or was written by another version of this program: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || len(p.Parts) == 0 {
		return nil, errors.New("it does not say how the run was started, or was written by another version of this program")
	}
	return &p, nil
}

const recordHeader = `# How this run came about. cnn-gpu writes this for people; it reads the same from checkpoint.safetensors and
# weights.safetensors, where a checksum guards it.
`

// saveRecord writes run.yaml.
func (r *Run) saveRecord() error {
	text, err := r.provenance.yaml()
	if err != nil {
		return err
	}
	return r.writeFile(recordFile, func(w io.Writer) error {
		_, err := io.WriteString(w, recordHeader+text)
		return err
	})
}

// yaml is the provenance for people.
func (p *Provenance) yaml() (string, error) {
	text, err := p.encode()
	if err != nil {
		return "", err
	}
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(text), &node); err != nil { // JSON is YAML
		return "", fmt.Errorf("run: %w", err)
	}
	asBlocks(&node)
	var lines strings.Builder
	encoder := yaml.NewEncoder(&lines)
	encoder.SetIndent(2)
	if err := encoder.Encode(&node); err != nil {
		return "", fmt.Errorf("run: %w", err)
	}
	return lines.String(), nil
}

// asBlocks takes JSON's brackets and quotation marks away, but for lists of words and numbers.
func asBlocks(n *yaml.Node) {
	n.Style = 0
	if n.Kind == yaml.SequenceNode && len(n.Content) > 0 && n.Content[0].Kind == yaml.ScalarNode {
		n.Style = yaml.FlowStyle
	}
	for _, c := range n.Content {
		asBlocks(c)
	}
}

// writeFile writes a file of the run's folder, whole or not at all.
func (r *Run) writeFile(name string, write func(io.Writer) error) error {
	if err := atomicfile.Write(filepath.Join(r.Dir(), name), write); err != nil {
		return fmt.Errorf("run: %s: %w", name, err)
	}
	return nil
}
