// The GAN of the chapters: gan_tutorial.training.train for one run, in the same order, with the same
// random numbers.
import { makeTarget } from "./data.js";
import { withMemory } from "./kernel.js";
import { LOSSES, PENALTIES } from "./losses.js";
import { Network, Pass } from "./network.js";
import { memberSeed, Stream } from "./random.js";
/** @import { Alloc, Floats, Matmul } from "./kernel.js" */

export { LOSSES, PENALTIES };
export const TARGETS = ["gaussian", "mixture", "uniform", "drawn", "ring", "grid", "points"];
export const NETWORKS = ["seed", "mlp", "dirac"];
const CHUNK = 256; // samples for the picture pass through the networks so many at a time

/**
 * @typedef {object} Settings
 * @property {string} target one of TARGETS; it decides the dimension
 * @property {number[]} drawn for "drawn" heights of equal bins over [-1, 1], for "points" x0, y0, x1, y1, …
 * @property {string} networks the tutorial's own, MLPs of your size, or chapter 5's Dirac-GAN
 * @property {number} width of the hidden layers of "mlp"
 * @property {number} depth number of hidden layers of "mlp"
 * @property {number} noise dimension of z
 * @property {number} batch samples of each kind in a step
 * @property {number} k updates of D for each one of G
 * @property {number} lrG
 * @property {number} lrD
 * @property {number} beta1
 * @property {number} beta2
 * @property {string} loss a key of LOSSES
 * @property {string} penalty a key of PENALTIES
 * @property {number} gamma strength of the penalty, gamma / 2 · E‖∇‖²
 * @property {number} ema decay of the moving average of G, 0 for none
 * @property {number} seed
 * @property {number} member of an ensemble, each with its own random stream
 */

/** The tutorial's recipe, as chapter 5 trains it. @type {Settings} */
export const DEFAULTS = {
  target: "gaussian", drawn: [], networks: "seed", width: 32, depth: 2, noise: 8, batch: 64, k: 1,
  lrG: 2e-3, lrD: 2e-3, beta1: 0.5, beta2: 0.999, loss: "non-saturating", penalty: "none", gamma: 1,
  ema: 0, seed: 0, member: 0,
};

/** What each number may be: lowest, highest, whether whole. @type {[string, number, number, boolean?][]} */
const RANGES = [
  ["width", 1, 256, true], ["depth", 1, 6, true], ["noise", 1, 64, true], ["batch", 1, 1024, true],
  ["k", 1, 50, true], ["lrG", 0, 1], ["lrD", 0, 1], ["beta1", 0, 0.9999],
  ["beta2", 0, 0.9999], ["gamma", 0, 1000], ["ema", 0, 0.9999],
  ["seed", 0, 2 ** 32 - 1, true], ["member", 0, 2 ** 32 - 1, true],
];

/**
 * Complete settings by DEFAULTS, or say in a sentence what is wrong with them.
 * @param {Partial<Settings>} [settings] @returns {Settings}
 */
export function check(settings) {
  const s = { ...DEFAULTS, ...settings }, { target, networks, drawn } = s;
  /** @param {unknown} fine @param {string} name @param {string} allowed @param {unknown} [got] */
  const must = (fine, name, allowed, got = s[/** @type {"seed"} */ (name)]) => {
    if (!fine) throw new RangeError(`${name} must be ${allowed}, got ${JSON.stringify(got)}`);
  };
  const names = { target: TARGETS, networks: NETWORKS, loss: Object.keys(LOSSES), penalty: Object.keys(PENALTIES) };
  for (const [name, allowed] of Object.entries(names)) must(allowed.includes(s[/** @type {"loss"} */ (name)]), name, `one of ${allowed.join(", ")}`);
  for (const [name, low, high, whole] of RANGES) {
    const value = s[/** @type {"seed"} */ (name)];
    must(value >= low && value <= high && (Number.isInteger(value) || (!whole && Number.isFinite(value))), name, `a ${whole ? "whole " : ""}number from ${low} to ${high}`);
  }
  const heights = target === "drawn", count = Array.isArray(drawn) ? drawn.length : 0;
  if (heights || target === "points")
    must(
      count > 1 && (heights ? count < 65 && drawn.some(Boolean) : count < 1025 && count % 2 === 0) &&
        drawn.every((value) => Number.isFinite(value) && Math.abs(value) <= 1000 && (value >= 0 || !heights)),
      "drawn", heights ? "2 to 64 heights from 0 to 1000, not all 0" : "1 to 512 points, two numbers up to 1000 each",
    );
  must(networks === "mlp" || TARGETS.indexOf(target) < 4, "networks", `mlp for ${target}, which lies in the plane`);
  return s;
}

/** A loss, or the gradient behind it, is not finite. */
export class DivergedError extends Error {
  /** @param {string} player @param {number} loss @param {number} step */
  constructor(player, loss, step) {
    super(`training stopped at step ${step}: the ${player}'s loss is ${loss}, or its gradient is not finite; try a smaller learning rate`);
    this.step = step;
  }
}

/**
 * The networks, and every array that a step needs.
 * @param {Settings} s @param {number} dim @param {Alloc} alloc @param {Matmul} matmul
 */
function build({ networks, width, depth, noise, batch, ema }, dim, alloc, matmul) {
  const hidden = Array(depth).fill(width), seed = networks === "seed", size = batch * dim;
  const [ofG, ofD] = networks === "dirac" ? [[], []] : seed ? [[128, 256], [256, 128]] : [hidden, hidden];
  const sizesG = [networks === "dirac" ? 1 : noise, ...ofG, dim];
  const G = new Network(alloc, sizesG, 0, seed), D = new Network(alloc, [dim, ...ofD, 1], 0.2);
  const emaG = ema ? new Network(alloc, sizesG, 0, seed) : G;
  const x = alloc(2 * size), xFake = x.subarray(size); // D sees one batch: m real samples, then m fakes
  const passD = new Pass(D, 2 * batch, alloc, matmul);
  return {
    G, D, emaG, passD, x, xFake,
    xReal: x.subarray(0, size),
    xHat: alloc(size),
    z: alloc(batch * sizesG[0]),
    realLogits: alloc(batch),
    passG: new Pass(G, batch, alloc, matmul, xFake, passD.d[0]),
    // for the picture: nothing here touches what a step has left for the next
    points: alloc(CHUNK * Math.max(dim, sizesG[0])),
    viewG: new Pass(emaG, CHUNK, alloc, matmul),
    viewD: new Pass(D, CHUNK, alloc, matmul),
  };
}

/** One GAN in training. */
export class Gan {
  /** @param {Partial<Settings>} [settings] @param {{ precision?: "float32" | "float64", simd?: boolean }} [options] */
  constructor(settings, { precision = "float32", simd = true } = {}) {
    const s = (this.settings = check(settings));
    this.target = makeTarget(s);
    this.dim = this.target.dim;
    this.stream = new Stream(memberSeed(s.seed, s.member));
    this.loss = LOSSES[s.loss];
    this.parts = withMemory((alloc, matmul) => build(s, this.dim, alloc, matmul), precision === "float64", simd);
    const { G, D, emaG, z, xReal } = this.parts;
    this.drawn = [xReal, z].map(({ length }) => new Float32Array(length)); // always in single precision
    if (s.networks === "dirac") {
      G.p.set([0, 1]); // G(z) = theta = 1: z is 0, and the bias is theta
    } else {
      G.draw(this.stream);
      D.draw(this.stream);
    }
    G.transpose();
    D.transpose();
    emaG.p.set(G.p);
    /** Completed steps. */
    this.steps = 0;
    /** Updates of D since G's last. */
    this.phase = 0;
    /** Whether every step so far was k of D, then one of G: only then is it the run of `train`. */
    this.inOrder = true;
    /** The last losses, and the last penalty: D's loss is without it. */
    this.dLoss = this.gLoss = NaN;
    this.penalty = 0;
  }

  /** Whose update comes next. */
  get next() {
    return this.phase < this.settings.k ? "D" : "G";
  }

  /** The last batch that D saw. */
  get lastBatch() {
    const { z, xReal, xFake } = this.parts;
    return { z, xReal, xFake };
  }

  /** k updates of D, then one of G; fewer of D if some were already made. */
  step() {
    while (this.next === "D") this.stepD();
    this.stepG();
  }

  /** Draw x_real and z, and let G make its fakes. */
  draw() {
    const { drawn, stream, parts: { z, xReal, passG }, settings: { batch, networks } } = this;
    xReal.set(this.target.sample(batch, stream, drawn[0]));
    if (networks !== "dirac") z.set(stream.randn(z.length, drawn[1]));
    passG.forward(z, batch);
  }

  /** D ← D - Adam(∇_D [L_D + penalty]); G is held fixed. */
  stepD() {
    const { D, passD, x } = this.parts, { batch: m, lrD } = this.settings, { loss } = this;
    if (this.next === "G") this.inOrder = false;
    this.draw();
    const logits = passD.forward(x, 2 * m), d = passD.dOutput;
    this.dLoss = 0;
    for (let i = 0; i < m; i++) {
      const r = logits[i], f = logits[m + i];
      this.dLoss += loss.d(r, f) / m;
      d[i] = loss.dReal(r, f) / m;
      d[m + i] = loss.dFake(r, f) / m;
    }
    passD.backward(2 * m, true, false);
    this.penalty = this.penalise();
    this.update("discriminator", D, this.dLoss + this.penalty, lrD);
    this.phase++;
  }

  /** gamma / 2 · E[(‖∇ₓ logits(x)‖ - wants)²]; its gradient is added to that of D's weights. */
  penalise() {
    const { parts, dim } = this, { passD, xReal, xFake, xHat } = parts, { batch: m, gamma } = this.settings;
    const at = PENALTIES[this.settings.penalty], between = at === "xHat", wants = between ? 1 : 0;
    if (!at) return 0;
    if (between) {
      const u = this.stream.rand(m);
      for (let i = 0; i < xHat.length; i++) {
        const share = u[Math.floor(i / dim)];
        xHat[i] = share * xReal[i] + (1 - share) * xFake[i];
      }
    }
    const rows = parts[at].length / dim;
    passD.forward(parts[at], rows);
    passD.dOutput.fill(1, 0, rows);
    passD.backward(rows, false, true);
    const slope = passD.d[0], v = passD.u[0];
    let value = 0;
    for (let i = 0; i < rows * dim; i += dim) {
      let squared = 0;
      for (let j = i; j < i + dim; j++) squared += slope[j] ** 2;
      const size = Math.sqrt(squared), factor = size && (gamma / m) * (1 - wants / size);
      for (let j = i; j < i + dim; j++) v[j] = factor * slope[j];
      value += (gamma / 2 / m) * (size - wants) ** 2;
    }
    passD.tangent(rows);
    return value;
  }

  /** G ← G - Adam(∇_G L_G), on the fakes that D has just seen; D is held fixed. */
  stepG() {
    const { G, emaG, passD, passG, xReal, xFake, realLogits } = this.parts;
    const { batch: m, lrG, ema } = this.settings, { loss } = this;
    if (this.next === "D") this.inOrder = false;
    if (!this.phase) this.draw(); // G has moved since the last fakes were made
    if (loss.gUsesReal) realLogits.set(passD.forward(xReal, m).subarray(0, m));
    const logits = passD.forward(xFake, m), d = passD.dOutput;
    this.gLoss = 0;
    for (let i = 0; i < m; i++) {
      this.gLoss += loss.g(realLogits[i], logits[i]) / m;
      d[i] = loss.gFake(realLogits[i], logits[i]) / m;
    }
    passD.backward(m, false, true); // leaves ∇ₓ L_G where G's pass looks for it
    passG.backward(m, true, false);
    this.update("generator", G, this.gLoss, lrG);
    if (ema) emaG.follow(G, Math.min(ema, (1 + this.steps) / (10 + this.steps)));
    this.steps++;
    this.phase = 0;
  }

  /** @param {string} player @param {Network} net @param {number} loss @param {number} lr */
  update(player, net, loss, lr) {
    const { networks, beta1, beta2 } = this.settings;
    // what is amiss anywhere has flowed back to the first layer
    if (!Number.isFinite(net.layers[0].gb.reduce((sum, g) => sum + g, loss))) throw new DivergedError(player, loss, this.steps + 1);
    if (networks === "dirac") {
      if (net === this.parts.D) net.g[1] = 0; // its logit is phi x, without a bias
      net.p.forEach((p, i) => (net.p[i] = p - lr * net.g[i])); // chapter 5 descends without Adam
    } else net.adam(lr, beta1, beta2);
    net.transpose();
  }

  /** G(z), from the averaged generator if there is one: z (n, noise) -> (n, dim). @param {ArrayLike<number>} z */
  generate(z) {
    const { emaG, viewG } = this.parts;
    return this.view(z, emaG.sizes[0], this.dim, (points, rows) => viewG.forward(points, rows));
  }

  /** n samples, (n, dim): those of `run.sample(n, seed=…)`. @param {number} n @param {number} seed */
  sample(n, seed) {
    const { settings: { networks, noise, member } } = this;
    if (networks === "dirac") return this.generate(new Float32Array(n));
    return this.generate(new Stream(memberSeed(seed, member)).randn(n * noise));
  }

  /** D's logits at points, (n, dim) -> (n). @param {ArrayLike<number>} x */
  logits(x) {
    const { viewD } = this.parts;
    return this.view(x, this.dim, 1, (points, rows) => viewD.forward(points, rows));
  }

  /**
   * Where L_G pulls fakes at these points, -∂L_G/∂x · m, (n, dim) -> (n, dim): m, the size of the
   * batch, so that the pull on one fake does not depend on how many there are. A loss that looks at
   * real samples is averaged over the last batch. @param {ArrayLike<number>} x
   */
  gradientAt(x) {
    const { loss, dim, parts: { viewD, realLogits } } = this;
    return this.view(x, dim, dim, (points, rows) => {
      const logits = viewD.forward(points, rows), d = viewD.dOutput;
      for (let i = 0; i < rows; i++)
        d[i] = loss.gUsesReal
          ? realLogits.reduce((sum, r) => sum - loss.gFake(r, logits[i]), 0) / realLogits.length
          : -loss.gFake(0, logits[i]);
      viewD.backward(rows, false, true);
      return viewD.d[0];
    });
  }

  /**
   * Pass any number of points through in chunks.
   * @param {ArrayLike<number>} input @param {number} inputs @param {number} outputs
   * @param {(points: Floats, rows: number) => Floats} pass
   */
  view(input, inputs, outputs, pass) {
    const n = input.length / inputs, out = new Float32Array(n * outputs), { points } = this.parts;
    for (let from = 0; from < n; from += CHUNK) {
      const rows = Math.min(CHUNK, n - from);
      for (let i = 0; i < rows * inputs; i++) points[i] = input[from * inputs + i];
      out.set(pass(points, rows).subarray(0, rows * outputs), from * outputs);
    }
    return out;
  }

  /** All weights in PyTorch's order, G's before D's: W (out, in), then b, layer by layer. */
  weights() {
    const { G, D } = this.parts;
    if (this.settings.networks === "dirac") return [[G.p[1]], [D.p[0]]];
    return [...G.weights(), ...D.weights()];
  }
}
