// Play every story for some seeds, with the page's own measurements, and return what they found.
// For each story and seed: the looks [step, …] of every run, and the rows [L_D, theta, phi] at each step.
import { Gan } from "../../book/playground/engine/gan.js";
import { ALL } from "../../book/playground/ui/address.js";
import { PRESETS } from "../../book/playground/ui/presets.js";
import { cast, LOOK, measure } from "../../book/playground/ui/worker.js";

export default (seeds) => {
  const played = {};
  for (const { id, state, steps } of PRESETS) {
    const { twin, many, ...settings } = { ...ALL, ...state };
    played[id] = seeds.map((seed) => {
      const runs = cast({ ...settings, seed }, twin, many).map((s) => new Gan(s));
      const looks = [], rows = [];
      for (let step = 0; ; step++) {
        if (step % LOOK === 0) looks.push([step, ...runs.flatMap((run) => measure(run))]);
        rows.push([runs[0].dLoss, ...(settings.networks === "dirac" ? runs[0].weights().map((w) => w[0]) : [])]);
        if (step === steps) return { looks, rows };
        for (const run of runs) run.step();
      }
    });
  }
  return played;
};
