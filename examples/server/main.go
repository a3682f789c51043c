// Command server answers which class a picture shows. It loads the weights of a run, by default those of `make run`:
//
//	go run ./examples/server runs/mnist-cnn-digits
//	curl --data-binary @seven.png localhost:8080/predict
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"gorgonia.org/tensor"

	"cnn-gpu/train"
	"cnn-gpu/train/data"
	"cnn-gpu/train/run"
)

// The limits on what a client may ask for.
const (
	maxPicture = 8 << 20 // bytes
	timeout    = 30 * time.Second
)

func main() {
	address := flag.String("address", "localhost:8080", "where to listen")
	flag.Parse()
	weights := "runs/mnist-cnn-digits"
	if flag.NArg() > 0 {
		weights = flag.Arg(0)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	if err := serve(ctx, listener, weights); err != nil {
		log.Fatal(err)
	}
}

// serve answers requests until the context ends, and then those that are under way.
func serve(ctx context.Context, listener net.Listener, weights string) error {
	c, err := load(weights)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer c.trainer.Close()
	mux := http.NewServeMux()
	mux.Handle("POST /predict", c)
	server := &http.Server{Handler: mux, ReadTimeout: timeout, WriteTimeout: timeout}
	log.Printf("listening on %s", listener.Addr())

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	return server.Shutdown(end)
}

// classifier is a model on a device. A trainer serves one goroutine at a time, hence the lock. How many pictures are decoded at a time
// is bounded by data.PictureFrom, since a small file may hold a large one.
type classifier struct {
	mu      sync.Mutex
	trainer *train.Trainer
	classes []string
	options data.PictureOptions
}

func load(weights string) (*classifier, error) {
	saved, err := run.Load(weights)
	if err != nil {
		return nil, fmt.Errorf("%w (`make run` trains a model into runs/mnist-cnn-digits)", err)
	}
	t, err := train.Compile(saved.Model, train.Options{Weights: saved.Weights, Normalization: saved.Normalization()})
	if err != nil {
		return nil, err
	}
	options := data.PictureOptions{Preparation: saved.Preparation}
	return &classifier{trainer: t, classes: saved.Classes, options: options}, nil
}

// answer is the reply to a picture.
type answer struct {
	Class       string  `json:"class"`
	Probability float32 `json:"probability"`
	Prepared    string  `json:"prepared"` // what was done to the picture
}

// ServeHTTP takes a picture as the request's body.
func (c *classifier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := c.classify(r.Context(), http.MaxBytesReader(w, r.Body, maxPicture))
	var tooLarge *http.MaxBytesError
	var bad *badPicture
	switch {
	case errors.As(err, &tooLarge):
		reply(w, http.StatusRequestEntityTooLarge, map[string]string{"error": fmt.Sprintf("a picture may have %d bytes at most", tooLarge.Limit)})
	case errors.As(err, &bad):
		reply(w, http.StatusBadRequest, map[string]string{"error": bad.Error()})
	case err != nil:
		log.Print(err)
		reply(w, http.StatusInternalServerError, map[string]string{"error": "the server failed; its log says why"})
	default:
		reply(w, http.StatusOK, a)
	}
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		log.Print(err) // the client has gone
	}
}

// badPicture is an error of the client's.
type badPicture struct{ error }

// Error leaves out the library's name, which tells a client nothing.
func (b *badPicture) Error() string { return strings.TrimPrefix(b.error.Error(), "data: ") }

func (b *badPicture) Unwrap() error { return b.error }

func (c *classifier) classify(ctx context.Context, picture io.Reader) (*answer, error) {
	shape := c.trainer.Model().Input.Shape
	x, err := data.PictureFrom("the picture", picture, shape, c.options)
	if err != nil {
		return nil, &badPicture{err}
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	y, err := c.trainer.Predict(ctx, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x.Pixels)))
	if err != nil {
		return nil, err
	}
	probabilities, best := y.Data().([]float32), 0
	for class, p := range probabilities {
		if p > probabilities[best] {
			best = class
		}
	}
	return &answer{c.classes[best], probabilities[best], x.Note}, nil
}
