// Settings as an address, `#gan?loss=hinge&k=3`, and back. Only what differs from the defaults.
import { check, DEFAULTS, LOSSES, PENALTIES } from '../engine/gan.js';
import { say } from './strings.js';

/** What the page adds to the settings of a run. */
const VIEW = { twin: '', many: 1 };

/** @typedef {import('../engine/gan.js').Settings & typeof VIEW} State */

export const ALL = /** @type {State} */ ({ ...DEFAULTS, ...VIEW });
export const TWINS = ['', ...Object.keys(PENALTIES), ...Object.keys(LOSSES)];

/** @param {State} state @returns {string} */
export const write = (state) => {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) {
    const text = String(value);
    if (text !== String(/** @type {any} */ (ALL)[key])) query.set(key, text);
  }
  return `#gan?${query}`.replaceAll('%2C', ',');
};

/** @param {string} address @returns {State} @throws {RangeError} a sentence that names what is wrong */
export const read = (address) => {
  /** @type {any} */
  const state = { ...ALL };
  if (address.length > 8e3) throw new RangeError(say('long', address.length));
  for (const [key, text] of new URLSearchParams(address.replace(/^#?(gan\?)?/, ''))) {
    if (!Object.hasOwn(ALL, key)) throw new RangeError(say('unknown', key.slice(0, 40)));
    const usual = /** @type {any} */ (ALL)[key];
    state[key] = key === 'drawn' ? text.split(',').filter(Boolean).map(Number)
      : typeof usual !== 'number' ? text : text.trim() ? Number(text) : NaN;
  }
  return whole(state);
};

/** The state, if an engine can run it. @param {State} state @returns {State} @throws {RangeError} */
export const whole = ({ twin, many, ...settings }) => {
  if (![1, 8, 16].includes(many)) throw new RangeError(say('many', many));
  const checked = check(settings);
  if (!TWINS.includes(twin)) check({ loss: twin });
  return { ...checked, twin, many };
};
