// The lines of Python that a state stands for: chapter 5's loop, and a cell that runs.

import { PYTHON } from '../engine/data.js';

const CROSS = 'softplus(-real_logits).mean() + softplus(fake_logits).mean()';

/** What D and G minimise, in Python. @type {Record<string, [string, string]>} */
export const FORMULA = {
  'non-saturating': [CROSS, 'softplus(-fake_logits).mean()'],
  saturating: [CROSS, '-softplus(fake_logits).mean()'],
  'smoothed labels': [CROSS + ' + 0.1 * real_logits.mean()', 'softplus(-fake_logits).mean()'],
  'least squares': ['((real_logits - 1)**2).mean() / 2 + (fake_logits**2).mean() / 2', '((fake_logits - 1)**2).mean() / 2'],
  hinge: ['relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()', '-fake_logits.mean()'],
  Wasserstein: ['fake_logits.mean() - real_logits.mean()', '-fake_logits.mean()'],
  relativistic: ['softplus(fake_logits - real_logits).mean()', 'softplus(real_logits - fake_logits).mean()'],
};

/** The loop's lines, each with whose it is and which of a frame's `values` it computes.
 * @param {import('./address.js').State} s @returns {['D'|'G', string, number][]} */
export const loop = (s) => {
  const [d, g] = FORMULA[s.loss];
  /** @type {['D'|'G', string, number][]} */
  const lines = [
    ['D', 'x_real = target.sample(m, generator=stream)', 3],
    ['D', 'x_fake = G(torch.randn(m, noise_dim))', 4],
    ['D', 'real_logits, fake_logits = D.logits(x_real), D.logits(x_fake.detach())', -1],
    ['D', 'd_loss = ' + d, 0],
  ];
  if (s.penalty !== 'none') lines.push(['D', 'penalty = ' + penalty(s) + '(D, x_real, x_fake.detach(), stream)', 2]);
  lines.push(
    ['D', `d_optimizer.zero_grad(); (d_loss${s.penalty === 'none' ? '' : ' + penalty'}).backward(); d_optimizer.step()`, -1],
    ['G', 'fake_logits = D.logits(x_fake)', 5],
    ['G', 'g_loss = ' + g, 1],
    ['G', 'g_optimizer.zero_grad(); g_loss.backward(); g_optimizer.step()', -1],
  );
  return lines;
};

/** @param {import('./address.js').State} s */
const penalty = (s) => s.penalty === 'R1 + R2' ? `(losses.r1(${s.gamma}) + losses.r2(${s.gamma}))`
  : `losses.PENALTIES["${s.penalty}"](${s.gamma})`;

/** A cell that trains the same with `gan_tutorial`, and prints the losses that the page showed.
 * @param {import('./address.js').State} s
 * @param {number[][]} rows steps, L_D, L_G @param {boolean} inOrder */
export const cell = (s, rows, inOrder) => {
  const seen = rows[0].slice(1, 6);
  const steps = seen.length || 5;
  const seed = s.networks === 'seed';
  const mlp = `data_dim=target.dim, width=${s.width}, depth=${s.depth})`;
  const shown = inOrder ? ['# the page showed:', ...seen.map((step, i) => `# ${step} ${rows[1][i + 1].toFixed(6)} ${rows[2][i + 1].toFixed(6)}`)]
    : ['# the page moved D and G in another order than this loop'];
  return `import torch
from gan_tutorial import data, losses, networks, training

loss = losses.LOSSES["${s.loss}"]
` + (s.networks === 'dirac' ? `x_real, theta, phi = torch.tensor([0.0, 1.0, 0.0]).view(3, 1, 1).unbind()


class D:
    logits = lambda x: phi * x


for step in range(${steps}):
    for _ in range(${s.k}):
        phi, x_fake = phi.detach().requires_grad_(), theta.detach()
        d_loss = loss.d(D.logits(x_real), D.logits(x_fake))
        (slope,) = torch.autograd.grad(d_loss${s.penalty === 'none' ? '' : ` + ${penalty(s)}(D, x_real, x_fake, torch.Generator())`}, phi)
        phi = (phi - ${s.lrD} * slope).detach()
    theta.requires_grad_()
    g_loss = loss.g(D.logits(x_real), D.logits(theta))
    (slope,) = torch.autograd.grad(g_loss, theta)
    theta = (theta - ${s.lrG} * slope).detach()
    print(step + 1, f"{d_loss.item():.6f} {g_loss.item():.6f}")
` : `target = ${target(s)}
run = training.train(
    networks.${seed ? `Generator(${s.noise})` : `MLPGenerator(${s.noise}, ${mlp}`},
    networks.${seed ? 'Discriminator()' : `MLPDiscriminator(${mlp}`},
    target,
    loss=loss,
    penalty=${s.penalty === 'none' ? 'None' : penalty(s)},
    ema=${s.ema || 'None'},
    batch_size=${s.batch},
    lr=(${s.lrG}, ${s.lrD}),
    betas=(${s.beta1}, ${s.beta2}),
    d_steps=${s.k},
    steps=${steps},
    replicas=[${s.member}],
    seed=${s.seed},
)
for step in range(${steps}):
    print(step + 1, f"{run.history.d_loss[step].item():.6f} {run.history.g_loss[step].item():.6f}")
`) + shown.join('\n') + '\n';
};

/** @param {import('./address.js').State} s */
const target = ({ target, drawn }) => {
  if (target === 'points') return `data.empirical(torch.tensor([${drawn}]).view(-1, 2))`;
  if (target !== 'drawn') return PYTHON[target];
  const centres = drawn.map((_, i) => (2 * i + 1) / drawn.length - 1);
  return `data.mixture([${centres.filter((_, i) => drawn[i])}], ${1 / drawn.length}, [${drawn.filter(Boolean)}])`;
};
