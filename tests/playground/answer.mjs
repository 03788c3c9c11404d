// Call what a script of this folder exports with the JSON on stdin, and print its answer as JSON.
const { default: answer } = await import(`./${process.argv[2]}`);
let text = "";
for await (const chunk of process.stdin) text += chunk;
console.log(JSON.stringify(await answer(JSON.parse(text))));
