"""The shape of the project: layers, public names, randomness and layout stay as they were drawn."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import subprocess
import tomllib
import types
import unicodedata
from collections import Counter
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import torch

from gan_tutorial import data, experiments, losses, metrics, networks, notebook, training

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gan_tutorial"
# A module is a file, or a folder of files whose __init__ gives its public names.
MODULES = sorted(
    {path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    | {path.parent.name for path in PACKAGE.glob("*/*.py")}
)
LINES = 400  # the longest file

# A star: no module knows a sibling. An edge is added here and explained in CONTRIBUTING.md.
EDGES = {("training", "ensemble"), ("experiments", "training")}
# What any module may use: they know none of the others.
COMMON = {"checks", "fingerprint"}

# Top-level names; CONTRIBUTING.md says why each exists.
FOLDERS = {"book", "notebooks", "gan_tutorial", "tests", "tools", ".ci", ".github"}


def files(module: str) -> list[Path]:
    """Return the file that a module is, or the files in its folder."""
    folder = PACKAGE / module
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{module}.py"]


FOLDER_MODULES = [module for module in MODULES if (PACKAGE / module).is_dir()]
ALL_FILES = sorted(PACKAGE.rglob("*.py"))


def package_of(path: Path) -> list[str]:
    """Return the package that a file stands in, such as gan_tutorial, losses."""
    parts = path.parent.parts
    if "gan_tutorial" not in parts:
        return ["gan_tutorial"]
    return list(parts[len(parts) - 1 - parts[::-1].index("gan_tutorial") :])


def imports(path: Path) -> set[str]:
    """Return every module or name that a file imports, wherever the statement stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package_of(path)
            base = above[: len(above) + 1 - node.level] if node.level else []
            inner = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{inner}.{alias.name}" for alias in node.names}
    return found


def siblings(path: Path) -> set[str]:
    """Return the modules of the package that a file imports; its own, if it stands in a folder."""
    names = {name.split(".")[1] for name in imports(path) if name.startswith("gan_tutorial.")}
    return names & set(MODULES)


def neighbours(folder: Path) -> dict[str, set[str]]:
    """Return which files of its folder each file imports."""
    names, graph = {path.stem for path in folder.glob("*.py")}, {}
    for path in folder.glob("*.py"):
        inner = [name.split(".")[2:] for name in imports(path) if own(name, folder.name)]
        graph[path.stem] = {
            rest[0] if rest and rest[0] in names else "__init__" for rest in inner
        } - ({"__init__"} if path.stem == "__init__" else set())
    return graph


def own(name: str, module: str) -> bool:
    """Return whether a dotted name is a module of the package, or stands inside it."""
    return f"{name}.".startswith(f"gan_tutorial.{module}.")


def test_the_import_graph_is_a_star() -> None:
    found = {
        (module, other)
        for module in MODULES
        for path in files(module)
        for other in siblings(path) - {module}
    }
    assert {(module, other) for module, other in found if other not in COMMON} == EDGES
    assert not [module for module, _ in found if module in COMMON]


def test_an_edge_of_any_spelling_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    for line in (
        "import gan_tutorial.losses",
        "from gan_tutorial import losses",
        "from gan_tutorial.losses import r1",
        "from gan_tutorial.losses.penalties import r1",
        "from . import losses",
        "from .losses import r1",
        "def f():\n    from gan_tutorial.losses import r1",
    ):
        file.write_text(line, encoding="utf-8")
        assert siblings(file) == {"losses"}, line
    inner = tmp_path / "gan_tutorial" / "metrics" / "line.py"
    inner.parent.mkdir(parents=True)
    for line in ("from .. import losses", "from ..losses import r1"):
        inner.write_text(line, encoding="utf-8")
        assert siblings(inner) == {"losses"}, line


@pytest.mark.parametrize("module", FOLDER_MODULES)
def test_inside_a_folder_imports_go_downwards(module: str) -> None:
    TopologicalSorter(neighbours(PACKAGE / module)).prepare()
    folders = [path.name for path in (PACKAGE / module).iterdir() if path.is_dir()]
    assert set(folders) <= {"__pycache__", "stored"}, "a folder in a folder"


@pytest.mark.parametrize(
    ("upper", "lower"),
    [
        ("from gan_tutorial.losses.lower import b", "from gan_tutorial.losses.upper import a"),
        ("from .lower import b", "from . import upper"),
        ("from gan_tutorial.losses.lower import b", "from gan_tutorial import losses"),
        ("from gan_tutorial.losses.lower import b", "def f():\n    from .. import losses"),
    ],
)
def test_a_cycle_inside_a_folder_would_be_seen(tmp_path: Path, upper: str, lower: str) -> None:
    folder = tmp_path / "gan_tutorial" / "losses"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("from gan_tutorial.losses.upper import a")
    (folder / "upper.py").write_text(upper)
    (folder / "lower.py").write_text("import torch")
    TopologicalSorter(neighbours(folder)).prepare()
    (folder / "lower.py").write_text(lower)
    with pytest.raises(CycleError):
        TopologicalSorter(neighbours(folder)).prepare()


@pytest.mark.parametrize(
    "path", [*ALL_FILES, *sorted((ROOT / "tools").rglob("*.py"))], ids=lambda path: path.name
)
def test_no_file_is_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES


def test_every_folder_is_installed() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        patterns = tomllib.load(file)["tool"]["setuptools"]["packages"]["find"]["include"]
    for package in {path.parent for path in ALL_FILES}:
        assert (package / "__init__.py").exists(), package
        name = ".".join(package.relative_to(ROOT).parts)
        assert any(fnmatch(name, pattern) for pattern in patterns), name


def test_only_notebook_imports_ipython() -> None:
    users = {
        module
        for module in MODULES
        for path in files(module)
        if any(name.split(".")[0] == "IPython" for name in imports(path))
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
    (networks.PixelGenerator, "noise_dim shape width depth"),
    (networks.PixelDiscriminator, "shape width depth"),
    (networks.DCGANGenerator, "noise_dim shape width norm"),
    (networks.DCGANDiscriminator, "shape width norm"),
    (networks.UpsampleGenerator, "noise_dim shape width norm"),
    (networks.ResidualGenerator, "noise_dim shape width"),
    (networks.ResidualDiscriminator, "shape width"),
    (networks.StyleGenerator, "noise_dim shape width mapping_depth"),
    (networks.Classifier, "shape classes width features"),
    (networks.Labelled, "G classes dim"),
    (networks.ConcatDiscriminator, "D classes"),
    (networks.ProjectionDiscriminator, "D classes"),
    (networks.AuxiliaryDiscriminator, "D classes"),
    (networks.UNet, "noise_dim shape width"),
    (networks.PatchDiscriminator, "shape width depth"),
    (networks.receptive_field, "network"),
    (networks.ledger, "network"),
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
    (losses.auxiliary, "weight"),
    (losses.reconstruction, "weight power"),
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
        "loss penalty g_penalty penalty_every penalty_schedule constrain instance_noise "
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
    keywords = {name for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    if function is training.train:  # which takes the rules of the game by their names
        assert any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        keywords |= {field.name for field in dataclasses.fields(training.Rules)}
    assert set(names.split()) <= keywords


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


def public(module: str) -> dict[str, object]:
    """Return the names that a module gives to others."""
    namespace = vars(importlib.import_module(f"gan_tutorial.{module}"))
    return {
        name: thing
        for name, thing in namespace.items()
        if not name.startswith("_") and not isinstance(thing, types.ModuleType)
    }


@pytest.mark.parametrize("module", MODULES)
def test_public_names_are_documented_and_typed(module: str) -> None:
    assert importlib.import_module(f"gan_tutorial.{module}").__doc__
    seen = 0
    for name, thing in public(module).items():
        if not own(getattr(thing, "__module__", None) or "", module):
            continue
        if inspect.isfunction(thing) or inspect.isclass(thing):
            assert thing.__doc__, f"{module}.{name} has no docstring"
            seen += 1
        if inspect.isfunction(thing):
            hints = {**thing.__annotations__}
            missing = set(inspect.signature(thing).parameters) - hints.keys()
            assert not missing, f"{module}.{name} does not say the types of {sorted(missing)}"
            assert "return" in hints, f"{module}.{name} does not say what it returns"
    assert seen, f"{module} has no public names"


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.name)
def test_every_file_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", FOLDER_MODULES)
def test_a_folder_lists_the_names_that_it_gives(module: str) -> None:
    listed = importlib.import_module(f"gan_tutorial.{module}").__all__
    assert twice(listed) == []
    assert set(listed) == public(module).keys()


def test_the_api_page_has_every_public_name() -> None:
    pages = sorted((ROOT / "book").glob("api*.md"))
    page = "\n".join(path.read_text(encoding="utf-8") for path in pages)
    shown = re.findall(r"^\.\. automodule:: gan_tutorial\.(\w+)$", page, flags=re.MULTILINE)
    assert sorted(shown) == sorted(set(MODULES) - COMMON)
    for module in FOLDER_MODULES:
        for name, thing in public(module).items():
            # functions and classes have entries, made from their docstrings; data has none
            if not inspect.isfunction(thing) and not inspect.isclass(thing):
                assert f"`{module}.{name}`" in page, f"{module}.{name} is not on the page"


# --- Randomness ----------------------------------------------------------------------------------

IN_PLACE = ("bernoulli_", "exponential_", "normal_", "random_", "uniform_")
GLOBAL_DRAWS = {
    *(f"torch.{name}" for name in ("rand", "randn", "randint", "randperm", "normal", "bernoulli")),
    *(f"torch.{name}" for name in ("multinomial", "rand_like", "randn_like", "manual_seed")),
    "torch.seed",
    "torch.set_rng_state",
    "torch.random.manual_seed",
}
LOOKS = {"np.random.get_state"}  # draws nothing


def global_draws(source: str) -> list[str]:
    """Return the calls in a file that use the global generator, unless it is lent to them."""
    found: list[str] = []

    def visit(node: ast.AST, forked: bool) -> None:
        if isinstance(node, ast.With):
            managers = " ".join(ast.unparse(item.context_expr) for item in node.items)
            forked = forked or "fork_rng(" in managers or "global_stream(" in managers
        if isinstance(node, ast.Call) and not forked:
            name = ast.unparse(node.func)
            if name.startswith("nn.init."):  # draws as a layer's own reset_parameters does
                return
            own = any(keyword.arg == "generator" for keyword in node.keywords)
            draws = name in GLOBAL_DRAWS or name.endswith(tuple(f".{n}" for n in IN_PLACE))
            numpys = name.startswith(("random.", "np.random.")) and name not in LOOKS
            if (draws and not own) or numpys:
                found.append(ast.unparse(node))
        for child in ast.iter_child_nodes(node):
            visit(child, forked)

    visit(ast.parse(source), forked=False)
    return found


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.name)
def test_no_file_draws_from_the_global_generator(path: Path) -> None:
    assert global_draws(path.read_text(encoding="utf-8")) == []


def test_a_global_draw_would_be_seen() -> None:
    assert global_draws("x = torch.rand(3)") == ["torch.rand(3)"]
    assert global_draws("x = torch.rand(3, generator=g)") == []
    assert global_draws("x.normal_()") == ["x.normal_()"]
    assert global_draws("x.normal_(generator=g)") == []
    assert global_draws("nn.init.normal_(weight)") == []
    for lent in ("torch.random.fork_rng()", "lock, global_stream()"):
        assert global_draws(f"with {lent}:\n    torch.manual_seed(3)") == []


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
    """A folder of the package has a folder of tests, a file has a file."""
    if module in FOLDER_MODULES:
        assert list((ROOT / "tests" / module).glob("test_*.py"))
        assert not (ROOT / "tests" / f"test_{module}.py").exists()
    else:
        assert (ROOT / "tests" / f"test_{module}.py").exists()


def test_no_two_files_of_tests_have_one_name() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert twice(names) == []


def test_requirements_are_pinned_exactly() -> None:
    for name in ("requirements.txt", "constraints.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            line = line.split("#")[0].strip()
            if line and line != "-e .":
                assert line.count("==") == 1, f"{name}: {line}"
                assert "+" not in line, f"{name}: {line} names a build of one machine"


def test_the_makefile_suits_an_old_make() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "$(file" not in text
    makes_own = [line for line in text.splitlines() if not line.startswith("\t")]  # not the shell's
    for word in (".ONESHELL", "&:", "!=", ".SHELLFLAGS", "undefine"):
        found = [line for line in makes_own if word in line]
        assert not found, f"{word} needs a newer make than 3.81: {found}"


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
