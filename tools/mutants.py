"""Break the mathematics on purpose, one line at a time, and see whether the tests notice.

    python tools/mutants.py                   # every mutant, two at a time
    python tools/mutants.py --jobs 1 losses   # those of one module

A mutant is a mistake that people make: a lost ½, a missing detach, real and fake exchanged. Each
is made in a copy of the package, never in your tree. The tests of its module run there first. If
it lives, those of the whole package follow. A mutant is killed when a test fails, and it survives
when none does.

The exit status is 1 when fewer than 95 % are killed, of all or of one module's, or when one
survives without an explanation.
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
    "networks": ["test_networks.py"],
    "experiments": ["test_experiments.py"],
    "fingerprint": ["test_fingerprint.py"],
}
SLOW = "killed_process or finds_the_data"
NOT_THE_PACKAGE = {"test_architecture.py"}  # it reads the tree, which a copy has only in part
COPIED = ["gan_tutorial", "tests", "tools", "pyproject.toml"]

# Loaded once, before each round of tests is forked off; the package itself is not.
PRELOAD = [
    "pytest", "torch", "torch._dynamo", "tqdm", "scipy.integrate", "scipy.stats",
    "scipy.spatial.distance", "scipy.optimize", "statsmodels.stats.multitest", "matplotlib.pyplot",
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
LS_D = "_mean((real_logits - 1).square()) / 2 + _mean(fake_logits.square()) / 2"
HINGE_D = "_mean(relu(1 - real_logits)) + _mean(relu(1 + fake_logits))"

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
    ("x_real if penalty.at ==", "x_fake if penalty.at !=", "penalties ignore where they are taken"),
    ('penalty.at == "real"', 'penalty.at != "real"', "penalties at the other samples"),
    ("x = x.detach().requires_grad_()", "x = x.requires_grad_()", "a penalty marks its argument"),
    ("x = x.detach().requires_grad_()", "x = x if x.requires_grad else x.detach().requires_grad_()",
     "a penalty's gradient reaches G"),
    ("create_graph=True", "create_graph=False", "a penalty without a gradient"),
    ("D.logits(x).sum()", "D.logits(x).mean()", "a slope of the mean logit"),
    ("D.logits(x).sum()", "D.logits(x).sigmoid().sum()", "the slope of the probability"),
    ("p.gamma / 2 * _mean(part)", "p.gamma * _mean(part)", "the penalty's ½ lost"),
    ("p.gamma / 2 * _mean(part)", "p.gamma**2 / 2 * _mean(part)", "gamma squared"),
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
    # the other losses
    (LS_D, "_mean((real_logits - 1).square()) + _mean(fake_logits.square())",
     "least squares without D's halves", "formula"),
    (LS_D, "_mean(real_logits.square()) / 2 + _mean((fake_logits - 1).square()) / 2",
     "the labels of least squares exchanged", "formula"),
    ("return _mean((fake_logits - 1).square()) / 2", "return _mean((fake_logits - 1).square())",
     "least squares without G's half", "formula"),
    ("return _mean((fake_logits - 1).square()) / 2", "return _mean(fake_logits.square()) / 2",
     "least squares pull fakes to D's own label", "formula"),
    (HINGE_D, "_mean(relu(1 + real_logits)) + _mean(relu(1 - fake_logits))",
     "the hinge takes fakes for real", "formula"),
    (HINGE_D, "_mean(relu(-real_logits)) + _mean(relu(fake_logits))", "no margin", "formula"),
    (HINGE_D, "_mean(relu(1 - real_logits + 1 + fake_logits))", "one hinge for both", "formula"),
    ("return _mean(fake_logits) - _mean(real_logits)",
     "return _mean(real_logits) - _mean(fake_logits)", "the critic's sign", "formula"),
    ("return -_mean(fake_logits)", "return _mean(fake_logits)",
     "G lowers the critic's score", "formula"),
    ("softplus(-(real_logits - fake_logits))",
     "softplus(-(real_logits - fake_logits.mean(-2, keepdim=True)))",
     "relativistic by the average fake, not by its partner", "formula"),
    ("softplus(-(fake_logits - real_logits))", "softplus(-fake_logits)",
     "the relativistic G forgets the real logits", "formula"),
    ("softplus(-(fake_logits - real_logits))", "softplus(fake_logits - real_logits)",
     "the relativistic G helps D", "formula"),
    ("g_uses_real=True)", "g_uses_real=False)",
     "the relativistic loss does not ask for real logits", "looks_at_real"),
    ("hinge = Loss(hinge_discriminator_loss, wasserstein_generator_loss)",
     "hinge = Loss(hinge_discriminator_loss, nonsaturating_generator_loss)",
     "the hinge with another generator's loss", "formula"),
    ("unsure = (1 - self.real) * _mean(real_logits)",
     "unsure = -(1 - self.real) * _mean(fake_logits)", "the label of fakes smoothed", "smooth"),
    ("unsure = (1 - self.real) * _mean(real_logits)", "unsure = self.real * _mean(real_logits)",
     "the label of real samples is 1 - real", "smooth"),
    ("    if loss.d is not discriminator_loss:", "    if False:", "labels of a hinge smoothed",
     "smooth"),
    ("if not 0 < real <= 1", "if not 0 <= real <= 1", "a real label of 0 let in", "smooth"),
    # the other penalties
    ("(penalty(D, x_real, x_fake, generator) for", "(penalty(D, x_fake, x_real, generator) for",
     "real and fake exchanged in the sum of two penalties", "sum_of"),
    ("return first + second\n", "return first * second\n", "the product of two penalties",
     "sum_of"),
    ("return sum(rest, start=first)", "return first", "the second gradient penalty lost", "sum_of"),
    ("torch.cat(samples, dim=-2)", "torch.cat(samples[::-1], dim=-2)",
     "the ends exchanged in one pass for two penalties", "sum_of"),
    ("if all(isinstance(penalty, G", "if False and (isinstance(penalty, G",
     "two passes for two gradient penalties", "one_pass"),
    ("u * x_real + (1 - u) * x_fake", "x_real", "the slope penalty at real samples", "between"),
    ("u * x_real + (1 - u) * x_fake", "x_real + u * x_fake", "a mixture that is no mixture",
     "between"),
    ("slope.norm(dim=-1, keepdim=True)", "slope.square().sum(dim=-1, keepdim=True).sqrt()",
     "a root without a slope at 0", "slope_zero"),
    ("slope.norm(dim=-1, keepdim=True)", "slope.norm(dim=-2, keepdim=True)",
     "the norm of the whole batch's slope", "linear_critic"),
    ("slope.norm(dim=-1, keepdim=True)", "slope.norm(p=1, dim=-1, keepdim=True)",
     "the sum of absolute slopes", "linear_critic"),
    ("(size - self.target).square()", "(size - 1).square()", "the target slope is always 1",
     "linear_critic"),
    ("(size - self.target).square()", "relu(size - self.target).square()",
     "flat critics not penalised", "linear_critic"),
    ("return self.gamma / 2 * _mean((size", "return self.gamma * _mean((size",
     "the slope penalty's ½ lost", "linear_critic"),
    ("torch.rand(*x.shape[:-1], 1, generator=generator)",
     "torch.randn(*x.shape[:-1], 1, generator=generator)", "mixtures by normal numbers", "between"),
    ("torch.rand(*x.shape[:-1], 1, generator=generator)",
     "torch.rand(*x.shape, generator=generator)", "every coordinate mixed by itself", "between"),
    ("return generator.rand(x.shape[-2], 1)", "return generator.randn(x.shape[-2], 1)",
     "members' mixtures by normal numbers", "own_streams"),
    ("return generator.rand(x.shape[-2], 1)", "return generator.rand(1, 1)",
     "one mixture for the whole batch", "own_streams"),
    ('_strength(target, "target")', "float(target)", "a negative target slope let in", "refuses"),
    ("weight.clamp_(-self.bound, self.bound)", "weight.clamp_(max=self.bound)",
     "clipped on one side", "clipping"),
    ("weight.clamp_(-self.bound, self.bound)", "weight.clamp(-self.bound, self.bound)",
     "clipped, and thrown away", "clipping"),
    ("if not 0 < bound <", "if not 0 <= bound <", "a box without width let in", "clipping"),
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
    (".sum(dim=-1, keepdim=True) + self.bias", ".sum(dim=-1, keepdim=True)",
     "the bias lost of a layer with one output"),
    ("(x * weight).sum", "(x * weight.flip(0)).sum",
     "members get each other's weights in a layer with one output"),
    ("if replicas > 1 and outputs == 1:", "if outputs == 1:",
     "one replica rounds in another way than the network", "bit_for_bit"),
    ("if replicas > 1 and outputs == 1:", "if replicas > 1:", "many outputs summed into one"),
    ("x, weight.transpose(1, 2))", "x, weight.mT.flip(0))", "members get each other's weights"),
    ("x, weight.transpose(1, 2))", "x, weight[:1].mT.expand(len(weight), -1, -1))",
     "every member computes with the weights of member 0"),
    ("nn.Parameter(bias.repeat(replicas, 1, 1))", "nn.Parameter(0 * bias.repeat(replicas, 1, 1))",
     "an ensemble layer starts without the bias"),
    ("template = _map_layers(copy.deepcopy(network)", "template = _map_layers(network",
     "the network passed is drawn anew"),
    ("ours[member] = theirs", "ours[:] = theirs", "all members have the last one's weights"),
    ("ours[member] = theirs", "ours[member - 1] = theirs", "members off by one"),
    ("        _draw_weights(template, generator)\n", "", "weights never drawn: all members alike"),
    ("_draw_weights(template, generator)", "_draw_weights(template, streams.generators[0])",
     "all weights drawn from the stream of member 0"),
    ("layer.weight[index]", "layer.weight[0]", "the weights of member 0 whichever is asked for"),
    ("_linear(layer.weight[index], layer.bias[index, 0])",
     "_linear(layer.weight[index], layer.bias[0, 0])", "the bias of member 0 always"),
    ("_map_layers(copy.deepcopy(ensemble)", "_map_layers(ensemble", "an ensemble turned into one"),
    ("-replicas <= index < replicas", "-replicas <= index <= replicas", "one member too many"),
    ("with torch.random.fork_rng(devices=[]):\n        torch.set",
     "if True:\n        torch.set", "the global stream moves"),
    ("        torch.set_rng_state(generator.get_state())\n", "", "weights from the global stream"),
    ("        generator.set_state(torch.get_rng_state())\n", "",
     "streams do not move on: D's weights and the data repeat what G's used"),
    ('if hasattr(network, "reset_parameters"):', "if False:", "a network's own reset is not used"),
    ("for layer in network.modules():", "for layer in reversed(list(network.modules())):",
     "layers drawn last to first"),
    ("    nn.Softplus,\n)", "    nn.Softplus,\n    nn.Dropout,\n)", "dropout let in"),
    ("    nn.Softplus,\n)", "    nn.Softplus,\n    nn.LayerNorm,\n)", "layer norm let in"),
    ("        if layer.bias is None:", "        if False:", "layers without a bias let in"),
    # members by name, and some of them
    ("for member in self.members", "for member in range(len(self.members))",
     "chosen members ignored", "chosen"),
    ("not isinstance(member, int) or isinstance(member, bool) or not 0 <= member < 2**32",
     "not isinstance(member, int) or isinstance(member, bool)", "a member of -1 let in", "members"),
    # each member's own statistics
    ("x.transpose(0, 1).flatten(1),", "x.mean(0, keepdim=True).expand_as(x).transpose(0, 1)"
     ".flatten(1),", "BatchNorm mixes members", "batch_norm"),
    ("y.unflatten(1, (replicas, features)).transpose(0, 1)",
     "y.unflatten(1, (features, replicas)).permute(2, 0, 1)",
     "BatchNorm takes features for members", "batch_norm"),
    ("        x = x.expand(replicas, -1, -1)\n        y",
     "        x = x.expand(replicas, -1, -1).flip(0)\n        y",
     "BatchNorm exchanges members", "batch_norm"),
    ("            self.training,\n", "            True,\n",
     "BatchNorm by the batch in evaluation mode too", "batch_norm"),
    ("            self.running_var.view(-1),", "            self.running_var.view(-1).clone(),",
     "BatchNorm keeps no running variance", "batch_norm"),
    ("            self.weight.flatten(),",
     "            self.weight[:1].expand_as(self.weight).reshape(-1),",
     "BatchNorm scales every member as member 0", "batch_norm"),
    ('register_buffer("running_var", torch.ones_like', 'register_buffer("running_var", '
     "torch.zeros_like", "a running variance that starts at 0", "batch_norm or statistics"),
    ("self.eps, self.momentum = layer.eps, layer.momentum", "self.eps, self.momentum = 1e-5, 0.1",
     "BatchNorm's own options ignored", "batch_norm"),
    ("getattr(layer, name)[index, 0]", "getattr(layer, name)[0, 0]",
     "the BatchNorm of member 0 always", "statistics or batch_norm"),
    ("/ (self.u.mT @ weight @ self.v)", "/ (self.u.mT @ weight @ self.v).amax()",
     "one spectral norm for all members", "spectral"),
    ("/ (self.u.mT @ weight @ self.v)", "/ (self.u.mT @ weight @ self.v).detach()",
     "a spectral norm without a gradient", "spectral"),
    ("        if self.training:\n", "        if True:\n",
     "power iteration in evaluation mode too", "spectral"),
    ("self._improve(weight, self.iterations)", "self._improve(weight, 1)",
     "one step of power iteration, whatever was asked for", "spectral"),
    ("normalize(weight.mT @ self.u, dim=1,", "normalize(weight.mT @ self.u, dim=0,",
     "v normalised over members", "spectral"),
    ("theirs._u.copy_(ours.u[index, :, 0])", "theirs._u.copy_(ours.u[0, :, 0])",
     "the power iteration of member 0 always", "spectral"),
    ("        with torch.random.fork_rng(devices=[]):  # PyTorch", "        if True:  # PyTorch",
     "taking a member moves the global stream", "spectral or member"),
    ("return ensemble.train(network.training)", "return ensemble",
     "the mode of the network lost", "mode"),
]  # fmt: skip

STATE, NAN = "test_checkpoints and not killed", "nan or frozen or freez or amiss"
RATE = "g_adam.factor = d_adam.factor = schedule(step / steps)"
ADAM_G, ADAM_D = "_Adam(w_G, lr_G, betas)", "_Adam(w_D, lr_D, betas)"
DECAY = "min(ema, (1 + step) / (10 + step))"

TRAINING = [
    ("G, D = replicate(G, streams), replicate(D, streams)",
     "D, G = replicate(D, streams), replicate(G, streams)", "D's weights drawn before G's"),
    ("streams = Streams(seed, replicas)", "streams = Streams(0, replicas)", "the seed ignored"),
    (ADAM_G, "_Adam(w_G, lr_D, betas)", "G steps with D's rate", "by_hand and rates"),
    (ADAM_D, "_Adam(w_D, lr_G, betas)", "D steps with G's rate", "by_hand and rates"),
    (ADAM_G, "_Adam(w_G, lr_G, betas[::-1])", "G's betas swapped", "by_hand and betas"),
    (ADAM_D, "_Adam(w_D, lr_D, betas[::-1])", "D's betas swapped", "by_hand and betas"),
    (ADAM_G, "_Adam(w_G, lr_G, (0.9, 0.999))", "G's betas ignored", "by_hand and betas"),
    ("weight_decay=0.0", "weight_decay=0.01", "weights decay"),
    ("betas, 1e-8, 1.0", "betas, 1e-6, 1.0", "a larger ε"),
    ("    return pair\n", "    return pair[::-1]\n",
     "a pair of rates is (lr_D, lr_G)", "by_hand and rates"),
    ("copy.deepcopy(G).requires_grad_(False)", "copy.deepcopy(G)",
     "the average wants gradients", "average"),
    (RATE, "d_adam.factor = schedule(step / steps)", "the schedule moves D only",
     "by_hand and cosine"),
    (RATE, "g_adam.factor = schedule(step / steps)", "the schedule moves G only",
     "by_hand and cosine"),
    (RATE, RATE.replace("step / steps", "(step + 1) / steps"), "the schedule one step ahead",
     "by_hand and cosine"),
    (RATE, RATE + "; d_adam.lr *= d_adam.factor",
     "D's schedule multiplies what is already scheduled", "by_hand and cosine"),
    ("lr=self.factor * self.lr,", "lr=self.lr,", "the schedule ignored", "by_hand and cosine"),
    ("lr = self.factor * self.lr", "lr = self.lr", "the schedule ignored where rates differ",
     "rate_for_each or rates"),
    ("for _ in range(d_steps):", "for _ in range(1):", "d_steps ignored", "by_hand and steps"),
    ("for _ in range(d_steps):", "for _ in range(d_steps + 1):", "one step of D too many"),
    ("x_real = target.sample(batch_size, generator=streams).to(w_G)\n"
     "                x_real, x_fake = seen(x_real), seen(G(new_z()))",
     "z = new_z()\n                x_real = target.sample(batch_size, generator=streams).to(w_G)\n"
     "                x_real, x_fake = seen(x_real), seen(G(z))", "noise drawn before the data"),
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
    ("_gradient(d_total, d_weights)", "_gradient(-d_total, d_weights)", "D climbs"),
    ("grad(loss.sum(), weights", "grad(loss.mean(), weights",
     "the gradient shrinks with the number of members"),
    ("[part.mT.flatten(1) for part in parts]", "[part.flatten(1) for part in parts]",
     "gradients in another order than the weights"),
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
    ("_gradient(g_loss, g_weights)", "_gradient(-g_loss, g_weights)", "G climbs"),
    (DECAY, "ema", "the average does not warm up", "average"),
    (DECAY, "min(ema, (2 + step) / (11 + step))", "the warm-up one step ahead", "average"),
    (DECAY, "max(ema, (1 + step) / (10 + step))", "the warm-up takes the larger decay", "average"),
    ("w_ema.lerp_(w_G, 1 - min(", "w_ema.lerp_(w_G, min(", "decay for 1 - decay", "average"),
    ("w_ema.lerp_(w_G, 1 - min(", "w_ema.lerp_(w_G, 1 - 0 * min(", "an average without memory",
     "average"),
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
    ("Streams(seed, self.streams.members).randn(n, G.noise_dim)",
     "self.streams.randn(n, G.noise_dim)", "sampling moves the streams of training", "sample"),
    ("Streams(seed, self.streams.members).randn(", "Streams(seed, len(self.streams)).randn(",
     "samples of chosen members from other streams", "members_by_name or paired"),
    ("x_fake = G.eval()(", "x_fake = G(", "samples by the statistics of their own batch",
     "samples_are_drawn"),
    ("        G.train(mode)\n", "", "sampling leaves G in evaluation mode", "samples_are_drawn"),
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
    ("if not run.frozen and math.isfinite((g.sum() + loss.detach().sum()).item()):",
     "if not run.frozen:", "the NaN check dropped", NAN),
    ("if not run.frozen and math.isfinite(", "if math.isfinite(",
     "a frozen member with a finite loss thaws", NAN),
    ("math.isfinite((g.sum() + loss.detach().sum()).item())",
     "not math.isnan((g.sum() + loss.detach().sum()).item())", "only NaN noticed, not ∞", NAN),
    ("(g.sum() + loss.detach().sum()).item()", "loss.detach().sum().item()",
     "gradients not looked at, only the loss", NAN),
    ("    adam.w[still] = before\n", "", "frozen members not put back", NAN),
    ("finite = loss.isfinite() &", "finite =",
     "a member's loss not looked at, only its gradient", NAN),
    ("g.isfinite().all(dim=1)", "g.isfinite().any(dim=1)", "one finite gradient is enough", NAN),
    ("g.isfinite().all(dim=1)", "g.isfinite().all()", "one bad member freezes all", NAN),
    ("run.frozen.setdefault(member, run.steps + 1)", "run.frozen[member] = run.steps + 1",
     "the last bad step told, not the first", NAN),
    ("run.frozen.setdefault(member, run.steps + 1)", "run.frozen.setdefault(member, run.steps)",
     "the step before told", NAN),
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
    ("g_adam.state() + d_adam.state(), state", "g_adam.state() + state['d_adam'], state",
     "D's optimiser forgotten", STATE),
    ("g_adam.state() + d_adam.state(), state", "state['g_adam'] + d_adam.state(), state",
     "G's optimiser forgotten", STATE),
    ('"d_adam": d_adam.state()', '"d_adam": g_adam.state()', "G's optimiser kept twice", STATE),
    ("return [self.a, self.b, self.t]", "return [self.a, self.b]",
     "the number of Adam's steps forgotten", STATE),
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
    ("            if not 0 < value < math.inf:", "            if not 0 <= value < math.inf:",
     "a rate of 0 let in", "refused"),
    ('0 <= options["ema"] < 1', '0 <= options["ema"] <= 1', "an average that never moves let in",
     "refused"),
    ("all(0 <= beta < 1", "all(0 <= beta <= 1", "a beta of 1 let in", "refused"),
    ("    if not x_real.isfinite().all():", "    if False:", "a target with NaN let in", "refused"),
    # penalties at some steps, noise, boxes
    ("extra = strength * penalty(", "extra = penalty(", "a lazy penalty as weak as any",
     "by_hand and lazy"),
    ("strength = penalty_every * penalty_schedule(", "strength = penalty_schedule(",
     "a lazy penalty that fades as weak as any", "by_hand and fading"),
    ("step % penalty_every == 0", "(step + 1) % penalty_every == 0", "a lazy penalty too late",
     "by_hand and lazy"),
    ("return self.start * (self.end / self.start) ** progress",
     "return self.start + (self.end - self.start) * progress", "geometric made linear", "ramps"),
    ("return self.start + (self.end - self.start) * progress",
     "return self.end + (self.start - self.end) * progress", "a line backwards", "ramps"),
    ("x + std * streams", "x + std**2 * streams", "the variance for the standard deviation",
     "by_hand and noise"),
    ("seen(x_real), seen(G(new_z()))", "x_real, seen(G(new_z()))", "instance noise on fakes only",
     "by_hand and noise"),
    ("            if fresh_z:\n                x_fake = seen(G(new_z()))",
     "            if fresh_z:\n                x_fake = G(new_z())",
     "fresh fakes without instance noise", "by_hand and noise"),
    ("                    constrain(D)", "                    constrain(G)", "G put into D's box",
     "by_hand and clipping"),
    ('"instance_noise": _name(instance_noise),', "",
     "a checkpoint of another instance noise let in", STATE),
    # a rate for each member
    ("(self.b / (1 - beta2**t))", "self.b.clone()", "the second bias correction lost",
     "rate_for_each"),
    ("lr / (1 - beta1**t)", "lr", "the first bias correction lost", "rate_for_each"),
    ("self.lr.to(g)[:, None]", "self.lr.to(g).flip(0)[:, None]", "rates of members exchanged",
     "rate_for_each"),
    (".sqrt_().add_(self.eps)", ".add_(self.eps).sqrt_()", "ε under the root", "rate_for_each"),
    ("self.a.lerp_(g, 1 - beta1)", "self.a.lerp_(g, beta1)", "β₁ for 1 - β₁", "rate_for_each"),
    # blocks of members
    ("getattr(pair, player)(real, fake)", "getattr(pair, player)(fake, real)",
     "real and fake exchanged in blocks", "block"),
    ('return self._each("g", ', 'return self._each("d", ', "blocks play D's loss twice", "block"),
    ("any(getattr(pair,", "all(getattr(pair,", "real logits only if all blocks ask for them",
     "block"),
    ("zip(self.pairs, *blocks,", "zip(self.pairs[::-1], *blocks,", "losses in reverse order",
     "block"),
    ("logits.chunk(len(self.pairs))", "logits.chunk(len(self.pairs), dim=1)",
     "blocks of samples, not of members", "block"),
    ("history.g_loss[:, part]", "history.g_loss[:, :size]", "g_loss of the first block always",
     "blocks"),
    ("{m - start: step for", "{m: step for", "frozen members by their old numbers", "blocks"),
    ("self.streams[part],", "self.streams,", "a block with the streams of all", "blocks"),
    ("streams = Streams(seed, replicas)", "streams = Streams(seed, len(Streams(seed, replicas)))",
     "chosen members ignored", "members_by_name or paired"),
    # layers with statistics
    ("                    _copy_buffers(G, ema_G)\n", "                    pass\n",
     "the average keeps stale statistics", "with_such_layers or running_statistics"),
    ("    G, D = copy.deepcopy((G, D))", "    G, D = G, D", "a trial batch moves the statistics",
     "statistics_of_the_networks"),
]  # fmt: skip

QUANTILES = "x[..., (ends - 1) // k] - y[..., (ends - 1) // n]"
JS = "(torch.xlogy(p, p / m) + torch.xlogy(q, q / m)) / 2"
MMD = "within_x + within_y - 2 * _kernel_mean(kernel, x, y)"
PRDC = "prdc and authors"

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
    ("    if not values.isfinite().all():", "    if values.isnan().any():", "∞ let in"),
    (" or sample.shape[-2] == 0", "", "empty samples let in"),
    ("    if not values.is_floating_point():", "    if False:", "whole numbers let in"),
    ("isinstance(value, int) or value < 1", "isinstance(value, int) or value < 0",
     "no repeats, no bins, no neighbours let in"),
    ("< low < high <", "< low <= high <", "bins of no width let in"),
    ("if not low < high or", "if not low <= high or", "a quadrature over nothing let in"),
    # transport and MMD
    ("gap[tuple(torch.as_tensor(index) for index in pairing)].mean()", "gap.min(1).values.mean()",
     "the nearest neighbour, not a pairing", "transport_is_scipys"),
    ("gap[tuple(torch.as_tensor(index) for index in pairing)].mean()",
     "gap.diagonal().mean()", "samples paired as they come", "transport_is_scipys"),
    (MMD, "within_x + within_y - _kernel_mean(kernel, x, y)", "MMD's 2 lost", "double_loop"),
    (MMD, "within_x - within_y", "MMD without the cross term", "double_loop"),
    ("_kernel_mean(kernel, x, x, but_diagonal=True)", "_kernel_mean(kernel, x, x)",
     "MMD biased by the diagonal", "double_loop"),
    ("table.diagonal(start)", "table.diagonal()", "the first rows' diagonal in later rows",
     "double_loop"),
    ("len(x) * (len(y) - but_diagonal)", "len(x) * len(y)", "the diagonal counted, not summed",
     "double_loop"),
    ("/ x.shape[-1] + 1) ** 3", "+ 1) ** 3", "the cubic kernel without 1/dim", "double_loop"),
    ("/ x.shape[-1] + 1) ** 3", "/ x.shape[-1] + 1) ** 2", "a square for the cube", "double_loop"),
    ("/ (2 * width**2)", "/ width**2", "the Gaussian kernel's 2 lost", "double_loop"),
    # Fréchet
    ("return shift + (traces", "return (traces", "Fréchet without the means", "frechet_is"),
    ("(traces - 2 * overlap)", "(traces - overlap)", "Fréchet's 2 lost", "frechet_is"),
    ("svdvals(factor_x.mT @ factor_y)", "svdvals(factor_x @ factor_y)", "a transpose lost",
     "frechet_is"),
    ("values.where(values > rounding, 0)", "values.clamp_min(0)",
     "the root of rounding errors kept", "share_axes or singular"),
    ("centred.mT @ centred / (x.shape[-2] - 1)", "centred.mT @ centred / x.shape[-2]",
     "the covariance with n", "frechet_is"),
    # precision, recall, density, coverage
    ("topk(neighbours + 1,", "topk(neighbours,", "a point is its own neighbour", PRDC),
    ("(gap < _radii(fake, neighbours)).any(1)", "(gap < _radii(real, neighbours)[:, None]).any(1)",
     "recall by the data's balls, which is coverage", PRDC),
    ("_radii(real, neighbours)[:, None]).any(0)", "_radii(fake, neighbours)).any(0)",
     "precision by the fakes' balls", PRDC),
    ("among_data.double().mean(), among_fakes.double().mean()",
     "among_fakes.double().mean(), among_data.double().mean()",
     "precision and recall exchanged", PRDC),
    ("inside = _distances(real, fake) < _radii", "inside = _distances(real, fake) <= _radii",
     "closed balls", "prdc_by_hand"),
    ("/ len(fake) / neighbours", "/ len(real) / neighbours", "density over the wrong sample", PRDC),
    ("/ len(fake) / neighbours", "/ len(fake)", "density not divided by k", PRDC),
    ("inside.any(1)", "inside.any(0)", "coverage of fakes, which is precision", PRDC),
    ('compute_mode="donot_use_mm_for_euclid_dist"', 'compute_mode="use_mm_for_euclid_dist"',
     "distances by products of matrices", "shift_is or close_points"),
    # modes
    ("good = away <= 3", "good = away <= 4", "high quality within 4 σ", "modes_at or modes_by"),
    ("(counts >= 20)", "(counts > 20)", "21 fakes for captured_20", "modes_at"),
    ("(counts >= 1)", "(counts > 1)", "2 fakes for captured", "modes_at"),
    ("& good[..., None]", "| (good[..., None] & False)", "all fakes binned",
     "modes_of_a_perfect or modes_by"),
    ("(_distances(x, mean) / sigma).min(-1)", "(_distances(x, mean) / sigma.max()).min(-1)",
     "every mode as wide as the widest", "modes_by"),
    ("/ freedom / (longer / shorter)", "/ freedom", "the spread without the cut's correction",
     "modes_of_a_perfect"),
    ("(deviation - member.mT @ own_mean)", "deviation", "the spread about the centre",
     "modes_of_a_perfect or offset"),
    ("dim * (counts - 1).clamp_min(0)", "dim * counts", "the spread with n",
     "modes_of_a_perfect or modes_by"),
    ("torch.xlogy(q, modes * q)", "-torch.xlogy(torch.full_like(q, 1 / modes), modes * q)",
     "forward for reverse KL", "modes_by"),
    ("torch.xlogy(q, modes * q)", "torch.xlogy(q, q)", "the entropy, without log K", "modes_by"),
    # what all of them share
    ("[metric(a.double(), b.double())", "[metric(b.double(), a.double())",
     "real and fake swapped in all of them", PRDC),
    ("[metric(a.double(), b.double())", "[metric(a, b)", "float32 throughout", "float32"),
    ("values.reshape(leading + values.shape[1:])", "values.reshape(leading[::-1] + "
     "values.shape[1:])", "replicas in the wrong order", "replicas"),
    ("metric(draws[0::2], draws[1::2])", "metric(draws[1::2], draws[0::2])",
     "real and fake swapped in the noise floor", "noise_floor_is_the"),
]  # fmt: skip

SIGMOID = '."""\n        return torch.sigmoid(self.logits(x))'
SPREAD = "(variance + 1e-8).sqrt().mean(dim=-1, keepdim=True)"

NETWORKS = [
    ("nn.Linear(noise_dim, 128)", "nn.Linear(noise_dim, 128, bias=False)", "a bias lost"),
    ("nn.Linear(128, 256),\n            nn.ReLU()",
     "nn.Linear(128, 256),\n            nn.LeakyReLU(0.2)", "D's activation in the seed's G"),
    ("            nn.Tanh(),\n", "            nn.Sigmoid(),\n", "G in [0, 1]"),
    ("nn.Linear(256, 128),\n            nn.LeakyReLU(0.2)",
     "nn.Linear(256, 128),\n            nn.LeakyReLU(0.01)", "PyTorch's slope in the seed's D"),
    ("nn.Linear(128, 1),\n            nn.Sigmoid()",
     "nn.Linear(128, 1),\n            nn.Tanh()", "a discriminator in [-1, 1]"),
    ("(..., m, 1)" + SIGMOID, "(..., m, 1)" + SIGMOID.replace("torch.sigmoid", ""),
     "D(x) without its sigmoid"),
    ("(..., m / size, 1)" + SIGMOID, "(..., m / size, 1)" + SIGMOID.replace("torch.sigmoid", ""),
     "packed D(x) without its sigmoid", "pack"),
    ("list(self.model)[:-1]", "self.model", "logits after the sigmoid"),
    ("list(self.model)[:-1]", "list(self.model)[:-2]", "logits before the last layer"),
    ("return self.model(_features(z,", "return self.model[:-1](_features(z,",
     "G without its last layer"),
    ("return nn.LeakyReLU(0.2)", "return nn.LeakyReLU()", "lrelu with PyTorch's slope",
     "mlp or chosen"),
    ("activation or leaky_relu)", "leaky_relu)", "D's activation cannot be chosen", "chosen"),
    ("activation or leaky_relu)", "activation or nn.ReLU)", "relu for lrelu in D", "mlp or chosen"),
    ("_hidden(noise_dim, width, depth, norm, activation)",
     "_hidden(noise_dim, width, depth, norm, nn.ReLU)", "G's activation cannot be chosen",
     "mlp or chosen"),
    ("_hidden(noise_dim, width, depth, norm, activation)",
     "_hidden(noise_dim, width, depth, None, activation)", "G's norm forgotten", "norm"),
    ("nn.Linear(width, data_dim), output())", "nn.Linear(width, data_dim), nn.Tanh())",
     "G's output cannot be chosen", "chosen"),
    ("        if norm is not None:\n            layers += [norm(width)]\n"
     "        layers += [activation()]\n",
     "        layers += [activation()]\n        if norm is not None:\n"
     "            layers += [norm(width)]\n", "the norm after the activation", "norm"),
    ('range(_size("depth", depth))', 'range(_size("depth", depth) + 1)', "one layer too many",
     "depth or counts"),
    # weights
    ("                self.init(linear)\n", "                pass\n", "init never applied", "init"),
    ("in self.linears():", "in self.linears()[:-1]:", "init not applied to the last layer", "init"),
    ("                layer.reset_parameters()\n        self._apply_init()\n",
     "                layer.reset_parameters()\n", "init forgotten when weights are drawn again",
     "reset"),
    ("        for layer in layers:\n", "        for layer in reversed(layers):\n",
     "weights drawn again from last to first", "reset"),
    ("            if parametrize.is_parametrized(layer):", "            if False:",
     "weights under spectral norm drawn again", "spectral"),
    ("        self.D.reset_parameters()\n", "        pass\n", "packed weights never drawn again",
     "pack"),
    ("nn.init.kaiming_normal_(linear.weight)",
     'nn.init.kaiming_normal_(linear.weight, nonlinearity="linear")', "the gain of relu lost",
     "he_normal"),
    ("nn.init.kaiming_normal_(linear.weight)", "nn.init.kaiming_uniform_(linear.weight)",
     "uniform weights", "he_normal"),
    ("nn.init.kaiming_normal_(linear.weight)",
     'nn.init.kaiming_normal_(linear.weight, mode="fan_out")', "fan out for fan in", "he_normal"),
    ("    nn.init.zeros_(linear.bias)\n", "", "PyTorch's biases kept", "he_normal"),
    # layers that look at several samples
    ("correction=0", "correction=1", "the variance with n - 1", "minibatch"),
    ("return x.unflatten(-2, (-1, size))",
     "return x.unflatten(-2, (size, -1)).transpose(-3, -2)", "strided groups",
     "minibatch or pack or groups"),
    (SPREAD, "variance.sqrt().mean(dim=-1, keepdim=True)", "a root without a slope at 0",
     "minibatch"),
    (SPREAD, "(variance + 1e-8).mean(dim=-1, keepdim=True).sqrt()", "the root of the mean",
     "minibatch"),
    (SPREAD, "(variance + 1e-8).mean(dim=-1, keepdim=True)", "the variance for its root",
     "minibatch"),
    ("torch.cat([x, spread.", "torch.cat([x, spread.flip(-3).", "another group's spread",
     "minibatch"),
    ("self.samples_per_logit).flatten(-2)", "self.samples_per_logit).mT.flatten(-2)",
     "coordinates of a pack interleaved", "pack"),
    ("D.data_dim // size, size", "D.data_dim // size, 1", "packs of one", "pack"),
    ("x.dim() < 2 or x.shape[-2] % size", "x.shape[-2] % size", "a sample without a batch let in",
     "fit"),
    # spectral norm
    ("    network = copy.deepcopy(network)\n", "", "the network passed gets spectral norms",
     "spectral"),
    ("with torch.random.fork_rng(devices=[]):  #", "if True:  #",
     "spectral moves the global stream", "spectral"),
    ("if isinstance(layer, nn.Linear):\n                param",
     "if isinstance(layer, nn.Linear) and layer.out_features > 1:\n                param",
     "the last layer without a spectral norm", "spectral"),
    # what is refused
    ("x.shape[-1:] != (size,)", "x.shape[-1] > size", "too few coordinates let in", "wrong_last"),
    ("    if not x.is_floating_point():", "    if False:", "whole numbers let in", "whole_numbers"),
    (" or isinstance(value, bool) or value < 1", " or value < 1", "a size of True let in", "size"),
    ("isinstance(value, bool) or value < 1", "isinstance(value, bool) or value < 0",
     "a size of 0 let in", "size"),
]  # fmt: skip

ABOUT = "about = [_package(), torch.__version__, self.seeds, self.seed, *ours]"
HIDDEN = "[_code(thing.__code__), thing.__defaults__, thing.__kwdefaults__, cells, used]"
MARGIN = (
    "if margin is not None and -margin < low and high < margin:\n"
    '            return f"no difference above {margin:g}"'
)

EXPERIMENTS = [
    ("- self.points[BASE]\n", "- self.points[BASE].mean()\n", "differences not paired", "scipy"),
    ("- self.points[BASE]\n", "- self.points[BASE].flip(0)\n", "paired with another seed",
     "scipy"),
    ("self.points[variant] - self.points[BASE]", "self.points[BASE] - self.points[variant]",
     "base minus variant", "scipy"),
    ("- self.points[BASE]\n", "/ self.points[BASE] - 1\n", "relative differences", "scipy"),
    ("_interval(d, family_level,", "_interval(self.points[name], family_level,",
     "points resampled in the family, not differences", "scipy"),
    ("interval=_interval(d, level,", "interval=_interval(self.points[name], level,",
     "points resampled, not differences", "scipy"),
    ("self.points[name].quantile(0.5)", "d.quantile(0.5)", "the median difference for the median",
     "scipy"),
    ("difference=d.mean().item()", "difference=d.quantile(0.5).item()",
     "the median difference for the mean", "scipy"),
    # one of K
    ("1 - (1 - level) / len(variants)", "level", "no Bonferroni", "levels"),
    ("1 - (1 - level) / len(variants)", "1 - (1 - level) / len(self.points)",
     "the base counted as a comparison", "levels"),
    ("1 - (1 - level) / len(variants)", "level ** (1 / len(variants))",
     "Šidák, as if comparisons were independent", "levels"),
    ('multipletests(p, method="holm")[1].tolist()', "p", "Holm skipped", "holm"),
    ('method="holm"', 'method="bonferroni"', "Bonferroni for Holm", "holm"),
    ('method="holm"', 'method="fdr_bh"', "Benjamini and Hochberg for Holm", "holm"),
    # intervals and tests
    (" * math.sqrt(n / (n - 1))", "", "the bootstrap's n not made n - 1", "to_within"),
    ("stats.t.isf((1 - level) / 2, n - 1)", "stats.norm.isf((1 - level) / 2)",
     "the normal's width for Student's", "students"),
    ("stats.t.isf((1 - level) / 2,", "stats.t.isf(1 - level,", "one tail for two", "students"),
    ("        np.mean,\n        confidence_level", "        np.median,\n        confidence_level",
     "an interval of the median", "students or 95_of"),
    ("return d[0].item(), d[0].item()", "return 0.0, 0.0", "equal differences taken for none",
     "all_equal"),
    ("return float(test.pvalue)", "return float(test.pvalue) / 2", "p of one side",
     "sign_flips or scipy"),
    ("        np.mean,\n        permutation", "        np.median,\n        permutation",
     "the test of the median", "sign_flips or scipy"),
    # verdicts
    (MARGIN, MARGIN.replace("if margin", "if low <= 0 <= high or margin").replace(
        "{margin:g}", "{margin or 0:g}"), "what was not seen is not there", "verdict"),
    ("-margin < low and high < margin", "high < margin", "equal though far below",
     "agree or verdict"),
    ("-margin < low and high < margin", "-margin < low + high < margin",
     "equal by the estimate alone", "verdict or as_large"),
    ("(low > 0 or high < 0) and p_holm", "(low > 0 or high < 0) or p_holm",
     "the interval or the test, not both", "agree"),
    ("low > 0 or high < 0", "low > 0", "nothing matters that is below", "agree"),
    ("if 2 / 2**n <= alpha:", "if True:", "a verdict by 2 seeds", "five"),
    ("if 2 / 2**n <= alpha:", "if 1 / 2**n <= alpha:", "a verdict by 5 seeds", "five"),
    ("family, p_holm[k]", "family, p[k]", "judged by the uncorrected p",
     "judged_by"),
    ("p_holm[k], margin, 1 - level)", "p_holm[k], margin, 0.05)", "judged at 95 % always",
     "judged_by"),
    # together
    ("list(range(seeds)) * len(variants)", "[i for i in range(seeds) for _ in variants]",
     "seeds of variants interleaved", "together"),
    ("tuple(torch.cat(player) for", "tuple(torch.cat(player[::-1]) for",
     "rates in the reverse order of blocks", "together"),
    ("in zip(*rates, strict=True))", "in list(zip(*rates, strict=True))[::-1])",
     "merged rates (lr_D, lr_G)", "together"),
    ('[options["loss"] for options in variants]', '[options["loss"] for options in variants[::-1]]',
     "losses in the reverse order of blocks", "together"),
    ("torch.as_tensor(rate, dtype=torch.float64)", "torch.as_tensor(rate, dtype=torch.float32)",
     "merged rates rounded", "together"),
    ('name not in ("lr", "loss")}', 'name not in ("lr", "loss", "batch_size")}',
     "other batch sizes trained together", "cannot_be_together"),
    ("zip(group, run.blocks(len(group)), strict=True)",
     "zip(group, list(run.blocks(len(group)))[::-1], strict=True)", "blocks of other variants",
     "together"),
    ("                    seed=self.seed,\n", "                    seed=0,\n", "the seed ignored",
     "together"),
    ('            defaults["on_nan"] = "freeze"\n', "            pass\n",
     "one lost seed ends the study", "lost"),
    ("{**defaults, **self.base}", '{**defaults, **self.base, "on_nan": "freeze"}',
     "on_nan cannot be chosen", "lost"),
    ("len(block.frozen)", "len(run.frozen)", "frozen seeds of all variants counted", "lost"),
    ("                if run.interrupted:", "                if False:",
     "a study stopped by hand goes on", "ctrl_c"),
    # what is kept
    (ABOUT, ABOUT.replace("_package(), ", ""), "parts of another package read", "software"),
    (ABOUT, ABOUT.replace("torch.__version__, ", ""), "parts of another torch read", "software"),
    (ABOUT, ABOUT.replace("self.seeds, ", ""), "parts of other seeds read", "anything_that_counts"),
    (ABOUT, ABOUT.replace("self.seed, ", ""), "parts of another seed read", "anything_that_counts"),
    ("[describe(self.measure), ", "[", "parts of another measure read",
     "anything_that_counts"),
    (", describe(self.train)]", "]", "parts of another loop read", "another_loop"),
    ("describe(o)])", 'describe({k: v for k, v in o.items() if k != "batch_size"})])',
     "parts of another batch size read", "anything_that_counts"),
    ("describe(o)])", "name])", "parts known by their names alone",
     "anything_that_counts or another_name"),
    # a whole study in a file
    ("run = (self.train or training.train)(", "run = training.train(", "the reader's loop ignored",
     "loop_of_its_own"),
    ("process_time() - begun) / len(group)", "process_time() - begun)",
     "the cost of a group times k", "cost"),
    ('if not text or about.get("checksum") != digest(text):', "if not text:",
     "a stored number changed by hand", "stored_number"),
    ("    if [row[:2] for row in rows] != ", "    if False and [row[:2] for row in rows] != ",
     "the file of another study read", "another_study"),
    ("str(part.frozen), *(f", "str(0), *(f", "lost seeds not stored", "lost_seeds_are_stored"),
    ("list(c) for o, c in", "list(c)[::-1] for o, c in", "seeds read in reverse",
     "running_it or is_what"),
    ('f"{key}.{os.getpid()}.partial"', 'f"{key}.json"', "a part written in its place", "whole"),
    ("        os.fsync(file.fileno())\n", "", "named before its bytes are on the disk", "whole"),
    (' or content["checksum"] != digest([key, content["part"]])', "", "checksums not compared",
     "damaged"),
    ('content["format"] != FORMAT or ', "", "another format read", "damaged"),
    (" or not values.isfinite().all()", "", "a measure may return NaN", "measure_returns"),
    ('            if isinstance(options["loss"], list):', "            if False:",
     "a list of losses let in", "makes_no_sense"),
]  # fmt: skip

FINGERPRINT = [
    (HIDDEN, HIDDEN.replace(", used", ""), "globals that a function reads forgotten",
     "equal_functions"),
    (HIDDEN, HIDDEN.replace(", cells", ""), "what a function closes over forgotten",
     "equal_functions"),
    (HIDDEN, HIDDEN.replace(" thing.__kwdefaults__,", ""), "defaults of keywords forgotten",
     "equal_functions"),
    ("    if isinstance(thing, nn.Parameter):", "    if False:", "equal networks told apart",
     "drawn_afresh"),
    ("sorted(all_of(thing.items()), key=str)", "all_of(thing.items())",
     "the order of options counts", "equal_things"),
]  # fmt: skip

MUTANTS = [
    Mutant(module, *row)
    for module, rows in (
        ("losses", LOSSES),
        ("ensemble", ENSEMBLE),
        ("training", TRAINING),
        ("metrics", METRICS),
        ("networks", NETWORKS),
        ("experiments", EXPERIMENTS),
        ("fingerprint", FINGERPRINT),
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
    print("\nmodule       mutants  killed   share")
    modules = list(dict.fromkeys(verdict.mutant.module for verdict in verdicts))
    wrong = [f"{v.mutant.name}: {v.problem}" for v in verdicts if v.problem]
    for module in [*modules, "all"]:
        ours = [v for v in verdicts if module in (v.mutant.module, "all")]
        killed = sum(bool(v.killer) for v in ours)
        share = killed / len(ours)
        print(f"{module:11} {len(ours):8} {killed:7} {share:7.1%}")
        if share < REQUIRED:
            whose = f"the mutants of {module}" if module != "all" else "all mutants"
            wrong.append(f"{share:.1%} of {whose} are killed, {REQUIRED:.0%} required")
    for verdict in verdicts:
        if not verdict.killer:
            print(f"\nsurvived  {verdict.mutant.name}\n  - {verdict.mutant.old}")
            print(f"  + {verdict.mutant.new}\n  {verdict.mutant.equivalent or 'NOT EXPLAINED'}")
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
