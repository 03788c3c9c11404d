"""The shape of the project: layers, public names, randomness and layout stay as they were drawn."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
import torch

from gan_tutorial import data, experiments, losses, metrics, networks, notebook, training

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gan_tutorial"
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")

# A star: no module knows a sibling. An edge is added here and explained in CONTRIBUTING.md.
EDGES = {("training", "ensemble"), ("experiments", "training")}
# What any module may use: they know none of the others.
COMMON = {"checks", "fingerprint"}

# Top-level names; CONTRIBUTING.md says why each exists.
FOLDERS = {"book", "notebooks", "gan_tutorial", "tests", "tools", ".ci", ".github"}


def imports(path: Path) -> set[str]:
    """Return every module that a file imports, wherever the statement stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "gan_tutorial" if node.level else node.module or ""
            inner = f"{base}.{node.module}" if node.level and node.module else base
            found |= {inner} | {f"{inner}.{alias.name}" for alias in node.names}
    return found


def siblings(path: Path) -> set[str]:
    names = {name.split(".")[1] for name in imports(path) if name.startswith("gan_tutorial.")}
    return names & set(MODULES)


def test_the_import_graph_is_a_star() -> None:
    found = {(module, other) for module in MODULES for other in siblings(PACKAGE / f"{module}.py")}
    assert {(module, other) for module, other in found if other not in COMMON} == EDGES
    assert not [module for module, _ in found if module in COMMON]


def test_an_edge_of_any_spelling_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    for line in (
        "import gan_tutorial.losses",
        "from gan_tutorial import losses",
        "from gan_tutorial.losses import r1",
        "from . import losses",
        "from .losses import r1",
        "def f():\n    from gan_tutorial.losses import r1",
    ):
        file.write_text(line, encoding="utf-8")
        assert siblings(file) == {"losses"}, line


def test_only_notebook_imports_ipython() -> None:
    users = {
        module
        for module in MODULES
        if any(name.split(".")[0] == "IPython" for name in imports(PACKAGE / f"{module}.py"))
    }
    assert users == {"notebook"}


# --- Public names --------------------------------------------------------------------------------

# What chapters and readers rely on: a parameter may be added behind these, none may go or move.
SIGNATURES = [
    (networks.Generator, "noise_dim"),
    (networks.Discriminator, ""),
    (networks.MLPGenerator, "noise_dim data_dim width depth"),
    (networks.MLPDiscriminator, "data_dim width depth"),
    (networks.Packed, "D size"),
    (networks.MinibatchStd, "group"),
    (networks.spectral, "network"),
    (data.gaussian, "mean std"),
    (data.uniform, "low high"),
    (data.mixture, ""),
    (data.ring, ""),
    (data.grid, ""),
    (losses.r1, "gamma"),
    (losses.r2, "gamma"),
    (losses.gradient_penalty, "gamma target"),
    (losses.clipping, "bound"),
    (losses.smoothed, "loss real"),
    (training.train, "G D target"),
    (training.linear, "start end"),
    (training.geometric, "start end"),
    (metrics.wasserstein_distance, "x y"),
    (metrics.js_divergence, "x y"),
    (metrics.transport_distance, "x y"),
    (metrics.kernel_distance, "x y kernel"),
    (metrics.cubic_kernel, "x y"),
    (metrics.gaussian_kernel, "width"),
    (metrics.frechet_distance, "x y"),
    (metrics.frechet_distance_of_gaussians, "mean_x cov_x mean_y cov_y"),
    (metrics.precision_recall, "x_real x_fake"),
    (metrics.density_coverage, "x_real x_fake"),
    (metrics.mode_coverage, "x_fake centres std"),
    (metrics.noise_floor, "metric target n"),
    (experiments.Result.differences, "self variant"),
    (notebook.start, ""),
    (notebook.claim, "sentence value"),
    (notebook.exercise, "number check"),
    (notebook.show_source, ""),
]
KEYWORDS = [
    (
        training.train,
        "loss penalty penalty_every penalty_schedule constrain instance_noise "
        "ema schedule batch_size lr betas d_steps steps replicas seed",
    ),
    (metrics.precision_recall, "neighbours"),
    (metrics.density_coverage, "neighbours"),
    (metrics.noise_floor, "repeats seed"),
    (experiments.Study, "base variants measure seeds seed"),
    (experiments.Study.run, "cache progress"),
    (experiments.Result.table, "margin level"),
    (notebook.claim, "below above seeds"),
    (data.Target.sample, "seed"),
    (training.Run.sample, "seed"),
]


@pytest.mark.parametrize(("function", "names"), SIGNATURES)
def test_positional_names_are_kept(function: object, names: str) -> None:
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    wanted = names.split()
    assert positional[: len(wanted)] == wanted


@pytest.mark.parametrize(("function", "names"), KEYWORDS)
def test_keyword_names_are_kept(function: object, names: str) -> None:
    parameters = inspect.signature(function).parameters  # type: ignore[arg-type]
    for name in names.split():
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY, name


def test_a_loss_is_a_pair_of_callables_on_logits() -> None:
    for loss in losses.LOSSES.values():
        assert isinstance(loss, losses.Loss)
        assert loss._fields[:2] == ("d", "g")
        for part in loss[:2]:
            assert list(inspect.signature(part).parameters) == ["real_logits", "fake_logits"]


def test_what_metrics_return_keeps_its_names() -> None:
    assert metrics.PrecisionRecall._fields == ("precision", "recall")
    assert metrics.DensityCoverage._fields == ("density", "coverage")
    fields = ("captured", "captured_20", "high_quality", "spread", "reverse_kl")
    assert metrics.ModeCoverage._fields == fields


@pytest.mark.parametrize("module", MODULES)
def test_public_names_are_documented_and_typed(module: str) -> None:
    namespace = importlib.import_module(f"gan_tutorial.{module}")
    assert namespace.__doc__
    for name, thing in vars(namespace).items():
        if name.startswith("_") or getattr(thing, "__module__", "") != namespace.__name__:
            continue
        if inspect.isfunction(thing) or inspect.isclass(thing):
            assert thing.__doc__, f"{module}.{name} has no docstring"
        if inspect.isfunction(thing):
            hints = {**thing.__annotations__}
            missing = set(inspect.signature(thing).parameters) - hints.keys()
            assert not missing, f"{module}.{name} does not say the types of {sorted(missing)}"
            assert "return" in hints, f"{module}.{name} does not say what it returns"


# --- Randomness ----------------------------------------------------------------------------------

GLOBAL_DRAWS = {
    *(f"torch.{name}" for name in ("rand", "randn", "randint", "randperm", "normal", "bernoulli")),
    *(f"torch.{name}" for name in ("multinomial", "rand_like", "randn_like", "manual_seed")),
    "torch.seed",
    "torch.random.manual_seed",
}


def global_draws(source: str) -> list[str]:
    """Return the calls in a module that use the global generator outside ``fork_rng``."""
    found: list[str] = []

    def visit(node: ast.AST, forked: bool) -> None:
        if isinstance(node, ast.With):
            forked = forked or "fork_rng" in ast.unparse(node.items[0].context_expr)
        if isinstance(node, ast.Call) and not forked:
            name = ast.unparse(node.func)
            own = any(keyword.arg == "generator" for keyword in node.keywords)
            if (name in GLOBAL_DRAWS and not own) or name.startswith(("random.", "np.random.")):
                found.append(ast.unparse(node))
        for child in ast.iter_child_nodes(node):
            visit(child, forked)

    visit(ast.parse(source), forked=False)
    return found


@pytest.mark.parametrize("module", MODULES)
def test_no_module_draws_from_the_global_generator(module: str) -> None:
    assert global_draws((PACKAGE / f"{module}.py").read_text(encoding="utf-8")) == []


def test_a_global_draw_would_be_seen() -> None:
    assert global_draws("x = torch.rand(3)") == ["torch.rand(3)"]
    assert global_draws("x = torch.rand(3, generator=g)") == []
    assert global_draws("with torch.random.fork_rng():\n    torch.manual_seed(3)") == []


def test_training_and_sampling_leave_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    G, D = networks.Generator(noise_dim=2), networks.Discriminator()
    target = data.gaussian(mean=0.3, std=0.15)
    before = torch.get_rng_state()
    for replicas in (1, 2):
        run = training.train(
            G,
            D,
            target,
            loss=losses.nonsaturating,
            batch_size=4,
            steps=2,
            replicas=replicas,
            seed=0,
        )
        run.sample(3, seed=1)
    target.sample(3, seed=2)
    data.ring().sample(3, seed=2)
    assert torch.equal(torch.get_rng_state(), before)


# --- Layout --------------------------------------------------------------------------------------


def tracked() -> list[str]:
    """Return the paths that belong to the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.split("\0") if name]


def test_no_other_top_level_folder() -> None:
    assert {name.split("/")[0] for name in tracked() if "/" in name} <= FOLDERS


def test_what_is_built_is_not_kept() -> None:
    built = ("_build/", ".venv/", "__pycache__", ".egg-info", ".ipynb_checkpoints", ".coverage")
    assert [name for name in tracked() if any(part in name for part in built)] == []


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_its_tests(module: str) -> None:
    assert (ROOT / "tests" / f"test_{module}.py").exists()


def test_requirements_are_pinned_exactly() -> None:
    for name in ("requirements.txt", "constraints.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            line = line.split("#")[0].strip()
            if line and line != "-e .":
                assert line.count("==") == 1, f"{name}: {line}"
                assert "+" not in line, f"{name}: {line} names a build of one machine"


def test_the_makefile_suits_an_old_make() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in (".ONESHELL", "$(file", "&:", "!=", ".SHELLFLAGS", "undefine"):
        assert word not in text, f"{word} needs a newer make than 3.81"


# --- Words ---------------------------------------------------------------------------------------


def in_order(word: str) -> str:
    """Return what a word is sorted by: its letters, without accents, capitals and hyphens."""
    return re.sub("[^a-z]", "", unicodedata.normalize("NFD", word.lower()))


def twice(words: list[str]) -> list[str]:
    return [word for word, times in Counter(words).items() if times > 1]


def test_each_word_of_the_glossary_stands_once_and_in_its_place() -> None:
    text = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
    (body,) = re.findall(r"```\{glossary\}\n(.*?)\n```", text, flags=re.DOTALL)
    entries = [entry.split("\n") for entry in body.split("\n\n")]
    for entry in entries:  # the word, then the Chinese one and what it means
        assert len(entry) == 2, entry
        assert re.match(r"  \[.+\]\{\.zh ", entry[1]), entry
    words = [word for word, _ in entries]
    assert words == sorted(words, key=in_order)
    assert twice([in_order(word) for word in words]) == []


def test_each_symbol_of_the_notation_and_each_source_stands_once() -> None:
    notation = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")
    rows = [re.split(r" \| ", line.strip("| ")) for line in notation.splitlines() if "|" in line]
    symbols = [row[0] for row in rows if not set(row[0]) <= set("-|")]
    headings = ["symbol", "in code"]  # of each table
    assert set(twice(symbols)) <= set(headings)
    assert len(symbols) > 30
    sources = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{(.+),$", sources, flags=re.MULTILINE)
    titles = re.findall(r"^ *title *= *\{(.+)\},?$", sources, flags=re.MULTILINE)
    assert len(keys) == len(titles) > 30
    assert twice(keys) == twice(titles) == []
