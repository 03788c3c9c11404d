// Read addresses, and return for each either what it is written as again, or the sentence that refuses it.
import { read, write } from "../../book/playground/ui/address.js";

export default (addresses) => addresses.map((/** @type {string} */ address) => {
  try {
    const state = read(address);
    return { written: write(state), again: write(read(write(state))) };
  } catch (error) {
    return { kind: error.constructor.name, sentence: error.message };
  }
});
