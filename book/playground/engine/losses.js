// What D and G minimise, and the derivatives in the logits: gan_tutorial.losses, written out.
// Every loss is a mean over i of a function of r = real_logits[i] and f = fake_logits[i].

const { exp, log1p } = Math;
/** @param {number} a */
const softplus = (a) => (a > 20 ? a : log1p(exp(a))); // as in PyTorch, which rounds beyond 20
/** @param {number} a */
const sigmoid = (a) => 1 / (1 + exp(-a));

/** @typedef {(r: number, f: number) => number} Pairwise */
/**
 * @typedef {object} Loss
 * @property {Pairwise} d what D minimises
 * @property {Pairwise} dReal its derivative in r
 * @property {Pairwise} dFake its derivative in f
 * @property {Pairwise} g what G minimises
 * @property {Pairwise} gFake its derivative in f
 * @property {boolean} [gUsesReal] whether `g` looks at r
 */

/** @type {Loss} */
const nonsaturating = {
  d: (r, f) => softplus(-r) + softplus(f),
  dReal: (r) => -sigmoid(-r),
  dFake: (_, f) => sigmoid(f),
  g: (_, f) => softplus(-f),
  gFake: (_, f) => -sigmoid(-f),
};

/** @type {Loss} */
const wasserstein = {
  d: (r, f) => f - r,
  dReal: () => -1,
  dFake: () => 1,
  g: (_, f) => -f,
  gFake: () => -1,
};

/** Each loss by the name that the book prints. @type {Record<string, Loss>} */
export const LOSSES = {
  "non-saturating": nonsaturating,
  saturating: {
    ...nonsaturating,
    g: (_, f) => -softplus(f),
    gFake: (_, f) => -sigmoid(f),
  },
  "smoothed labels": {
    ...nonsaturating,
    d: (r, f) => softplus(-r) + softplus(f) + 0.1 * r, // label 0.9 for real samples
    dReal: (r) => 0.1 - sigmoid(-r),
  },
  "least squares": {
    d: (r, f) => ((r - 1) ** 2 + f ** 2) / 2,
    dReal: (r) => r - 1,
    dFake: (_, f) => f,
    g: (_, f) => (f - 1) ** 2 / 2,
    gFake: (_, f) => f - 1,
  },
  hinge: {
    ...wasserstein,
    d: (r, f) => Math.max(0, 1 - r) + Math.max(0, 1 + f),
    dReal: (r) => (r < 1 ? -1 : 0),
    dFake: (_, f) => (f > -1 ? 1 : 0),
  },
  Wasserstein: wasserstein,
  relativistic: {
    d: (r, f) => softplus(f - r),
    dReal: (r, f) => -sigmoid(f - r),
    dFake: (r, f) => sigmoid(f - r),
    g: (r, f) => softplus(r - f),
    gFake: (r, f) => -sigmoid(r - f),
    gUsesReal: true,
  },
};

/**
 * Where a penalty looks at D's slope: at a part of the step's arrays, of which `x` is the real and the
 * fake samples together. gamma / 2 · E[(‖∇ₓ logits(x)‖ - wants)²], wants is 1 for the last and else 0.
 * @type {Record<string, "" | "xReal" | "xFake" | "x" | "xHat">}
 */
export const PENALTIES = { none: "", R1: "xReal", R2: "xFake", "R1 + R2": "x", "gradient penalty": "xHat" };
