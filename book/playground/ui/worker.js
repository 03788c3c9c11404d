// Trains one GAN, its twin or its replicas, and sends pictures of them. Knows nothing of the page.
import { Gan } from '../engine/gan.js';
import { kde, modeCoverage, w1 } from '../engine/metrics.js';

export const LINE = 141; // points of the line on which densities and D are shown
export const PLANE = 44; // cells on a side of D's map in the plane
export const LOOK = 10; // steps from one measurement to the next
const SAMPLES = 800;

/** @typedef {import('../engine/gan.js').Settings} Settings */

export const REACH = 1.4; // half the width of what is shown, on the line and in the plane

/** The settings of every run: the chosen one, then its twin, then its replicas.
 * @param {Settings} settings @param {string} twin name of another loss or penalty, or ''
 * @param {number} many how many members @returns {Settings[]} */
export const cast = (settings, twin, many) => {
  const runs = [settings];
  if (twin) runs.push({ ...settings, [/^(R|none|grad)/.test(twin) ? 'penalty' : 'loss']: twin });
  for (let i = 1; i < many; i++) runs.push({ ...settings, member: settings.member + i });
  return runs;
};

const ideal = new WeakMap(); // the quantiles of each run's target, which take long to find

/** How far the fakes are from the data: [W1] on the line, [modes captured, share of high quality]
 * in the plane. @param {Gan} run @param {ArrayLike<number>} [x] */
export const measure = (run, x = run.sample(SAMPLES, run.settings.seed + 1)) => {
  const { means, std } = run.target;
  if (run.dim < 2) {
    if (!ideal.has(run)) ideal.set(run, run.target.quantiles(SAMPLES));
    return [w1(x, ideal.get(run))];
  }
  if (!means.length) return [NaN, NaN]; // points drawn by hand have no modes
  const found = modeCoverage(x, means, std);
  return [found.captured, found.highQuality];
};

/** The points where densities and D are shown. @param {number} dim */
export const lattice = (dim) => Float32Array.from({ length: dim < 2 ? LINE : 2 * PLANE * PLANE }, (_, i) => {
  if (dim < 2) return REACH * ((2 * i) / (LINE - 1) - 1);
  const cell = i >> 1;
  return REACH * ((2 * (i & 1 ? Math.floor(cell / PLANE) : cell % PLANE) + 1) / PLANE - 1);
});

/** A square grid of noise, as line after line, for the picture of how G bends it.
 * @param {Gan} run */
const bent = (run) => {
  const d = run.settings.noise;
  if (run.dim < 2 || d < 2) return;
  const z = new Float32Array(2 * 9 * 33 * d);
  for (let i = 0; i < 2 * 9 * 33; i++) {
    const across = (Math.floor(i / 33) % 9) / 2 - 2;
    const along = (i % 33) / 8 - 2;
    z[i * d] = i < 9 * 33 ? along : across;
    z[i * d + 1] = i < 9 * 33 ? across : along;
  }
  return run.generate(z);
};

const sigmoid = (/** @type {ArrayLike<number>} */ x) => Float32Array.from(x, (v) => 1 / (1 + Math.exp(-v)));
const mean = (/** @type {ArrayLike<number>} */ x) => Array.from(x).reduce((sum, v) => sum + v, 0) / x.length;

/** @param {(message: any, transfer?: any) => void} send
 * @param {number} budget milliseconds of work at a stretch
 * @returns {(message: any) => void} what takes the page's orders */
export const serve = (send, budget = 24) => {
  /** @type {Gan[]} */
  let runs = [];
  /** @type {number[]} a row for each step: step, L_D, L_G, penalty, weights of the Dirac-GAN */
  let rows = [];
  /** @type {number[][]} what `measure` found: the step, then of each run */
  let looks = [];
  let [id, turn, target, rate, until, running, waiting, sent, gap] = [0, 0, 0, 1e9, 1e9, false, false, 0, 60];
  let twin = false;
  let began = 0;

  const note = () => {
    const [run] = runs;
    const dirac = run.settings.networks === 'dirac' ? run.weights().map((/** @type {any} */ w) => w[0]) : [0, 0];
    rows.push(run.steps, run.dLoss, run.gLoss, run.penalty, dirac[0], dirac[1]);
    if (run.steps % LOOK === 0) looks.push([run.steps, ...runs.flatMap((r) => measure(r))]);
  };

  const picture = (/** @type {any} */ more = {}) => {
    const [run] = runs;
    const look = (/** @type {Gan} */ r, n = SAMPLES) => {
      const x = r.sample(n, run.settings.seed + 1);
      return [x, r.dim < 2 ? kde(x, lattice(1)) : x];
    };
    const [x, p] = look(run);
    const { xReal = [], xFake = new Float32Array(0) } = run.lastBatch || {};
    const fakes = xFake.slice(0, (run.dim < 2 ? 16 : 24) * run.dim);
    const logits = xFake.length ? run.logits(xFake) : [];
    sent = performance.now();
    waiting = true;
    send({
      id, running, x, rows, looks,
      steps: run.steps, next: run.next, dim: run.dim,
      now: measure(run, x),
      D: sigmoid(run.logits(lattice(run.dim))),
      p,
      other: twin && look(runs[1], 300)[1],
      fakes, pulls: fakes.length ? run.gradientAt(fakes) : fakes,
      bent: bent(run),
      inOrder: run.inOrder,
      values: [run.dLoss, run.gLoss, run.penalty, mean(xReal), mean(xFake), mean(logits)],
      ...more,
    });
    rows = [];
    looks = [];
  };

  const update = (/** @type {Gan} */ run, who = run.next) => {
    try {
      if (who === 'D') run.stepD();
      else run.stepG();
    } catch (error) {
      running = false;
      picture({ stopped: String(/** @type {any} */ (error).message) });
      throw 0;
    }
  };

  const finish = (/** @type {Gan} */ run) => { // a step that was half done, or a whole one
    while (run.next === 'D') update(run);
    update(run);
  };

  const tick = () => {
    const from = performance.now();
    try {
      while (running && performance.now() - from < budget) {
        if (!turn && runs[0].steps - target >= ((from - began) * rate) / 1000) break;
        finish(runs[turn]);
        turn = (turn + 1) % runs.length;
        if (!turn) {
          note();
          if (runs[0].steps === until) {
            running = false;
            picture({ until: true });
          }
        }
      }
    } catch { return; }
    if (!running) return;
    if (!waiting && performance.now() - sent > gap) picture();
    setTimeout(tick, rate < 1e3 ? 16 : 0);
  };

  return (/** @type {any} */ m) => {
    if (m.do === 'set') {
      ({ id, gap } = m);
      running = false;
      twin = !!m.twin;
      [turn, rows, looks] = [0, [], []];
      try {
        runs = cast(m.settings, m.twin, m.many).map((s) => new Gan(s, {}));
        note();
        picture();
      } catch (error) {
        send({ id, failed: String(/** @type {any} */ (error).message) });
      }
    } else if (m.do === 'drawn') waiting = false;
    else if (m.do === 'run') {
      ({ rate, until } = m);
      [target, began] = [runs[0].steps, performance.now()];
      if (!running) {
        running = true;
        tick();
      }
    } else {
      const was = running;
      running = false;
      try {
        while (turn) { // all runs stand at the same step before anyone looks
          finish(runs[turn]);
          turn = (turn + 1) % runs.length;
          if (!turn) note();
        }
        if (m.do !== 'pause') {
          const { steps } = runs[0];
          for (const run of runs) update(run, m.do);
          if (runs[0].steps > steps) note();
        }
        if (was || m.do !== 'pause') picture();
      } catch { /* the picture of the failure is on its way */ }
    }
  };
};
