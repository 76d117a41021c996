// The lint rules that keep results the same in every engine find what is planted, in every file of every area where numbers are made.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("lint of numeric code");
const root = fileURLToPath(new URL("../..", import.meta.url));

// Without the rules that want types, and the time to find them.
const untyped = { "@typescript-eslint/no-floating-promises": "off", "@typescript-eslint/no-misused-promises": "off" } as const;
const eslint = new ESLint({
  cwd: root,
  overrideConfig: [{ languageOptions: { parserOptions: { projectService: false } }, rules: untyped }],
});

/** Names of the rules that a text breaks if it stands in a file. */
async function found(text: string, file: string): Promise<string[]> {
  const [{ messages }] = await eslint.lintText(`// Planted.\n${text}\n`, { filePath: join(root, file) });
  return messages.map(({ ruleId, message }) => ruleId ?? message);
}

const SYNTAX = "no-restricted-syntax";
const GLOBALS = "no-restricted-globals";

/** What must not be, with the rule that finds it. */
const FORBIDDEN: readonly (readonly [text: string, rule: string])[] = [
  ...["exp", "log", "pow", "sin", "cos", "tan", "tanh", "cbrt", "hypot", "expm1", "log1p", "atan2", "random", "round"].map(
    (name) => [`export const y = (x: number): number => Math.${name}(x);`, SYNTAX] as const,
  ),
  ['export const y = (x: number): number => Math["exp"](x);', SYNTAX],
  ["export const y = (x: number, name: keyof Math): unknown => Math[name];", SYNTAX],
  ["const { exp } = Math;\nexport const y = (x: number): number => exp(x);", SYNTAX],
  ["const math = Math;\nexport const y = math.PI;", SYNTAX],
  ["export const y = (x: number): number => x ** 0.5;", SYNTAX],
  ["export const y = (x: number): number => 2 ** x;", SYNTAX],
  ["export const y = (x: number): number => x ** 2;", SYNTAX],
  ["export function f(x: number): number {\n  let y = x;\n  y **= 2;\n  return y;\n}", SYNTAX],
  ["export const y = (x: number): string => x.toLocaleString();", SYNTAX],
  ["export const y = (x: string): string => x.toLocaleUpperCase();", SYNTAX],
];
const FORBIDDEN_GLOBALS: readonly string[] = [
  "export const y = Date.now();",
  "export const y = new Date();",
  "export const y = new Intl.NumberFormat().format(1);",
  "export const y = crypto.getRandomValues(new Uint8Array(1));",
  "export const y = globalThis.Math.exp(1);",
  "export const y = self.Math.exp(1);",
];

const ALLOWED = [
  "export const y = (x: number): number => Math.sqrt(Math.abs(x)) + Math.floor(x) + Math.imul(1, 2) + Math.PI;",
  "export const y = 2 ** 31 - 1;",
  "export const y = performance.now();",
];

/** A file of every area that makes numbers. */
const NUMERIC = ["ts/math.ts", "ts/random.ts", "ts/autograd/op.ts", "ts/nn/linear.ts", "ts/models/shortcut.ts", "ts/optim/schedule.ts", "ts/data/augment.ts", "ts/train/trainer.ts", "ts/backend/wasm/wasm.ts", "workers/step.ts"]; // prettier-ignore

test("every planted violation is found where numbers are made", async () => {
  for (const file of NUMERIC) {
    for (const text of ALLOWED) assert.equal(await found(text, file), [], `${file}: ${text}`);
    for (const [text, rule] of FORBIDDEN) assert.equal(new Set(await found(text, file)), new Set([rule]), `${file}: ${text}`);
    for (const text of FORBIDDEN_GLOBALS) assert.ok((await found(text, file)).includes(GLOBALS), `${file}: ${text}`);
  }
});

test("the command line may tell the time, and has no other mathematics", async () => {
  for (const [text, rule] of FORBIDDEN) assert.equal(new Set(await found(text, "ts/cli/settings/schedules.ts")), new Set([rule]), text);
  for (const text of FORBIDDEN_GLOBALS.slice(0, 2)) assert.equal(await found(text, "ts/cli/commands/train.ts"), [], text);
});

test("a definition may use Math, and draws nothing", async () => {
  const file = "ts/definitions/softmax.ts";
  assert.equal(await found("export const y = (x: number): number => Math.exp(x) ** 2;", file), []);
  assert.equal(await found("export const y = Math.random();", file), [SYNTAX]);
});

test("kernels have no Math of any kind, no `**`, no state and no heap", async () => {
  const file = "assembly/simd/gemm.ts";
  const planted = [
    "export function f(x: f64): f64 {\n  return Math.exp(x);\n}",
    "export function f(x: f32): f32 {\n  return Mathf.exp(x);\n}",
    "export function f(x: f64): f64 {\n  return NativeMath.pow(x, 2);\n}",
    "export function f(x: f64): f64 {\n  return JSMath.sin(x);\n}",
    "export function f(x: f64): f64 {\n  return x ** 2;\n}",
    "let calls = 0;\nexport function f(): i32 {\n  return ++calls;\n}",
    "export function f(): usize {\n  return changetype<usize>(new ArrayBuffer(8));\n}",
    "export function f(x: Float32Array): f32 {\n  return x[0];\n}",
  ];
  for (const text of planted) assert.ok((await found(text, file)).includes(SYNTAX), text);
  assert.equal(await found("export function f(x: f32): f32 {\n  return x * x;\n}", file), []);
});

/** Files below a folder that are code. */
function codeBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return codeBelow(path);
    return /\.ts$/.test(path) && !path.endsWith(".d.ts") ? [path] : [];
  });
}

interface Config {
  readonly rules: Readonly<Record<string, readonly [severity: number, ...options: readonly unknown[]]>>;
}

test("no file escapes: all but definitions, the report and the page have the rules about mathematics", async () => {
  const without: string[] = [];
  let files = 0;
  for (const path of [...codeBelow("ts"), ...codeBelow("workers")]) {
    files++;
    assert.not.ok(await eslint.isPathIgnored(join(root, path)), path);
    const { rules } = (await eslint.calculateConfigForFile(join(root, path))) as Config;
    const [severity, ...options] = rules[SYNTAX];
    const hasMath = JSON.stringify(options).includes('object.name=\\"Math\\"]:not(') && JSON.stringify(options).includes("**=");
    if (severity !== 2 || !hasMath) without.push(path);
  }
  assert.ok(files > 150, `${files} files`);
  assert.equal(
    without.filter((path) => !["ts/definitions/", "ts/report/", "ts/lab/page/"].some((folder) => path.startsWith(folder))),
    [],
  );
});

test("no file switches the rules off for itself", () => {
  for (const path of [...codeBelow("ts"), ...codeBelow("workers"), ...codeBelow("assembly")])
    for (const [line, rules] of readFileSync(join(root, path), "utf8").matchAll(/eslint-disable(?:-next)?(?:-line)?([^\n]*)/g))
      assert.ok(/^ @typescript-eslint\//.test(rules), `${path}: ${line}`);
});

test.run();
