// Answer a list of [what, ...arguments]: random numbers, samples, densities, metrics.
import { makeTarget } from "../../book/playground/engine/data.js";
import { check } from "../../book/playground/engine/gan.js";
import { kde, modeCoverage, w1 } from "../../book/playground/engine/metrics.js";
import { memberSeed, Stream } from "../../book/playground/engine/random.js";

const answer = {
  member: memberSeed,
  /** A stream that is asked for several things, one after the other: [["rand", 5], ["randn", 3]]. */
  stream: (seed, calls) => {
    const stream = new Stream(seed);
    return calls.map(([name, n]) => [...stream[name](n)]);
  },
  doubles: (seed, n) => {
    const stream = new Stream(seed);
    return Array.from({ length: n }, () => stream.double());
  },
  sample: (settings, n, seed) => [...makeTarget(check(settings)).sample(n, new Stream(seed))],
  density: (settings, x) => [...makeTarget(check(settings)).density(x)],
  quantiles: (settings, n) => [...makeTarget(check(settings)).quantiles(n)],
  means: (settings) => [...makeTarget(check(settings)).means],
  w1,
  kde: (...args) => [...kde(...args)],
  modeCoverage,
};

export default (asked) => asked.map(([what, ...args]) => answer[what](...args));
