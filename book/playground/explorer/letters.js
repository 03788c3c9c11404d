// The generator of letters and the font that it learnt from. Knows nothing of a page.
import { Stream } from '../engine/random.js';

export const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
export const SIDE = 16; // pixels of a letter, across and down
export const STYLE = ['weight', 'width', 'slant'];
const PIXELS = SIDE * SIDE;

/** @typedef {ArrayLike<number>} Numbers */
/** What `tools/explorer.py` writes: sizes, and all numbers in one string.
 * @typedef {{ shapes: number[][], scales: number[], places: number[][], reach: number,
 *   packed: string }} Written */

/** Unpack what `tools/explorer.py` wrote: numbers of 16 bits, then the font's levels of grey.
 * @param {Written} written @returns {Promise<Letters>} */
export const unpack = async ({ packed, shapes, scales, ...rest }) => {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  const buffer = await new Response(stream).arrayBuffer();
  let at = 0;
  const tensors = shapes.map((shape, i) => {
    const size = shape.reduce((a, b) => a * b);
    const whole = new Int16Array(buffer, at, size);
    at += 2 * size;
    return Float32Array.from(whole, (v) => v * scales[i]);
  });
  return new Letters(tensors, new Uint8Array(buffer, at), rest);
};

export class Letters {
  /** @param {Numbers[]} tensors the labels' vectors; W (out, in) and b of each linear layer; the
   * directions of the factors; what gives the steps along them; the style along each
   * @param {Numbers} levels (pixels, letters, weights, widths, slants), from 0 to 16
   * @param {{ places: number[][], reach: number }} more where these styles stand on the axes, from
   * 0 to 1, and how far a slider goes either way */
  constructor([embed, ...tensors], levels, { places, reach }) {
    const [directions, coordinates, curves] = tensors.splice(-3);
    this.directions = directions;
    this.coordinates = coordinates;
    this.curves = curves;
    this.reach = reach;
    this.embed = embed;
    this.layers = tensors;
    this.levels = levels;
    this.places = places;
    this.dim = embed.length / ALPHABET.length;
    this.noise = tensors[0].length / tensors[1].length - this.dim;
  }

  /** G(z, y) for each letter of a word, as `networks.Labelled(networks.PixelGenerator(…))`.
   * @param {string} word @param {Numbers} z @returns {Float32Array} (letters, 16, 16), in [-1, 1] */
  draw(word, z) {
    const out = new Float32Array(word.length * PIXELS);
    [...word].forEach((letter, i) => {
      const label = ALPHABET.indexOf(letter) * this.dim;
      let h = Float32Array.from({ length: this.noise + this.dim }, (_, j) => j < this.noise ? z[j] : this.embed[label + j - this.noise]);
      for (let l = 0; l < this.layers.length; l += 2) {
        h = linear(this.layers[l], this.layers[l + 1], h);
        const last = l === this.layers.length - 2;
        for (let j = 0; j < h.length; j++) h[j] = last ? Math.tanh(h[j]) : Math.max(0, h[j]);
      }
      out.set(h, i * PIXELS);
    });
    return out;
  }

  /** The font's own letters: between the styles that are kept, the mean of the eight around.
   * @param {string} word @param {Numbers} style weight, width and slant, from 0 to 1 */
  font(word, style) {
    const out = new Float32Array(word.length * PIXELS).fill(-1);
    const sizes = this.places.map((places) => places.length);
    const cells = this.places.map((places, axis) => {
      const low = Math.min(Math.max(1, places.filter((place) => place <= style[axis]).length), places.length - 1) - 1;
      return { low, share: (style[axis] - places[low]) / (places[low + 1] - places[low]) };
    });
    const all = sizes.reduce((a, b) => a * b);
    for (let corner = 0; corner < 8; corner++) {
      let [share, place] = [1, 0];
      cells.forEach((cell, axis) => {
        const up = (corner >> axis) & 1;
        share *= up ? cell.share : 1 - cell.share;
        place = place * sizes[axis] + cell.low + up;
      });
      if (share) [...word].forEach((letter, i) => {
        const from = ALPHABET.indexOf(letter) * all + place;
        for (let p = 0; p < PIXELS; p++) out[i * PIXELS + p] += share * this.levels[p * ALPHABET.length * all + from] / 8;
      });
    }
    return out;
  }

  /** Where the sliders lead: the sum of their steps. @param {Numbers} steps @returns {Float64Array} */
  steer(steps) {
    return Float64Array.from({ length: this.noise }, (_, j) =>
      STYLE.reduce((sum, _, k) => sum + steps[k] * this.directions[k * this.noise + j], 0));
  }

  /** The style that the sliders name: that of a typical letter. @param {Numbers} steps */
  style(steps) {
    const stops = this.curves.length / STYLE.length;
    return STYLE.map((_, k) => {
      const place = (steps[k] / this.reach + 1) / 2 * (stops - 1);
      const low = Math.min(Math.floor(place), stops - 2);
      const [before, after] = [0, 1].map((up) => this.curves[k * stops + low + up]);
      return before + (place - low) * (after - before);
    });
  }

  /** The steps that lead to the z of a seed, but no farther than the sliders go.
   * @param {number} seed @returns {number[]} in hundredths */
  steps(seed) {
    const z = new Stream(seed).randn(this.noise);
    return STYLE.map((_, k) => {
      const step = z.reduce((sum, v, j) => sum + v * this.coordinates[k * this.noise + j], 0);
      return Math.round(100 * Math.min(this.reach, Math.max(-this.reach, step))) / 100;
    });
  }
}

/** W h + b. @param {Numbers} W @param {Numbers} b @param {Numbers} h */
const linear = (W, b, h) => Float32Array.from(b, (sum, i) => {
  for (let j = 0; j < h.length; j++) sum += W[i * h.length + j] * h[j];
  return sum;
});

/** The root of the mean square of what lies between pictures. @param {Numbers} x @param {Numbers} y */
export const distance = (x, y) => Math.sqrt(Array.from(x).reduce((sum, v, i) => sum + (v - y[i]) ** 2, 0) / x.length);
