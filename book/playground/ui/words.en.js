// Every word that the playground says, in English and in Python. To add a language, add a file with the same keys.
import { PRESETS } from './presets.js';
import { cell, loop } from './python.js';
import { number } from './strings.js';

globalThis.ganWords = {
  cell, loop, presets: PRESETS,
  run: 'Run', pause: 'Pause', D: 'Step D', G: 'Step G', reset: 'Reset', speed: 'Speed',
  speeds: ['1 step a second', '5 steps a second', '25 steps a second', '100 steps a second', 'as fast as it goes'],
  describe: 'Describe the state', copy: 'Copy as Python', copied: 'Copied.',
  byHand: 'Copying is not allowed here: mark the text and copy it by hand.',
  settings: 'Settings', panel: 'The loop in Python', story: 'Story', name: 'GAN playground',
  stories: {
    own: ['your own settings'],
    orbit: ['The orbit', 'Two equal players, no penalty. Where is the generator after 600 steps?', ['it rests on the data', 'it still swings about them', 'it has left for good'],
      'Each answers where the other just was. So they circle, and W₁ rises and falls without end.'],
    cure: ['The cure', 'The same game with a penalty on D’s slope, R₁; pink is the twin without. Which comes closer?', ['the one with R₁', 'the twin', 'neither'],
      'The penalty is friction. It flattens D where the data are, and the swings die down.'],
    strong: ['D too strong', 'D takes five large steps for each of G’s. How many of the 8 modes does G find?', ['all', 'about half', 'three or fewer'],
      'D wins: its loss is far below 1.386. G hides where D was fooled first, and hears nothing of the other modes.'],
    collapse: ['Mode collapse', 'Now G takes steps ten times as large as D’s. What do the fakes do?', ['they spread over the ring', 'they crowd together and hop', 'they stay at the centre'],
      'All fakes run to the one place that fools D now. When D has learnt it, they run to the next.'],
    saturation: ['Saturation', 'The data are a spike far out, and D is sure of itself. G plays log(1 − D), its twin in pink −log D. After 40 steps?', ['both arrive', 'G is ahead', 'the twin is ahead'],
      'Where D is sure, log(1 − D) is flat: no slope, no news. −log D is steep there.'],
    dirac: ['The Dirac-GAN', 'One weight each: fakes at θ, D’s slope φ, the data at 0. Where do they end?', ['at the cross', 'nowhere: they circle', 'far outside'],
      'The arrow of the game is at right angles to the way home. Now add R₁ in the settings.'],
  },
  fields: {
    target: 'data', loss: 'loss', penalty: 'penalty', gamma: 'strength γ', k: 'D steps k', lrG: 'rate of G', lrD: 'rate of D', batch: 'batch size',
    noise: 'noise_dim', ema: 'average (0: off)', seed: 'seed', networks: 'networks', width: 'width', depth: 'depth', beta1: 'β₁', beta2: 'β₂',
    twin: 'twin', many: 'seeds',
  },
  choices: {
    '': 'no twin', gaussian: 'Gaussian', mixture: 'two humps', uniform: 'uniform', drawn: 'drawn by you', ring: 'ring',
    grid: 'grid', points: 'points by you', seed: 'of the book', mlp: 'MLP', dirac: 'Dirac-GAN', none: 'no penalty',
    R1: 'R₁', R2: 'R₂', 'R1 + R2': 'R₁ + R₂',
  },
  distance: 'W₁', modes: 'modes', quality: 'high quality', losses: 'losses',
  keys: { x: 'p_data', p: 'p_g', o: 'twin', d: 'D', s: 'D* = p_data / (p_data + p_g)', v: '→ pull on a fake' },
  picture: 'Picture of the data, the generator and the discriminator',
  drawLine: 'Draw the density. Left and right choose a bin, up and down change it.',
  drawPlane: 'Draw points. Arrows move the cross, Enter sets a point, Backspace takes the last one back.',
  bin: (/** @type {string} */ x, /** @type {number} */ h) => `bin at ${x}, height ${h}`,
  point: (/** @type {string} */ x, /** @type {string} */ y, /** @type {number} */ n) => `cross at ${x}, ${y}; ${n} points`,
  said: 'You said: ',
  line: 'Next line', mean: 'mean ',
  same: 'Same seed, same numbers as PyTorch, to 1e-6: mostly for 50 steps, nearly always for 10; with hinge, Wasserstein and relativistic, the first losses. After that rounding drives them apart.',
  stopped: 'The run stopped: ',
  again: ' Press Reset, or change a setting.',
  bad: 'Nothing was changed: ',
  address: 'The address was not understood, so these are the defaults: ',
  unknown: (/** @type {string} */ key) => `there is no setting "${key}".`,
  long: (/** @type {number} */ n) => `it has ${n} characters, and 8000 are allowed.`,
  many: (/** @type {number} */ n) => `seeds must be 1, 8 or 16, got ${n}.`,
  slices: 'This browser starts no worker here, so the page itself trains, more slowly.',
  /** The numbers under the picture. @param {any} frame @param {number} modes */
  facts: ({ steps, values, dim, now }, modes) => [['step', steps], ['L_D', number(values[0], 6)], ['L_G', number(values[1], 6)],
    ...dim < 2 ? [['W₁', number(now[0], 4)]] : now[0] >= 0 ? [['modes', `${now[0]} / ${modes}`], ['high quality', number(now[1], 2)]] : []],
  /** What a frame shows. @param {any} frame @param {number[]} look the newest: the step, then of each run
   * @param {string} twin @param {number} modes @param {boolean} brief */
  state: ({ steps, values, dim, now, x, D }, look, twin, modes, brief) => {
    let words = `Step ${steps}. D’s loss ${number(values[0])}, G’s loss ${number(values[1])}. `
      + (dim < 2 ? `The fakes are at distance W₁ ${number(now[0])} from the data.` : now[0] >= 0 ? `The fakes reach ${now[0]} of ${modes} modes; the share of high quality is ${number(now[1], 2)}.` : '');
    if (brief || !(now[0] >= 0)) return words;
    const mean = x.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0) / x.length;
    const std = Math.hypot(...x.map((/** @type {number} */ v) => v - mean)) / x.length ** 0.5;
    if (dim < 2) words += ` Their mean is ${number(mean)}, their spread ${number(std)}. D lies between ${number(Math.min(...D), 2)} and ${number(Math.max(...D), 2)} where it is shown.`;
    const found = look.slice(1).filter((/** @type {number} */ _, /** @type {number} */ i) => i % dim === 0);
    if (twin) words += ` The twin stands at ${number(found.splice(1, 1)[0])}.`;
    if (found.length > 1) words += ` Over ${found.length} seeds: from ${number(Math.min(...found))} to ${number(Math.max(...found))}.`;
    return words;
  },
};
