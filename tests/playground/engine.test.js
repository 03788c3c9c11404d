// What the engine promises beyond parity (for that see test_parity.py): its own behaviour, and bad input.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check, DEFAULTS, DivergedError, Gan, LOSSES, PENALTIES, TARGETS } from "../../book/playground/engine/gan.js";
import { withMemory } from "../../book/playground/engine/kernel.js";
import { Stream } from "../../book/playground/engine/random.js";
import { cast, serve } from "../../book/playground/ui/worker.js";

const small = { networks: "mlp", width: 8, batch: 8, noise: 2 };
const drawn = { drawn: [1, 2], points: [0, 0, 1, 1] };
const losses = (gan) => [gan.dLoss, gan.gLoss, gan.penalty];

test("the SIMD kernel and the plain loop give the product, for every shape and for transposes", () => {
  for (const [m, n, k] of [[1, 1, 1], [3, 7, 5], [4, 8, 2], [5, 9, 1], [8, 16, 33], [2, 25, 64], [130, 1, 9]])
    for (const transposed of [false, true])
      for (const simd of [false, true]) {
        const [c, a, b, product] = withMemory(
          (alloc, matmul) => [alloc(m * n), alloc(m * k), alloc(k * n), matmul], false, simd,
        );
        new Stream(1).rand(m * k, a);
        new Stream(2).rand(k * n, b);
        c.fill(0.5);
        const [down, right] = transposed ? [1, m] : [k, 1];
        product(c, a, b, m, n, k, down, right);
        for (let i = 0; i < m; i++)
          for (let j = 0; j < n; j++) {
            let sum = 0.5;
            for (let l = 0; l < k; l++) sum += a[i * down + l * right] * b[l * n + j];
            assert.ok(Math.abs(c[i * n + j] - sum) < 1e-5 * k, `${[m, n, k]} at ${[i, j]}, simd ${simd}`);
          }
      }
});

test("the kernel does run: its product is not the plain one", () => {
  const [simd, plain] = [true, false].map((which) => withMemory((_, matmul) => matmul, false, which));
  assert.notEqual(simd, plain);
});

test("the same seed gives the same run, another seed or member another", () => {
  const run = (settings) => {
    const gan = new Gan({ ...small, ...settings });
    for (let i = 0; i < 5; i++) gan.step();
    return losses(gan);
  };
  assert.deepEqual(run({ seed: 3 }), run({ seed: 3 }));
  assert.notDeepEqual(run({ seed: 3 }), run({ seed: 4 }));
  assert.notDeepEqual(run({ seed: 3 }), run({ seed: 3, member: 1 }));
});

test("looking does not disturb: samples, logits and pulls leave the run as it is", () => {
  for (const penalty of Object.keys(PENALTIES)) {
    const [quiet, watched] = [1, 2].map(() => new Gan({ ...small, penalty, k: 2, ema: 0.9, loss: "relativistic" }));
    for (let i = 0; i < 10; i++) {
      quiet.step();
      while (watched.next === "D") {
        watched.stepD();
        watched.gradientAt(watched.sample(300, i));
        watched.logits([0, 1]);
      }
      watched.stepG();
      watched.gradientAt(watched.generate([0, 1]));
    }
    assert.deepEqual(losses(watched), losses(quiet));
    assert.deepEqual(watched.weights(), quiet.weights());
  }
});

test("any number of points passes through in chunks", () => {
  const gan = new Gan({ ...small, target: "ring" });
  const x = new Stream(0).randn(2 * 700), logits = gan.logits(x), pull = gan.gradientAt(x);
  assert.equal(logits.length, 700);
  assert.equal(pull.length, 1400);
  for (const i of [0, 255, 256, 699]) {
    const one = x.slice(2 * i, 2 * i + 2);
    assert.equal(gan.logits(one)[0], logits[i]);
    assert.deepEqual([...gan.gradientAt(one)], [...pull.slice(2 * i, 2 * i + 2)]);
  }
  assert.equal(gan.sample(0, 1).length, 0);
});

test("steps by hand: k of D and one of G are a step, and anything else is marked", () => {
  const gan = new Gan({ ...small, k: 2 });
  const seen = [];
  for (let i = 0; i < 6; i++) {
    seen.push(gan.next);
    if (gan.next === "D") gan.stepD();
    else gan.stepG();
  }
  assert.equal(seen.join(""), "DDGDDG");
  assert.equal(gan.steps, 2);
  assert.ok(gan.inOrder);

  const byHand = new Gan({ ...small, k: 2 });
  byHand.stepD();
  byHand.step(); // completes what was begun
  const whole = new Gan({ ...small, k: 2 });
  whole.step();
  assert.deepEqual(losses(byHand), losses(whole));
  assert.ok(byHand.inOrder);

  const early = new Gan({ ...small, k: 2 });
  early.stepG(); // there are no fakes yet: it draws its own
  assert.ok(Number.isFinite(early.gLoss) && !early.inOrder && early.steps === 1);
  const extra = new Gan(small);
  extra.stepD();
  extra.stepD();
  assert.ok(!extra.inOrder);
});

test("G's step moves no weight of D, and D's none of G", () => {
  const gan = new Gan(small), sides = () => [gan.weights().slice(0, 6), gan.weights().slice(6)];
  const [g0, d0] = sides();
  gan.stepD();
  const [g1, d1] = sides();
  gan.stepG();
  const [g2, d2] = sides();
  assert.deepEqual(g1, g0);
  assert.notDeepEqual(d1, d0);
  assert.notDeepEqual(g2, g1);
  assert.deepEqual(d2, d1);
});

test("every combination of choices trains", () => {
  for (const target of TARGETS)
    for (const loss of Object.keys(LOSSES))
      for (const penalty of Object.keys(PENALTIES)) {
        const gan = new Gan({ ...small, target, drawn: drawn[target], loss, penalty, ema: 0.9 });
        gan.step();
        assert.ok(losses(gan).every(Number.isFinite), `${target}, ${loss}, ${penalty}`);
      }
});

test("the largest settings fit the memory that is counted beforehand", () => {
  for (const networks of ["seed", "mlp"]) {
    const gan = new Gan({ networks, width: 256, depth: 6, noise: 64, batch: 1024, penalty: "R2", ema: 0.9 });
    gan.stepD();
    gan.stepG();
    assert.ok(losses(gan).every(Number.isFinite));
  }
});

test("two hundred restarts do not run out of memory", () => {
  for (let i = 0; i < 200; i++) new Gan({ seed: i }).stepD();
});

test("settings are completed by the defaults, which are the tutorial's recipe", () => {
  assert.deepEqual(check(), DEFAULTS);
  assert.deepEqual(check({ k: 3 }), { ...DEFAULTS, k: 3 });
});

test("bad settings are refused in a sentence that names the value and what is allowed", () => {
  for (const [settings, sentence] of [
    [{ loss: "bce" }, /^loss must be one of non-saturating, .*relativistic, got "bce"$/],
    [{ penalty: "toString" }, /^penalty must be one of none, .*, got "toString"$/],
    [{ target: 7 }, /^target must be one of gaussian, .*, got 7$/],
    [{ networks: "cnn" }, /^networks must be one of seed, mlp, dirac, got "cnn"$/],
    [{ k: 0 }, /^k must be a whole number from 1 to 50, got 0$/],
    [{ k: 1.5 }, /whole number from 1 to 50, got 1.5$/],
    [{ k: "3" }, /^k must be .* got "3"$/],
    [{ k: null }, /^k must be .* got null$/],
    [{ batch: 1e9 }, /^batch must be a whole number from 1 to 1024, got 1000000000$/],
    [{ lrG: NaN }, /^lrG must be a number from 0 to 1, got null$/],
    [{ lrD: -1 }, /^lrD must be a number from 0 to 1, got -1$/],
    [{ beta2: 1 }, /^beta2 must be a number from 0 to 0.9999, got 1$/],
    [{ gamma: Infinity }, /^gamma must be/],
    [{ seed: -1 }, /^seed must be a whole number from 0 to 4294967295, got -1$/],
    [{ target: "drawn" }, /^drawn must be 2 to 64 heights .* got \[\]$/],
    [{ target: "drawn", drawn: [0, 0] }, /not all 0, got \[0,0\]$/],
    [{ target: "drawn", drawn: [1, -1] }, /^drawn must be/],
    [{ target: "drawn", drawn: [1, NaN] }, /^drawn must be/],
    [{ target: "drawn", drawn: "zigzag" }, /^drawn must be .* got "zigzag"$/],
    [{ target: "points", networks: "mlp", drawn: [1, 2, 3] }, /^drawn must be 1 to 512 points/],
    [{ target: "ring" }, /^networks must be mlp for ring, which lies in the plane, got "seed"$/],
  ])
    assert.throws(() => new Gan(settings), (error) => {
      assert.ok(error instanceof RangeError);
      assert.match(error.message, sentence);
      return true;
    });
});

test("a run that diverges stops with the step, and leaves the weights finite", () => {
  const gan = new Gan({ ...small, loss: "least squares", lrD: 1, lrG: 1, gamma: 1000, penalty: "R1" });
  const large = gan.parts.D.layers[0].w;
  gan.step();
  large[0] = Infinity;
  const before = gan.weights();
  assert.throws(() => gan.step(), (error) => {
    assert.ok(error instanceof DivergedError);
    assert.equal(error.step, 2);
    assert.match(error.message, /^training stopped at step 2: the discriminator's loss is (NaN|Infinity)/);
    return true;
  });
  assert.deepEqual(gan.weights(), before);
});

test("six hundred random settings are either refused in a sentence or train", () => {
  const stream = new Stream(12);
  const pick = (list) => list[Math.floor(stream.double() * list.length)];
  const odd = [-1, 0, 0.5, 1, 2, 3, 1e6, NaN, Infinity, "", "1", null, [], {}, undefined];
  let trained = 0;
  for (let i = 0; i < 600; i++) {
    const settings = { ...small, target: pick(TARGETS), loss: pick(Object.keys(LOSSES)), drawn: pick([[1, 2], [0, 0, 1, 1]]) };
    if (i % 2) settings[pick(Object.keys(DEFAULTS))] = pick(odd);
    try {
      const gan = new Gan(settings);
      if (settings.batch <= 8 && settings.width <= 8) gan.step();
      trained++;
    } catch (error) {
      assert.ok(error instanceof RangeError || error instanceof DivergedError, `${error.stack} for ${JSON.stringify(settings)}`);
      assert.match(error.message, / must be .*, got |training stopped at step/);
    }
  }
  assert.ok(trained > 100);
});

const soon = (condition) => new Promise((done) => {
  const look = () => condition() ? done() : setTimeout(look, 20);
  look();
});

test("a page that does not look is sent no more than a hundred thousand steps, and then goes on", async () => {
  const frames = [];
  const port = serve((frame) => frames.push(frame));
  const dirac = { ...DEFAULTS, networks: "dirac" };
  port({ do: "set", id: 1, settings: dirac, twin: "", many: 1, gap: 0 });
  port({ do: "run", rate: 1e9 });
  await soon(() => frames.length === 1); // from here on nobody says "drawn"
  await new Promise((done) => setTimeout(done, 6000));
  assert.equal(frames.length, 1);
  port({ do: "drawn" });
  await soon(() => frames.length === 2);
  assert.ok(frames[1].rows.length <= 6e5, `${frames[1].rows.length} numbers`);
  const steps = frames[1].steps;
  port({ do: "drawn" });
  await soon(() => frames.length === 3);
  assert.ok(frames[2].steps > steps);
  port({ do: "pause" });
});

test("networks that cannot be built are one sentence, and the next state is trained", async () => {
  const frames = [];
  const port = serve((frame) => frames.push(frame));
  port({ do: "set", id: 1, settings: { ...DEFAULTS, batch: -1 }, twin: "", many: 1, gap: 0 });
  await soon(() => frames.length === 1);
  assert.match(frames[0].stopped, /batch must be .*, got -1/);
  for (const order of ["run", "D", "G", "pause"]) port({ do: order });
  port({ do: "set", id: 2, settings: { ...DEFAULTS, ...small }, twin: "", many: 1, gap: 0 });
  await soon(() => frames.length === 2);
  assert.equal(frames[1].id, 2);
  assert.equal(frames[1].steps, 0);
  assert.equal(frames[1].stopped, undefined);
});

test("after the last member comes the first", () => {
  const members = cast({ ...DEFAULTS, member: 2 ** 32 - 2 }, "", 8).map(({ member }) => member);
  assert.deepEqual(members, [2 ** 32 - 2, 2 ** 32 - 1, 0, 1, 2, 3, 4, 5]);
});
