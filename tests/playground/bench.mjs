// CPU milliseconds a step of the tutorial's GAN at batch 128: by SIMD, and plainly. See bench.py.
import { Gan } from "../../book/playground/engine/gan.js";

function cost(simd, steps) {
  const gan = new Gan({ batch: 128 }, { simd });
  for (let i = 0; i < 20; i++) gan.step();
  const before = process.cpuUsage().user;
  for (let i = 0; i < steps; i++) gan.step();
  return (process.cpuUsage().user - before) / 1000 / steps;
}

console.log(JSON.stringify({ simd: cost(true, 150), plain: cost(false, 20) }));
