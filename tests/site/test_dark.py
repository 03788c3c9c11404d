"""Figures in the dark theme: ink and players in the colours of the theme, on its own ground."""

from __future__ import annotations

import io
import re

import pytest
import yaml
from PIL import Image
from playwright.sync_api import Browser

from gan_tutorial.plotting import COLORS
from parts.chapters import ROOT

STYLE = (ROOT / "book" / "_static" / "css" / "book.css").read_text(encoding="utf-8")
FOOTER = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"][
    "html_theme_options"
]["extra_footer"]
PLAYERS = ["data", "generator", "discriminator"]


def rgb(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def theme(name: str) -> tuple[str, str]:
    """Return a colour of the stylesheet, in the light theme and in the dark one."""
    light, dark = re.findall(rf"^  --{name}: (#[0-9a-f]{{6}});", STYLE, re.MULTILINE)[:2]
    return light, dark


def filtered(colour: str) -> list[float]:
    """Return what the filter at the foot of every page makes of a colour, on a scale of 255."""
    (values,) = re.findall(r'values="([^"]+)"', FOOTER)
    numbers = [float(number) for number in values.split()]
    matrix = [numbers[5 * i : 5 * i + 5] for i in range(4)]
    vector = [*(c / 255 for c in rgb(colour)), 1.0, 1.0]
    return [255 * sum(a * x for a, x in zip(row, vector, strict=True)) for row in matrix[:3]]


@pytest.mark.parametrize("player", PLAYERS)
def test_the_filter_turns_the_players_colours_of_figures_into_those_of_the_theme(
    player: str,
) -> None:
    light, dark = theme(player)
    assert COLORS[player].lower() == light
    assert filtered(light) == pytest.approx(rgb(dark), abs=0.5)  # the nearest whole number


def test_the_filter_turns_black_ink_into_the_ink_of_the_theme() -> None:
    assert filtered("#000000") == pytest.approx(rgb(theme("ink")[1]), abs=0.5)


@pytest.mark.site
def test_a_figure_stands_on_the_ground_of_the_dark_page(browser: Browser, address: str) -> None:
    context = browser.new_context(color_scheme="dark", viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.goto(address + "notebooks/05_training.html")
    figure = page.locator(".cell_output img").first
    figure.scroll_into_view_if_needed()
    picture = Image.open(io.BytesIO(figure.screenshot())).convert("RGB")
    context.close()
    colours = {colour: count for count, colour in picture.getcolors(2**24)}
    ground = max(colours, key=lambda colour: colours[colour])
    assert max(ground) < 40  # of 255
    (r, g, b) = rgb(theme("generator")[1])
    near = [c for c in colours if abs(c[0] - r) + abs(c[1] - g) + abs(c[2] - b) < 12]
    assert sum(colours[colour] for colour in near) > 200  # the generator's line
    assert sum(count for colour, count in colours.items() if min(colour) > 190) > 200  # words


@pytest.mark.site
def test_in_a_picture_black_stays_black(browser: Browser, address: str) -> None:
    context = browser.new_context(color_scheme="dark", viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.goto(address + "notebooks/13_points_to_pictures.html")
    figure = page.locator(".cell_output img").first
    figure.scroll_into_view_if_needed()
    picture = Image.open(io.BytesIO(figure.screenshot())).convert("RGB")
    assert "pictures" in (figure.get_attribute("class") or "")
    context.close()
    colours = {colour: count for count, colour in picture.getcolors(2**24)}
    black = sum(count for colour, count in colours.items() if max(colour) < 30)
    assert black > sum(colours.values()) / 4  # the digits' ground; inverted, a tenth of that
