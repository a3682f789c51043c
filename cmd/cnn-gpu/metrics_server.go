package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"cnn-gpu/train"
	"cnn-gpu/train/run"
)

// metric is a figure in Prometheus's text format.
type metric struct {
	kind, help string // kind: gauge or counter
	value      float64
}

// metricsServer serves how a training goes to Prometheus. Without an address it keeps the figures and serves nothing.
type metricsServer struct {
	server   *http.Server
	mutex    sync.Mutex
	names    []string // in their order
	values   map[string]*metric
	info     string
	measured string // what stands before the figures after an epoch
	rate     func(scheduled float64) float64
}

// The names of the metrics, which Prometheus's users choose by.
const (
	lossMetric          = "cnn_gpu_loss"
	accuracyMetric      = "cnn_gpu_accuracy"
	epochMetric         = "cnn_gpu_epoch"
	epochsMetric        = "cnn_gpu_epochs"
	stepsMetric         = "cnn_gpu_steps_total"
	rateMetric          = "cnn_gpu_learning_rate"
	speedMetric         = "cnn_gpu_images_per_second"
	savesMetric         = "cnn_gpu_saves_total"
	failuresMetric      = "cnn_gpu_save_failures_total"
	savedMetric         = "cnn_gpu_last_save_timestamp_seconds"
	evaluatedLossMetric = "cnn_gpu_%s_loss"
	evaluatedMetric     = "cnn_gpu_%s_accuracy"
	metricsPath         = "/metrics"
	metricsMediaType    = "text/plain; version=0.0.4; charset=utf-8"
)

// serveMetrics serves at an address until it is closed. One without a host is this machine's alone.
func serveMetrics(address string, r *run.Run) (*metricsServer, error) {
	s := &metricsServer{values: map[string]*metric{}, measured: r.WatchedPrefix(), rate: r.LearningRate}
	add := func(name, kind, help string) {
		s.names = append(s.names, name)
		s.values[name] = &metric{kind: kind, help: help}
	}
	add(epochMetric, "gauge", "The epoch under way, from 1.")
	add(epochsMetric, "gauge", "How many epochs the run has.")
	add(stepsMetric, "counter", "Steps of training, of the whole run.")
	add(lossMetric, "gauge", "The mean loss over the epoch's images so far.")
	add(accuracyMetric, "gauge", "The accuracy over the epoch's images so far, from 0 to 1.")
	add(fmt.Sprintf(evaluatedLossMetric, s.measured), "gauge", "The mean loss after the last epoch.")
	add(fmt.Sprintf(evaluatedMetric, s.measured), "gauge", "The accuracy after the last epoch, from 0 to 1.")
	add(rateMetric, "gauge", "The learning rate of the last step.")
	add(speedMetric, "gauge", "Images trained on in a second.")
	add(savesMetric, "counter", "How often the training was saved.")
	add(failuresMetric, "counter", "How often something could not be saved.")
	add(savedMetric, "gauge", "When the training was saved last, in seconds since 1970.")
	build, _, _ := strings.Cut(versionText(), "\n")
	s.info = fmt.Sprintf("# HELP cnn_gpu_info What trains.\n# TYPE cnn_gpu_info gauge\ncnn_gpu_info{model=%s,data=%s,device=%s,out=%s,version=%s} 1\n",
		labelValue(r.Trainer().Model().Name), labelValue(r.Config().Data), labelValue(r.Trainer().Device().Name()), labelValue(r.Dir()), labelValue(build))
	s.set(epochsMetric, float64(r.Config().Epochs))
	if address == "" {
		return s, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--metrics-addr: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+metricsPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", metricsMediaType)
		s.write(w)
	})
	s.server = &http.Server{Addr: listener.Addr().String(), Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(listener) }() // it ends with Close
	return s, nil
}

// metricsAddress is an address with its host: a port alone is this machine's.
func metricsAddress(given string) (string, error) {
	address := given
	if !strings.Contains(given, ":") {
		address = ":" + given
	}
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return "", usageErrorf("--metrics-addr %s: give an address such as :9090, which is this machine's alone, or 0.0.0.0:9090 for every network", given)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// labelValue is a text as the value of a label.
func labelValue(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}

func (s *metricsServer) write(w io.Writer) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, name := range s.names {
		m := s.values[name]
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n%s %v\n", name, m.help, name, m.kind, name, m.value)
	}
	_, _ = io.WriteString(w, s.info)
}

func (s *metricsServer) set(name string, value float64) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.values[name].value = value
}

func (s *metricsServer) count(name string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.values[name].value++
}

func (s *metricsServer) progress(p train.Progress) {
	s.set(epochMetric, float64(p.Epoch))
	s.set(stepsMetric, float64((p.Epoch-1)*p.Batches+p.Batch))
	s.set(lossMetric, p.Result.Loss)
	s.set(accuracyMetric, p.Result.Accuracy)
	s.set(rateMetric, s.rate(p.LearningRate))
	s.set(speedMetric, p.ImagesPerSecond)
}

func (s *metricsServer) epoch(e train.Epoch) {
	if v := e.Validation; v != nil {
		s.set(fmt.Sprintf(evaluatedLossMetric, s.measured), v.Loss)
		s.set(fmt.Sprintf(evaluatedMetric, s.measured), v.Accuracy)
	}
}

func (s *metricsServer) saved() {
	s.count(savesMetric)
	s.set(savedMetric, float64(time.Now().Unix()))
}

func (s *metricsServer) close() error {
	if s.server == nil {
		return nil
	}
	if err := s.server.Close(); err != nil {
		return fmt.Errorf("--metrics-addr: %w", err)
	}
	return nil
}
