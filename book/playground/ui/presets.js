// Six stories: what is set, at which step it shows, and which of its three answers is right. What
// they say is in the table of words. tests/playground/test_stories.py asserts each, for its seed and for twenty others.

const small = { networks: 'mlp' };
const ring = { networks: 'mlp', target: 'ring' };
const spike = { networks: 'mlp', target: 'drawn', drawn: Array.from({ length: 28 }, (_, i) => +(i === 26)), k: 5, lrD: 0.02, lrG: 0.0005, loss: 'saturating' };

/** @type {{ id: string, state: Record<string, any>, steps: number, right: number }[]} */
export const PRESETS = [
  { id: 'orbit', state: small, steps: 600, right: 1 },
  { id: 'cure', state: { ...small, penalty: 'R1', twin: 'none' }, steps: 600, right: 0 },
  { id: 'strong', state: { ...ring, k: 5, lrD: 0.02, lrG: 0.001 }, steps: 160, right: 2 },
  { id: 'collapse', state: { ...ring, lrG: 0.01, lrD: 0.001 }, steps: 300, right: 1 },
  { id: 'saturation', state: { ...spike, twin: 'non-saturating' }, steps: 40, right: 2 },
  { id: 'dirac', state: { networks: 'dirac', loss: 'Wasserstein', lrG: 0.2, lrD: 0.2 }, steps: 300, right: 1 },
];
