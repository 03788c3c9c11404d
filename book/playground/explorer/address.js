// A word and its style as an address, `#letters?word=GAN&weight=1.5`, and back.
import { ALPHABET, STYLE } from './letters.js';
import { words } from './words.js';

export const MOST = 12; // letters of a word
export const REACH = 2; // how far a slider goes either way, in z

/** The word, the steps along the three directions, and the seed of the next z.
 * @typedef {{ word: string, weight: number, width: number, slant: number, seed: number }} State */
export const USUAL = /** @type {State} */ ({ word: 'LATENT', weight: 0, width: 0, slant: 0, seed: 0 });

/** What is wrong with a word, or nothing. @param {string} word */
export const objection = (word) => {
  const strange = [...word].find((c) => !ALPHABET.includes(c));
  if (strange !== undefined) return words.strange(strange);
  if (!word || word.length > MOST) return words.length(word.length);
};

/** Small letters become capitals; what else is no letter stays, so that it can be named. @param {string} text */
export const capitals = (text) => text.replace(/[a-z]/g, (c) => c.toUpperCase());

/** The state, if it can be drawn. @param {State} state @returns {State} @throws {RangeError} a sentence */
export const whole = (state) => {
  const wrong = objection(state.word);
  if (wrong) throw new RangeError(wrong);
  for (const name of STYLE) {
    const value = /** @type {any} */ (state)[name];
    if (!(Math.abs(value) <= REACH)) throw new RangeError(words.range(name, value));
  }
  if (!(Number.isInteger(state.seed) && state.seed >= 0 && state.seed < 2 ** 32)) throw new RangeError(words.seed(state.seed));
  return state;
};

/** @param {State} state @returns {string} only what is not as usual */
export const write = (state) => {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) {
    if (value !== /** @type {any} */ (USUAL)[key]) query.set(key, String(value));
  }
  return `#letters?${query}`;
};

/** @param {string} address @returns {State} @throws {RangeError} a sentence that names what is wrong */
export const read = (address) => {
  /** @type {any} */
  const state = { ...USUAL };
  for (const [key, text] of new URLSearchParams(address.replace(/^#?(letters\?)?/, ''))) {
    if (!Object.hasOwn(USUAL, key)) throw new RangeError(words.unknown(key.slice(0, 40)));
    state[key] = key === 'word' ? capitals(text) : text.trim() ? Number(text) : NaN;
  }
  return whole(state);
};
