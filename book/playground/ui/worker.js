// Trains one GAN, its twin or its replicas, and sends pictures of them. Knows nothing of the page.
import { Gan, PENALTIES } from '../engine/gan.js';
import { kde, modeCoverage, w1 } from '../engine/metrics.js';

export const LINE = 141; // points of the line on which densities and D are shown
export const PLANE = 44; // cells on a side of D's map in the plane
export const REACH = 1.4; // half the width of what is shown, on the line and in the plane
export const LOOK = 10; // steps from one measurement to the next
const SAMPLES = 800;
const MOST = 6e5; // numbers kept for a page that does not look: then training waits for it

/** @typedef {import('../engine/gan.js').Settings} Settings */
/** @typedef {ArrayLike<number>} Numbers */

/** The settings of every run: the chosen one, then its twin, then its replicas.
 * @param {Settings} settings @param {string} twin name of another loss or penalty, or ''
 * @param {number} many how many members; after the last there is comes the first @returns {Settings[]} */
export const cast = (settings, twin, many) => {
  const runs = Array.from({ length: many }, (_, i) => ({ ...settings, member: settings.member + i >>> 0 }));
  if (twin) runs.splice(1, 0, { ...settings, [twin in PENALTIES ? 'penalty' : 'loss']: twin });
  return runs;
};

const ideal = new WeakMap(); // the quantiles of each run's target, which take long to find
const look = (/** @type {Gan} */ run) => run.sample(SAMPLES, run.settings.seed + 1);

/** How far the fakes are from the data: [W1] on the line, [modes captured, share of high quality]
 * in the plane. @param {Gan} run @param {Numbers} [x] @returns {number[]} */
export const measure = (run, x = look(run)) => {
  const { means, std } = run.target;
  if (run.dim < 2) {
    if (!ideal.has(run)) ideal.set(run, run.target.quantiles(SAMPLES));
    return [w1(x, ideal.get(run))];
  }
  if (!means.length) return [NaN, NaN]; // points drawn by hand have no modes
  const { captured, highQuality } = modeCoverage(x, means, std);
  return [captured, highQuality];
};

/** The points where densities and D are shown. @param {number} dim */
export const lattice = (dim) => Float32Array.from({ length: dim < 2 ? LINE : 2 * PLANE * PLANE }, (_, i) => {
  const [at, size] = dim < 2 ? [i, LINE - 1] : [((i & 1 ? i / 2 / PLANE : (i / 2) % PLANE) | 0) + 0.5, PLANE];
  return REACH * ((2 * at) / size - 1);
});

/** A square grid of noise, 9 lines of 33 points each way, for the picture of how G bends it.
 * @param {Gan} run */
const bent = (run) => {
  const d = run.settings.noise;
  if (run.dim < 2 || d < 2) return;
  const z = new Float32Array(594 * d);
  for (let i = 0; i < 594; i++) {
    const other = +(i < 297);
    z[i * d + other] = (((i / 33) | 0) % 9) / 2 - 2;
    z[i * d + 1 - other] = (i % 33) / 8 - 2;
  }
  return run.generate(z);
};

const sigmoid = (/** @type {Numbers} */ x) => Array.from(x, (v) => 1 / (1 + Math.exp(-v)));
const mean = (/** @type {Numbers} */ x) => Array.from(x).reduce((sum, v) => sum + v, 0) / x.length;

/** @param {(message: any) => void} send
 * @param {number} budget milliseconds of work at a stretch
 * @returns {(message: any) => void} what takes the page's orders */
export const serve = (send, budget = 24) => {
  /** @type {Gan[]} */
  let runs = [];
  /** @type {number[]} six numbers a step: step, L_D, L_G, penalty, weights of the Dirac-GAN */
  let rows = [];
  /** @type {number[][]} what `measure` found: the step, then of each run */
  let looks = [];
  /** @type {any[]} orders not yet obeyed */
  let queue = [];
  /** @type {any} the newest of each kind */
  let order = {};
  let [turn, from, began, sent, running, waiting] = [0, 0, 0, 0, false, false];

  const note = () => {
    const [run] = runs;
    const [theta, phi] = run.settings.networks === 'dirac' ? run.weights().flat() : [0, 0];
    rows.push(run.steps, run.dLoss, run.gLoss, run.penalty, theta, phi);
    if (run.steps % LOOK === 0) looks.push([run.steps, ...runs.flatMap((r) => measure(r))]);
  };

  const picture = (/** @type {any} */ more = {}) => {
    const [run] = runs;
    if (!run) return send({ id: order.id, rows, looks, ...more }); // they could not be built
    const { dim, steps, next, inOrder } = run;
    const shown = (/** @type {Float32Array} */ x) => dim < 2 ? kde(x, lattice(1)) : x;
    const x = look(run);
    const { xReal = [], xFake = new Float32Array() } = run.lastBatch ?? {};
    const fakes = xFake.slice(0, 16 * dim);
    sent = performance.now();
    waiting = true;
    send({
      id: order.id, running, steps, next, dim, inOrder, rows, looks, x, fakes,
      now: measure(run, x),
      D: sigmoid(run.logits(lattice(dim))),
      p: shown(x),
      other: order.twin && shown(look(runs[1])),
      pulls: fakes.length ? run.gradientAt(fakes) : fakes,
      bent: bent(run),
      values: [run.dLoss, run.gLoss, run.penalty, mean(xReal), mean(xFake), mean(xFake.length ? run.logits(xFake) : [])],
      ...more,
    });
    rows = [];
    looks = [];
  };

  /** Do something with the runs; if it fails, say so and stop. @param {() => void} work */
  const attempt = (work) => {
    try {
      work();
    } catch (error) {
      running = false;
      picture({ stopped: /** @type {Error} */ (error).message });
    }
  };

  const update = (/** @type {Gan} */ run, who = run.next) => who === 'D' ? run.stepD() : run.stepG();

  const finish = () => { // the step of the run whose turn it is, a whole one or the rest of one
    const run = runs[turn];
    while (run.next === 'D') update(run);
    update(run);
    turn = (turn + 1) % runs.length;
    if (!turn) note();
  };

  const tick = () => attempt(() => {
    const now = performance.now();
    while (running && rows.length < MOST && performance.now() - now < budget) {
      if (!turn && runs[0].steps - from >= ((now - began) * order.rate) / 1000) break;
      finish();
      if (!turn && runs[0].steps === order.until) {
        running = false;
        picture({ until: true });
      }
    }
    if (running && !waiting && performance.now() - sent > order.gap) picture();
    if (running) setTimeout(tick);
  });

  const obey = () => {
    const [m] = queue.splice(0, 1);
    const was = running;
    if (m) attempt(() => {
      order = { ...order, ...m };
      running = m.do === 'run';
      if (m.do === 'set') {
        [turn, runs, rows, looks] = [0, [], [], []];
        runs = cast(m.settings, m.twin, m.many).map((s) => new Gan(s));
        note();
        picture();
      } else if (!runs[0]) {
        running = false;
      } else if (running) {
        [from, began] = [runs[0].steps, performance.now()];
        if (!was) tick();
      } else {
        while (turn) finish(); // all runs stand at the same step before anyone looks
        if (m.do === 'pause' && !was) return;
        const { steps } = runs[0];
        if (m.do !== 'pause') for (const run of runs) update(run, m.do);
        if (runs[0].steps > steps) note();
        picture();
      }
    });
  };

  return (m) => {
    if (m.do === 'drawn') waiting = false;
    else {
      if (m.do === 'set') queue = []; // nobody waits for what a run now given up was to do
      queue.push(m);
      setTimeout(obey);
    }
  };
};
