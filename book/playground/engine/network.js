// A multilayer perceptron with its backward pass, the tangent pass of gradient penalties, and Adam.
/** @import { Alloc, Floats, Matmul } from "./kernel.js" */
/** @import { Stream } from "./random.js" */

const { fround, sqrt } = Math;

/** @typedef {{ inputs: number, outputs: number, w: Floats, wT: Floats, b: Floats, gw: Floats, gb: Floats }} Layer */

/** The weights of a network, its gradient, and Adam's memory. */
export class Network {
  /**
   * @param {Alloc} alloc
   * @param {number[]} sizes of the input and of each layer's output
   * @param {number} slope of the activation below 0: 0 for ReLU, 0.2 for LeakyReLU
   * @param {boolean} [tanh] whether the last layer ends with tanh
   */
  constructor(alloc, sizes, slope, tanh = false) {
    this.sizes = sizes;
    this.slope = slope;
    this.tanh = tanh;
    const count = sizes.slice(1).reduce((sum, out, l) => sum + out * (sizes[l] + 1), 0);
    this.p = alloc(count);
    this.g = alloc(count);
    this.mean = alloc(count);
    this.square = alloc(count);
    this.updates = 0;
    let at = 0;
    /** @type {Layer[]} */
    this.layers = sizes.slice(1).map((outputs, l) => {
      const inputs = sizes[l], bias = at + inputs * outputs, end = bias + outputs;
      const [w, gw] = [this.p, this.g].map((all) => all.subarray(at, bias)); // (in, out)
      const [b, gb] = [this.p, this.g].map((all) => all.subarray(bias, end));
      at = end;
      return { inputs, outputs, w, wT: alloc(inputs * outputs), b, gw, gb };
    });
  }

  /** Draw the weights as `nn.Linear.reset_parameters`. @param {Stream} stream */
  draw(stream) {
    const double = this.p.BYTES_PER_ELEMENT === 8;
    const uniform = (/** @type {number} */ bound) => {
      if (double) return stream.double() * (2 * bound) - bound;
      return fround(stream.single() * (2 * fround(bound)) - fround(bound));
    };
    for (const { inputs, outputs, w, b } of this.layers) {
      const bound = sqrt(3) * (sqrt(2 / (1 + sqrt(5) ** 2)) / sqrt(inputs)); // rounds as PyTorch does
      for (let o = 0; o < outputs; o++) for (let i = 0; i < inputs; i++) w[i * outputs + o] = uniform(bound);
      for (let o = 0; o < outputs; o++) b[o] = uniform(1 / sqrt(inputs));
    }
  }

  /** Bring `wT` up to date: the backward pass needs the weights with their rows in a row, too. */
  transpose() {
    for (const { inputs, outputs, w, wT } of this.layers)
      for (let i = 0; i < inputs; i++) for (let o = 0; o < outputs; o++) wT[o * inputs + i] = w[i * outputs + o];
  }

  /** Adam: one step against the gradient. @param {number} lr @param {number} beta1 @param {number} beta2 */
  adam(lr, beta1, beta2) {
    const { p, g, mean, square } = this, t = ++this.updates;
    const size = lr / (1 - beta1 ** t), scale = 1 / sqrt(1 - beta2 ** t);
    for (let i = 0; i < p.length; i++) {
      mean[i] += (1 - beta1) * (g[i] - mean[i]);
      square[i] = beta2 * square[i] + (1 - beta2) * g[i] * g[i];
      p[i] -= (size * mean[i]) / (sqrt(square[i]) * scale + 1e-8);
    }
  }

  /** Become an average: move a little towards another network. @param {Network} other @param {number} decay */
  follow({ p }, decay) {
    for (let i = 0; i < p.length; i++) this.p[i] += (1 - decay) * (p[i] - this.p[i]);
  }

  /** The weights in PyTorch's order: W (out, in), then b, layer by layer. */
  weights() {
    return this.layers.flatMap(({ wT, b }) => [Array.from(wT), Array.from(b)]);
  }
}

/** The arrays for a batch on its way through a network: `x[l]` after layer l, `d[l]` the loss's derivative before its activation. */
export class Pass {
  /**
   * @param {Network} net
   * @param {number} rows at most so many samples
   * @param {Alloc} alloc
   * @param {Matmul} matmul
   * @param {Floats} [output] where the last layer writes
   * @param {Floats} [dOutput] where its derivative is found
   */
  constructor(net, rows, alloc, matmul, output, dOutput) {
    const last = net.sizes.length - 1;
    this.net = net;
    this.matmul = matmul;
    this.x = net.sizes.map((size, l) => (l === last && output) || alloc(l ? rows * size : 0));
    this.d = net.sizes.map((size, l) => (l === last && dOutput) || alloc(rows * size));
    this.u = net.sizes.map((size) => alloc(rows * size));
    this.ones = alloc(rows).fill(1);
    this.output = this.x[last];
    this.dOutput = this.d[last];
  }

  /** x_l = activation(x_{l-1} W_l + b_l). @param {Floats} input (rows, inputs) @param {number} rows */
  forward(input, rows) {
    const { x, net, matmul } = this;
    x[0] = input;
    net.layers.forEach(({ inputs, outputs, w, b }, l) => {
      const y = x[l + 1], size = rows * outputs;
      for (let at = 0; at < size; at += outputs) y.set(b, at);
      matmul(y, x[l], w, rows, outputs, inputs, inputs, 1);
      if (l < net.layers.length - 1) activate(y, size, net.slope);
      else if (net.tanh) for (let at = 0; at < size; at++) y[at] = Math.tanh(y[at]);
    });
    return this.output;
  }

  /**
   * From `dOutput` back: the gradient of the weights, or the derivative in the input, d[0], or both.
   * @param {number} rows @param {boolean} weights @param {boolean} input
   */
  backward(rows, weights, input) {
    const { x, d, net, matmul } = this;
    if (weights) net.g.fill(0);
    if (net.tanh) for (let at = 0; at < rows; at++) this.dOutput[at] *= 1 - this.output[at] ** 2; // one column
    for (let l = net.layers.length; l > 0; l--) {
      const { inputs, outputs, wT, gw, gb } = net.layers[l - 1];
      if (weights) {
        matmul(gw, x[l - 1], d[l], inputs, outputs, rows, 1, inputs);
        matmul(gb, this.ones, d[l], 1, outputs, rows, rows, 1);
      }
      if (l > 1 || input) matmul(d[l - 1].fill(0), d[l], wT, rows, inputs, outputs, outputs, 1);
      if (l > 1) mask(d[l - 1], x[l - 1], rows * inputs, net.slope);
    }
  }

  /**
   * Add to the gradient of the weights that of P, a function of the slopes ∇ₓ output, which backward
   * has left in d[0]. v = ∂P/∂slope travels forward through the same masks, u_l = mask_l(u_{l-1} W_l),
   * and ∂P/∂W_l = u_{l-1}ᵀ d_l. Biases do not move slopes. @param {number} rows
   */
  tangent(rows) {
    const { x, d, u, net, matmul } = this;
    net.layers.forEach(({ inputs, outputs, w, gw }, l) => {
      matmul(gw, u[l], d[l + 1], inputs, outputs, rows, 1, inputs);
      if (l === net.layers.length - 1) return;
      matmul(u[l + 1].fill(0), u[l], w, rows, outputs, inputs, inputs, 1);
      mask(u[l + 1], x[l + 1], rows * outputs, net.slope);
    });
  }
}

/** @param {Floats} y @param {number} size @param {number} slope */
function activate(y, size, slope) {
  for (let at = 0; at < size; at++) if (!(y[at] > 0)) y[at] *= slope;
}

/** Multiply by the slope of the activation whose output is x. @param {Floats} d @param {Floats} x @param {number} size @param {number} slope */
function mask(d, x, size, slope) {
  for (let at = 0; at < size; at++) if (!(x[at] > 0)) d[at] *= slope;
}
