// Play the states of addresses: {address: [seeds, steps]}; return D's losses of each run, and
// which story has that state. With a list of points, only D steps: return its logits at the median
// fake and at the points.
import { Gan } from "../../book/playground/engine/gan.js";
import { ALL, read } from "../../book/playground/ui/address.js";
import { PRESETS } from "../../book/playground/ui/presets.js";

export default (asked) => {
  const played = {};
  for (const [address, [seeds, steps, points]] of Object.entries(asked)) {
    const { twin, many, ...settings } = read(address);
    const losses = seeds.map((seed) => {
      const run = new Gan({ ...settings, seed });
      if (points) {
        for (let step = 0; step < steps; step++) run.stepD();
        return [...run.logits([run.sample(1001, 0).sort()[500], ...points])];
      }
      return Array.from({ length: steps }, () => (run.step(), run.dLoss));
    });
    const same = ({ state }) => JSON.stringify({ ...ALL, ...state }) === JSON.stringify({ ...settings, twin, many });
    played[address] = { losses, story: PRESETS.find(same)?.id ?? null };
  }
  return played;
};
