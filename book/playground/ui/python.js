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
  const [G, D] = s.networks === 'seed'
    ? [`Generator(noise_dim=${s.noise})`, 'Discriminator()']
    : [`MLPGenerator(${s.noise}, data_dim=target.dim, width=${s.width}, depth=${s.depth})`, `MLPDiscriminator(data_dim=target.dim, width=${s.width}, depth=${s.depth})`];
  const shown = !inOrder ? ['# here D and G moved in another order than in this loop']
    : seen.map((step, i) => `# ${step} ${rows[1][i + 1].toFixed(6)} ${rows[2][i + 1].toFixed(6)}`);
  if (shown.length) shown.unshift('# the page showed:');
  return (s.networks === 'dirac' ? dirac(s, steps) : `import torch
from gan_tutorial import data, losses, networks, training

target = ${target(s)}
run = training.train(
    networks.${G},
    networks.${D},
    target,
    loss=losses.LOSSES["${s.loss}"],
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
    print(step + 1, *(f"{loss[step].item():.6f}" for loss in (run.history.d_loss, run.history.g_loss)))`) + '\n' + shown.join('\n') + '\n';
};

/** @param {import('./address.js').State} s */
const target = (s) => {
  const { drawn } = s;
  const list = (/** @type {any[]} */ values) => `[${values.join(', ')}]`;
  if (s.target === 'points') return `data.empirical(torch.tensor(${list(drawn.flatMap((x, i) => i % 2 ? [] : list([x, drawn[i + 1]])))}))`;
  if (s.target !== 'drawn') return PYTHON[s.target];
  const centres = drawn.map((_, i) => (2 * i + 1) / drawn.length - 1);
  return `data.mixture(${list(centres.filter((_, i) => drawn[i]))}, ${1 / drawn.length}, ${list(drawn.filter(Boolean))})`;
};

/** Chapter 5's smallest game. @param {import('./address.js').State} s @param {number} steps */
const dirac = (s, steps) => `import torch
from gan_tutorial import losses

theta, phi = (torch.tensor([value], requires_grad=True) for value in (1.0, 0.0))


class Line:
    def logits(self, x):
        return phi * x


D, loss = Line(), losses.LOSSES["${s.loss}"]
penalty = ${s.penalty === 'none' ? 'None' : penalty(s)}
x_real = torch.zeros(1, 1)
for step in range(${steps}):
    for _ in range(${s.k}):
        x_fake = theta.detach().view(1, 1)
        d_loss = loss.d(D.logits(x_real), D.logits(x_fake))
        total = d_loss + (penalty(D, x_real, x_fake, torch.Generator()) if penalty else 0)
        (slope,) = torch.autograd.grad(total, phi)
        phi.data -= ${s.lrD} * slope
    g_loss = loss.g(D.logits(x_real), D.logits(theta.view(1, 1)))
    (slope,) = torch.autograd.grad(g_loss, theta)
    theta.data -= ${s.lrG} * slope
    print(step + 1, f"{d_loss.item():.6f}", f"{g_loss.item():.6f}")`;
