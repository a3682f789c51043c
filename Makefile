# Go is all that is needed. A C compiler is used where there is one.
GO ?= go
BIN := bin/cnn-gpu

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: build
build: ## build bin/cnn-gpu
	$(GO) build -o $(BIN) ./cmd/cnn-gpu

.PHONY: run
run: build ## build, and train the default: the tutorial's network on drawn digits
	$(BIN) train

.PHONY: test
test: ## run every test that this machine allows
	$(GO) build ./...
	$(GO) test ./...

.PHONY: race
race: ## run the tests under the race detector (needs a C compiler)
	$(GO) test -race -short ./...

.PHONY: lint
lint: ## gofmt, vet and staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

.PHONY: fuzz
fuzz: ## fuzz each parser for a minute
	$(GO) test -run '^$$' -fuzz . -fuzztime 60s ./train/data
	$(GO) test -run '^$$' -fuzz . -fuzztime 60s ./model
	$(GO) test -run '^$$' -fuzz . -fuzztime 60s ./model/safetensors

.PHONY: bench
bench: ## time every op on this machine
	$(GO) test -run '^$$' -bench . ./kernels

.PHONY: generate
generate: ## write the generated assembly anew
	$(GO) generate ./...

.PHONY: clean
clean: ## remove what was built and trained
	rm -rf bin runs .cache
