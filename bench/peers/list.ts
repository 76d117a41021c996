// Who is measured at what.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { Job, Net } from "./serve.ts";

export interface Work {
  readonly name: string;
  readonly title: string;
  readonly work: Job["work"];
  readonly net: Net;
  readonly depth: number;
  readonly batch: number;
}

export const works: readonly Work[] = [
  { name: "train_resnet20_b128", title: "Training step, ResNet-20, batch 128", work: "train", net: "resnet", depth: 20, batch: 128 },
  { name: "train_resnet110_b32", title: "Training step, ResNet-110, batch 32", work: "train", net: "resnet", depth: 110, batch: 32 },
  { name: "infer_resnet20_b128", title: "Evaluation, ResNet-20, batch 128", work: "infer", net: "resnet", depth: 20, batch: 128 },
  {
    name: "train_vit_b64",
    title: "Training step, ViT of width 192, depth 6, patch 4, batch 64",
    work: "train",
    net: "vit",
    depth: 6,
    batch: 64,
  },
];

export interface Entry {
  /** What `--only` looks in. */
  readonly id: string;
  /** Beside the library and its version, as "channels-last, AVX2". */
  readonly detail: string;
  /** Program and its arguments; null where there is nothing to run it. */
  readonly command: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
  readonly form: string;
  readonly works: readonly string[];
  readonly threads: readonly number[];
  /** Images a step where the whole batch would take too long. */
  readonly batch?: number;
  /** How to get what is missing. */
  readonly install: string;
  /** Runs only where `--only` names it. */
  readonly onRequest?: boolean;
}

const packages = "npm ci --prefix bench/peers";
const [train20, train110, infer20, trainVit] = works.map(({ name }) => name);

function program(name: string, node = process.execPath): string[] {
  return [node, "--import", "tsx", `bench/peers/${name}.ts`];
}

function perpend(): Entry[] {
  const other = process.env["PERPEND_PEERS_NODE"];
  const nodes = [process.execPath, ...(other ? [other] : [])];
  return nodes.map((node) => ({
    id: "perpend",
    detail: "",
    command: program("perpend", node),
    env: {},
    form: "",
    works: [train20, train110, infer20, trainVit],
    threads: [1, 2],
    install: "npm ci",
  }));
}

/** A Python that has torch. */
function pythonWithTorch(): string | null {
  const given = process.env["PERPEND_PYTHON"];
  const candidates = given ? [given] : ["python3", "/usr/bin/python3"];
  return candidates.find((python) => spawnSync(python, ["-c", "import torch"], { timeout: 120_000 }).status === 0) ?? null;
}

/** The widest vectors of this processor, where that is known. */
function vectors(): "AVX-512" | "AVX2" | null {
  if (process.arch !== "x64" || !existsSync("/proc/cpuinfo")) return null;
  const flags = readFileSync("/proc/cpuinfo", "utf8");
  return flags.includes("avx512f") ? "AVX-512" : flags.includes("avx2") ? "AVX2" : null;
}

const heldToAvx2 = { ATEN_CPU_CAPABILITY: "avx2", ONEDNN_MAX_CPU_ISA: "AVX2", DNNL_MAX_CPU_ISA: "AVX2" };

function torch(): Entry[] {
  const python = pythonWithTorch();
  const widest = vectors();
  const widths = [{ width: widest, env: {} }, ...(widest === "AVX-512" ? [{ width: "AVX2", env: heldToAvx2 }] : [])];
  const install = "apt-get install python3-torch, or name a python with torch in PERPEND_PYTHON";
  const commandOf = (program: string): readonly string[] | null => (python === null ? null : [python, `bench/peers/${program}`]);
  return widths.flatMap(({ width, env }) => [
    ...["nchw", "channels-last"].map((form) => ({
      id: `torch-${form}${width === null ? "" : `-${width.toLowerCase().replace("-", "")}`}`,
      detail: [form === "nchw" ? "NCHW" : form, ...(width === null ? [] : [width])].join(", "),
      command: commandOf("resnet_torch.py"),
      ...{ env, form, install, works: [train20, train110, infer20], threads: [1, 2] },
    })),
    {
      id: `torch-vit${width === null ? "" : `-${width.toLowerCase().replace("-", "")}`}`,
      detail: width ?? "",
      command: commandOf("vit_torch.py"),
      ...{ env, form: "nchw", install, works: [trainVit], threads: [1, 2] },
    },
  ]);
}

function javascript(): Entry[] {
  const entry = { detail: "", env: {}, install: packages };
  const ort = program("onnxruntime");
  return [
    { ...entry, id: "tfjs-wasm", command: program("tfjs"), form: "wasm", works: [train20, infer20], threads: [1] },
    { ...entry, id: "tfjs-cpu", command: program("tfjs"), form: "cpu", works: [train20], threads: [1], batch: 2, onRequest: true },
    { ...entry, id: "jax-js", command: program("jax-js"), form: "", works: [train20, infer20], threads: [1], batch: 8 },
    { ...entry, id: "onnxruntime-web-training", command: ort, form: "web-training", works: [train20], threads: [1, 2] },
    { ...entry, id: "onnxruntime-web", command: ort, form: "web", works: [infer20], threads: [1, 2] },
    { ...entry, id: "onnxruntime-node", command: ort, form: "node", works: [infer20], threads: [1, 2] },
  ];
}

/** Those that train on a GPU through WebGPU, in processes with these variables: for bench/webgpu.ts. */
export function gpuEntries(work: string, env: Readonly<Record<string, string>>): Entry[] {
  const entry = { detail: "", env, form: "webgpu", works: [work], threads: [1], install: packages };
  return [
    { ...entry, id: "perpend", command: program("perpend"), install: "npm ci" },
    { ...entry, id: "tfjs-webgpu", command: program("tfjs") },
    { ...entry, id: "jax-js-webgpu", command: program("jax-js") },
  ];
}

/** All entries; perpend's come first. */
export function entries(): Entry[] {
  return [...perpend(), ...torch(), ...javascript()];
}
