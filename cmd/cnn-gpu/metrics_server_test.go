package main

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMetrics(t *testing.T) {
	w := newTiny(t)
	p := startTraining(t, plain, w.long("--metrics-addr", ":0", "--validation", "0.25")...)
	url := regexp.MustCompile(`(?m)^Metrics: (http://127\.0\.0\.1:\d+/metrics)$`).FindStringSubmatch(p.stderr.String())
	require.NotNil(t, url, &p.stderr)
	answer, err := http.Get(url[1])
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, "text/plain; version=0.0.4; charset=utf-8", answer.Header.Get("Content-Type"))
	values := map[string]string{}
	for line := range strings.Lines(string(body)) {
		m := regexp.MustCompile(`^(?:# (?:HELP|TYPE) (cnn_gpu_\w+) .+|(cnn_gpu_\w+)(?:\{(?:\w+="[^"]*",?)+\})? ([-+.e\d]+))\n$`).FindStringSubmatch(line)
		require.NotNil(t, m, "%q", line)
		if m[2] != "" {
			values[m[2]] = m[3]
		}
	}
	for _, name := range []string{"loss", "accuracy", "val_loss", "epoch", "learning_rate", "images_per_second", "steps_total", "saves_total", "last_save_timestamp_seconds"} {
		assert.NotEmpty(t, values["cnn_gpu_"+name], name)
		assert.NotEqual(t, "0", values["cnn_gpu_"+name], name)
	}
	assert.Equal(t, "1e+06", values["cnn_gpu_epochs"])
	assert.Equal(t, "0.01", values["cnn_gpu_learning_rate"], "--lr")
	assert.Equal(t, "0", values["cnn_gpu_save_failures_total"])
	assert.Contains(t, string(body), `cnn_gpu_info{model="tiny",data="`+w.data+`",device="`)
	p.signal(t, syscall.SIGTERM)
	p.end(t)
	_, err = http.Get(url[1])
	assert.Error(t, err)
}

func TestMetricsAddress(t *testing.T) {
	for given, want := range map[string]string{
		":9090": "127.0.0.1:9090", "9090": "127.0.0.1:9090", "0.0.0.0:9090": "0.0.0.0:9090", "[::1]:9": "[::1]:9", "localhost:80": "localhost:80",
	} {
		got, err := metricsAddress(given)
		assert.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, given := range []string{"host", "host:http", ":99999", "::1:80"} {
		_, err := metricsAddress(given)
		assert.ErrorContains(t, err, "give an address such as :9090", given)
	}
	assert.Equal(t, `"a\"b\\c\nd"`, labelValue("a\"b\\c\nd"))
	w := newTiny(t)
	r := runCommand(append(w.trainArgs(), "--metrics-addr", "nowhere")...)
	assert.Equal(t, exitUsage, r.code)
	assert.NoDirExists(t, w.out)
}

// With --log-format json each line of standard error is an object.
func TestLogs(t *testing.T) {
	w := newTiny(t)
	objects := func(text string) (events []map[string]any) {
		for line := range strings.Lines(text) {
			var o map[string]any
			require.NoError(t, json.Unmarshal([]byte(line), &o), line)
			assert.NotEmpty(t, o["time"])
			events = append(events, o)
		}
		return events
	}
	counts := map[any]int{}
	events := objects(w.train(t, "--log-format", "json").stderr)
	for _, o := range events {
		counts[o["msg"]]++
		switch o["msg"] {
		case "start":
			assert.Equal(t, "tiny", o["model"])
			assert.EqualValues(t, 4, o["epochs"])
		case "epoch":
			assert.EqualValues(t, counts["epoch"], o["epoch"])
			assert.Contains(t, o, "accuracy")
			assert.Contains(t, o, "test_loss")
		}
	}
	assert.Equal(t, 1, counts["start"])
	assert.Equal(t, 4, counts["epoch"])
	assert.Equal(t, 4, counts["checkpoint"])
	assert.Equal(t, "end", events[len(events)-1]["msg"])

	events = objects(runCommand(append(w.trainArgs(), "--log-format", "json")...).stderr)
	last := events[len(events)-1]
	assert.Equal(t, "ERROR", last["level"])
	assert.Contains(t, last["msg"], "holds a run already")
	assert.Equal(t, exitUsage, runCommand("train", "--log-format", "xml").code)
}
