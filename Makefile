# One command builds the site, one proves it; both do their own set-up in .venv.
# Works with GNU Make 3.81 and any POSIX shell.

VENV = .venv/bin
PORT = 8000
CHAPTER =
ALL ?=
FIRST =
BLOCK =

export OMP_NUM_THREADS = 1
export MKL_NUM_THREADS = 1
export TQDM_DISABLE = 1
export PYTHONHASHSEED = 0
# glibc would give freed memory back at every step of training, and ask for it again
export MALLOC_MMAP_THRESHOLD_ = 33554432
export MALLOC_TRIM_THRESHOLD_ = 268435456
export PYTHON

.PHONY: help setup book serve test lab notebooks records experiments mutants bench clean

help:
	@echo "make book                    build the site from the stored chapters, warnings are errors"
	@echo "make serve [PORT=8000]       serve the built site on this machine"
	@echo "make test                    prove everything: style, types, package, chapters, site,"
	@echo "                             but for what was proven here and has not changed since"
	@echo "make test ALL=1              prove everything again"
	@echo "make test CHAPTER=03         prove one chapter"
	@echo "make lab                     open the chapters in JupyterLab"
	@echo "make notebooks [CHAPTER=03]  run the chapters and store their outputs"
	@echo "make records [CHAPTER=03]    repeat every claim on 20 blocks of fresh seeds, keep the record;"
	@echo "             [FIRST=21]      on the blocks from 21 on"
	@echo "make experiments [CHAPTER=08]  run the long studies that chapters read from files;"
	@echo "             [BLOCK=1]       again on fresh seeds, kept beside the first"
	@echo "make mutants                 break the mathematics on purpose; the tests must notice"
	@echo "make bench                   time train() against a loop written the usual way"
	@echo "make clean                   remove what was built; .venv stays"
	@echo
	@echo "Each makes .venv first, if need be. PYTHON=python3.12 chooses the interpreter."

setup:
	@sh tools/environment.sh

book: setup
	@$(VENV)/python tools/build.py

serve: setup
	@test -f _build/html/index.html || $(VENV)/python tools/build.py
	@echo "Open http://127.0.0.1:$(PORT)/ (Ctrl-C stops the server)"
	@$(VENV)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

test: setup
	@$(VENV)/python tools/check.py $(CHAPTER) $(if $(ALL),--all)

lab: setup
	@TQDM_DISABLE= $(VENV)/python -m jupyterlab notebooks \
	  $$(test "$$(id -u 2>/dev/null)" = 0 && echo --allow-root) # which Jupyter asks of root

notebooks: setup
	@$(VENV)/python tools/execute.py $(CHAPTER)

records: setup
	@$(VENV)/python tools/record.py $(CHAPTER) $(if $(FIRST),--first $(FIRST))

experiments: setup
	@$(VENV)/python tools/experiments.py $(CHAPTER) $(if $(BLOCK),--block $(BLOCK))

mutants: setup
	@$(VENV)/python tools/mutants.py

bench: setup
	@$(VENV)/python -m pytest tests/benchmarks/bench_training.py -q -s -p no:cacheprovider \
	  -o python_functions='bench_*' --benchmark-only --benchmark-timer=time.process_time

clean:
	rm -rf _build .cache .pytest_cache .mypy_cache .ruff_cache .coverage .benchmarks *.egg-info
	find gan_tutorial tests tools book -name __pycache__ -prune -exec rm -rf {} +
