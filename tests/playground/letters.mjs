// Draw what is asked for with the numbers of the page, or with others: test_explorer.py compares.
import { distance, Letters, unpack } from "../../book/playground/explorer/letters.js";

export default async ({ written, tensors, reach, asked }) => {
  const letters = written ? await unpack(written) : new Letters(tensors, [], { places: [], reach });
  return asked.map(({ word, z, steps, style, seed, pair }) => ({
    fake: z && [...letters.draw(word, z)],
    z: steps && [...letters.steer(steps)],
    style: steps && letters.style(steps),
    real: style && [...letters.font(word, style)],
    steps: seed !== undefined && letters.steps(seed),
    distance: pair && distance(...pair),
  }));
};
