// PyTorch's random numbers on the CPU: the same seed gives the same numbers. They are an
// implementation detail of PyTorch, so tests pin them.

const { cos, fround, log, log1p, sin, sqrt, PI } = Math;
const N = 624;

/** A stream of random numbers, as `torch.Generator().manual_seed(seed)`: the Mersenne Twister. */
export class Stream {
  /** @param {number} seed a whole number from 0 to 2³² - 1 */
  constructor(seed) {
    this.state = new Int32Array(N);
    this.at = N;
    /** @type {number | undefined} normal numbers come in pairs: the second waits here */
    this.spare = undefined;
    this.state[0] = seed;
    for (let i = 1; i < N; i++) {
      const before = this.state[i - 1];
      this.state[i] = Math.imul(before ^ (before >>> 30), 1812433253) + i;
    }
  }

  /** 32 random bits, as a number from 0 to 2³² - 1. */
  bits() {
    const s = this.state;
    if (this.at === N) {
      this.at = 0;
      for (let i = 0; i < N; i++) {
        const next = s[(i + 1) % N];
        const y = (s[i] & 0x80000000) | (next & 0x7fffffff);
        s[i] = s[(i + 397) % N] ^ (y >>> 1) ^ (next & 1 && 0x9908b0df);
      }
    }
    let y = s[this.at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** A uniform number in [0, 1) in single precision: 24 bits. */
  single() {
    return (this.bits() & 0xffffff) / 2 ** 24;
  }

  /** A uniform number in [0, 1) in double precision: 53 bits. */
  double() {
    return ((this.bits() & 0x1fffff) * 2 ** 32 + this.bits()) / 2 ** 53;
  }

  /** `torch.rand(n)`. @param {number} n @param {Float32Array} [out] */
  rand(n, out = new Float32Array(n)) {
    for (let i = 0; i < n; i++) out[i] = this.single();
    return out;
  }

  /** `torch.randn(n)`: by the method of Box and Muller, in blocks of 16 if n allows. @param {number} n @param {Float32Array} [out] */
  randn(n, out = new Float32Array(n)) {
    if (n < 16) {
      for (let i = 0; i < n; i++) out[i] = this.normal();
      return out;
    }
    this.rand(n, out);
    for (let i = 0; i + 16 <= n; i += 16) boxMuller(out, i);
    if (n % 16) {
      for (let i = n - 16; i < n; i++) out[i] = this.single(); // the last 16 are drawn again
      boxMuller(out, n - 16);
    }
    return out;
  }

  /** One normal number, in double precision. */
  normal() {
    const { spare } = this;
    this.spare = undefined;
    if (spare !== undefined) return spare;
    const angle = 2 * PI * this.double();
    const radius = sqrt(-2 * log1p(-this.double()));
    this.spare = radius * sin(angle);
    return radius * cos(angle);
  }
}

/** Turn 16 uniform numbers into normal ones, rounding where PyTorch rounds. @param {Float32Array} x @param {number} from */
function boxMuller(x, from) {
  for (let i = from; i < from + 8; i++) {
    const radius = fround(sqrt(-2 * fround(log(1 - x[i]))));
    const angle = fround(fround(2 * PI) * x[i + 8]);
    x[i] = radius * fround(cos(angle));
    x[i + 8] = radius * fround(sin(angle));
  }
}

/**
 * The seed of one member's stream, as `gan_tutorial.ensemble.member_seed`: the seed itself for
 * member 0, else a hash of both. @param {number} seed @param {number} member
 */
export function memberSeed(seed, member) {
  if (!member) return seed;
  const word = (/** @type {bigint} */ a) => BigInt.asUintN(64, a);
  let h = (BigInt(member) << 32n) | BigInt(seed);
  h = word((h ^ (h >> 30n)) * 0xbf58476d1ce4e5b9n);
  h = word((h ^ (h >> 27n)) * 0x94d049bb133111ebn);
  return Number((h ^ (h >> 31n)) & 0xffffffffn);
}
