// Read the addresses on stdin, and print for each either what it is written as again, or the sentence that refuses it.
import { read, write } from "../../book/playground/ui/address.js";

let text = "";
for await (const chunk of process.stdin) text += chunk;
console.log(JSON.stringify(JSON.parse(text).map((/** @type {string} */ address) => {
  try {
    const state = read(address);
    return { written: write(state), again: write(read(write(state))) };
  } catch (error) {
    return { kind: error.constructor.name, sentence: error.message };
  }
})));
