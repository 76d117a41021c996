// Three hundred random mistakes in the sources of the kernels: at least 95 in a hundred make some test of kernels fail. One that does not
// compile, or compiles to the same bytes, does not count. PERPEND_MUTANTS sets how many, PERPEND_MUTANT_SEED which. About 40 minutes.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { stream } from "../../ts/random.ts";
import { equivalenceOf, equivalents } from "./equivalent-mutants.ts";
import { applied, kernelMutants, mutantsOf, type Mutant } from "./kernel-mutants.ts";
import { home } from "../runtimes/stage.ts";
import { firstFailure, Sandbox } from "./sandbox.ts";

const COUNT = Number(process.env["PERPEND_MUTANTS"] ?? "300");
const SEED = Number(process.env["PERPEND_MUTANT_SEED"] ?? "1");
const SHARE = 0.95;
/** A mistake may make a kernel run without end. */
const SECONDS = 240;
/** The quickest first. The digest of the binary would be no test of the others. */
const TESTS = [
  ...["kernels/contract", "kernels/winograd", "kernels/random", "kernels/scalar-gemm", "kernels/scalar"],
  ...["kernels/reduce", "kernels/elementwise", "kernels/activation", "kernels/rowwise", "kernels/softmax", "kernels/update"],
  ...["kernels/norm", "kernels/pool", "kernels/attention", "kernels/conv", "kernels/gemm"],
];

interface Verdict {
  readonly mutant: Mutant;
  /** What failed; null where nothing did. */
  readonly caught: string | null;
}

const named = ({ path, line, from, to }: Mutant): string => `${path}:${line} ${from} -> ${to}`;

const keyOf = ({ path, line, from, to }: Mutant, source: string): string => `${path} ${source.split("\n")[line - 1].trim()} ${from} ${to}`;

type Binaries = Readonly<Record<"strict" | "unoptimized", Buffer>>;

/** Whether there is a binary, and another one than that of the original. */
async function differs(sandbox: Sandbox, build: keyof Binaries, originals: Binaries): Promise<boolean> {
  return (await sandbox.build(build)).ok && !sandbox.read("build/strict.wasm").equals(originals[build]);
}

/** What becomes of a mutant; null where it is none, or equal to the original. The optimizer is asked of those alone that no test catches. */
async function judge(sandbox: Sandbox, mutant: Mutant, originals: Binaries): Promise<Verdict | null> {
  try {
    const source = sandbox.read(mutant.path).toString();
    if (equivalenceOf(mutant, source) !== undefined) return null;
    sandbox.write(mutant.path, applied(mutant, source));
    if (!(await differs(sandbox, "unoptimized", originals))) return null;
    for (const file of TESTS) {
      const outcome = await sandbox.test(file, SECONDS);
      if (!outcome.ok) return { mutant, caught: `${file}: ${firstFailure(outcome)}` };
    }
    return (await differs(sandbox, "strict", originals)) ? { mutant, caught: null } : null;
  } finally {
    sandbox.restore();
  }
}

const test = suite("mutants of kernels");

test("mutants are made of operators, instructions and numbers, not of types, bounds of vector loops or comments", () => {
  const text = "// 1 + 1\nfor (; i + 4 <= n; i += 4) v128.store(y, f32x4.add(a, load<f32>(x, 8)));\nif (n > 0) f(<f32>k);\n";
  const found = mutantsOf("a.ts", text).map((mutant) => `${mutant.line} ${mutant.from} ${mutant.to}`);
  assert.equal(found, ["2 <= >", "2 + -", "2 += -=", "2 4 5", "2 add sub", "2 8 9", "3 > >=", "3 > <", "3 0 1"]);
  assert.is(applied(mutantsOf("a.ts", text)[4], text).split("f32x4.sub").length, 2);
});

test("mutants that are known to be equal to the original are mutants", () => {
  const all = kernelMutants(home);
  const sources = new Map<string, string>();
  const sourceOf = (path: string): string => {
    if (!sources.has(path)) sources.set(path, readFileSync(join(home, path), "utf8"));
    return sources.get(path)!;
  };
  const met = new Set(all.map((mutant) => equivalenceOf(mutant, sourceOf(mutant.path)) && keyOf(mutant, sourceOf(mutant.path))));
  for (const { path, line, from, to } of equivalents) assert.ok(met.has(`${path} ${line} ${from} ${to}`), `${path}: ${line} is not there`);
});

test(`${COUNT} random mutants, at least ${100 * SHARE} % caught`, async () => {
  const lanes = Array.from({ length: Math.min(COUNT, availableParallelism()) }, () => new Sandbox());
  const verdicts: Verdict[] = [];
  let discarded = 0;
  try {
    const [first] = lanes;
    const all = kernelMutants(first.root);
    const order = stream(SEED, "mutants").permutation(all.length);
    console.log(`${all.length} mutants can be made; ${COUNT} of seed ${SEED}`);
    const binary = async (build: keyof Binaries): Promise<Buffer> => {
      assert.ok((await first.build(build)).ok, "the kernels do not build");
      return first.read("build/strict.wasm");
    };
    const originals: Binaries = { strict: await binary("strict"), unoptimized: await binary("unoptimized") };
    for (const file of TESTS) assert.ok((await first.test(file)).ok, `${file} fails without a mutant`);
    let next = 0;
    const lane = async (sandbox: Sandbox): Promise<void> => {
      while (verdicts.length < COUNT && next < order.length) {
        const verdict = await judge(sandbox, all[order[next++]], originals);
        if (verdict === null) {
          discarded++;
          continue;
        }
        verdicts.push(verdict);
        if (verdict.caught === null) console.log(`NOT CAUGHT  ${named(verdict.mutant)}`);
        else console.log(`caught  ${named(verdict.mutant)}  ${verdict.caught}`);
      }
    };
    await Promise.all(lanes.map(lane));
  } finally {
    for (const sandbox of lanes) sandbox.remove();
  }
  const missed = verdicts.filter(({ caught }) => caught === null).map(({ mutant }) => named(mutant));
  const share = 1 - missed.length / verdicts.length;
  console.log(`${verdicts.length - missed.length} of ${verdicts.length} caught (${(100 * share).toFixed(1)} %), ${discarded} discarded`);
  assert.ok(verdicts.length >= COUNT, `${verdicts.length} mutants`);
  assert.ok(share >= SHARE, `missed: ${missed.join(", ")}`);
});

test.run();
