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

# Go asks git for the commit, which must be that of this folder: a tarball may lie in another repository. In a container without .git
# docker/Dockerfile names the commit by a flag for Go's linker.
VCS := $(if $(filter $(realpath $(CURDIR)),$(shell git rev-parse --show-toplevel 2>/dev/null)),auto,false)
GO_LDFLAGS ?=
.PHONY: build
build: ## build bin/cnn-gpu, with CUDA where there is a C compiler
	$(GO) build -tags '$(TAGS)' -buildvcs=$(VCS) $(if $(GO_LDFLAGS),-ldflags '$(GO_LDFLAGS)') -o $(BIN) ./cmd/cnn-gpu
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
	$(GO) test -race -short -timeout 60m ./kernels/... ./device ./model/... ./train/... ./cmd/...

QEMU := $(shell command -v qemu-aarch64 || command -v qemu-aarch64-static)
.PHONY: arm64
arm64: ## run the tests of the kernels as on an arm64 machine, under QEMU
ifeq ($(QEMU),)
	@echo 'skipped: make arm64 (no qemu-aarch64, like the package qemu-user)'
else
	GOARCH=arm64 CGO_ENABLED=0 $(GO) vet ./kernels/...
	GOARCH=arm64 CGO_ENABLED=0 $(GO) test -short -exec $(QEMU) ./kernels/cpu
endif

.PHONY: lint
lint: ## gofmt, vet and staticcheck, and shellcheck where it is installed
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	CGO_ENABLED=0 $(GO) vet ./...
	$(GO) vet -tags '$(TAGS)' ./...
	$(GO) tool staticcheck -tags '$(TAGS)' ./...
	@if command -v shellcheck >/dev/null; then shellcheck .ci/* docker/*.sh; else echo 'skipped: shellcheck (it is not installed)'; fi

# wheel brings NVIDIA's wheels for Python into a folder of .cache.
define wheel
	@python3 -m pip --version >/dev/null 2>&1 || { echo 'make $1: needs Python with pip, like the package python3-pip'; exit 1; }
	@rm -rf .cache/$1.part && mkdir -p .cache
	python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --target .cache/$1.part $(foreach package,$2,'$(package)')
	@rm -rf .cache/$1 && mv .cache/$1.part .cache/$1
endef

# The wheel holds a second copy of the library, half of its 217 MB, that nobody needs here.
NVRTC_PACKAGE ?= nvidia-cuda-nvrtc-cu12==12.9.*
.PHONY: nvrtc
nvrtc: ## bring NVIDIA's run-time compiler into .cache/nvrtc (needs Python with pip)
	$(call wheel,nvrtc,$(NVRTC_PACKAGE))
	@rm -f .cache/nvrtc/nvidia/*/lib/libnvrtc*.alt.so*
	@ls .cache/nvrtc/nvidia/*/lib/libnvrtc.so.*

# What kernels include: of the runtime cuda_fp16.h, mma.h and cooperative groups, of the compiler crt/, and cub, thrust, libcu++ and the random
# numbers of devices. Of 110 MB that come, 24 MB stay.
CUDA_HEADERS_PACKAGES ?= nvidia-cuda-runtime-cu12==12.9.* nvidia-cuda-nvcc-cu12==12.9.* nvidia-cuda-cccl-cu12==12.9.* nvidia-curand-cu12==10.3.10.*
.PHONY: cuda-headers
cuda-headers: ## bring NVIDIA's headers for kernels into .cache/cuda-headers, for `cnn-gpu sim` (needs Python with pip)
	$(call wheel,cuda-headers,$(CUDA_HEADERS_PACKAGES))
	@find .cache/cuda-headers/nvidia -mindepth 2 -maxdepth 2 ! -name include -exec rm -rf {} +
	@ls .cache/cuda-headers/nvidia/*/include/cuda_fp16.h

# TensorBoard itself and what its reader of event files imports: 90 MB, of which numpy is most; with all that the server needs it would be 160.
TENSORBOARD_PACKAGES ?= tensorboard==2.* protobuf<8 absl-py numpy
.PHONY: tensorboard
tensorboard: ## bring TensorBoard's reader into .cache/tensorboard, for the tests (needs Python with pip)
	@python3 -m pip --version >/dev/null 2>&1 || { echo 'make tensorboard: needs Python with pip, like the package python3-pip'; exit 1; }
	@rm -rf .cache/tensorboard.part && mkdir -p .cache
	python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --target .cache/tensorboard.part $(foreach package,$(TENSORBOARD_PACKAGES),'$(package)')
	@rm -rf .cache/tensorboard && mv .cache/tensorboard.part .cache/tensorboard

# The wheel for CUDA 12.9 lacks the file that starts the program, and so runs nothing. Of this one, only the tool itself is needed.
SANITIZER_PACKAGE ?= nvidia-cuda-sanitizer-api==13.5.*
.PHONY: sanitizer
sanitizer: ## bring NVIDIA's compute-sanitizer into .cache/sanitizer (needs Python with pip)
	$(call wheel,sanitizer,$(SANITIZER_PACKAGE))
	@rm -rf .cache/sanitizer/nvidia/*/compute-sanitizer/*/
	@ls .cache/sanitizer/nvidia/*/compute-sanitizer/compute-sanitizer

# What a GPU host needs to check and time everything, with no network and no Go; it runs at once where there is a GPU.
.PHONY: gpu
gpu: build ## pack all GPU checks and benchmarks into bin/gpu, and run them if there is a GPU: MNIST=DIR, BASELINE=FILE
	@test '$(TAGS)' = cuda || { echo 'make gpu: the program is built $(WITH)'; exit 1; }
	@test -d .cache/nvrtc || $(MAKE) nvrtc
	@GO='$(GO)' MNIST='$(MNIST)' BASELINE='$(BASELINE)' .ci/gpu-pack
	@if $(BIN) devices --json | grep -q '"GPU cuda:0"'; then \
		bin/gpu/run --out bin/gpu.json; \
	else \
		echo 'no GPU here: copy bin/gpu to a host that has one, and start ./run (docs/gpu-host.md)'; \
	fi

.PHONY: env
env: ## print what `go test -tags cuda` and editors need: eval "$$(make -s env)"
	@echo 'export CGO_CFLAGS="$(CGO_CFLAGS)"'

.PHONY: fuzz
fuzz: ## fuzz every reader, ten million executions in all (docs/fuzzing.md)
	$(GO) test -run '^$$' -fuzz '^FuzzPicture$$' -fuzztime 20000x -fuzzminimizetime 10x ./train/data
	$(GO) test -run '^$$' -fuzz '^FuzzPictureFile$$' -fuzztime 80000x -fuzzminimizetime 10x ./train/data
	$(GO) test -run '^$$' -fuzz '^FuzzOrientation$$' -fuzztime 100000x ./train/data
	$(GO) test -run '^$$' -fuzz '^FuzzReadIDX$$' -fuzztime 100000x ./train/data
	$(GO) test -run '^$$' -fuzz '^FuzzCIFAR$$' -fuzztime 100000x ./train/data
	$(GO) test -run '^$$' -fuzz '^FuzzNPY$$' -fuzztime 100000x ./train/data
	$(GO) test -run '^$$' -fuzz '^FuzzNPZ$$' -fuzztime 40000x -fuzzminimizetime 10x ./train/data
	$(GO) test -run '^$$' -fuzz '^FuzzManifest$$' -fuzztime 200000x -fuzzminimizetime 10x ./train/data
	$(GO) test -run '^$$' -fuzz '^FuzzParse$$' -fuzztime 80000x -fuzzminimizetime 10x ./model
	$(GO) test -run '^$$' -fuzz '^FuzzDecode$$' -fuzztime 1000000x ./device/sim
	$(GO) test -run '^$$' -fuzz '^FuzzDebugInfo$$' -fuzztime 200000x -fuzzminimizetime 10x ./device/sim/inspect
	$(GO) test -run '^$$' -fuzz '^FuzzScript$$' -fuzztime 100000x -fuzzminimizetime 10x ./device/sim/inspect
	$(GO) test -run '^$$' -fuzz '^FuzzDecode$$' -fuzztime 5500000x ./model/safetensors
	$(GO) test -run '^$$' -fuzz '^FuzzParse$$' -fuzztime 3200000x ./device/sim/ptx
	$(GO) test -run '^$$' -fuzz '^FuzzRead$$' -fuzztime 200000x ./device/sim/inspect/hostcode

.PHONY: bench
bench: ## time every op on this machine
	$(GO) test -run '^$$' -bench . ./kernels/cpu

# PyPI's PyTorch comes with CUDA, 5.5 GB in all, and does not load without it.
BENCH_PACKAGES ?= torch onnx onnxruntime numpy pyyaml
ROUNDS ?= 5
BENCH_FLAGS ?=
.PHONY: bench-cpu
bench-cpu: build ## race PyTorch and onnxruntime, brought into .cache, on the CPU: ROUNDS=5, BENCH_FLAGS='--json --only REGEXP'
	@python3 -m pip --version >/dev/null 2>&1 || { echo 'make bench-cpu: needs Python with pip, like the package python3-pip'; exit 1; }
	@test -d .cache/bench-cpu || { rm -rf .cache/bench-cpu.part && mkdir -p .cache && \
		python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .cache/bench-cpu.part $(BENCH_PACKAGES) && \
		mv .cache/bench-cpu.part .cache/bench-cpu; }
	@$(GO) test -c -o bin/cpu.test ./kernels/cpu
	@PYTHONPATH=.cache/bench-cpu python3 docs/bench/compare.py --rounds $(ROUNDS) $(BENCH_FLAGS)

.PHONY: pictures
pictures: build ## draw the README's pictures anew: of the run that it shows
	@run=$$(mktemp -d) && \
	$(BIN) train --device cpu --out $$run/run && \
	$(BIN) maps $$run/run --index 3 --out $$run/maps && \
	$(BIN) maps $$run/run --index 4 --grad-cam --layer conv2d_1 --out $$run && \
	cp $$run/run/curves.png docs/images/curves.png && \
	cp $$run/maps/03-conv2d-activation-maps.png docs/images/activation-maps.png && \
	cp $$run/grad-cam-conv2d_1-4.png docs/images/grad-cam.png && \
	rm -r $$run

.PHONY: generate
generate: ## write the generated code anew
	$(GO) generate ./...

.PHONY: clean
clean: ## remove what was built and trained
	rm -rf bin runs .cache
