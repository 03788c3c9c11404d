// Pictures on a canvas. They draw what a frame holds; they neither train nor sample.
import { number } from './strings.js';
import { LINE, PLANE, REACH } from './worker.js';

/** @typedef {ArrayLike<number>} Numbers */

// One sheet is drawn on at a time: its pen, its size, and the page's colours.
/** @type {CanvasRenderingContext2D} */
let pen;
let [width, height] = [0, 0];
/** @type {Record<string, string>} */
const c = {};

/** Take a canvas to draw on, as sharp as the screen. @param {HTMLCanvasElement} canvas @param {number} ratio height / width */
export const take = (canvas, ratio) => {
  const style = getComputedStyle(canvas);
  for (const name of ['data', 'generator', 'discriminator', 'other', 'ink', 'line']) c[name] = style.getPropertyValue('--' + name);
  width = canvas.clientWidth;
  height = Math.round(width * ratio);
  const scale = devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = height * scale;
  pen = /** @type {any} */ (canvas.getContext('2d'));
  pen.scale(scale, scale);
  pen.font = '12px system-ui';
};

/** @param {Numbers} xs @param {Numbers} ys gaps where NaN @param {string} colour @param {number[]} [dash] @param {number} [size] @param {number} [fill] opacity */
const curve = (xs, ys, colour, dash = [], size = 2, fill = 0) => {
  pen.beginPath();
  for (let i = 0; i < xs.length; i++) pen[ys[i] > -1e6 && ys[i - 1] > -1e6 ? 'lineTo' : 'moveTo'](xs[i], ys[i]);
  pen.strokeStyle = pen.fillStyle = colour;
  pen.globalAlpha = fill;
  if (fill) pen.fill();
  pen.globalAlpha = 1;
  pen.setLineDash(dash);
  pen.lineWidth = size;
  pen.stroke();
};

/** @param {number} x @param {number} y @param {number} dx @param {number} dy @param {string} colour */
const arrow = (x, y, dx, dy, colour) => {
  const size = Math.hypot(dx, dy);
  const [a, b, u, v] = [x + dx, y + dy, 4 * dx / size, 4 * dy / size];
  if (size > 1) curve([x, a, a - u - v, a, a - u + v], [y, b, b - v + u, b, b - v - u], colour, [], 1.4);
};

/** @param {string} words @param {number} x @param {number} y @param {string} [colour] @param {CanvasTextAlign} [align] */
const text = (words, x, y, colour = c.ink, align = 'left') => {
  pen.fillStyle = colour;
  pen.textAlign = align;
  pen.fillText(words, x, y);
};

/** Squares at points of the plane. @param {Numbers} x @param {string} colour @param {number} size */
const dots = (x, colour, size) => {
  pen.fillStyle = colour;
  pen.globalAlpha = 1;
  for (let i = 0; i < x.length; i += 2) pen.fillRect(across(x[i]) - size / 2, up(x[i + 1]) - size / 2, size, size);
};

/** Where a point of the line, and of the plane, is drawn. @param {number} x */
export const along = (x) => 30 + ((x / REACH + 1) / 2) * (width - 38);
/** @param {number} x */
export const across = (x) => (width + x / REACH * height) / 2;
/** @param {number} y */
export const up = (y) => height / 2 * (1 - y / REACH);

/** The line: D and D* above, the densities and what pulls the fakes below. @param {any} frame @param {Numbers} pData */
export const line = ({ p, D, other, fakes, pulls }, pData) => {
  const split = height * 0.4;
  const base = height - 44;
  const xs = Array.from(pData, (_, i) => along(REACH * ((2 * i) / (LINE - 1) - 1)));
  const ends = [xs[0], width - 8];
  const upper = (/** @type {number} */ v) => split - 10 - v * (split - 22);
  for (const v of [0, 0.5, 1]) {
    curve(ends, [upper(v), upper(v)], c.line, [], 1);
    text(number(v, 1), 25, upper(v) + 4, c.ink, 'right');
  }
  curve(xs, Array.from(pData, (v, i) => v + p[i] > 0.02 ? upper(v / (v + p[i])) : NaN), c.discriminator, [5, 4], 1.6);
  curve(xs, Array.from(D, upper), c.discriminator);

  const top = Math.max(1, ...Array.from(pData)) * 1.6;
  const hump = (/** @type {Numbers} */ density, /** @type {string} */ colour, /** @type {number[]} */ dash, /** @type {number} */ fill) =>
    curve(xs, Array.from(density, (v) => base - Math.min(1, v / top) * (base - split)), colour, dash, 2, fill);
  hump(pData, c.data, [6, 3], 0.15);
  if (other) hump(other, c.other, [2, 3], 0);
  hump(p, c.generator, [], 0.2);
  curve(ends, [base, base], c.ink, [], 1);
  for (const x of [-1, 0, 1]) text(number(x, 0), along(x), height - 4, c.ink, 'center');
  pulls.forEach((/** @type {number} */ pull, /** @type {number} */ i) => {
    const [x, y] = [along(fakes[i]), base + 6 + (i % 4) * 5];
    pen.fillStyle = c.generator;
    pen.fillRect(x - 1, y - 1, 3, 3);
    arrow(x, y, 30 * Math.max(-1, Math.min(1, pull)), 0, c.generator);
  });
};

/** The plane: D as a map, data, fakes, what pulls them, and G's bent grid of noise. @param {any} frame @param {Numbers} xData */
export const plane = ({ D, x, other, fakes, pulls, bent = [] }, xData) => {
  pen.beginPath();
  pen.rect(across(-REACH), 0, height, height);
  pen.clip();
  const edge = (/** @type {number} */ i) => Math.round((i * height) / PLANE); // whole pixels leave no seams
  pen.fillStyle = c.discriminator;
  D.forEach((/** @type {number} */ v, /** @type {number} */ at) => {
    const [i, j] = [at % PLANE, Math.floor(at / PLANE)];
    pen.globalAlpha = Math.round(v * 8) / 16; // in steps, so that contours show, in grey too
    pen.fillRect(Math.round(across(-REACH)) + edge(i), height - edge(j + 1), edge(i + 1) - edge(i), edge(j + 1) - edge(j));
  });
  for (let i = 0; i < bent.length; i += 66) {
    const pair = (/** @type {number} */ odd) => bent.slice(i, i + 66).filter((/** @type {any} */ _, /** @type {number} */ j) => j % 2 === odd);
    curve(pair(0).map(across), pair(1).map(up), c.generator, [], 0.5);
  }
  dots(xData, c.data, 10);
  if (other) dots(other, c.other, 3);
  dots(x, c.generator, 3);
  const scale = 22 / Math.max(1e-9, ...pulls.map(Math.abs));
  for (let i = 0; i < fakes.length; i += 2) arrow(across(fakes[i]), up(fakes[i + 1]), scale * pulls[i], -scale * pulls[i + 1], c.ink);
};

/** The Dirac-GAN: the path of its two weights round the solution. @param {number[]} theta @param {number[]} phi */
export const orbit = (theta, phi) => {
  const scale = 1.2 / Math.max(0.5, ...bounds([...theta, ...phi]).map(Math.abs));
  const [x, y] = [(/** @type {number} */ v) => across(v * scale), (/** @type {number} */ v) => up(v * scale)];
  curve([0, width, NaN, across(0), across(0)], [up(0), up(0), NaN, 0, height], c.line, [], 1);
  text('θ', width - 12, up(0) - 6);
  text('φ', across(0) + 6, 14);
  dots([0, 0], c.data, 12);
  curve(theta.map(x), phi.map(y), c.generator, [], 1.2);
  const last = theta.length - 1;
  pen.fillStyle = c.ink;
  pen.fillRect(x(theta[last]) - 4, y(phi[last]) - 4, 8, 8);
};

/** Where one draws by key. @param {number} x @param {number} y @param {number} w @param {number} h */
export const mark = (x, y, w, h) => {
  curve([x, x + w, x + w, x, x], [y, y, y + h, y + h, y], c.ink, [], 1.5);
};

/** Curves over the steps. @param {number[]} steps
 * @param {[number[], string, number[]?, number?][]} series values, colour, dash, size @param {string} name @param {boolean} log */
export const chart = (steps, series, name, log) => {
  const bottom = height - 18;
  const scale = (/** @type {number} */ v) => log ? Math.log10(Math.max(v, 1e-4)) : v;
  const all = bounds(series.flatMap(([values]) => values));
  const [low, high] = bounds([...all, log ? 0.01 : 0, 1]).map(scale);
  const end = Math.max(50, steps[steps.length - 1]);
  const y = (/** @type {number} */ v) => bottom - ((scale(v) - low) / (high - low)) * (bottom - 24);
  for (const v of log ? [1e-3, 0.01, 0.1, 1, 10] : [low, (low + high) / 2, high]) {
    if (scale(v) < low || scale(v) > high) continue;
    curve([38, width], [y(v), y(v)], c.line, [], 1);
    text(String(+v.toPrecision(2)), 33, y(v) + 4, c.ink, 'right');
  }
  text(name, 38, 13);
  text(String(end), width - 1, height - 3, c.ink, 'right');
  const stride = Math.ceil(steps.length / 600); // no more points than the screen has
  const pick = (/** @type {number[]} */ values) => values.filter((_, i) => i % stride === 0);
  for (const [values, colour, dash, size] of series) curve(pick(steps).map((s) => 38 + (s / end) * (width - 38)), pick(values).map(y), c[colour], dash, size);
};

/** The smallest and the largest of however many, NaN apart. @param {number[]} values */
const bounds = (values) => values.reduce(([low, high], v) => [v < low ? v : low, v > high ? v : high], [Infinity, -Infinity]).filter(Number.isFinite);
