// The choice between wide and plain code, on an engine whose clock and mistakes are made up. Kernels really run; nothing is timed.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { families } from "../../ts/kernel-path/families.ts";
import { choosePath, engine, tagged, type Engine, type KernelPath } from "../../ts/kernel-path/kernel-path.ts";
import type { Exports } from "../../ts/kernel-path/trial.ts";

const bytes = new Uint8Array(readFileSync(new URL("../../build/strict.wasm", import.meta.url)));
const few = families.filter(({ name }) => name === "gemm_nn_f32" || name === "conv2d_f32");

const AS_USUAL = ["--no-experimental-wasm-revectorize", "--no-wasm-sync-tier-up", "--wasm-tiering-budget=13000000"];
const WIDEN = "--experimental-wasm-revectorize";

interface Told {
  /** GFLOP/s of an export, given whether its module was compiled to be widened. */
  readonly speed?: (name: string, isWide: boolean) => number;
  /** Called after each call of wide code. */
  readonly after?: (name: string, memory: WebAssembly.Memory) => void;
  readonly with?: Partial<Engine>;
}

interface Outcome extends KernelPath {
  readonly flags: readonly string[];
  readonly lines: readonly string[];
  /** Of each compiled module: the name of its last section if it is no build as it lies on disk, and whether it was to be widened. */
  readonly compiled: readonly string[];
}

const operationsOf = (name: string, parameters: readonly number[]): number =>
  name === "calibrate_f32" ? 96 * parameters[1] : families.find((family) => family.name === name)!.operations;

function choose({ speed = () => 60, after = () => undefined, with: given = {} }: Told): Outcome {
  const flags: string[] = [];
  const lines: string[] = [];
  const compiled: string[] = [];
  const wide = new WeakSet<WebAssembly.Module>();
  let clock = 0;
  const chosen = choosePath(
    bytes,
    {
      versions: { node: "24.1.0", v8: "13.6.1" },
      architecture: "x64",
      setting: undefined,
      setFlag: (flag) => flags.push(flag),
      compile: (given) => {
        const module = new WebAssembly.Module(given);
        const isWide = flags.lastIndexOf(WIDEN) > flags.lastIndexOf(AS_USUAL[0]);
        if (isWide) wide.add(module);
        const tag = new TextDecoder().decode(given.subarray(bytes.length + 3));
        compiled.push(`${tag === "" ? "as it is" : tag}, ${isWide ? "wide" : "plain"}`);
        return module;
      },
      instantiate: (module, memory) => {
        const real = engine.instantiate(module, memory);
        const isWide = wide.has(module);
        return Object.fromEntries(
          Object.entries(real).map(([name, run]): [string, Exports[string]] => [
            name,
            (...parameters) => {
              run(...parameters);
              if (isWide) after(name, memory);
              clock += operationsOf(name, parameters) / speed(name, isWide) / 1e6;
            },
          ]),
        );
      },
      now: () => clock,
      spent: () => clock,
      warn: (line) => lines.push(line),
      ...given,
    },
    few,
  );
  return { ...chosen, flags, lines, compiled };
}

const widens = (name: string, isWide: boolean): number => (name === "calibrate_f32" || !isWide ? 60 : 110);

const test = suite("kernel-path");

test("wide where V8 widens: flags are set for the compile and as before at the end", () => {
  const { path, reason, flags, lines, compiled, module } = choose({ speed: widens });
  assert.is(path, "wide");
  assert.match(reason, /^gemm_nn_f32 at 1\.8 times the ceiling of 128-bit vectors, found in \d+ ms$/);
  assert.equal(compiled, ["reference, plain", "wide, wide"]);
  assert.equal(flags.slice(-3), AS_USUAL);
  assert.is(flags.filter((flag) => flag === WIDEN).length, 1);
  assert.equal(lines, []);
  assert.is(WebAssembly.Module.customSections(module, "wide").length, 1);
});

test("wide where others keep the machine so busy that nothing comes near its ceiling", () => {
  const { path, compiled, flags } = choose({ speed: (name, isWide) => (name === "calibrate_f32" ? 60 : isWide ? 62 : 40) });
  assert.is(path, "wide");
  assert.equal(compiled, ["reference, plain", "wide, wide", "plain, plain"]);
  assert.equal(flags.slice(-3), AS_USUAL);
});

test("plain where a kernel never shows wide speed, after 300 ms", () => {
  const slow = (name: string, isWide: boolean): number => (name === "conv2d_f32" && isWide ? 45 : widens(name, isWide));
  let last = 0;
  const { path, reason, flags, lines, compiled } = choose({ speed: slow, with: { spent: () => (last += 7) } });
  assert.is(path, "plain");
  assert.is(reason, "conv2d_f32 did not show wide speed within 300 ms");
  assert.ok(last > 300 && last < 330, `${last} ms`);
  assert.equal(compiled, ["reference, plain", "wide, wide", "plain, plain", "as it is, plain"]);
  assert.equal(flags.slice(-3), AS_USUAL);
  assert.equal(lines, []);
});

test("plain, compiled again from other bytes, and said once, where one bit differs", () => {
  const flip = (name: string, memory: WebAssembly.Memory): void => {
    if (name === "conv2d_f32") new Uint8Array(memory.buffer)[2 ** 20 + 5] ^= 1;
  };
  const { path, reason, flags, lines, compiled, module } = choose({ speed: widens, after: flip });
  assert.is(path, "plain");
  assert.is(reason, "wide code of this V8 is wrong: conv2d_f32 has other bits");
  assert.equal(lines, [
    "perpend: wide code of this V8 is wrong: conv2d_f32 has other bits; plain code runs instead, at half the speed and with the right bits",
  ]);
  assert.equal(compiled, ["reference, plain", "wide, wide", "as it is, plain"]);
  assert.equal(WebAssembly.Module.customSections(module, "wide"), []);
  assert.equal(flags.slice(-3), AS_USUAL);
});

test("plain where wide code traps", () => {
  const trap = (): never => {
    throw new WebAssembly.RuntimeError("unreachable");
  };
  const { path, reason, flags, lines } = choose({ speed: widens, after: trap });
  assert.is(path, "plain");
  assert.is(reason, "wide code of this V8 is wrong: unreachable");
  assert.is(lines.length, 1);
  assert.equal(flags.slice(-3), AS_USUAL);
});

test("plain where nothing can be tried, and flags are as before", () => {
  const flags: string[] = [];
  const refuse = (): never => {
    throw new Error("refused");
  };
  const { path, reason, lines } = choose({ with: { setFlag: (flag) => flags.push(flag), instantiate: refuse } });
  assert.is(path, "plain");
  assert.is(reason, "wide code could not be tried: refused");
  assert.equal(lines, []);
  assert.equal(flags.slice(-3), AS_USUAL);
});

test("not even tried, and no flag touched, where it cannot be", () => {
  const cases: readonly (readonly [Partial<Engine>, string])[] = [
    [{ setting: "0" }, "PERPEND_WIDE=0"],
    [{ versions: { node: "20.20.2", v8: "11.3.244.8-node.38" } }, "V8 11.3 does not widen vectors, 13 does (Node 24)"],
    [{ versions: { node: "22.1.0", v8: "12.4.254.21" } }, "V8 12.4 does not widen vectors, 13 does (Node 24)"],
    [{ versions: { node: "24.0.0", v8: "13.6.1", bun: "1.4.5" } }, "bun is not known to widen vectors"],
    [{ architecture: "arm64" }, "V8 widens vectors on x64 only, not on arm64"],
  ];
  for (const [given, expected] of cases) {
    const { path, reason, flags, compiled } = choose({ with: given });
    assert.is(path, "plain");
    assert.is(reason, expected);
    assert.equal(flags, []);
    assert.equal(compiled, ["as it is, plain"]);
  }
  assert.is(choose({ speed: widens, with: { setting: "1" } }).path, "wide");
  assert.is(choose({ speed: widens, with: { versions: { node: "26.1.0", v8: "14.6.2" } } }).path, "wide");
});

test("a tag makes other bytes of the same module", () => {
  const module = new WebAssembly.Module(tagged(bytes, "wide"));
  assert.is(WebAssembly.Module.customSections(module, "wide").length, 1);
  assert.equal(WebAssembly.Module.exports(module), WebAssembly.Module.exports(new WebAssembly.Module(bytes)));
});

test.run();
