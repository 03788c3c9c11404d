// The matrix product of every layer, four rows and eight columns at a time, in AssemblyScript.
// `node build.mjs` compiles it into kernel.wasm.js.

/** C += A B: A (m, k) with any strides, B (k, n) and C (m, n) with their rows one after the other. */
export function matmul(
  c: usize, a: usize, b: usize, m: usize, n: usize, k: usize, down: usize, right: usize,
): void {
  const row = n << 2, rest = n & 7;
  down <<= 2;
  right <<= 2;
  for (let i: usize = 0; i < m; i += 4) {
    // past the last row the last one is computed again, and written to the same place
    const more = min<usize>(3, m - 1 - i), i1 = min<usize>(1, more), i2 = min<usize>(2, more);
    const a1 = a + i1 * down, a2 = a + i2 * down, a3 = a + more * down;
    const c1 = c + i1 * row, c2 = c + i2 * row, c3 = c + more * row;
    let j: usize = 0;
    for (const end = row - (rest << 2); j < end; j += 32) {
      let p = v128.load(c + j), P = v128.load(c + j, 16);
      let q = v128.load(c1 + j), Q = v128.load(c1 + j, 16);
      let r = v128.load(c2 + j), R = v128.load(c2 + j, 16);
      let s = v128.load(c3 + j), S = v128.load(c3 + j, 16);
      for (let l: usize = 0, at: usize = 0, from = b + j; l < k; l++, at += right, from += row) {
        const left = v128.load(from), next = v128.load(from, 16);
        let x = v128.load32_splat(a + at);
        p = f32x4.add(p, f32x4.mul(x, left)); P = f32x4.add(P, f32x4.mul(x, next));
        x = v128.load32_splat(a1 + at);
        q = f32x4.add(q, f32x4.mul(x, left)); Q = f32x4.add(Q, f32x4.mul(x, next));
        x = v128.load32_splat(a2 + at);
        r = f32x4.add(r, f32x4.mul(x, left)); R = f32x4.add(R, f32x4.mul(x, next));
        x = v128.load32_splat(a3 + at);
        s = f32x4.add(s, f32x4.mul(x, left)); S = f32x4.add(S, f32x4.mul(x, next));
      }
      v128.store(c + j, p); v128.store(c + j, P, 16);
      v128.store(c1 + j, q); v128.store(c1 + j, Q, 16);
      v128.store(c2 + j, r); v128.store(c2 + j, R, 16);
      v128.store(c3 + j, s); v128.store(c3 + j, S, 16);
    }
    for (; j < row; j += 4) {
      let p = load<f32>(c + j), q = load<f32>(c1 + j), r = load<f32>(c2 + j), s = load<f32>(c3 + j);
      for (let l: usize = 0, at: usize = 0, from = b + j; l < k; l++, at += right, from += row) {
        const y = load<f32>(from);
        p += load<f32>(a + at) * y; q += load<f32>(a1 + at) * y;
        r += load<f32>(a2 + at) * y; s += load<f32>(a3 + at) * y;
      }
      store<f32>(c + j, p); store<f32>(c1 + j, q); store<f32>(c2 + j, r); store<f32>(c3 + j, s);
    }
    a += down << 2;
    c += row << 2;
  }
}
