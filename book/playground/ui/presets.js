// Six stories: settings, a question, three answers of which one is right, the step at which it shows, and why.
// tests/playground/test_stories.py asserts each, for its seed and for twenty others.

/** @typedef {{ id: string, title: string, state: Record<string, any>, steps: number, ask: string, answers: string[], right: number, tell: string }} Preset */

/** @type {Preset[]} */
export const PRESETS = [
  {
    id: 'orbit', title: 'The orbit', steps: 600,
    state: { networks: 'mlp', lrG: 0.002, lrD: 0.002, many: 1 },
    ask: 'Data at 0.3, both rates 0.002, no penalty. After 600 steps the generator …',
    answers: ['stands on the data', 'still swings round them', 'has fled'], right: 1,
    tell: 'Each player answers where the other was a moment ago. So they circle, and W₁ rises and falls without end.',
  },
];
