"""`make experiments` finds the studies of a chapter, and says in their files what made them."""

from __future__ import annotations

import ast
import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import experiments as tool
from gan_tutorial.experiments.files import block_seed
from parts.chapters import chapters
from parts.models import again

TOOLS = Path(tool.__file__).parent
SEED = re.compile(r"\b(seed) ?= ?(\d+)\b")

CHAPTER = """\
# A chapter

```{code-cell} ipython3
from gan_tutorial import data, experiments, losses, metrics, networks
from gan_tutorial.notebook import start
SEED = start()
```

```{code-cell} ipython3
raise RuntimeError("this cell has no study")
```

```{code-cell} ipython3
:tags: [experiment]

target = data.gaussian(0.3, 0.15)
study = experiments.Study(
    base=dict(G=networks.MLPGenerator(2, width=4), D=networks.MLPDiscriminator(width=4),
              target=target, loss=losses.nonsaturating, steps=3),
    variants={"saturating": {"loss": losses.saturating}},
    measure=lambda run: metrics.wasserstein_distance(
        run.sample(20, seed=1), target.quantiles(20)),
    seeds=2, seed=7_000_000,
)
result = study.stored("results/99_study.csv")
```
"""


@pytest.fixture
def chapter(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "99_chapter.md"
    path.write_text(CHAPTER)
    monkeypatch.setattr(tool, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(tool, "CACHE", tmp_path / "cache")
    return path


def test_a_definition_is_the_first_cell_and_those_with_the_tag(chapter):
    code = tool.definition(chapter)
    assert "SEED = start()" in code
    assert "Study(" in code
    assert "RuntimeError" not in code
    assert tool.files(code) == ["results/99_study.csv"]
    chapter.write_text(CHAPTER.replace("steps=3", "steps=4"))
    assert tool.digest(tool.definition(chapter)) != tool.digest(code)
    chapter.write_text(CHAPTER.replace("no study", "none"))
    assert tool.digest(tool.definition(chapter)) == tool.digest(code)


def test_a_chapter_without_a_tag_has_no_definition(chapter, capsys):
    chapter.write_text(CHAPTER.replace(":tags: [experiment]", ""))
    assert tool.definition(chapter) == ""
    assert tool.main([str(chapter)]) == 1
    assert "no chapter named here has a study" in capsys.readouterr().err


def test_the_files_are_written_with_their_provenance_and_stay_if_the_next_run_stops(
    chapter, capsys
):
    assert tool.main([str(chapter)]) == 0
    file = chapter.parent / "results" / "99_study.csv"
    text = file.read_text()
    about = tool.provenance(file)
    assert list(about) == [
        "command", "date", "commit", "definition", "arithmetic", "seeds", "cost", "versions",
        "checksum",
    ]  # fmt: skip
    assert about["command"] == "make experiments CHAPTER=99"
    assert about["definition"] == tool.digest(tool.definition(chapter))
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    assert [row["variant"] for row in rows] == ["base", "base", "saturating", "saturating"]
    assert "99_study.csv: " in capsys.readouterr().out

    chapter.write_text(CHAPTER.replace("from gan_tutorial import", "import nothing_of_this_name,"))
    assert tool.main([str(chapter)]) == 1
    assert file.read_text() == text
    assert "stopped; what is finished is kept" in capsys.readouterr().err


def test_a_further_block_has_fresh_seeds_and_a_file_of_its_own(chapter):
    assert tool.main([str(chapter)]) == 0
    assert tool.main([str(chapter), "--block", "1"]) == 0
    first, second = (
        chapter.parent / "results" / name for name in ("99_study.csv", "99_study-1.csv")
    )
    about = tool.provenance(second)
    assert about["command"] == "make experiments CHAPTER=99 BLOCK=1"
    assert about["definition"] == tool.provenance(first)["definition"]
    assert "stream (7001500, i)" in about["seeds"]
    values = [file.read_text().splitlines()[-1].split(",")[-1] for file in (first, second)]
    assert values[0] != values[1]

    results = chapter.parent / "results"
    assert tool.kept("results/99_study.csv", chapter.parent) == {
        0: results / "99_study.csv", 1: results / "99_study-1.csv",
    }  # fmt: skip
    ((study, found),) = tool.studies(chapter).values()
    ((again, block),) = tool.studies(chapter, 1).values()
    assert (study.seed, again.seed) == (7_000_000, 7_001_500)
    assert torch.equal(found.replications[0].points["base"], block.points["base"])


def test_two_runs_at_once_do_not_disturb_each_other(chapter):
    """Both write the same file, whole: each line of its provenance stands there once."""
    code = (
        f"import sys; sys.path.insert(0, {str(TOOLS)!r})\n"
        "from pathlib import Path\n"
        "import experiments as tool\n"
        f"tool.NOTEBOOKS = Path({str(chapter.parent)!r})\n"
        "tool.CACHE = tool.NOTEBOOKS / 'cache'\n"
        f"raise SystemExit(tool.main([{str(chapter)!r}]))\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [run.wait(timeout=300) for run in runs] == [0, 0]
    (file,) = (chapter.parent / "results").iterdir()
    text = file.read_text()
    assert text.count("# command: ") == text.count("# checksum: ") == 1
    ((_, found),) = tool.studies(chapter).values()
    assert found.points["base"].shape == (2,)
    assert not list((chapter.parent / "cache").glob("*.partial"))


def test_no_block_shares_a_seed_with_another_or_with_a_chapter():
    """Chapters use SEED + 0 to 99 with SEED a multiple of 1000; studies their own numbers."""
    cells = {1, 8_000_000, 10_000_000, 10_000_001, 10_000_002, 10_000_003, 12_000_000}
    blocks = [{block_seed(seed, block) for seed in cells} for block in range(40)]
    assert all(one.isdisjoint(other) for i, one in enumerate(blocks) for other in blocks[:i])
    assert all(seed % 1000 >= 100 for block in blocks[1:] for seed in block)


def test_every_seed_of_a_study_and_of_its_measure_is_another_in_another_block(chapter):
    code = tool.of_block(tool.definition(chapter), 2)
    assert "seed=7002500" in code
    assert "seed=2501" in code
    assert tool.files(code) == ["results/99_study-2.csv"]
    assert tool.of_block(tool.definition(chapter), 0) == tool.definition(chapter)
    defaults = "def measure(run, seed=3, *, other=1, last=2):\n    ...\n"
    assert "seed=2503, *, other=1, last=2" in tool.of_block(defaults, 2)
    assert "seed=2503)" in tool.of_block("lambda run, *, seed=3: None\nf(seed=3)", 2)


def test_one_study_of_a_chapter_alone(chapter, capsys):
    code = 'a = one.stored("results/9_a.csv")\nb = two.stored("results/9_b.csv")\nc = 3'
    assert tool.of_block(code, 4, "9_b") == "b = two.stored('results/9_b-4.csv')\nc = 3"
    assert tool.files(tool.of_block(code, 0, "9_a")) == ["results/9_a.csv"]
    assert tool.main([str(chapter), "--study", "99_study", "--block", "1"]) == 0
    assert (chapter.parent / "results" / "99_study-1.csv").is_file()
    with pytest.raises(SystemExit):
        tool.main([str(chapter), "--study", "99_other"])
    assert "--study must be one of 99_study, got '99_other'" in capsys.readouterr().err


@pytest.mark.parametrize("path", [path for path in chapters() if tool.definition(path)])
def test_no_seed_of_a_chapters_study_is_left_as_it_was(path):
    """A model's seed is another when the model is asked for; studies read the model as it is."""
    code = tool.definition(path)
    models = [name for name in tool.files(code) if tool.is_model(name)]
    asked = [("", without(code, models))]
    asked += [(Path(name).stem, without(code, set(tool.files(code)) - {name})) for name in models]
    for study, part in asked:
        fresh = SEED.findall(tool.of_block(part, 3, study))
        for name, number in fresh:
            assert int(number) % 1000 >= 500 or int(number) % 1000 == 499, (name, number)
        assert len(fresh) == len(SEED.findall(part.replace("_", "")))


def without(code, names):
    """Return the code without the statements that store one of these files."""
    kept = [
        each for each in ast.parse(code).body if not set(names) & {*tool.files(ast.unparse(each))}
    ]
    return "\n".join(map(ast.unparse, kept))


# --- models

MODEL = """\
# A chapter

```{code-cell} ipython3
import torch
from gan_tutorial import data, experiments, losses, metrics, networks
from gan_tutorial.notebook import start
SEED = start()
```

```{code-cell} ipython3
:tags: [experiment]

def fit(network, seed, stop=None):
    x = data.gaussian(0.3, 0.15).sample(64, seed=seed)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(30 if stop is None else stop):
        optimizer.zero_grad()
        network.logits(x).square().mean().backward()
        optimizer.step()

judge = experiments.Trained(
    networks.MLPDiscriminator(width=4), fit, seed=14_000_000
).stored("results/99_judge.safetensors")
gan = experiments.Trained(
    networks.MLPGenerator(2, width=4),
    dict(D=networks.MLPDiscriminator(width=4), target=data.gaussian(), steps=30, ema=0.5,
         loss=losses.nonsaturating),
    seed=14_000_001, dtype=torch.float16,
).stored("results/99_gan.safetensors")
```

```{code-cell} ipython3
:tags: [experiment]

study = experiments.Study(
    base=dict(G=networks.MLPGenerator(2, width=4), D=networks.MLPDiscriminator(width=4),
              target=data.gaussian(), loss=losses.nonsaturating, steps=3),
    variants={}, measure=lambda run: judge.logits(run.sample(20, seed=1)).mean((1, 2)),
    seeds=2, seed=7_000_000,
)
result = study.stored("results/99_study.csv")
```
"""
ALL = {f"99_{name}" for name in ("judge.safetensors", "gan.safetensors", "study.csv")}


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A folder with the chapter of models, its files and its cache."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "99_chapter.md").write_text(MODEL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tool, "NOTEBOOKS", folder)
        patch.setattr(tool, "CACHE", folder / "cache")
        assert tool.main([str(folder / "99_chapter.md")]) == 0
    return folder


@pytest.fixture
def with_models(chapter, trained) -> Path:
    shutil.copytree(trained, chapter.parent, dirs_exist_ok=True)
    return chapter


def names(chapter: Path) -> set[str]:
    return {file.name for file in (chapter.parent / "results").iterdir()}


def test_models_are_stored_beside_studies_with_the_same_provenance(with_models):
    assert names(with_models) == ALL
    results = with_models.parent / "results"
    judge, study = (
        tool.provenance(results / f"99_{name}") for name in ("judge.safetensors", "study.csv")
    )
    common = judge.keys() & study.keys()
    assert common == {"command", "date", "commit", "definition", "arithmetic", "cost", "versions"}
    assert {judge[name] == study[name] for name in common - {"cost"}} == {True}
    for name, (thing, found) in tool.studies(with_models).items():
        if tool.is_model(name):
            assert not again(thing, results / Path(name).name, tool.arithmetic())
            expected = torch.cat([w.flatten() for w in thing.run().parameters()])
            kept = torch.cat([w.flatten() for w in found.parameters()])
            torch.testing.assert_close(kept, expected, rtol=0, atol=1e-3)  # the GAN's in float16


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("lr=0.1", "lr=0.101", "after the first steps"),
        ("square()", "abs()", "after the first steps"),
        ("range(30", "range(31", "trained again, .* end elsewhere"),
        ("steps=30, ema", "steps=31, ema", "trained again, .* end elsewhere"),
        ("ema=0.5", "ema=0.6", "after the first steps"),
    ],
)
def test_a_changed_cell_is_noticed(with_models, old, new, words):
    before = tool.definition(with_models)
    with_models.write_text(MODEL.replace(old, new))
    assert tool.digest(tool.definition(with_models)) != tool.digest(before)
    found = [
        again(model, with_models.parent / name, tool.arithmetic())
        for name, (model, _) in tool.studies(with_models).items()
        if tool.is_model(name)
    ]
    assert re.search(words, " ".join(found))
    assert "" in found  # the other model is as it was


def test_other_blocks_of_a_study_read_the_models_as_they_are(with_models):
    results = with_models.parent / "results"
    before = {name: (results / name).read_bytes() for name in ALL}
    assert tool.main([str(with_models), "--block", "1"]) == 0
    assert names(with_models) == {*ALL, "99_study-1.csv"}
    assert {name: (results / name).read_bytes() for name in ALL} == before


def test_a_model_is_trained_in_another_block_if_it_is_named(with_models):
    assert tool.main([str(with_models), "--block", "1", "--study", "99_gan"]) == 0
    assert names(with_models) == {*ALL, "99_gan-1.safetensors"}
    about = tool.provenance(with_models.parent / "results" / "99_gan-1.safetensors")
    assert about["seed"] == "14001501"
    assert about["command"] == "python tools/experiments.py 99 --block 1 --study 99_gan"
    ((model, _),) = tool.studies(with_models, 1, "99_gan").values()
    assert model.seed == 14_001_501


def test_the_code_of_a_block_leaves_models_alone():
    code = "a = T(N(), f, seed=7).stored('results/9_a.safetensors')\nb = S(seed=8).stored('b.csv')"
    read, study = code.replace(".stored('results", ".read('results").split("\n")
    assert tool.of_block(code, 0) == code
    assert tool.files(tool.of_block(code, 1)) == ["b-1.csv"]
    assert tool.of_block(code, 1).split("\n") == [read, "b = S(seed=1508).stored('b-1.csv')"]
    assert tool.of_block(code, 0, "b").split("\n") == [read, study]
    assert tool.of_block(code, 2, "b").split("\n")[0] == read
    assert (
        tool.of_block(code, 2, "9_a")
        == "a = T(N(), f, seed=2507).stored('results/9_a-2.safetensors')"
    )
