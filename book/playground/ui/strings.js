// What the playground says comes from a table of words that a script of its own has set: words.en.js.

/** @param {string} key @param {...any} values @returns {any} the words, or the key where there are none */
export const say = (key, ...values) => {
  const found = /** @type {any} */ (globalThis.ganWords)?.[key] ?? key;
  return typeof found === 'function' ? found(...values) : found;
};

/** A number as one reads it. @param {number} x */
export const number = (x, digits = 3) => Number.isFinite(x) ? x.toFixed(digits).replace('-', '−') : '–';
