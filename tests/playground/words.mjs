// Read addresses of the explorer; see addresses.mjs.
import { read, write } from "../../book/playground/explorer/address.js";

export default (addresses) => addresses.map((/** @type {string} */ address) => {
  try {
    const state = read(address);
    return { state, written: write(state), again: write(read(write(state))) };
  } catch (error) {
    return { kind: error.constructor.name, sentence: error.message };
  }
});
