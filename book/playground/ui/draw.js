// Pictures on a canvas. They draw what a frame holds; they neither train nor sample.
import { LINE, PLANE, REACH } from './worker.js';

/** The page's colours that pictures use, `--data` and so on. */
export const COLOURS = ['data', 'generator', 'discriminator', 'other', 'generator-ink', 'discriminator-ink', 'ink', 'ink-soft', 'line'];

/** @typedef {CanvasRenderingContext2D} Pen */
/** @typedef {Record<string, string>} Colours */

/** Make a canvas as sharp as the screen. @param {HTMLCanvasElement} canvas @param {number} ratio height / width */
export const fit = (canvas, ratio) => {
  const width = canvas.clientWidth || 300;
  const height = Math.round(width * ratio);
  const scale = window.devicePixelRatio || 1;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = /** @type {Pen} */ (canvas.getContext('2d'));
  pen.scale(scale, scale);
  pen.font = '12px system-ui, sans-serif';
  pen.lineJoin = 'round';
  return { pen, width, height };
};

/** @param {Pen} pen @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys gaps where NaN
 * @param {string} colour @param {number[]} [dash] */
const curve = (pen, xs, ys, colour, dash = [], width = 2) => {
  pen.beginPath();
  let open = false;
  for (let i = 0; i < xs.length; i++) {
    if (Number.isFinite(ys[i])) {
      if (open) pen.lineTo(xs[i], ys[i]);
      else pen.moveTo(xs[i], ys[i]);
    }
    open = Number.isFinite(ys[i]);
  }
  pen.strokeStyle = colour;
  pen.setLineDash(dash);
  pen.lineWidth = width;
  pen.stroke();
  pen.setLineDash([]);
};

/** @param {Pen} pen @param {number} x @param {number} y @param {number} dx @param {number} dy @param {string} colour */
const arrow = (pen, x, y, dx, dy, colour) => {
  const size = Math.hypot(dx, dy);
  if (!(size > 1)) return;
  const [ux, uy] = [dx / size, dy / size];
  const [hx, hy] = [x + dx, y + dy];
  curve(pen, [x, hx, hx - 4 * ux - 3 * uy, hx, hx - 4 * ux + 3 * uy], [y, hy, hy - 4 * uy + 3 * ux, hy, hy - 4 * uy - 3 * ux], colour, [], 1.4);
};

/** @param {Pen} pen @param {string} words @param {number} x @param {number} y @param {string} colour
 * @param {CanvasTextAlign} [align] */
const text = (pen, words, x, y, colour, align = 'left') => {
  pen.fillStyle = colour;
  pen.textAlign = align;
  pen.fillText(words, x, y);
};

/** The line: D and D* above, the densities and what pulls the fakes below.
 * @param {ReturnType<typeof fit>} paper @param {Colours} c @param {any} frame
 * @param {ArrayLike<number>} pData */
export const line = ({ pen, width, height }, c, frame, pData) => {
  const [left, right] = [30, width - 8];
  const split = height * 0.4;
  const base = height - 44;
  const at = (/** @type {number} */ x) => left + ((x / REACH + 1) / 2) * (right - left);
  const xs = Array.from({ length: LINE }, (_, i) => left + (i / (LINE - 1)) * (right - left));
  const upper = (/** @type {number} */ v) => split - 10 - v * (split - 22);
  for (const v of [0, 0.5, 1]) {
    curve(pen, [left, right], [upper(v), upper(v)], c.line, v === 0.5 ? [2, 4] : [], 1);
    text(pen, String(v), left - 5, upper(v) + 4, c['ink-soft'], 'right');
  }
  text(pen, 'D', 2, upper(1) + 4, c['discriminator-ink']);
  const best = Array.from(frame.p, (/** @type {number} */ p, i) => pData[i] + p > 0.02 ? upper(pData[i] / (pData[i] + p)) : NaN);
  curve(pen, xs, best, c.discriminator, [5, 4], 1.6);
  curve(pen, xs, Array.from(frame.D, upper), c.discriminator, [], 2.4);

  const top = Math.max(1, ...Array.from(pData)) * 1.6;
  const lower = (/** @type {number} */ p) => base - (Math.min(p, top * 1.02) / top) * (base - split - 8);
  const hump = (/** @type {ArrayLike<number>} */ p, /** @type {string} */ colour, /** @type {number[]} */ dash, fill = 0) => {
    const ys = Array.from(p, lower);
    if (fill) {
      pen.beginPath();
      pen.moveTo(left, base);
      ys.forEach((y, i) => pen.lineTo(xs[i], y));
      pen.lineTo(right, base);
      pen.globalAlpha = fill;
      pen.fillStyle = colour;
      pen.fill();
      pen.globalAlpha = 1;
    }
    curve(pen, xs, ys, colour, dash);
  };
  hump(pData, c.data, [6, 3], 0.14);
  if (frame.other) hump(frame.other, c.other, [2, 3]);
  hump(frame.p, c.generator, [], 0.2);
  curve(pen, [left, right], [base, base], c['ink-soft'], [], 1);
  for (const x of [-1, 0, 1]) text(pen, String(x).replace('-', '−'), at(x), height - 4, c['ink-soft'], 'center');

  const strongest = Math.max(1e-9, ...Array.from(frame.pulls, Math.abs));
  const full = Math.min(1, strongest) * 30; // weak pulls look weak
  frame.fakes.forEach((/** @type {number} */ x, /** @type {number} */ i) => {
    const y = base + 6 + (i % 4) * 5;
    pen.fillStyle = c.generator;
    pen.fillRect(at(x) - 1.5, y - 1.5, 3, 3);
    arrow(pen, at(x), y, (frame.pulls[i] / strongest) * full, 0, c['generator-ink']);
  });
};

/** The plane: D as a map, data, fakes, what pulls them, and G's bent grid of noise.
 * @param {ReturnType<typeof fit>} paper @param {Colours} c @param {any} frame
 * @param {ArrayLike<number>} xData */
export const plane = ({ pen, width, height }, c, frame, xData) => {
  const R = REACH;
  const x0 = (width - height) / 2;
  const px = (/** @type {number} */ x) => x0 + ((x / R + 1) / 2) * height;
  const py = (/** @type {number} */ y) => ((1 - y / R) / 2) * height;
  pen.save();
  pen.beginPath();
  pen.rect(x0, 0, height, height);
  pen.clip();
  const edge = (/** @type {number} */ i) => Math.round((i * height) / PLANE); // whole pixels leave no seams
  pen.fillStyle = c.discriminator;
  frame.D.forEach((/** @type {number} */ D, /** @type {number} */ at) => {
    const [i, j] = [at % PLANE, Math.floor(at / PLANE)];
    pen.globalAlpha = Math.round(D * 8) / 16; // in steps, so that contours show, in grey too
    pen.fillRect(Math.round(x0) + edge(i), height - edge(j + 1), edge(i + 1) - edge(i), edge(j + 1) - edge(j));
  });
  const dots = (/** @type {ArrayLike<number>} */ x, /** @type {string} */ colour, /** @type {number} */ size, alpha = 1) => {
    pen.fillStyle = colour;
    pen.globalAlpha = alpha;
    for (let i = 0; i < x.length; i += 2) pen.fillRect(px(x[i]) - size / 2, py(x[i + 1]) - size / 2, size, size);
    pen.globalAlpha = 1;
  };
  if (frame.bent) {
    pen.globalAlpha = 0.5;
    for (let i = 0; i < frame.bent.length; i += 66) {
      const part = Array.from(frame.bent.slice(i, i + 66));
      curve(pen, part.filter((_, j) => !(j & 1)).map(px), part.filter((_, j) => j & 1).map(py), c.generator, [], 0.8);
    }
  }
  pen.globalAlpha = 1;
  pen.strokeStyle = c.data;
  pen.lineWidth = 1.5;
  for (let i = 0; i < xData.length; i += 2) {
    pen.beginPath();
    pen.arc(px(xData[i]), py(xData[i + 1]), 6, 0, 7);
    pen.stroke();
  }
  if (frame.other) dots(frame.other, c.other, 3, 0.8);
  dots(frame.x, c['generator-ink'], 2.4, 0.75);
  const strongest = Math.max(1e-9, ...Array.from(frame.pulls, Math.abs));
  for (let i = 0; i < frame.fakes.length; i += 2) {
    arrow(pen, px(frame.fakes[i]), py(frame.fakes[i + 1]), (frame.pulls[i] / strongest) * 22, (-frame.pulls[i + 1] / strongest) * 22, c.ink);
  }
  pen.restore();
  curve(pen, [x0, x0 + height, x0 + height, x0, x0], [0, 0, height, height, 0], c.line, [], 1);
};

/** The Dirac-GAN: the path of its two weights round the solution.
 * @param {ReturnType<typeof fit>} paper @param {Colours} c @param {number[]} theta @param {number[]} phi */
export const orbit = ({ pen, width, height }, c, theta, phi) => {
  const R = Math.max(0.5, ...bounds([...theta, ...phi]).map(Math.abs)) * 1.15;
  const px = (/** @type {number} */ v) => width / 2 + (v / R / 2) * height;
  const py = (/** @type {number} */ v) => height / 2 - (v / R / 2) * height;
  curve(pen, [px(-R), px(R)], [py(0), py(0)], c.line, [], 1);
  curve(pen, [px(0), px(0)], [0, height], c.line, [], 1);
  text(pen, 'θ', px(R) - 4, py(0) - 6, c['generator-ink'], 'right');
  text(pen, 'φ', px(0) + 6, 14, c['discriminator-ink']);
  curve(pen, [px(0) - 8, px(0) + 8, NaN, px(0), px(0)], [py(0), py(0), NaN, py(0) - 8, py(0) + 8], c.data, [], 3);
  curve(pen, theta.map(px), phi.map(py), c.generator, [], 1.4);
  const last = theta.length - 1;
  pen.beginPath();
  pen.arc(px(theta[last] ?? 0), py(phi[last] ?? 0), 5, 0, 7);
  pen.fillStyle = c['generator-ink'];
  pen.fill();
};

/** Curves over the steps. @param {ReturnType<typeof fit>} paper @param {Colours} c
 * @param {number[]} steps @param {[number[], string, number[], number][]} series values, colour, dash, width
 * @param {string} name @param {boolean} log */
export const chart = ({ pen, width, height }, c, steps, series, name, log) => {
  const [left, bottom] = [38, height - 18];
  const all = series.flatMap(([values]) => values).filter((v) => Number.isFinite(v) && (!log || v > 0));
  const scale = log ? Math.log10 : (/** @type {number} */ v) => v;
  const low = scale(log ? Math.min(1e-2, ...bounds(all)) : Math.min(0, ...bounds(all)));
  const high = Math.max(scale(1), ...bounds(all.map(scale)));
  const end = Math.max(50, steps[steps.length - 1] || 0);
  const y = (/** @type {number} */ v) => bottom - ((scale(Math.max(v, log ? 1e-9 : v)) - low) / (high - low || 1)) * (bottom - 24);
  for (const v of log ? [1e-3, 1e-2, 0.1, 1, 10] : [low, (low + high) / 2, high]) {
    if (scale(v) < low - 1e-9 || scale(v) > high + 1e-9) continue;
    curve(pen, [left, width], [y(v), y(v)], c.line, [], 1);
    text(pen, String(+v.toPrecision(2)).replace('-', '−'), left - 5, y(v) + 4, c['ink-soft'], 'right');
  }
  text(pen, name, left, 13, c.ink);
  text(pen, String(end), width - 1, height - 3, c['ink-soft'], 'right');
  text(pen, '0', left, height - 3, c['ink-soft']);
  const stride = Math.ceil(steps.length / 600); // no more points than the screen has
  const pick = (/** @type {number[]} */ values) => values.filter((_, i) => i % stride === 0 || i === values.length - 1);
  const xs = pick(steps).map((s) => left + (s / end) * (width - left));
  for (const [values, colour, dash, size] of series) curve(pen, xs, pick(values).map(y), colour, dash, size);
};

/** The smallest and largest, of however many. @param {number[]} values */
const bounds = (values) => {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return low <= high ? [low, high] : [];
};
