"""Break the mathematics on purpose, one line at a time, and see whether the tests notice.

    python tools/mutants.py                   # every mutant, two at a time
    python tools/mutants.py --jobs 1 losses   # those of one module

A mutant is a mistake that people make: a lost ½, a missing detach, real and fake exchanged. Each
is made in a copy of the package, never in your tree. The tests of its module run there first. If
it lives, those of the whole package follow. A mutant is killed when a test fails, and it survives
when none does.

The exit status is 1 when fewer than 95 % are killed, or when one survives without an explanation.
An explanation, `equivalent`, says why no test can see the difference.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import multiprocessing
import os
import queue
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
REQUIRED = 0.95
LIMIT = 300  # seconds a round of tests may take: the longest takes about 30 on an idle machine

# The tests that mirror a module. Those of SLOW wait until all the others have passed.
MIRRORS = {
    "losses": ["test_losses.py"],
    "ensemble": ["test_ensemble.py"],
    "metrics": ["test_metrics.py"],
    "training": ["test_training.py", "test_checkpoints.py"],
}
SLOW = "killed_process or finds_the_data"
NOT_THE_PACKAGE = {"test_architecture.py"}  # it reads the tree, which a copy has only in part
COPIED = ["gan_tutorial", "tests", "tools", "pyproject.toml"]

# Loaded once, before each round of tests is forked off; the package itself is not.
PRELOAD = [
    "pytest", "torch", "torch._dynamo", "tqdm", "scipy.integrate", "scipy.stats",
    "scipy.spatial.distance",
]  # fmt: skip
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TQDM_DISABLE": "1",
    "MPLBACKEND": "Agg",
    "PYTHONDONTWRITEBYTECODE": "1",  # a mutant of equal length would be taken for the last one
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}
PYTEST = 10  # added to pytest's status, to tell it from that of a process that never got so far
PASSED, FAILED, STOPPED, NOTHING_TO_RUN, ASTRAY = 10, 11, 12, 15, 99


class Mutant(NamedTuple):
    """One mistake: in a module, `old` becomes `new`, which means something else.

    `first` is a pytest expression for the tests to run before the others; it only saves time.
    `equivalent` explains a survivor: why no test can see it.
    """

    module: str
    old: str
    new: str
    meaning: str
    first: str = ""
    equivalent: str = ""

    @property
    def name(self) -> str:
        """What a reader calls it."""
        return f"{self.module}: {self.meaning}"


class Verdict(NamedTuple):
    """What became of a mutant: the test that killed it, or "" if it lives."""

    mutant: Mutant
    killer: str
    seconds: float

    @property
    def problem(self) -> str:
        """What is wrong; empty when nothing is."""
        if not self.killer and not self.mutant.equivalent:
            return "survived: a test is missing"
        if self.killer and self.mutant.equivalent:
            return f"killed by {self.killer}, so its explanation is wrong"
        return ""


class MutantError(Exception):
    """Mutants that cannot be judged, with the reason."""


D_LOSS = "_mean(softplus(-real_logits)) + _mean(softplus(fake_logits))"
NS_LOSS = "return _mean(softplus(-fake_logits))"
SATURATING_LOSS = "return -_mean(softplus(fake_logits))"
SLOPE = "slope.square().sum(dim=-1, keepdim=True)"

LOSSES = [
    (D_LOSS, "_mean(softplus(real_logits)) + _mean(softplus(fake_logits))", "D flees real samples"),
    (D_LOSS, "_mean(softplus(-real_logits)) + _mean(softplus(-fake_logits))", "D likes fakes too"),
    (D_LOSS, "_mean(softplus(real_logits)) + _mean(softplus(-fake_logits))", "labels exchanged"),
    (D_LOSS, "_mean(softplus(-fake_logits)) + _mean(softplus(real_logits))", "real, fake swapped"),
    (D_LOSS, "_mean(softplus(-real_logits)) - _mean(softplus(fake_logits))", "a minus for a plus"),
    (D_LOSS, "(_mean(softplus(-real_logits)) + _mean(softplus(fake_logits))) / 2",
     "D's loss halved"),
    (D_LOSS, "_mean(softplus(-real_logits))", "D never sees the fakes"),
    (D_LOSS, "_mean((-real_logits).sigmoid()) + _mean(fake_logits.sigmoid())",
     "sigmoid in D's loss"),
    (D_LOSS, "_mean(-real_logits.sigmoid().log()) + _mean(softplus(fake_logits))",
     "the literal log D, infinite where D rounds to 0"),
    (D_LOSS, "_mean(softplus(-real_logits)) + _mean(softplus(fake_logits.detach()))",
     "the fakes' logits detached in D's loss"),
    (D_LOSS, "_mean((-real_logits).relu()) + _mean(fake_logits.relu())", "relu for softplus"),
    (NS_LOSS, "return _mean(softplus(fake_logits))", "G's loss with the sign of its logit flipped"),
    (NS_LOSS, "return -_mean(softplus(-fake_logits))", "G's loss negated"),
    (NS_LOSS, "return _mean(softplus(-real_logits))", "G's loss on real logits"),
    (NS_LOSS, "return _mean(softplus(-real_logits - fake_logits))", "G's loss on both logits"),
    (NS_LOSS, "return _mean(torch.sigmoid(-fake_logits))", "sigmoid in G's loss"),
    (NS_LOSS, "return -_mean(softplus(fake_logits))", "the saturating loss for the other one"),
    (SATURATING_LOSS, "return _mean(softplus(fake_logits))", "the saturating loss loses its minus"),
    (SATURATING_LOSS, "return _mean(softplus(-fake_logits))", "the other loss for the saturating"),
    (SATURATING_LOSS, "return -_mean(softplus(real_logits))", "the saturating loss on real logits"),
    (SATURATING_LOSS, "return -_mean(torch.sigmoid(fake_logits))",
     "sigmoid in the saturating loss"),
    ("nonsaturating = Loss(discriminator_loss, nonsaturating_generator_loss)",
     "nonsaturating = Loss(nonsaturating_generator_loss, discriminator_loss)",
     "a pair the wrong way round"),
    ("saturating = Loss(discriminator_loss, saturating_generator_loss)",
     "saturating = nonsaturating", "two names for one pair"),
    ("g_uses_real: bool = False", "g_uses_real: bool = True", "every loss asks for real logits"),
    ("x_real if self.at ==", "x_fake if self.at !=", "penalties ignore where they are taken"),
    ('self.at == "real"', 'self.at != "real"', "penalties at the other samples"),
    ("x = x.detach().requires_grad_()", "x = x.requires_grad_()", "a penalty marks its argument"),
    ("x = x.detach().requires_grad_()", "x = x if x.requires_grad else x.detach().requires_grad_()",
     "a penalty's gradient reaches G"),
    ("create_graph=True", "create_graph=False", "a penalty without a gradient"),
    ("D.logits(x).sum()", "D.logits(x).mean()", "a slope of the mean logit"),
    ("D.logits(x).sum()", "D.logits(x).sigmoid().sum()", "the slope of the probability"),
    ("self.gamma / 2", "self.gamma", "the penalty's ½ lost"),
    ("self.gamma / 2", "self.gamma**2 / 2", "gamma squared"),
    (SLOPE, "slope.sum(dim=-1, keepdim=True)", "the square of the slope lost"),
    (SLOPE, "slope.abs().sum(dim=-1, keepdim=True)", "absolute for squared slopes"),
    (SLOPE, "slope.square().sum(dim=-2, keepdim=True)", "the norm over samples"),
    (SLOPE, "slope.square().mean(dim=-1, keepdim=True)", "the mean over coordinates"),
    (SLOPE, "slope.norm(dim=-1, keepdim=True)", "the norm itself, not its square"),
    (SLOPE, "(slope.norm(dim=-1, keepdim=True) - 1).square()",
     "a slope of 1 wanted, as in WGAN-GP"),
    ('GradientPenalty(_strength(gamma), "real")', 'GradientPenalty(_strength(gamma), "fake")',
     "R1 at the fakes"),
    ('GradientPenalty(_strength(gamma), "fake")', 'GradientPenalty(_strength(gamma), "real")',
     "R2 at the real samples"),
    ("if not 0 <= gamma", "if not 0 < gamma", "a gamma of 0 refused"),
    ('0 <= gamma < float("inf")', "0 <= gamma", "an infinite gamma let in"),
    ('0 <= gamma < float("inf")', '-1 <= gamma < float("inf")', "a negative gamma let in"),
    ("return values.mean(dim=(-2, -1))", "return values.sum(dim=(-2, -1))", "a sum for the mean"),
    ("return values.mean(dim=(-2, -1))", "return values.mean()", "the mean over members too"),
    ("return values.mean(dim=(-2, -1))", "return values.mean(dim=(0, -1))", "the mean of members"),
    ("return values.mean(dim=(-2, -1))", "return values.median(dim=-2).values[..., 0]",
     "the median for the mean"),
    (" or values.shape[-1] != 1", "", "logits of any shape let in"),
]  # fmt: skip

ENSEMBLE = [
    ("manual_seed(member_seed(seed, member))", "manual_seed(member_seed(seed, 0))",
     "every member has the stream of member 0"),
    ("manual_seed(member_seed(seed, member))", "manual_seed(member_seed(seed, 0) + member)",
     "seeds not hashed: member 1 of seed 0 is member 0 of seed 1"),
    ("manual_seed(member_seed(seed, member))",
     "manual_seed(member_seed(seed, replicas - member - 1))", "streams in reverse order"),
    ("row.uniform_(generator=generator)", "row.normal_(generator=generator)", "rand is normal"),
    ("row.normal_(generator=generator)", "row.uniform_(generator=generator)", "randn is uniform"),
    ("row.normal_(generator=generator)", "row.normal_(generator=self.generators[0])",
     "members share one stream of noise"),
    ("row.uniform_(generator=generator)", "row.uniform_(generator=self.generators[0])",
     "members share one stream of uniform numbers"),
    ("row.normal_(generator=generator)", "row.normal_()", "noise from the global stream"),
    ("[generator.get_state() for generator in self.generators]",
     "[torch.Generator().manual_seed(g.initial_seed()).get_state() for g in self.generators]",
     "the state of the streams' start is kept, not of where they stand"),
    ("row.clone()", "row", "restored from the start of the storage: all members alike"),
    ("generator.set_state(row.clone())", "generator.set_state(state[0].clone())",
     "every stream restored to that of member 0"),
    ("0 <= seed < 2**32", "0 <= seed <= 2**32", "a seed of 2³² let in"),
    ("    if member == 0:\n        return seed\n", "", "member 0 is hashed too"),
    ("(member << 32 | seed)", "(seed << 32 | member)", "seed and member exchanged in the hash"),
    ("(member << 32 | seed)", "(member + seed)", "the hash of a sum: members of other seeds meet"),
    ("h ^ h >> 30", "h ^ h >> 31", "the first shift of the hash"),
    ("h ^ h >> 27", "h ^ h >> 26", "the second shift of the hash"),
    ("(h ^ h >> 31) &", "h &", "the last shift of the hash lost"),
    ("0x94D049BB133111EB", "0x94D049BB133111ED", "one digit of the hash"),
    ("h >> 31) & (2**32 - 1)", "h >> 31) & (2**16 - 1)", "seeds of 16 bits, which soon meet"),
    ("torch.baddbmm(self.bias, x, weight.transpose(1, 2))", "torch.bmm(x, weight.transpose(1, 2))",
     "the bias lost"),
    ("x, weight.transpose(1, 2))", "x, weight.mT.flip(0))", "members get each other's weights"),
    ("x, weight.transpose(1, 2))", "x, weight[:1].mT.expand(len(weight), -1, -1))",
     "every member computes with the weights of member 0"),
    ("nn.Parameter(bias.repeat(replicas, 1, 1))", "nn.Parameter(0 * bias.repeat(replicas, 1, 1))",
     "an ensemble layer starts without the bias"),
    ("template = copy.deepcopy(network)", "template = network", "the network passed is drawn anew"),
    ("ours[member] = theirs", "ours[:] = theirs", "all members have the last one's weights"),
    ("ours[member] = theirs", "ours[member - 1] = theirs", "members off by one"),
    ("        _draw_weights(template, generator)\n", "", "weights never drawn: all members alike"),
    ("_draw_weights(template, generator)", "_draw_weights(template, streams.generators[0])",
     "all weights drawn from the stream of member 0"),
    ("layer.weight[index]", "layer.weight[0]", "the weights of member 0 whichever is asked for"),
    ("layer.bias[index, 0]", "layer.bias[0, 0]", "the bias of member 0 whichever is asked for"),
    ("_map_layers(copy.deepcopy(ensemble)", "_map_layers(ensemble", "an ensemble turned into one"),
    ("-replicas <= index < replicas", "-replicas <= index <= replicas", "one member too many"),
    ("with torch.random.fork_rng(devices=[]):", "if True:", "the global stream moves"),
    ("        torch.set_rng_state(generator.get_state())\n", "", "weights from the global stream"),
    ("        generator.set_state(torch.get_rng_state())\n", "",
     "streams do not move on: D's weights and the data repeat what G's used"),
    ('if hasattr(network, "reset_parameters"):', "if False:", "a network's own reset is not used"),
    ("for layer in network.modules():", "for layer in reversed(list(network.modules())):",
     "layers drawn last to first"),
    ("    nn.Softplus,\n)", "    nn.Softplus,\n    nn.Dropout,\n)", "dropout let in"),
    ("    nn.Softplus,\n)", "    nn.Softplus,\n    nn.BatchNorm1d,\n)", "batch norm let in"),
    ("and layer.bias is None", "and False", "layers without a bias let in"),
]  # fmt: skip

STATE, NAN = "test_checkpoints and not killed", "nan or frozen or freez or amiss"
LR_G = 'g_optimizer.param_groups[0]["lr"] = lr_G * schedule(step / steps)'
LR_D = 'd_optimizer.param_groups[0]["lr"] = lr_D * schedule(step / steps)'
ADAM_G = "torch.optim.Adam(G.parameters(), lr=lr_G, betas=betas"
ADAM_D = "torch.optim.Adam(D.parameters(), lr=lr_D, betas=betas"
DECAY = "min(ema, (1 + step) / (10 + step))"

TRAINING = [
    ("G, D = replicate(G, streams), replicate(D, streams)",
     "D, G = replicate(D, streams), replicate(G, streams)", "D's weights drawn before G's"),
    ("streams = Streams(seed, replicas)", "streams = Streams(0, replicas)", "the seed ignored"),
    (ADAM_G, "torch.optim.Adam(G.parameters(), lr=lr_D, betas=betas",
     "G steps with D's rate", "by_hand and rates"),
    (ADAM_D, "torch.optim.Adam(D.parameters(), lr=lr_G, betas=betas",
     "D steps with G's rate", "by_hand and rates"),
    (ADAM_G, "torch.optim.Adam(G.parameters(), lr=lr_G, betas=betas[::-1]", "G's betas swapped"),
    (ADAM_D, "torch.optim.Adam(D.parameters(), lr=lr_D, betas=betas[::-1]", "D's betas swapped"),
    (ADAM_G, "torch.optim.Adam(G.parameters(), lr=lr_G", "G's betas ignored", "by_hand and betas"),
    (ADAM_D, "torch.optim.AdamW(D.parameters(), lr=lr_D, betas=betas", "D's weights decay"),
    ("return lr[0], lr[1]", "return lr[1], lr[0]",
     "a pair of rates is (lr_D, lr_G)", "by_hand and rates"),
    ("copy.deepcopy(G).requires_grad_(False)", "copy.deepcopy(G)",
     "the average wants gradients", "average"),
    (LR_G, "pass", "the schedule moves D only", "by_hand and cosine"),
    (LR_D, "pass", "the schedule moves G only", "by_hand and cosine"),
    (LR_G, LR_G.replace("step / steps",
     "(step + 1) / steps"), "G's schedule one step ahead", "by_hand and cosine"),
    (LR_D, LR_D.replace("= lr_D *",
     "*="), "D's schedule multiplies what is already scheduled", "by_hand and cosine"),
    (LR_D, LR_D.replace("lr_D *",
     "lr_G *"), "D's schedule starts from G's rate", "by_hand and all"),
    ("for _ in range(d_steps):", "for _ in range(1):", "d_steps ignored", "by_hand and steps"),
    ("for _ in range(d_steps):", "for _ in range(d_steps + 1):", "one step of D too many"),
    ("x_real = target.sample(batch_size, generator=streams).to(like)\n"
     "                x_fake = G(new_z())",
     "z = new_z()\n                x_real = target.sample(batch_size, generator=streams).to(like)\n"
     "                x_fake = G(z)", "noise drawn before the data"),
    ("held = x_fake.detach()", "held = x_fake", "the detach lost: D's step works through G"),
    ("torch.cat([x_real, held]", "torch.cat([held, x_real]", "real and fake swapped in D"),
    (".chunk(2, dim=1)", ".chunk(2, dim=0)", "the pass of D split along members"),
    ("loss.d(real_logits, fake_logits)", "loss.d(fake_logits, real_logits)",
     "real and fake swapped in the call of L_D"),
    ("penalty(D, x_real, held, streams)", "penalty(D, held, x_real, streams)",
     "real and fake swapped in the call of the penalty", "by_hand and R1"),
    ("penalty(D, x_real, held, streams)", "penalty(D, x_real, x_fake, streams)",
     "the penalty gets fakes that still hang on G", "penalty"),
    ("d_total = d_loss + extra", "d_total = d_loss",
     "the penalty written down, never added", "by_hand and R1"),
    ("d_total = d_loss + extra", "d_total = d_loss - extra",
     "steep slopes rewarded", "by_hand and R1"),
    ("d_total.sum().backward()", "d_total.mean().backward()",
     "D's gradient shrinks with the number of members"),
    ("d_total.sum().backward()", "(-d_total).sum().backward()", "D climbs"),
    ("            if fresh_z:", "            if False:", "fresh_z ignored", "by_hand and fresh"),
    ("            if fresh_z:", "            if True:", "fresh noise for G always"),
    ('if getattr(loss, "g_uses_real", False):', "if False:",
     "G's loss sees stale real logits", "by_hand and relativistic"),
    ("loss.g(real_logits.detach(), D.logits(x_fake))",
     "loss.g(D.logits(x_fake), real_logits.detach())", "real and fake swapped in the call of L_G"),
    ("loss.g(real_logits.detach(), D.logits(x_fake))", "loss.g(real_logits.detach(), fake_logits)",
     "G judged by the logits of D before its step"),
    ("loss.g(real_logits.detach(), D.logits(x_fake))",
     "loss.g(real_logits.detach(), D.logits(held))", "G's gradient cut off"),
    ("g_loss.sum().backward(inputs=g_weights)", "g_loss.sum().backward()",
     "G's loss leaves gradients in D"),
    ("g_loss.sum().backward(", "g_loss.mean().backward(",
     "G's gradient shrinks with the number of members"),
    ("g_loss.sum().backward(", "(-g_loss).sum().backward(", "G climbs"),
    (DECAY, "ema", "the average does not warm up", "average"),
    (DECAY, "min(ema, (2 + step) / (11 + step))", "the warm-up one step ahead", "average"),
    (DECAY, "max(ema, (1 + step) / (10 + step))", "the warm-up takes the larger decay", "average"),
    ("mean.lerp_(weight, 1 - decay)", "mean.lerp_(weight, decay)", "decay for 1 - decay",
     "average"),
    ("mean.lerp_(weight, 1 - decay)", "mean.copy_(weight)", "an average without memory", "average"),
    ("d_loss.detach(), g_loss.detach(), extra", "d_total.detach(), g_loss.detach(), extra",
     "the history's d_loss has the penalty in it", "history or R1"),
    ("d_loss.detach(), g_loss.detach(), extra", "g_loss.detach(), d_loss.detach(), extra",
     "the history's two losses exchanged"),
    ("run.history.trim(run.steps)", "pass", "a stopped run's history padded with zeros",
     "interrupt or stops"),
    ("run.interrupted = True", "pass", "a run stopped by hand not marked", "interrupt"),
    ("if ema and self.ema_G is not None else", "if self.ema_G is not None else",
     "samples always from the average", "sample"),
    ("if ema and self.ema_G is not None else", "if False else", "samples never from the average",
     "sample"),
    ("Streams(seed, len(self.streams)).randn(n, G.noise_dim)", "self.streams.randn(n, G.noise_dim)",
     "sampling moves the streams of training", "sample"),
    ("    @torch.no_grad()\n    def sample", "    def sample", "samples carry gradients", "sample"),
    ("math.cos(math.pi * progress)", "math.cos(progress)", "a cosine without π", "cosine"),
    ("(1 + math.cos(math.pi * progress)) / 2", "(1 - math.cos(math.pi * progress)) / 2",
     "a cosine that rises", "cosine"),
    ("(1 + math.cos(math.pi * progress)) / 2", "math.cos(math.pi * progress / 2)",
     "a quarter of the wave for half of it", "cosine"),
    ("(1 + math.cos(math.pi * progress)) / 2", "1 + math.cos(math.pi * progress)",
     "a cosine that starts at 2", "cosine"),
    ("else cosine(2 * progress - 1)", "else cosine(progress)", "the cosine jumps in", "cosine"),
    ("1.0 if progress < 0.5", "1.0 if progress < 0.25", "flat for a quarter only", "cosine"),
    # when a loss is not finite
    ("if run.frozen or not math.isfinite(total.item()):", "if run.frozen:", "the NaN check dropped",
     NAN),
    ("if run.frozen or not math.isfinite(total.item()):", "if not math.isfinite(total.item()):",
     "a frozen member with a finite loss thaws", NAN),
    ("math.isfinite(total.item())", "not math.isnan(total.item())", "only NaN noticed, not ∞", NAN),
    ("else weights[1:2]", "else []", "gradients not looked at, only the loss", NAN),
    ('if on_nan == "freeze" else weights[1:2]', 'if False else []',
     "gradients not looked at when freezing either", NAN),
    ("                weight[still] = old\n", "                pass\n",
     "frozen members not put back", NAN),
    ("finite = loss.isfinite()", "finite = torch.ones_like(loss, dtype=torch.bool)",
     "a member's loss not looked at, only its gradient", NAN),
    (".flatten(1).all(dim=1)", ".flatten(1).any(dim=1)", "one finite gradient is enough", NAN),
    (".flatten(1).all(dim=1)", ".all()", "one bad member freezes all", NAN),
    ("run.frozen.setdefault(member, run.steps + 1)", "run.frozen[member] = run.steps + 1",
     "the last bad step told, not the first", NAN),
    ("run.frozen.setdefault(member, run.steps + 1)", "run.frozen.setdefault(member, run.steps)",
     "the step before told", NAN),
    ("        weight.grad = None\n", "        pass\n", "gradients pile up"),
    # what is observed
    ("if run.history.observed_at[-1:] != [run.steps]:", "if True:", "the last step seen twice",
     "observe"),
    ("torch.as_tensor(observe(run)).detach().clone()", "torch.as_tensor(observe(run)).detach()",
     "what was observed changes afterwards", "observe"),
    ("step % observe_every == 0", "(step + 1) % observe_every == 0", "observed a step late",
     "observe"),
    # checkpoints
    ("run.steps % checkpoint_every == 0", "step % checkpoint_every == 0",
     "checkpoints one step late", STATE),
    ("        if checkpoint is not None:\n            _save",
     "        if False:\n            _save",
     "no checkpoint at the end", STATE),
    ('partial = Path(f"{path}.partial")', "partial = Path(path)",
     "a checkpoint written over the old one", STATE),
    ("        os.fsync(file.fileno())\n", "", "named before its bytes are on the disk", STATE),
    ("archive.testzip() is not None", "False", "checksums not compared", STATE),
    ("weights_only=True", "weights_only=False", "what is in a file is run", STATE),
    ("else ours == theirs)", "else True)", "another run's checkpoint let in", STATE),
    ('options["x_real"] = _check_fit', "_check_fit", "another target's checkpoint let in", STATE),
    ('options["schedule"] == "None" and ours', "ours", "a scheduled run made longer", STATE),
    (' and ours >= state["steps"]:', ":", "a run made shorter than it is", STATE),
    ('g_optimizer.load_state_dict(state["g_optimizer"])', "pass", "G's optimiser forgotten", STATE),
    ('d_optimizer.load_state_dict(state["d_optimizer"])', "pass", "D's optimiser forgotten", STATE),
    ('"d_optimizer": d_optimizer.state_dict()', '"d_optimizer": g_optimizer.state_dict()',
     "G's optimiser kept twice", STATE),
    ('run.ema_G.load_state_dict(state["ema_G"])', "pass", "the average forgotten", STATE),
    ('run.ema_G.load_state_dict(state["ema_G"])', 'run.ema_G.load_state_dict(state["G"])',
     "the average begun anew", STATE),
    ('    run.streams.restore(state["streams"])\n', "", "the streams forgotten", STATE),
    ('run.steps, run.frozen = state["steps"], state["frozen"]', 'run.steps = state["steps"]',
     "frozen members forgotten", STATE),
    ('run.steps, run.frozen = state["steps"], state["frozen"]',
     'run.steps, run.frozen = state["steps"] + 1, state["frozen"]', "a step skipped", STATE),
    ('history.observed, history.observed_at = state["observed"], state["observed_at"]', "pass",
     "what was observed forgotten", STATE),
    ("ours[: run.steps] = theirs", "pass", "the losses so far forgotten", STATE),
    # what is refused
    ("0 < options[name] < math.inf", "0 <= options[name] < math.inf", "a rate of 0 let in",
     "refused"),
    ('0 <= options["ema"] < 1', '0 <= options["ema"] <= 1', "an average that never moves let in",
     "refused"),
    ("all(0 <= beta < 1", "all(0 <= beta <= 1", "a beta of 1 let in", "refused"),
    ("    if not x_real.isfinite().all():", "    if False:", "a target with NaN let in", "refused"),
]  # fmt: skip

QUANTILES = "x[..., (ends - 1) // k] - y[..., (ends - 1) // n]"
JS = "(torch.xlogy(p, p / m) + torch.xlogy(q, q / m)) / 2"

METRICS = [
    ("_line(name, sample).sort(dim=-1).values", "_line(name, sample)", "samples not sorted"),
    ("_line(name, sample).sort(dim=-1).values", "_line(name, sample).sort(dim=0).values",
     "sorted along replicas"),
    ("_line(name, sample).sort(dim=-1)", "_line(name, sample).sort(dim=-1, descending=name == 'y')",
     "one sample sorted the other way"),
    ("(x - y).abs().mean(-1)", "(x - y).square().mean(-1)", "W1 squared: equal sizes"),
    ("(x - y).abs().mean(-1)", "(x - y).square().mean(-1).sqrt()", "W2 for W1"),
    ("(x - y).abs().mean(-1)", "(x - y).mean(-1).abs()", "the distance of the means"),
    ("(x - y).abs().mean(-1)", "(x - y).abs().sum(-1)", "a sum for the mean"),
    ("(x - y).abs().mean(-1)", "(x - y).abs().mean()", "the mean over replicas"),
    ("(x - y).abs().mean(-1)", "(x - y).abs().mean(0)", "the mean over the wrong axis"),
    ("(x - y).abs().mean(-1)", "(x - y).abs().mean(-1) / 2", "half the distance"),
    (QUANTILES, "x[..., (ends // k).clamp_max(n - 1)] - y[..., (ends - 1) // n]",
     "the quantiles of x shifted"),
    (QUANTILES, "x[..., (ends - 1) // k] - y[..., (ends // n).clamp_max(k - 1)]",
     "the quantiles of y shifted"),
    (QUANTILES, "x[..., (ends - 1) // k] + y[..., (ends - 1) // n]", "a plus for a minus"),
    ("(gap.abs() * share).sum(-1)", "(gap.square() * share).sum(-1)", "W1 squared: other sizes"),
    ("(gap.abs() * share).sum(-1)", "(gap * share).sum(-1).abs()", "the means' distance"),
    ("(gap.abs() * share).sum(-1)", "gap.abs().mean(-1)", "all steps weigh the same"),
    ("/ (n * k)\n", "/ (n + k)\n", "shares that do not add up to 1"),
    ("    if n == k:\n", "    if n >= k:\n        x = x[..., :k]\n", "the larger sample cut"),
    ("_js(p, q).sum(-1)", "_js(p, q).sum(-1).sqrt()", "the distance, JSD's root"),
    ("_js(p, q).sum(-1)", "_js(p, q).mean(-1)", "the mean over bins"),
    ("_js(p, q).sum(-1)", "_js(p, q).sum()", "the sum over replicas"),
    ("m = ((p + q) / 2)", "m = (p + q)", "a mixture that has mass 2"),
    ("m = ((p + q) / 2)", "m = (p * q).sqrt()", "the geometric mean for the mixture"),
    ("m = ((p + q) / 2)", "m = q", "KL for JSD"),
    (".clamp_min(torch.finfo(p.dtype).tiny)", "", "0 log 0 is NaN"),
    (JS, "(torch.xlogy(p, p / m) + torch.xlogy(q, q / m)) / 2 / math.log(2)", "bits for nats"),
    (JS, "(torch.xlogy(p, p / m) + torch.xlogy(q, q / m))", "JSD's ½ lost"),
    (JS, "torch.xlogy(p, p / m)", "one side of JSD only"),
    (JS, "(torch.xlogy(p, p / m) - torch.xlogy(q, q / m)) / 2", "a minus in JSD"),
    (JS, "(torch.xlogy(p, m / p) + torch.xlogy(q, m / q)) / 2", "JSD's ratio upside down"),
    ("* bins).floor()", "* bins).round()", "samples rounded to the nearest edge"),
    ("(values - low)", "values", "bins that start at 0"),
    ("/ (high - low) * bins", "* bins", "bins of the wrong width"),
    ("* bins).floor().clamp(0, bins - 1)", "* bins).floor().remainder(bins)",
     "samples outside wrap round"),
    (" / values.shape[-1]\n", " / values.shape[0]\n", "counts divided by the number of replicas"),
    (" / values.shape[-1]\n", "\n", "counts for shares"),
    ("torch.linspace(low, high, points, dtype=torch.float64)",
     "torch.linspace(low, high, points + 1, dtype=torch.float64)[:-1]", "the last point lost"),
    ("torch.linspace(low, high, points, dtype=torch.float64)", "torch.linspace(low, high, points)",
     "quadrature in float32"),
    ("[:, 0], x[:, 0]).item()", "[:, 0]).item()", "an integral without its dx"),
    ("first = 2 * repeats * seed", "first = seed", "neighbouring seeds share pairs"),
    ("first = 2 * repeats * seed", "first = repeats * seed", "half of the pairs drawn again"),
    ("first = 2 * repeats * seed", "first = 0", "the noise floor's seed ignored"),
    ("seed=first + i)", "seed=first)", "a noise floor of a single sample: 0"),
    ("draws[0::2], draws[1::2]", "draws[0::2], draws[0::2]", "a sample against itself"),
    ("draws[0::2], draws[1::2]", "draws[:-1], draws[1:]", "pairs that share samples"),
    ("draws[0::2], draws[1::2]", "draws[0::2, : n // 2], draws[1::2]", "half a sample"),
    ("    if not sample.isfinite().all():", "    if sample.isnan().any():", "∞ let in"),
    (" or sample.shape[-2] == 0", "", "empty samples let in"),
    ("    if not sample.is_floating_point():", "    if False:", "whole numbers let in"),
    ("or repeats < 1", "or repeats < 0", "no repeats let in"),
    ("< low < high <", "< low <= high <", "bins of no width let in"),
    ("or bins < 1", "or bins < 0", "no bins let in"),
    ("if not low < high or", "if not low <= high or", "a quadrature over nothing let in"),
]  # fmt: skip

MUTANTS = [
    Mutant(module, *row)
    for module, rows in (
        ("losses", LOSSES),
        ("ensemble", ENSEMBLE),
        ("training", TRAINING),
        ("metrics", METRICS),
    )
    for row in rows
]


def mutate(mutant: Mutant, source: str) -> str:
    """Return the source with the mistake in it."""
    found = source.count(mutant.old)
    if found != 1:
        raise MutantError(
            f"mutant {mutant.name!r}: its old text must occur once in {mutant.module}.py, "
            f"it occurs {found} times: {mutant.old!r}"
        )
    if mutant.new == mutant.old:
        raise MutantError(f"mutant {mutant.name!r} changes nothing: {mutant.old!r}")
    return source.replace(mutant.old, mutant.new)


# --- one round of tests, in a copy


def _tests_in(folder: str, arguments: list[str], log: str) -> None:
    """Run pytest in a folder and end this process with its status; it was forked for that."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    sys.dont_write_bytecode = True
    sys.path.insert(0, folder)
    package = importlib.util.find_spec("gan_tutorial")
    if package is None or package.origin is None or not package.origin.startswith(folder):
        sys.exit(ASTRAY)
    import pytest

    sys.exit(PYTEST + pytest.main(["-x", "-q", "-p", "no:cacheprovider", *arguments]))


class Copies:
    """Copies of the package, one for each job, and the processes that run tests in them."""

    def __init__(self, tree: Path, place: Path, jobs: int, limit: float) -> None:
        self.limit = limit
        self.free: queue.Queue[Path] = queue.Queue()
        for number in range(jobs):
            copy = place.resolve() / f"copy{number}"
            copy.mkdir()
            for name in COPIED:
                if (tree / name).is_dir():
                    shutil.copytree(
                        tree / name, copy / name, ignore=shutil.ignore_patterns("__pycache__")
                    )
                elif (tree / name).exists():
                    shutil.copy2(tree / name, copy / name)
            self.free.put(copy)
        modules = (copy / "gan_tutorial").glob("*.py")
        self.source = {path.stem: path.read_text(encoding="utf-8") for path in modules}
        forks = "forkserver" in multiprocessing.get_all_start_methods()
        self.context: Any = multiprocessing.get_context("forkserver" if forks else "spawn")
        if forks:
            self.context.set_forkserver_preload(PRELOAD)

    def test(self, copy: Path, arguments: list[str]) -> tuple[int, str]:
        """Run tests in one copy; return the status of pytest and what it printed."""
        log = copy.with_suffix(".log")
        log.write_text("", encoding="utf-8")
        process = self.context.Process(target=_tests_in, args=(str(copy), arguments, str(log)))
        process.start()
        process.join(self.limit)
        timed_out = process.is_alive()
        if timed_out:
            process.kill()
            process.join()
        text = log.read_text(encoding="utf-8", errors="replace")
        status = process.exitcode
        assert status is not None
        if timed_out:
            text = f"no answer in {self.limit:g} s, which counts as killed"
        return status, text


def killer_in(status: int, text: str) -> str:
    """Say which test failed; "" when all passed."""
    if status == PASSED:
        return ""
    if text.startswith("no answer"):
        return text
    if status in (FAILED, STOPPED):
        named = re.search(r"^(?:FAILED|ERROR) (?:tests/)?(\S+)", text, flags=re.MULTILINE)
        return named[1] if named else "an interruption of the tests"
    if status < 0:
        return f"the tests crashed with signal {-status}"
    reason = {ASTRAY: "they import another copy of the package", NOTHING_TO_RUN: "there are none"}
    raise MutantError(f"the tests did not run: {reason.get(status, f'status {status}')}\n{text}")


def mirror_of(module: str) -> list[str]:
    """Return pytest's arguments for the tests of one module."""
    return [*(f"tests/{name}" for name in MIRRORS[module]), "-k", f"not ({SLOW})"]


def judge(mutant: Mutant, copies: Copies, rounds: list[list[str]]) -> Verdict:
    """Make one mistake in a free copy and run rounds of tests until one fails."""
    started = time.perf_counter()
    source = copies.source[mutant.module]
    copy = copies.free.get()
    file = copy / "gan_tutorial" / f"{mutant.module}.py"
    try:
        file.write_text(mutate(mutant, source), encoding="utf-8", newline="\n")
        killer = ""
        for arguments in rounds:
            killer = killer_in(*copies.test(copy, arguments))
            if killer:
                break
    finally:
        file.write_text(source, encoding="utf-8", newline="\n")
        copies.free.put(copy)
    return Verdict(mutant, killer, time.perf_counter() - started)


def check_unmutated(copies: Copies, rounds: list[list[str]]) -> None:
    """Stop when a test fails without any mistake: every mutant would seem killed."""
    since = time.perf_counter()
    print("Nothing is broken yet, so the tests must pass ...", flush=True)

    def one(arguments: list[str]) -> None:
        copy = copies.free.get()
        try:
            status, text = copies.test(copy, arguments)
        finally:
            copies.free.put(copy)
        killer = killer_in(status, text)
        if killer:
            raise MutantError(
                f"the tests must pass before anything is broken, and one fails: {killer}\n"
                + text[-3000:]
            )

    with ThreadPoolExecutor(copies.free.qsize()) as pool:
        list(pool.map(one, rounds))
    print(f"They pass, in {time.perf_counter() - since:.0f} s.", flush=True)


# --- all of them


def judge_all(
    mutants: Sequence[Mutant], tree: Path = ROOT, *, jobs: int = 2, limit: float = LIMIT
) -> list[Verdict]:
    """Judge mutants of the package in a tree, which is only read, and print how it goes."""
    os.environ.update(SETTINGS)  # the processes that run tests inherit them
    tests = sorted((tree / "tests").glob("test_*.py"))
    package = [f"tests/{path.name}" for path in tests if path.name not in NOT_THE_PACKAGE]
    modules = sorted({mutant.module for mutant in mutants})
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        copies = Copies(tree, Path(place), jobs, limit)
        for mutant in mutants:
            mutate(mutant, copies.source[mutant.module])

        check_unmutated(copies, [mirror_of(module) for module in modules])
        near = {
            mutant: [
                *([[*mirror_of(mutant.module)[:-2], "-k", mutant.first]] if mutant.first else []),
                mirror_of(mutant.module),
            ]
            for mutant in mutants
        }
        verdicts = judge_each(near, copies, jobs)

        alive = [verdict.mutant for verdict in verdicts if not verdict.killer]
        if alive:
            print(f"\n{len(alive)} live on. All tests of the package now, SLOW ones too.")
            check_unmutated(copies, [[path] for path in package])
            again = judge_each({mutant: [package] for mutant in alive}, copies, jobs)
            verdicts = [verdict for verdict in verdicts if verdict.killer] + again
    return sorted(verdicts, key=lambda verdict: mutants.index(verdict.mutant))


def judge_each(work: dict[Mutant, list[list[str]]], copies: Copies, jobs: int) -> list[Verdict]:
    """Judge several mutants, each by its rounds of tests, and print how it goes."""
    verdicts = []
    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(judge, mutant, copies, rounds) for mutant, rounds in work.items()]
        try:
            for number, done in enumerate(as_completed(waiting), start=1):
                verdict = done.result()
                verdicts.append(verdict)
                word = f"killed by {verdict.killer}" if verdict.killer else "LIVES"
                print(
                    f"[{number}/{len(work)}] {verdict.mutant.name}: {word} "
                    f"({verdict.seconds:.1f} s)",
                    flush=True,
                )
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return verdicts


def report(verdicts: Sequence[Verdict]) -> int:
    """Print the table, the survivors and what is wrong; return the exit status."""
    print("\nmodule      mutants  killed   share")
    modules = list(dict.fromkeys(verdict.mutant.module for verdict in verdicts))
    for module in [*modules, "all"]:
        ours = [v for v in verdicts if module in (v.mutant.module, "all")]
        killed = sum(bool(v.killer) for v in ours)
        print(f"{module:10} {len(ours):8} {killed:7} {killed / len(ours):7.1%}")
    for verdict in verdicts:
        if not verdict.killer:
            print(f"\nsurvived  {verdict.mutant.name}\n  - {verdict.mutant.old}")
            print(f"  + {verdict.mutant.new}\n  {verdict.mutant.equivalent or 'NOT EXPLAINED'}")
    wrong = [f"{v.mutant.name}: {v.problem}" for v in verdicts if v.problem]
    share = sum(bool(verdict.killer) for verdict in verdicts) / len(verdicts)
    if share < REQUIRED:
        wrong.append(f"{share:.1%} of the mutants are killed, {REQUIRED:.0%} required")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


def main(arguments: list[str] | None = None) -> int:
    """Judge every mutant, or those of the modules named on the command line."""
    parser = argparse.ArgumentParser(description="break the mathematics; the tests must notice")
    parser.add_argument("modules", nargs="*", metavar="module", help=", ".join(MIRRORS))
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (default 2)")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds a round of tests has")
    options = parser.parse_args(arguments)
    unknown = set(options.modules) - set(MIRRORS)
    if unknown or options.jobs < 1:
        parser.error(f"there are mutants of {', '.join(MIRRORS)}, and at least one job is needed")
    chosen = [m for m in MUTANTS if not options.modules or m.module in options.modules]
    since = time.perf_counter()
    try:
        verdicts = judge_all(chosen, jobs=options.jobs, limit=options.limit)
    except MutantError as error:
        print(error, file=sys.stderr)
        return 1
    status = report(verdicts)
    print(f"\n{len(verdicts)} mutants in {(time.perf_counter() - since) / 60:.1f} minutes")
    return status


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        raise SystemExit(main())
    raise SystemExit(130)
