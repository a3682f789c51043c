package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

// startServer serves a model that nobody trained and that takes images of so many channels, until the test ends.
func startServer(t *testing.T, channels int) (url string) {
	t.Helper()
	m, err := model.Sequential(model.Input(8, 8, channels), model.Flatten{}, model.Dense{Units: 3, Activation: model.Softmax})
	require.NoError(t, err)
	weights := filepath.Join(t.TempDir(), "weights.safetensors")
	require.NoError(t, m.InitialWeights(1).Save(weights, nil))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- serve(ctx, listener, weights) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections() // the server waits seconds for one that was opened and never used
		stop()
		assert.NoError(t, <-done)
	})
	return "http://" + listener.Addr().String()
}

// post sends a body and reads the JSON of the reply.
func post(t *testing.T, url string, body io.Reader, into any) (status int) {
	t.Helper()
	r, err := http.Post(url, "application/octet-stream", body)
	if !assert.NoError(t, err) {
		return 0
	}
	defer r.Body.Close()
	assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
	assert.NoError(t, json.NewDecoder(r.Body).Decode(into))
	return r.StatusCode
}

func TestServer(t *testing.T) {
	url := startServer(t, 1)
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 20, 20))))

	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			var a answer
			assert.Equal(t, http.StatusOK, post(t, url+"/predict", bytes.NewReader(picture.Bytes()), &a))
			assert.Contains(t, []string{"class 0", "class 1", "class 2"}, a.Class)
			assert.True(t, a.Probability > 0.33 && a.Probability <= 1)
			assert.NotEmpty(t, a.Prepared)
		})
	}
	all.Wait()

	var failed struct{ Error string }
	assert.Equal(t, http.StatusBadRequest, post(t, url+"/predict", strings.NewReader("no picture"), &failed))
	assert.Equal(t, "the picture: expected a picture (PNG, JPEG, WebP, BMP, GIF or TIFF), found something else", failed.Error)
	assert.Equal(t, http.StatusRequestEntityTooLarge, post(t, url+"/predict", bytes.NewReader(make([]byte, maxPicture+1)), &failed))
	assert.Equal(t, "a picture may have 8388608 bytes at most", failed.Error)
}

// A model that takes no pictures is told of like whatever else is wrong with one.
func TestServerOfAModelThatTakesNoPictures(t *testing.T) {
	url := startServer(t, 2)
	var failed struct{ Error string }
	assert.Equal(t, http.StatusBadRequest, post(t, url+"/predict", strings.NewReader("a picture"), &failed))
	assert.Equal(t, "the picture: a picture fits an input of shape [H W 1] or [H W 3], not [8 8 2]", failed.Error)
}

func TestServerRefuses(t *testing.T) {
	url := startServer(t, 1)
	r, err := http.Get(url + "/predict")
	require.NoError(t, err)
	r.Body.Close()
	assert.Equal(t, http.StatusMethodNotAllowed, r.StatusCode)
}

func TestNoWeights(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	assert.ErrorContains(t, serve(context.Background(), listener, "missing"), "make run")
	_, err = listener.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
}
