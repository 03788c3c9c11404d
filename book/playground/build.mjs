// Build the one file that the site loads: `node build.mjs`.
//   --check  write nothing, only see whether the committed files are what the sources give
//   --page   leave the kernel as it is, which saves a few seconds
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import asc from "assemblyscript/asc";
import { build, transform } from "esbuild";
import { minify } from "terser";

const LIMIT = 15_000; // bytes after gzip, engine and page together
const BANNER = "/*! The playground of GANs, tested. MIT. Made by `node build.mjs` in book/playground. */";
const check = process.argv.includes("--check");

/** Write a file, or compare it. @param {string} path @param {string} text */
function put(path, text) {
  const url = new URL(path, import.meta.url);
  if (!check) return writeFileSync(url, text);
  if (readFileSync(url, "utf8") === text) return;
  console.error(`${path} is not what its sources give: run \`node build.mjs\` and commit it`);
  process.exitCode = 1;
}

/** The compiled matrix product, as a module that holds its bytes. */
async function kernel() {
  /** @type {Uint8Array | undefined} */
  let bytes;
  const options = "-O3 --enable simd --runtime stub --importMemory --noAssert -o kernel.wasm";
  const { error, stderr } = await asc.main(["matmul.ts", ...options.split(" ")], {
    readFile: (/** @type {string} */ name) =>
      name === "matmul.ts" ? readFileSync(new URL("engine/matmul.ts", import.meta.url), "utf8") : null,
    writeFile: (/** @type {string} */ name, /** @type {Uint8Array} */ contents) => {
      if (name === "kernel.wasm") bytes = contents;
    },
    listFiles: () => [],
  });
  if (error || !bytes) throw new Error(`matmul.ts does not compile: ${stderr}`);
  const base64 = Buffer.from(bytes).toString("base64");
  return `// matmul.ts, compiled by \`node build.mjs\`: do not edit\nexport default "${base64}";\n`;
}

/** @type {import("esbuild").Plugin} */
const minifiedCss = {
  name: "minified-css",
  setup(esbuild) {
    esbuild.onLoad({ filter: /\.css$/ }, async ({ path }) => ({
      contents: (await transform(readFileSync(path, "utf8"), { loader: "css", minify: true })).code.trim(),
      loader: "text",
    }));
  },
};

// Names of the engine's own properties, which the bundle may call a, b, c: a fortieth of its size. None
// of them is read by a string, and no other library's objects are asked for them.
const OWN =
  /^(parts|pass[DG]|view[DG]|realLogits|dOutput|output|layers|inputs|outputs|transpose|backward|forward|tangent|penalise|follow|descend|gUsesReal|[dg]Fake|dReal|stream|bits|single|spare|slope|updates|emaG|matmul|phase|sizes|adam|square|quantiles|gradientAt|highQuality|captured|lastBatch|inOrder|step[DG]|randn?|density|generate|weights)$/;

/** One classic script: ES modules do not load from file://. @param {string} entry @param {RegExp} [mangleProps] */
async function script(entry, mangleProps) {
  const result = await build({
    absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    plugins: [minifiedCss],
    mangleProps,
  });
  // a function knows its own source: `gan` makes its worker from itself, and nothing is sent twice
  const code = `(function gan(){"use strict";${result.outputFiles[0].text}})()`;
  const options = { passes: 3, unsafe_arrows: true, keep_fargs: false, pure_getters: true };
  const { code: small } = await minify(code, { ecma: 2020, compress: { ecma: 2020, ...options } });
  return `${BANNER}\n${small}\n`;
}

if (!process.argv.includes("--page")) put("engine/kernel.wasm.js", await kernel());
for (const file of readdirSync(new URL("ui/", import.meta.url)).sort()) {
  const language = file.match(/^words\.(\w+)\.js$/)?.[1];
  if (language) put(`../_static/js/playground.${language}.js`, await script(`ui/${file}`));
}
put("../_static/js/explorer.js", await script("explorer/main.js"));
const text = await script("ui/main.js", OWN);
put("../_static/js/playground.js", text);
const size = gzipSync(text, { level: 9 }).length;
console.log(`playground.js: ${size} bytes after gzip, of ${LIMIT} allowed`);
if (size > LIMIT) process.exitCode = 1;
