# `make train` and `make test` are all that is needed: each installs what is missing and builds.
CONFIGURATION := -c release
GANYMEDE := .build/release/ganymede
ONEDNN_FLAGS = $(if $(filter 3,$(ONEDNN)),$(shell scripts/onednn3))

.PHONY: all build train studio test-studio flagship health test test-mpi test-slow torture sanitize fuzz docs race scale scale-ranks busy precision quality evaluators check lint format setup golden clean test-lessons lessons

all: build

setup:
	@scripts/setup

build: setup
	swift build $(CONFIGURATION) --product ganymede

# Some 45 to 60 seconds on two cores with AVX-512, five minutes on older ones.
train: build
	$(GANYMEDE) train

# Trains on the embedded digits with the page that shows and steers the run.
studio: build
	$(GANYMEDE) train --studio

# The studio in a real browser: some three minutes.
test-studio: build
	@scripts/setup studio
	python3 -m venv .build/browser
	.build/browser/bin/pip install --quiet selenium axe-core-python
	.build/browser/bin/python Tests/Browser/studio_test.py $(GANYMEDE) $(PICTURES)

# `make test ONEDNN=3` runs the tests with oneDNN 3.2 in place of the system's.
test: setup
	$(if $(filter 3,$(ONEDNN)),@scripts/onednn3 >/dev/null)
	swift build $(CONFIGURATION) $(ONEDNN_FLAGS) --build-tests
	swift test $(CONFIGURATION) $(ONEDNN_FLAGS) --skip-build

# Runs on several ranks, under Open MPI and MPICH: some three minutes.
test-mpi: setup
	@scripts/setup mpi
	swift build $(CONFIGURATION) --build-tests
	GANYMEDE_MPI=1 swift test $(CONFIGURATION) --skip-build --filter 'RankTests'

# The notebook and the PyTorch page of docs/lessons: two minutes, and PyTorch is fetched the first time.
test-lessons: build
	@scripts/setup lessons
	.build/lessons/bin/python Tests/Lessons/run.py $(GANYMEDE)

# Every preset at full width on real digits, and the report in a browser: some ten minutes.
test-slow: setup
	@scripts/setup slow
	swift build $(CONFIGURATION) --build-tests
	GANYMEDE_SLOW=1 swift test $(CONFIGURATION) --skip-build --filter 'TrainingQualityTests|BrowserTests'

# Kills, disk faults, damage, leaks: an hour on two idle cores. docs/reliability.md has the figures.
torture: setup
	swift build $(CONFIGURATION) --build-tests
	GANYMEDE_TORTURE=1 swift test $(CONFIGURATION) --skip-build --filter 'LeakTests' --no-parallel
	GANYMEDE_TORTURE=1 swift test $(CONFIGURATION) --skip-build --filter 'CrashTests|DamageTests|LockTests'

# The C code and what calls it under sanitizers: addresses and undefined behaviour, then threads. Some 15 minutes.
sanitize: setup
	scripts/sanitize

# A million inputs for each parser, made by libFuzzer: half an hour. FUZZ="idx npy" and RUNS=1000 make it shorter.
fuzz:
	scripts/fuzz "$(RUNS)" $(FUZZ)

# The presets here and in the other frameworks, in turns: half an hour on two idle cores.
# RACE="--presets mlp --seconds 2" and the like make it shorter.
race: build
	@scripts/setup race
	python3 -m venv Benchmarks/peers/venv
	Benchmarks/peers/venv/bin/pip install --quiet numpy jax tensorflow-cpu keras torch safetensors
	Benchmarks/peers/venv/bin/python Benchmarks/race.py $(RACE)

# What docs/quality.md promises of the flagship presets: some hours on two idle cores.
flagship: build
	python3 Benchmarks/flagship.py --write

# How often `ganymede doctor` is right, on runs broken on purpose and on healthy ones: some 20 minutes.
health: build
	python3 Benchmarks/health.py

# How our time per image grows with the batch and the images' side: some 10 minutes on two idle cores.
scale: build
	python3 Benchmarks/scale.py

# What several ranks cost and bring: five minutes on two idle cores.
scale-ranks: build
	@scripts/setup mpi
	python3 Benchmarks/ranks.py

# Two threads against one while another process is busy: a minute or two.
busy: build
	python3 Benchmarks/busy.py

# The same seeds in f32 and in bf16: some 6 minutes.
precision: build
	python3 Benchmarks/precision.py

# Every run of docs/lessons with three seeds, and on the kernels of older processors: the figures, the weights and what the check
# prints. Build again after it: the command embeds the weights. Some 30 minutes.
lessons: build
	python3 Benchmarks/lessons.py

# Trains the classifiers that are shipped inside the command: some seven minutes on two cores. The files name the
# commands that made them, which give the same bits on the same processor and libraries. Their SHA-256 goes into
# ShippedEvaluators.
evaluators: build
	$(GANYMEDE) evaluator train --data mnist -o Sources/CResources/evaluators/mnist.safetensors
	$(GANYMEDE) evaluator train --data fashion-mnist --held-share 0.2 --epochs 16 \
		-o Sources/CResources/evaluators/fashion-mnist.safetensors
	sha256sum Sources/CResources/evaluators/*.safetensors

# Trains every preset to its document's length and evaluates it: some two hours. Resumes where it was stopped.
quality: build
	python3 Benchmarks/quality.py --gan-train

# Folders of the library, from the ground up: none uses a later one.
LAYERS := Support Formats Imaging Data NN Optimizers Losses Regularizers Models Runs Metrics Evaluation Health Report Training Lessons

lint:
	swift format lint --strict --recursive Sources Tests Examples Package.swift
	python3 scripts/layers.py Sources/Engine Graph Ops Ranks Backends Programs
	python3 scripts/layers.py Sources/Ganymede $(LAYERS)

format:
	swift format --in-place --recursive Sources Tests Examples Package.swift

# Warnings are errors in Package.swift, so the tests' build checks them.
check: lint test

# Rewrites the golden files: look at the difference before committing it.
golden: setup
	swift build $(CONFIGURATION) --build-tests
	GANYMEDE_UPDATE_GOLDEN=1 swift test $(CONFIGURATION) --skip-build --filter 'NetworkTests|PresetTests|MessageTests|DataCommandTests|GlossaryTests'

# The documentation's site in .build/docs: half a minute.
docs: setup
	scripts/docs

clean:
	rm -rf .build
