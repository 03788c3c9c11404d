"""The table of devices: what it times, and what it says where there is no GPU."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

import devices


def test_without_a_gpu_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(devices, "TABLE", tmp_path / "devices.csv")
    assert devices.main() == 1
    assert "sees no GPU" in capsys.readouterr().err
    assert not devices.TABLE.exists()


def test_every_case_trains_what_its_name_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "STEPS", 4)
    monkeypatch.setattr(devices, "STRETCH", 2)
    for name, (pair, options, replicas) in devices.CASES.items():
        assert name.endswith("one run" if replicas == 1 else f"{replicas} runs")
        assert 0 < devices.milliseconds("cpu", pair, options, min(replicas, 2)) < 10_000


def test_the_stored_table_has_every_case() -> None:
    lines = devices.TABLE.read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("# gpu: ") for line in lines)
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert [row["case"] for row in rows] == list(devices.CASES)
    for row in rows:
        ratio = float(row["cpu"]) / float(row["cuda"])
        assert float(row["ratio"]) == pytest.approx(ratio, rel=0.01)  # of rounded numbers
