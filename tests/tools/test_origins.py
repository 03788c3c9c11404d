"""Where a claim's value comes from is read from the code: each way that a value can take."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from gan_tutorial.notebook import CLAIM_LINE
from parts.chapters import chapters, read_text
from parts.origins import SEED, origins, seeds_of

STORED = 'ring = study.stored("results/08_ring.csv")\n'


def origin(*cells: str):
    """Return the origin of the last claim in a chapter of these cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    return origins(notebook)[-1]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("claim('s', 1 == 1)", "exact"),
        ("x = train(seed=SEED)\nclaim('s', x, below=1, seeds=16)", "seeds"),
        ("claim('s', (ring['W1'].points > 3).sum() == 15)", "stored"),
        ("claim('s', ring['W1'].mean(), below=1, seeds=32)", "stored"),
        ("x = ring['W1']\ny = {k: v for k, v in x.items()}\nclaim('s', y['a'], below=1)", "stored"),
        ("x, y = 1, ring\nclaim('s', x)", "exact"),
        ("x, y = 1, ring\nclaim('s', y)", "stored"),
        ("(x, y), z = ring, 1\nclaim('s', y)", "stored"),
        ("x = ring\nx = 1\nclaim('s', x)", "exact"),
        ("for x in ring:\n    y = x\nclaim('s', y)", "stored"),
        ("y = 0\nfor i in range(3):\n    x = y\n    y = ring\nclaim('s', x)", "stored"),
        ("x = 1\nif x:\n    x = ring\nelse:\n    x = 2\nclaim('s', x)", "stored"),
        ("x = []\nx.append(ring)\nclaim('s', x)", "stored"),
        ("x = {}\nx['a'] = ring\nclaim('s', x)", "stored"),
        ("x = {'a': ring, 'b': 1}\nclaim('s', x['a'])", "stored"),
        ("x = {'a': ring, 'b': 1}\nclaim('s', x['b'])", "exact"),
        ("x = {'a': ring, 'b': 1}\nclaim('s', x[name])", "stored"),
        ("x = {'a': ring}\nx = {'a': 1}\nclaim('s', x['a'])", "exact"),
        ("def f():\n    return ring\nclaim('s', f())", "stored"),
        ("def f(ring):\n    return ring\nclaim('s', f(1))", "exact"),
        ("def f(x):\n    return x\nclaim('s', f(ring))", "stored"),
        ("def f():\n    return ring\ndef g():\n    return f()\nclaim('s', g())", "stored"),
        ("def f():\n    ring = 1\n    return ring\nclaim('s', f())", "exact"),
        ("def f(n):\n    return f(n - 1) + ring\nclaim('s', f(2))", "stored"),
        ("def f(x):\n    claim('s', x)\nf(ring)", "stored"),
        ("def f(x):\n    claim('s', x)\nf(x=1)", "exact"),
        ("f = lambda: ring\nclaim('s', f())", "stored"),
        ("claim('s', [ring for ring in (1, 2)])", "exact"),
        ("class C:\n    x = ring\nclaim('s', C.x)", "stored"),
        ("with open('f') as file:\n    x = ring\nclaim('s', x)", "stored"),
        ("try:\n    x = ring\nexcept ValueError:\n    x = 1\nclaim('s', x)", "stored"),
        ("if (x := ring):\n    claim('s', x)", "stored"),
        ("x = 1\nx += ring\nclaim('s', x)", "stored"),
        ("x: int = ring\nclaim('s', x)", "stored"),
        ("t = time.perf_counter()\nrun()\nclaim('s', time.perf_counter() - t, below=9)", "machine"),
        ("def f():\n    return time.process_time()\nclaim('s', f() / 2, below=9)", "machine"),
        ("t = {}\nt[1] = time.time()\nclaim('s', t[1], below=9, seeds=16)", "machine"),
    ],
)
def test_a_value_carries_what_it_was_made_from(code: str, kind: str) -> None:
    assert origin("SEED = start()", STORED, code).kind == kind


def test_the_files_and_seeds_of_a_study_stand_in_the_tag(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    for name, seeds in (("08_ring", 32), ("08_line", 16)):
        text = f"# date: 2026-11-25\n# seeds: {seeds}, paired; seed i of the study\na,b\n"
        (tmp_path / "results" / f"{name}.csv").write_text(text)
        assert seeds_of(text) == seeds
    line = "line = study.stored('results/08_line.csv')\n"

    def tag(value: str, more: str = "") -> str:
        return origin("SEED = start()", STORED + line, f"claim('s', {value}{more})").tag(tmp_path)

    assert tag("ring") == "stored study 08_ring, 32 seeds"
    assert tag("ring - line") == "stored studies 08_line and 08_ring, 16 or 32 seeds"
    assert tag("ring[sample(SEED)]") == "stored study 08_ring, 32 seeds and fresh draws"
    assert tag("SEED", ", seeds=16") == "{seeds} seeds"
    assert tag("SEED == 0") == "exact"
    assert tag("time.time()") == "bound on a machine"


MODELS = """
judge = Trained(N(), fit, seed=14_000_000).stored("results/14_judge.safetensors")
gan = Trained(G, options, seed=14_000_001).stored("results/14_gan.safetensors")
study = Study(measure=lambda run: distance(judge.features(run)))
ring = study.stored("results/08_ring.csv")
"""
JUDGE, RING, GAN = (
    "results/14_judge.safetensors",
    "results/08_ring.csv",
    "results/14_gan.safetensors",
)


@pytest.mark.parametrize(
    ("arguments", "tag", "repeated"),
    [
        ("accuracy(judge)", "stored model 14_judge", [JUDGE]),
        ("judge(gan)", "stored models 14_gan and 14_judge", [GAN, JUDGE]),
        ("gan(noise(seed=SEED))", "stored model 14_gan and fresh draws", [GAN]),
        (
            "judge(train(seed=SEED)), below=1, seeds=16",
            "{seeds} seeds and stored model 14_judge",
            [],
        ),
        ("judge.loss, below=1, seeds=16", "stored model 14_judge", [JUDGE]),
        ("ring", "stored study 08_ring, 32 seeds and stored model 14_judge", [RING]),
        (
            "ring - judge(train(seed=SEED)), below=1, seeds=16",
            "stored study 08_ring, 32 seeds and stored model 14_judge and fresh draws",
            [RING],
        ),
        ("time.time() - judge", "bound on a machine", [JUDGE]),
        ("train(seed=SEED), below=1, seeds=16", "{seeds} seeds", []),
        ("1 == 1", "exact", []),
    ],
)
def test_a_stored_model_is_named_and_fresh_seeds_are_still_those_of_the_chapter(
    arguments: str, tag: str, repeated: list[str], tmp_path: Path
) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / RING).write_text("# seeds: 32, paired; seed i of the study\na,b\n")
    found = origin("SEED = start()", MODELS, f"claim('s', {arguments})")
    assert found.tag(tmp_path) == tag
    assert found.repeated == repeated
    kind = "machine" if "bound" in tag else "seeds" if "{" in tag else tag.split()[0]
    assert found.kind == kind
    line = f"✔ s (16 seeds) ‹0.5 · {tag.replace('{seeds}', '16')}›"
    match = CLAIM_LINE.fullmatch(line)
    assert match is not None
    assert (match["measured"], match["origin"]) == ("0.5", tag.replace("{seeds}", "16"))
    assert CLAIM_LINE.fullmatch(line.replace("0.5 · ", ""))["measured"] is None


def test_claims_in_a_loop_have_one_pattern() -> None:
    code = "for name, x in {'a': ring, 'b': 1}.items():\n    claim(f'{name}: small', x, below=1)"
    found = origin(STORED, code)
    assert re.fullmatch(found.pattern, "a: small")
    assert found.kind == "stored"


def test_every_claim_of_a_chapter_has_an_origin() -> None:
    kinds = set()
    for path in chapters():
        for found in origins(read_text(path)):
            kinds.add(found.kind)
            assert found.tag(path.parent)
            assert found.marks or found.kind != "stored"
            assert found.kind != "exact" or SEED not in found.marks or not found.files
    assert kinds == {"exact", "seeds", "stored", "machine"}
