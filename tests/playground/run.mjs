// Train what a list of jobs asks for, and return what came of it: test_parity.py compares.
import { Gan } from "../../book/playground/engine/gan.js";

/** The gradient of a network's last backward pass in PyTorch's order: W (out, in), then b. */
function gradients({ layers }) {
  return layers.flatMap(({ inputs, outputs, gw, gb }) => [
    Array.from(gw, (_, at) => gw[(at % inputs) * outputs + Math.floor(at / inputs)]),
    [...gb],
  ]);
}

function run({ settings, precision, simd, steps, want = [], sample, points }, tape) {
  const gan = new Gan(settings, { precision, simd });
  const out = { d_loss: [], g_loss: [], penalty: [] };
  if (want.includes("initial")) out.initial = gan.weights();
  if (tape) {
    // PyTorch's own random numbers, as it drew them
    let at = 0;
    const next = (n, into = new Float32Array(n)) => (into.set(tape.subarray(at, (at += n))), into);
    gan.stream = { rand: next, randn: next };
  }
  for (let step = 0; step < steps; step++) {
    while (gan.next === "D") {
      gan.stepD();
      if (want.includes("gradients")) out.grad_D ??= gradients(gan.parts.D);
    }
    gan.stepG();
    if (want.includes("gradients")) out.grad_G ??= gradients(gan.parts.G);
    out.d_loss.push(gan.dLoss);
    out.g_loss.push(gan.gLoss);
    out.penalty.push(gan.penalty);
  }
  if (want.includes("trained")) out.trained = gan.weights();
  if (sample) out.sample = [...gan.sample(...sample)];
  if (points) Object.assign(out, { logits: [...gan.logits(points)], pull: [...gan.gradientAt(points)] });
  return out;
}

export default (asked) => {
  const { jobs, tape } = Array.isArray(asked) ? { jobs: asked } : asked;
  return jobs.map((job) => run(job, tape && Float32Array.from(tape)));
};
