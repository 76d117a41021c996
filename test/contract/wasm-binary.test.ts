// The binary that is shipped: nothing in it may give other bits on another machine, and no thread may change what others compute by.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sha256 } from "../../ts/sha256.ts";
import { goldenFile } from "../golden/digests.ts";
import { readWasm, type WasmModule } from "./wasm-reader.ts";

const test = suite("wasm binary");

const read = (build: string): Buffer => readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url));

/** What may be imported. */
const IMPORTS: Readonly<Record<string, string>> = { "env.memory": "memory", "env.abort": "function" };

/** What a strict module may not have. */
function problemsOf({ imports, mutableGlobals, hasStart, instructions }: WasmModule): string[] {
  const problems = imports.filter(({ name, kind }) => IMPORTS[name] !== kind).map(({ name, kind }) => `imports the ${kind} ${name}`);
  if (mutableGlobals > 0) problems.push(`${mutableGlobals} globals that change`);
  if (hasStart) problems.push("a start function");
  for (const [name, count] of instructions) {
    const [prefix, code] = name.split(" ").map((part) => Number.parseInt(part, 16));
    if (prefix === 0xfd && code >= 0x100) problems.push(`${count} relaxed instructions fd ${code.toString(16)}`);
    if (prefix === 0xfe) problems.push(`${count} atomic instructions fe ${code.toString(16)}`);
    if (name === "40") problems.push(`${count} memory.grow`);
    if (prefix === 0x11 || prefix === 0x13) problems.push(`${count} indirect calls`);
  }
  return problems;
}

test("strict.wasm holds what is the same everywhere", () => {
  const module = readWasm(read("strict"));
  assert.equal(problemsOf(module), []);
  assert.equal(module.imports.filter(({ name }) => name === "env.memory").length, 1);
  // The reader did read: vector multiplications and additions, and a function a kernel.
  assert.ok((module.instructions.get("fd e6") ?? 0) > 100 && (module.instructions.get("fd e4") ?? 0) > 100);
  assert.ok(module.functions >= module.exports.length && module.exports.includes("conv2d_f32"));
});

test("inference.wasm holds what is the same everywhere", () => {
  const module = readWasm(read("inference"));
  assert.equal(problemsOf(module), []);
  assert.ok((module.instructions.get("fd e6") ?? 0) > 30 && module.exports.includes("conv2d_f32"));
});

test("relaxed.wasm shows that a relaxed instruction would be found", () => {
  assert.equal(
    problemsOf(readWasm(read("relaxed"))).filter((line) => !line.includes("relaxed instructions fd 105")),
    [],
  );
  assert.match(problemsOf(readWasm(read("relaxed"))).join(), /^\d+ relaxed instructions fd 105$/);
});

/** A module with one function of these instructions behind other sections. */
function made(body: readonly number[], ...sections: readonly (readonly number[])[]): Uint8Array {
  const code = [0, ...body, 0x0b];
  const parts = [[1, 4, 1, 0x60, 0, 0], ...sections, [3, 2, 1, 0], [10, code.length + 2, 1, code.length, ...code]];
  return Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, ...parts.flat()]);
}

const letters = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
const imported = (name: string, ...kind: number[]): number[] => {
  const entry = [1, ...letters("env"), ...letters(name), ...kind];
  return [2, entry.length, ...entry];
};

test("what is planted in a small module is found", () => {
  const zero = [0x43, 0, 0, 0, 0, 0xfd, 0x13];
  const cases: [bytes: Uint8Array, wanted: string[]][] = [
    [made([]), []],
    // f32x4.relaxed_madd, number 0x105, behind constants that hold its bytes.
    [made([...zero, ...zero, ...zero, 0xfd, 0x85, 0x02, 0x1a]), ["1 relaxed instructions fd 105"]],
    [made([0x41, 0xfd, 0x85, 0x02, 0x1a]), []],
    [made([], imported("exp", 0, 0)), ["imports the function env.exp"]],
    [made([], imported("abort", 0, 0)), []],
    [made([], imported("memory", 3, 0x7f, 0)), ["imports the global env.memory"]],
    [made([0x41, 0, 0xfe, 0x10, 2, 0, 0x1a], imported("memory", 2, 3, 1, 1)), ["1 atomic instructions fe 10"]],
    [made([0x41, 1, 0x40, 0, 0x1a], imported("memory", 2, 3, 1, 1)), ["1 memory.grow"]],
    [made([], [6, 6, 1, 0x7f, 1, 0x41, 0, 0x0b]), ["1 globals that change"]],
    [made([], [6, 6, 1, 0x7f, 0, 0x41, 0, 0x0b]), []],
    [made([], [8, 1, 0]), ["a start function"]],
  ]; // prettier-ignore
  for (const [bytes, wanted] of cases) assert.equal(problemsOf(readWasm(bytes)), wanted);
  assert.throws(() => readWasm(made([0xff])), /instruction ff at byte \d+/);
  assert.throws(() => readWasm(made([]).slice(0, -2)), /wasm: ends at byte/);
});

test("its hash is the recorded one", () => {
  const { wasm, contract } = goldenFile();
  const found = sha256(read("strict"));
  const how = "node --import tsx test/golden/make-digests.ts";
  assert.is(
    found,
    wasm,
    `the kernels have changed: strict.wasm has SHA-256 ${found}, recorded under contract ${contract} is ${wasm}. If test/golden/digests.test.ts passes, ` +
      `their bits are the same: record the new hash by ${how}. If it does not, the change needs a new contract (ts/contract.ts)`,
  );
});

test.run();
