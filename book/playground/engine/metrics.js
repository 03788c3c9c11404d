// How far the generator's samples are from the data, by the definitions of gan_tutorial.metrics.

const { abs, exp, sqrt, PI } = Math;

/**
 * 1-Wasserstein distance of two samples on the line, of any sizes: ∫₀¹ |F_x⁻¹(u) - F_y⁻¹(u)| du.
 * @param {ArrayLike<number>} x @param {ArrayLike<number>} y
 */
export function w1(x, y) {
  const a = Float64Array.from(x).sort(), b = Float64Array.from(y).sort();
  let distance = 0, at = 0; // in units of 1 / (n k), which are whole
  for (let i = 0, j = 0; i < a.length; ) {
    const end = Math.min((i + 1) * b.length, (j + 1) * a.length);
    distance += (end - at) * abs(a[i] - b[j]);
    at = end;
    if (at === (i + 1) * b.length) i++;
    if (at === (j + 1) * a.length) j++;
  }
  return distance / (a.length * b.length);
}

/**
 * The density of a sample on the line, smoothed by Gaussians of a width; the default is Silverman's.
 * @param {ArrayLike<number>} sample @param {ArrayLike<number>} at
 */
export function kde(sample, at, width = silverman(sample)) {
  const p = new Float64Array(at.length);
  for (let i = 0; i < at.length; i++) {
    for (let j = 0; j < sample.length; j++) p[i] += exp(-(((at[i] - sample[j]) / width) ** 2) / 2);
    p[i] /= sample.length * width * sqrt(2 * PI);
  }
  return p;
}

/** @param {ArrayLike<number>} x */
function silverman(x) {
  const n = x.length;
  let sum = 0, squares = 0;
  for (let i = 0; i < n; i++) sum += x[i];
  for (let i = 0; i < n; i++) squares += (x[i] - sum / n) ** 2;
  // fakes that are all the same have no spread: a narrow bump stands for them
  return Math.max(sqrt(squares / (n - 1)) * (0.75 * n) ** -0.2, 1e-3);
}

/**
 * How many modes of round Gaussians the fakes reach, and the share of fakes of high quality: those
 * within 3 σ of the nearest mode. A mode is captured if it has one of them.
 * @param {ArrayLike<number>} points @param {ArrayLike<number>} means @param {number} std @param {number} [dim]
 */
export function modeCoverage(points, means, std, dim = 2) {
  const n = points.length / dim, found = new Set();
  let good = 0;
  for (let i = 0; i < n; i++) {
    let nearest = 0, least = Infinity;
    for (let k = 0; k < means.length / dim; k++) {
      let squared = 0;
      for (let d = 0; d < dim; d++) squared += (points[i * dim + d] - means[k * dim + d]) ** 2;
      if (squared < least) [least, nearest] = [squared, k];
    }
    if (sqrt(least) / std > 3) continue;
    good++;
    found.add(nearest);
  }
  return { captured: found.size, highQuality: good / n };
}
