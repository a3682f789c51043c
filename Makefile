# Go is all that is needed. Where there is a C compiler the program is built with CUDA: that needs no toolkit and no driver. cu looks
# for cuda.h in system folders only, hence CGO_CFLAGS.
GO ?= go
CC ?= cc
BIN := bin/cnn-gpu
export CGO_CFLAGS := -g -O2 -I$(CURDIR)/device/driver/include

C_COMPILER := $(shell $(CC) -fsyntax-only -include stdlib.h -xc /dev/null 2>/dev/null && echo yes)
CUDA_PLATFORM := $(filter linux/amd64 linux/arm64,$(shell $(GO) env GOOS)/$(shell $(GO) env GOARCH))
ifneq ($(and $(C_COMPILER),$(CUDA_PLATFORM)),)
TAGS := cuda
WITH := with CUDA
else
export CGO_ENABLED := 0
WITH := without CUDA$(if $(C_COMPILER),: it needs Linux on amd64 or arm64,: it needs a C compiler with its headers, like the packages gcc and libc6-dev)
endif

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: build
build: ## build bin/cnn-gpu, with CUDA where there is a C compiler
	$(GO) build -tags '$(TAGS)' -o $(BIN) ./cmd/cnn-gpu
	@echo '$(BIN) is built $(WITH)'

.PHONY: run
run: build ## build, and train the default: the tutorial's network on drawn digits
	$(BIN) train

.PHONY: test
test: ## run every test that this machine allows
	CGO_ENABLED=0 $(GO) build ./...
	$(GO) test -tags '$(TAGS)' -timeout 14m ./...

.PHONY: race
race: ## run the tests under the race detector (needs a C compiler)
	$(GO) test -race -short -timeout 30m ./kernels/... ./device ./model/... ./train/... ./cmd/...

QEMU := $(shell command -v qemu-aarch64 || command -v qemu-aarch64-static)
.PHONY: arm64
arm64: ## run the tests of the kernels as on an arm64 machine, under QEMU
ifeq ($(QEMU),)
	@echo 'skipped: make arm64 (no qemu-aarch64, like the package qemu-user)'
else
	GOARCH=arm64 CGO_ENABLED=0 $(GO) vet ./kernels/...
	GOARCH=arm64 CGO_ENABLED=0 $(GO) test -short -exec $(QEMU) -skip TestGeneratedAssembly ./kernels
endif

.PHONY: lint
lint: ## gofmt, vet and staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	CGO_ENABLED=0 $(GO) vet ./...
	$(GO) vet -tags '$(TAGS)' ./...
	$(GO) tool staticcheck -tags '$(TAGS)' ./...

# The wheel holds a second copy of the library, half of its 217 MB, that nobody needs here.
NVRTC_PACKAGE ?= nvidia-cuda-nvrtc-cu12==12.9.*
.PHONY: nvrtc
nvrtc: ## bring NVIDIA's run-time compiler into .cache/nvrtc (needs Python with pip)
	@python3 -m pip --version >/dev/null 2>&1 || { echo 'make nvrtc: needs Python with pip, like the package python3-pip'; exit 1; }
	@rm -rf .cache/nvrtc.part && mkdir -p .cache
	python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --target .cache/nvrtc.part '$(NVRTC_PACKAGE)'
	@rm -f .cache/nvrtc.part/nvidia/*/lib/libnvrtc*.alt.so* && rm -rf .cache/nvrtc && mv .cache/nvrtc.part .cache/nvrtc
	@ls .cache/nvrtc/nvidia/*/lib/libnvrtc.so.*

# What a GPU host needs to check and time everything, with no network and no Go; it runs at once where there is a GPU.
.PHONY: gpu
gpu: build ## pack all GPU checks and benchmarks into bin/gpu, and run them if there is a GPU
	@test -d .cache/nvrtc || $(MAKE) nvrtc
	rm -rf bin/gpu && mkdir -p bin/gpu/nvrtc
	cp .cache/nvrtc/nvidia/*/lib/libnvrtc*.so.* bin/gpu/nvrtc
	for p in device device/driver train; do \
		mkdir -p bin/gpu/tests/$$(basename $$p) && $(GO) test -c -tags cuda -o bin/gpu/tests/$$(basename $$p)/$$(basename $$p).test ./$$p || exit 1; \
		if test -d $$p/testdata; then cp -r $$p/testdata bin/gpu/tests/$$(basename $$p); fi; \
	done
	cp .ci/gpu bin/gpu/run && cp $(BIN) bin/gpu
	@if command -v nvidia-smi >/dev/null; then bin/gpu/run; else echo 'no GPU here: copy bin/gpu to a host that has one, and start ./run'; fi

.PHONY: env
env: ## print what `go test -tags cuda` and editors need: eval "$$(make -s env)"
	@echo 'export CGO_CFLAGS="$(CGO_CFLAGS)"'

.PHONY: fuzz
fuzz: ## fuzz each parser for a minute
	$(GO) test -run '^$$' -fuzz FuzzReadIDX -fuzztime 60s ./train/data
	$(GO) test -run '^$$' -fuzz FuzzParse -fuzztime 60s -fuzzminimizetime 10x ./model
	$(GO) test -run '^$$' -fuzz FuzzDecode -fuzztime 60s ./model/safetensors
	$(GO) test -run '^$$' -fuzz FuzzParse -fuzztime 60s ./device/sim/ptx

.PHONY: bench
bench: ## time every op on this machine
	$(GO) test -run '^$$' -bench . ./kernels

.PHONY: generate
generate: ## write the generated code anew
	$(GO) generate ./...

.PHONY: clean
clean: ## remove what was built and trained
	rm -rf bin runs .cache
