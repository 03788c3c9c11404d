// The matrix product of every layer, four rows and eight columns at a time, in AssemblyScript.
// `node build.mjs` compiles it into kernel.wasm.js.

/** C = A B, or C += A B: A (m, k) with any strides, B (k, n) and C (m, n) with their rows in a row. */

export function matmul(
  c: usize, a: usize, b: usize, m: i32, n: i32, k: i32, aRow: i32, aColumn: i32, add: bool,
): void {
  const row = <usize>n << 2, down = <usize>aRow << 2, right = <usize>aColumn << 2;
  for (let i = 0; i < m; i += 4) {
    // past the last row the last one is computed again, and written to the same place
    const a0 = a + <usize>i * down, c0 = c + <usize>i * row;
    const i1 = <usize>min(1, m - 1 - i), i2 = <usize>min(2, m - 1 - i), i3 = <usize>min(3, m - 1 - i);
    const a1 = a0 + i1 * down, a2 = a0 + i2 * down, a3 = a0 + i3 * down;
    const c1 = c0 + i1 * row, c2 = c0 + i2 * row, c3 = c0 + i3 * row;
    let j: i32 = 0;
    for (; j + 8 <= n; j += 8) {
      let p = f32x4.splat(0), q = p, r = p, s = p, P = p, Q = p, R = p, S = p;
      let at: usize = 0, bAt = b + (<usize>j << 2);
      for (let l = 0; l < k; l++, at += right, bAt += row) {
        const left = v128.load(bAt), next = v128.load(bAt, 16);
        let x = v128.load32_splat(a0 + at);
        p = f32x4.add(p, f32x4.mul(x, left)); P = f32x4.add(P, f32x4.mul(x, next));
        x = v128.load32_splat(a1 + at);
        q = f32x4.add(q, f32x4.mul(x, left)); Q = f32x4.add(Q, f32x4.mul(x, next));
        x = v128.load32_splat(a2 + at);
        r = f32x4.add(r, f32x4.mul(x, left)); R = f32x4.add(R, f32x4.mul(x, next));
        x = v128.load32_splat(a3 + at);
        s = f32x4.add(s, f32x4.mul(x, left)); S = f32x4.add(S, f32x4.mul(x, next));
      }
      const to = <usize>j << 2;
      if (add) {
        p = f32x4.add(p, v128.load(c0 + to)); P = f32x4.add(P, v128.load(c0 + to, 16));
        q = f32x4.add(q, v128.load(c1 + to)); Q = f32x4.add(Q, v128.load(c1 + to, 16));
        r = f32x4.add(r, v128.load(c2 + to)); R = f32x4.add(R, v128.load(c2 + to, 16));
        s = f32x4.add(s, v128.load(c3 + to)); S = f32x4.add(S, v128.load(c3 + to, 16));
      }
      v128.store(c0 + to, p); v128.store(c0 + to, P, 16);
      v128.store(c1 + to, q); v128.store(c1 + to, Q, 16);
      v128.store(c2 + to, r); v128.store(c2 + to, R, 16);
      v128.store(c3 + to, s); v128.store(c3 + to, S, 16);
    }
    for (; j < n; j++) {
      let p: f32 = 0, q: f32 = 0, r: f32 = 0, s: f32 = 0;
      let at: usize = 0, bAt = b + (<usize>j << 2);
      for (let l = 0; l < k; l++, at += right, bAt += row) {
        const y = load<f32>(bAt);
        p += load<f32>(a0 + at) * y; q += load<f32>(a1 + at) * y;
        r += load<f32>(a2 + at) * y; s += load<f32>(a3 + at) * y;
      }
      const to = <usize>j << 2;
      if (add) {
        p += load<f32>(c0 + to); q += load<f32>(c1 + to);
        r += load<f32>(c2 + to); s += load<f32>(c3 + to);
      }
      store<f32>(c0 + to, p); store<f32>(c1 + to, q);
      store<f32>(c2 + to, r); store<f32>(c3 + to, s);
    }
  }
}
