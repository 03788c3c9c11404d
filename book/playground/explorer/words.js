// All that the explorer says.

const two = (/** @type {number} */ x) => (Math.round(100 * x) / 100 + 0).toFixed(2); // + 0 turns -0 into 0
const shown = (/** @type {string} */ c) => JSON.stringify(c).slice(1, -1);

export const words = {
  name: 'Explorer of a latent space',
  word: 'Your word',
  another: (/** @type {number} */ seed) => `Another z: seed ${seed}`,
  fake: 'the generator, G(z, y)',
  real: 'the font',
  ends: { weight: ['thin', 'black'], width: ['narrow', 'wide'], slant: ['upright', 'slanted'] },
  drawn: (/** @type {string} */ word) => `${word}, drawn by the generator`,
  true_: (/** @type {string} */ word) => `${word}, in the font`,
  strange: (/** @type {string} */ c) => `“${shown(c)}” is no letter from A to Z, and the generator knows no others.`,
  length: (/** @type {number} */ n) => n ? `A word may have 12 letters here, and this one has ${n}.` : 'Type a word of letters from A to Z.',
  range: (/** @type {string} */ name, /** @type {number} */ v) => `${name} must be from -2 to 2, got ${v}.`,
  seed: (/** @type {number} */ v) => `seed must be a whole number from 0 to 4294967295, got ${v}.`,
  unknown: (/** @type {string} */ key) => `there is no setting "${key}".`,
  address: 'The address was not understood, so this is the usual word: ',
  stays: ' What you see stays.',
  old: 'This browser cannot unpack the letters, so here is a picture of them.',
  style: (/** @type {number} */ v) => two(v),
  /** @param {number} off @param {ArrayLike<number>} z */
  numbers: (off, z) => `z = (${Array.from(z, (v) => two(v).replace('-', '−')).join(', ')}) · distance from the font ${two(off)}`,
  /** @param {string} word @param {number[]} style @param {number} off */
  state: (word, [weight, width, slant], off) =>
    `${word}: weight ${two(weight)}, width ${two(width)}, slant ${two(slant)}. Distance from the font ${two(off)}.`,
};
