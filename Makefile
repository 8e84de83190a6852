# `make demo` and `make test` do everything on a fresh machine; both set up .venv first.
PYTHON ?= python3
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
SHARED ?= $(or $(CATDOG_SHARED),../shared)
DATA ?= $(SHARED)/data/cats_and_dogs_filtered.zip
WEIGHTS ?= $(SHARED)/data/mobilenet_v2_1.0_no_top.weights.h5
NEGATIVES ?= $(SHARED)/data/no_pet_scenes.zip
MORE_DATA ?= $(SHARED)/data/more_pets.zip
MORE_NEGATIVES ?= $(SHARED)/data/more_scenes.zip

# Strict editable installs link file by file (mypy needs that), so a new or removed file asks for a new link.
FILES := $(shell find edge train export benchmarks -name '*.py' -o -name '*.jinja' -o -name '*.css' -o -name '*.html' -o -name '*.js' -o -name '*.svg' -o -name '*.tflite' -o -name '*.npz' | sort | cksum | cut -d' ' -f1)
INSTALLED := $(VENV)/installed-$(FILES)

.PHONY: help
help:  ## show this
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

$(VENV)/dependencies: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@# Its name of before: two packages that own the same files.
	@! $(BIN)/python -m pip show --quiet catdog 2> /dev/null || $(BIN)/python -m pip uninstall --quiet --yes catdog
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]' --config-settings editable_mode=strict
	@touch $@

$(INSTALLED): $(VENV)/dependencies
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . --config-settings editable_mode=strict
	@# Byte code now, as an installed wheel has it: where Python may not write it, every start would compile anew.
	@$(BIN)/python -m compileall -q build/__editable__*
	@rm -f $(VENV)/installed-* && touch $@

.PHONY: install
install: $(INSTALLED)  ## set up .venv with everything

.PHONY: demo
demo: install  ## the main job, offline: train, export, classify, measure; 3 to 10 minutes
	$(BIN)/python -m benchmarks.project.demo

.PHONY: test
test: lint  ## ruff, mypy, pytest without what takes minutes
	$(BIN)/python -m pytest -m 'not slow' -n 3  # on two cores: many of them wait for cameras, servers and clocks

.PHONY: test-slow
test-slow: install  ## the tests that take minutes: whole trainings, exports and packages
	$(BIN)/python -m pytest -m slow --durations 20

# On one system alone: make test-arm64 SUITE=trixie; in part: make test-arm64 ARM64='--steps install,answers --pictures 100'.
SUITE ?= bookworm

.PHONY: test-arm64
test-arm64: install  ## catdog on an emulated Raspberry Pi 4 and 5; an hour; as root, with debootstrap, qemu-user and gcc
	CATDOG_SHARED=$(SHARED) $(BIN)/python -m tests.boards.arm64 --suite "$(SUITE)" $(ARM64)

# In an environment of its own: Ray brings pandas and pyarrow, which Keras loads at every start where they are.
RAY := .venv-ray
$(RAY)/installed: pyproject.toml constraints-ray.txt
	$(PYTHON) -m venv $(RAY)
	$(RAY)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints-ray.txt --editable '.[train,ray,bench]' 'moto[server]>=5.0' 'pytest>=8.3' 'pytest-xdist>=3.6'
	@touch $@

.PHONY: test-ray
test-ray: $(RAY)/installed  ## what runs on several machines, on Ray nodes of this one; sets up .venv-ray
	CATDOG_SHARED=$(SHARED) $(RAY)/bin/python -m pytest -n 0 -m 'slow or not slow' tests/edge/test_bulk.py tests/train/test_cluster.py tests/benchmarks/test_bench_scale.py

.PHONY: test-camera
test-camera: install  ## catdog-edge against the kernel's own test cameras, as root; half an hour (CASES= CACHE= FRAMES= PATIENCE= WEBCAM=1)
	$(BIN)/python tests/boards/camera/run.py $(CASES) $(if $(CACHE),--cache $(CACHE)) $(if $(FRAMES),--frames $(FRAMES)) $(if $(WEBCAM),--webcam) $(if $(PATIENCE),--patience $(PATIENCE))

.PHONY: coverage
coverage: install  ## which lines all these tests reach; fails below 90 %
	rm -f .coverage .coverage.*
	$(BIN)/python -m pytest --cov --cov-report=
	$(BIN)/coverage report --skip-covered --sort=cover

.PHONY: lint
lint: install  ## ruff and mypy only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy benchmarks/project

# The bundled models: the temperature is fitted on training pictures that are held out; the held-back ones are read once, by the
# last step, which refuses a run that was made in another way.
RECIPE := --stage transfer --data $(DATA) --more-data $(MORE_DATA) --negatives $(NEGATIVES) --more-negatives $(MORE_NEGATIVES) \
  --negatives-share 0.3 --negative-parts 3 --backbone-weights $(WEIGHTS) --views 1 --held-out 0.05 --validate end
# first -> fast -> default, each from the one before at another size; first -> longer -> teacher -> small, which is taught by
# the teacher, -> slim, at a larger size and taught by `fast`, -> medium, with a block more at a still larger size, -> tiny, whose
# weights are averaged with those of medium.
RECIPE_first := --image-size 224 --fine-tune-epochs 2 --fine-tune-rate 1.5e-4
RECIPE_fast := --image-size 192 --start runs/first --fine-tune-epochs 2 --fine-tune-rate 1e-4
RECIPE_default := --image-size 224 --start runs/fast --fine-tune-epochs 2 --fine-tune-rate 1e-4
RECIPE_longer := --image-size 224 --start runs/first --fine-tune-epochs 1 --fine-tune-rate 1e-4
RECIPE_teacher := --image-size 160 --start runs/longer --fine-tune-epochs 2 --fine-tune-rate 1e-4
RECIPE_small := --pipeline small --image-size 128 --teacher runs/teacher --fine-tune-epochs 8 --fine-tune-rate 1e-3
RECIPE_slim := --pipeline small --image-size 160 --start runs/small --teacher runs/fast --fine-tune-epochs 10 --fine-tune-rate 1e-3
RECIPE_medium := --pipeline medium --image-size 192 --start runs/slim --teacher runs/fast --fine-tune-epochs 6 --fine-tune-rate 1e-3
RECIPE_tiny := --pipeline medium --image-size 192 --start runs/medium --teacher runs/fast --fine-tune-epochs 4 --fine-tune-rate 7e-4

.PHONY: bundled-models
bundled-models: bundled-default bundled-fast bundled-tiny  ## train and export the models that come with the package; four hours

runs/%/metrics.json: install
	$(BIN)/catdog-train $(RECIPE) $(RECIPE_$*) --output runs/$* --resume

runs/fast/metrics.json runs/longer/metrics.json: runs/first/metrics.json
runs/default/metrics.json: runs/fast/metrics.json
runs/teacher/metrics.json: runs/longer/metrics.json
runs/small/metrics.json: runs/teacher/metrics.json
runs/slim/metrics.json: runs/small/metrics.json runs/fast/metrics.json
runs/medium/metrics.json: runs/slim/metrics.json runs/fast/metrics.json
runs/tiny/metrics.json: runs/medium/metrics.json runs/fast/metrics.json

bundled-%: runs/%/metrics.json
	$(BIN)/python -m benchmarks.project.release --run runs/$* --name $* $(if $(filter tiny,$*),--average runs/medium)

.PHONY: bundled-again
bundled-again: install  ## export the bundled models again from their weights, and measure them (DATA=zip NEGATIVES=zip); minutes
	for name in default fast tiny; do \
	  $(BIN)/python -m benchmarks.project.release --again $$name --data $(DATA) --negatives $(NEGATIVES); done

.PHONY: peers
peers: install  ## catdog-edge beside other ways to run its model; builds their environments (DATA=zip); on an idle machine
	$(BIN)/catdog-bench peers --output benchmarks/results $(if $(wildcard $(DATA)),--data $(DATA))

.PHONY: constraints
constraints: install  ## write the versions in .venv to constraints.txt, after an upgrade on purpose
	{ sed -n '/^#/p' constraints.txt; $(BIN)/python -m pip freeze --all --exclude-editable --exclude pip; } > constraints.new
	mv constraints.new constraints.txt

# What is built is what git knows, at the last commit's time or SOURCE_DATE_EPOCH.
.PHONY: release
release: install  ## wheel, source, installer, list of materials and checksums into dist/; minutes
	$(BIN)/python -m benchmarks.project.distribution --output dist

# BASE: an image with Python 3.11 to 3.13 and its venv. ENGINE: docker or podman.
ENGINE ?= docker
BASE ?= docker.io/library/python:3.11-slim
IMAGE_OPTIONS ?=
.PHONY: image
image:  ## the edge runner as a container image (BASE=image ENGINE=podman)
	$(ENGINE) build --build-arg BASE=$(BASE) $(IMAGE_OPTIONS) --tag catdog-edge .

.PHONY: docs
docs: install  ## build the documentation into site/; links that lead nowhere are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: clean
clean:  ## remove .venv and everything that can be made again
	rm -rf $(VENV) $(RAY) build dist .mypy_cache .pytest_cache .ruff_cache demo-output site
