// The matrix product of every layer: by SIMD in WebAssembly, or plainly where that is not to be had.
import base64 from "./kernel.wasm.js";

/** @typedef {Float32Array} Floats in tests also Float64Array, which has the same methods */
/** @typedef {(n: number) => Floats} Alloc */
/**
 * C += A B. A (m, k) lies with any strides, down and to the right, so that it may be a transpose;
 * the rows of B (k, n) and of C (m, n) lie one after the other.
 * @typedef {(c: Floats, a: Floats, b: Floats, m: number, n: number, k: number,
 *   down: number, right: number) => void} Matmul
 */

/** @type {WebAssembly.Module | null | undefined} */
let compiled;

function compile() {
  try {
    return new WebAssembly.Module(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
  } catch {
    return null; // no SIMD, or no WebAssembly: the plain loop gives the same numbers, later
  }
}

/**
 * Give `build` what it needs: memory, all of it in one place where the kernel can reach it, and the
 * product. `build` is called twice, the first time only to count.
 * @template T
 * @param {(alloc: Alloc, matmul: Matmul) => T} build
 * @param {boolean} double
 * @param {boolean} simd
 */
export function withMemory(build, double, simd) {
  const Kind = /** @type {Float32ArrayConstructor} */ (/** @type {unknown} */ (double ? Float64Array : Float32Array));
  const size = Kind.BYTES_PER_ELEMENT;
  const none = new Kind(0);
  let end = 0;
  /** @param {number} n */
  const reserve = (n) => {
    const at = end;
    end += (size * n + 15) & ~15; // SIMD likes multiples of 16 bytes
    return at;
  };
  build((n) => (reserve(n), none), plain);
  if (simd && !double) compiled ??= compile();
  const module = simd && !double && compiled;
  const memory = module && new WebAssembly.Memory({ initial: (end >> 16) + 1 });
  const buffer = memory ? memory.buffer : new ArrayBuffer(end);
  const product = memory && /** @type {any} */ (new WebAssembly.Instance(module, { env: { memory } }).exports).matmul;
  end = 0;
  return build(
    (n) => new Kind(buffer, reserve(n), n),
    product
      ? (c, a, b, ...rest) => product(c.byteOffset, a.byteOffset, b.byteOffset, ...rest)
      : plain,
  );
}

/** Four rows of B at a time: three times as fast as one. @type {Matmul} */
function plain(c, a, b, m, n, k, down, right) {
  for (let i = 0; i < m; i++)
    for (let l = 0, at = i * down, step = 1; l < k; l += step, at += step * right) {
      step = l + 4 <= k ? 4 : 1;
      const w = a[at], from = l * n, to = i * n;
      if (step === 1) {
        for (let j = 0; j < n; j++) c[to + j] += w * b[from + j];
        continue;
      }
      const x = a[at + right], y = a[at + 2 * right], z = a[at + 3 * right];
      for (let j = 0, at = from; j < n; j++, at++)
        c[to + j] += w * b[at] + x * b[at + n] + y * b[at + 2 * n] + z * b[at + 3 * n];
    }
}
