// The distributions that the generator learns, as in gan_tutorial.data: drawn in the same order,
// with the same rounding, and each with its exact density.
/** @import { Stream } from "./random.js" */
/** @import { Settings } from "./gan.js" */

const { exp, fround, PI } = Math;

/** What each target is called in Python. @type {Record<string, string>} */
export const PYTHON = {
  gaussian: "data.gaussian(mean=0.3, std=0.15)",
  mixture: "data.mixture([-0.5, 0.5], 0.1)",
  uniform: "data.uniform(-1.0, 1.0)",
  ring: "data.ring(std=0.05)",
  grid: "data.grid(spacing=0.5, std=0.05)",
};

/**
 * @typedef {object} Target
 * @property {number} dim
 * @property {(n: number, stream: Stream, out?: Float32Array) => Float32Array} sample n points, one after the other
 * @property {(x: ArrayLike<number>) => Float64Array} density p_data at points, NaN where it is not known
 * @property {(n: number) => Float32Array} quantiles on the line: n points that stand for the distribution
 * @property {Float32Array} means the centres of the modes, one after the other; empty if there are none
 * @property {number} std the standard deviation of each mode
 */

/** The target of these settings. @param {Settings} settings @returns {Target} */
export function makeTarget({ target, drawn, networks }) {
  if (networks === "dirac") return empirical([0], 1);
  switch (target) {
    case "gaussian":
      return mixture([0.3], 0.15);
    case "mixture":
      return mixture([-0.5, 0.5], 0.1);
    case "uniform":
      return uniform(-1, 1);
    case "drawn": {
      const centres = drawn.map((_, i) => (2 * i + 1) / drawn.length - 1);
      return mixture(centres.filter((_, i) => drawn[i]), 1 / drawn.length, drawn.filter(Boolean));
    }
    case "ring": {
      const angles = [0, 1, 2, 3, 4, 5, 6, 7].map((k) => fround(fround(fround(2 * PI) * k) / 8));
      return mixture(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]), 0.05, undefined, 2);
    }
    case "grid": {
      const line = [-1, -0.5, 0, 0.5, 1];
      return mixture(line.flatMap((x) => line.flatMap((y) => [x, y])), 0.05, undefined, 2);
    }
    default:
      return empirical(drawn, 2);
  }
}

/** Round Gaussians, one picked at random for each sample. @param {number[]} centres @param {number} std @param {number[]} heights @param {number} dim @returns {Target} */
function mixture(centres, std, heights = centres.map(() => 1), dim = 1) {
  const means = Float32Array.from(centres), modes = means.length / dim;
  const weights = Float32Array.from(heights.slice(0, modes));
  const total = weights.reduce((sum, height) => fround(sum + height), 0);
  const edges = weights.map((height, k) => (weights[k] = height / total));
  for (let k = 1; k < modes; k++) edges[k] += edges[k - 1];
  std = fround(std);
  return {
    dim, means, std,
    sample(n, stream, out = new Float32Array(n * dim)) {
      const u = modes > 1 ? stream.rand(n) : edges;
      stream.randn(n * dim, out);
      for (let i = 0; i < n; i++) {
        let k = 0;
        if (modes > 1) while (k < modes - 1 && u[i] >= edges[k]) k++;
        for (let d = 0; d < dim; d++) out[i * dim + d] = means[k * dim + d] + fround(std * out[i * dim + d]);
      }
      return out;
    },
    density(x) {
      const p = new Float64Array(x.length / dim), peak = (2 * PI * std * std) ** (-dim / 2);
      for (let i = 0; i < p.length; i++)
        for (let k = 0; k < modes; k++) {
          let squared = 0;
          for (let d = 0; d < dim; d++) squared += (x[i * dim + d] - means[k * dim + d]) ** 2;
          p[i] += weights[k] * peak * exp(-squared / (2 * std * std));
        }
      return p;
    },
    quantiles: (n) =>
      invert((x) => means.reduce((sum, mean, k) => sum + weights[k] * normalCdf((x - mean) / std), 0), n),
  };
}

/** @param {number} low @param {number} high @returns {Target} */
function uniform(low, high) {
  const width = high - low;
  return {
    dim: 1, means: new Float32Array(), std: 0,
    sample(n, stream, out = new Float32Array(n)) {
      stream.rand(n, out);
      for (let i = 0; i < n; i++) out[i] = low + fround(width * out[i]);
      return out;
    },
    density: (x) => Float64Array.from(x, (at) => (at >= low && at <= high ? 1 / width : 0)),
    quantiles: (n) => Float32Array.from({ length: n }, (_, i) => low + (width * (i + 0.5)) / n),
  };
}

/** The points of a table, drawn with replacement. @param {number[]} table @param {number} dim @returns {Target} */
function empirical(table, dim) {
  const points = Float32Array.from(table), rows = points.length / dim;
  return {
    dim, means: new Float32Array(), std: 0,
    sample(n, stream, out = new Float32Array(n * dim)) {
      if (rows === 1) return out.fill(points[0]);
      for (let i = 0; i < n; i++) {
        const row = Math.min(Math.floor(fround(stream.single() * rows)), rows - 1);
        for (let d = 0; d < dim; d++) out[i * dim + d] = points[row * dim + d];
      }
      return out;
    },
    density: (x) => new Float64Array(x.length / dim).fill(NaN),
    quantiles: (n) => new Float32Array(n).fill(points[0]),
  };
}

/** The quantiles of a distribution function at (i + ½) / n, by bisection. @param {(x: number) => number} cdf @param {number} n */
function invert(cdf, n) {
  return Float32Array.from({ length: n }, (_, i) => {
    let low = -3, high = 3; // every target on the line lies well within
    for (let j = 0; j < 40; j++) {
      const middle = (low + high) / 2;
      if (cdf(middle) < (i + 0.5) / n) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  });
}

/** Share of a standard normal at or below x, by its Taylor series (Marsaglia 2004). @param {number} x */
function normalCdf(x) {
  if (Math.abs(x) > 8) return x > 0 ? 1 : 0;
  let sum = x, before = 0;
  for (let term = x, i = 1; sum !== before; ) {
    before = sum;
    term *= (x * x) / (i += 2);
    sum += term;
  }
  return 0.5 + (sum * exp((-x * x) / 2)) / Math.sqrt(2 * PI);
}
