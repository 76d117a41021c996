// What a user gets for a command line that cannot be carried out: one line, the exit code, and nothing left behind.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeProgram } from "../../ts/cli/program.ts";
import { newFolder, perpend, type Result } from "./command.ts";

const test = suite("usage errors");
const root = newFolder();
const output = join(root, "runs");
test.after(() => rmSync(root, { recursive: true, force: true }));

/** Runs them two at a time. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) await work(items[next++]);
  };
  await Promise.all([lane(), lane()]);
}

function check({ code, stdout, stderr }: Result, exit: number, message: RegExp): void {
  assert.is(code, exit, stderr);
  assert.is(stdout, "");
  const line = stderr.trimEnd().split("\n").at(-1) ?? "";
  assert.match(line, message);
  assert.match(line, /^perpend: /);
  assert.not.match(stderr, /^ +at /m);
}

test("words, flags and values that are not known name the nearest that is", async () => {
  const cases: [args: string[], message: RegExp][] = [
    [["trian"], /^perpend: "trian" is no command, wanted .*\(did you mean train\?\)$/],
    [["train", "--modle", "x"], /^perpend: unknown option '--modle' \(Did you mean --model\?\)$/],
    [["train", "--learning-rate=1"], /^perpend: unknown option '--learning-rate' \(Did you mean --lr\?\)$/],
    [["train", "--out", "x"], /^perpend: unknown option '--out' \(Did you mean --output\?\)$/],
    [["report", "--out", "x"], /^perpend: unknown option '--out'/],
    [["train", "--model", "resnet_20"], /^perpend: --model: "resnet_20", wanted .*\(did you mean resnetv2_20\?\)$/],
    [["train", "--sched", "cosin"], /^perpend: --sched: "cosin", wanted constant, step, .*\(did you mean cosine\?\)$/],
    [["train", "extra"], /^perpend: .*too many arguments/i],
    [["train", "--lr"], /^perpend: option '--lr <number>' argument missing$/],
    [["data", "cifar"], /^perpend: data: "cifar", wanted shapes, cifar10, cifar100 or mnist \(did you mean cifar10\?\)$/],
    [["evaluate"], /^perpend: required option '--checkpoint <path>' not specified$/],
    [["report", join(root, "none")], /^perpend: report: .*none is not there, wanted the folder of a run$/],
  ];
  await each(cases, async ([args, message]) => check(await perpend(...args), 2, message));
});

test("--help lists the commands, and that of each has examples", async () => {
  const { code, stdout } = await perpend("--help");
  assert.is(code, 0);
  const { commands } = await makeProgram();
  assert.is(commands.length, 12);
  for (const command of commands) {
    assert.match(stdout, new RegExp(`^ {2}${command.name()} `, "m"));
    let help = "";
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    assert.match(help, /^Examples:\n {2}(perpend|npm)/m, command.name());
  }
});

/** A folder with CIFAR-10's files, each a few records long, the last one cut short. */
function truncatedCifar(): string {
  const dir = join(root, "cifar");
  mkdirSync(dir);
  for (const name of ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"])
    writeFileSync(join(dir, `${name}.bin`), new Uint8Array(name === "data_batch_1" ? 30_729_999 : 10));
  return dir;
}

test("runs that cannot begin say why, and leave no folder", async () => {
  const train = ["train", "--output", output];
  const damaged = join(root, "damaged.safetensors");
  writeFileSync(damaged, "no checkpoint at all");
  const empty = join(root, "empty");
  mkdirSync(empty);
  const cases: [args: string[], exit: number, message: RegExp][] = [
    [
      [...train, "--workers", "1000"],
      2,
      /^perpend: --workers: 1000 for the 24 shards of a batch of 128, wanted at most 24 \(a run with --shards 128 takes more\)$/,
    ],
    [[...train, "-b", "4", "--shards", "8"], 2, /^perpend: --shards: 8 for 4 images of a batch, wanted at most 4$/],
    [[...train, "--train-samples", "100"], 2, /^perpend: --batch-size: 128 of 100 training images, wanted at most 100$/],
    [
      [...train, "--dataset", "cifar10", "--data-dir", join(root, "nowhere")],
      1,
      /^perpend: .*nowhere: no such folder, wanted a folder with data_batch_1\.bin.*data cifar10 --to .*fetches them$/,
    ],
    [[...train, "--dataset", "cifar10", "--data-dir", empty], 1, /^perpend: .*empty: the folder is empty, wanted data_batch_1\.bin/],
    [
      [...train, "--dataset", "cifar10", "--data-dir", truncatedCifar()],
      1,
      /^perpend: .*data_batch_1\.bin: the file ends after 30729999 bytes at byte 30729999, wanted 30730000 bytes/,
    ],
    [["train", "--resume", join(root, "none")], 2, /^perpend: --resume: .*none is not there, wanted a checkpoint or a run's folder$/],
    [["train", "--resume", empty], 2, /^perpend: --resume: no checkpoint in .*empty\/checkpoints, wanted a run that has saved one$/],
    [["train", "--resume", damaged], 1, /^perpend: .*damaged\.safetensors: /],
    [["evaluate", "--checkpoint", damaged], 1, /^perpend: .*damaged\.safetensors: /],
  ];
  await each(cases, async ([args, exit, message]) => check(await perpend(...args), exit, message));
  assert.not.ok(existsSync(output));
});

test("info says what there is, as text and as JSON", async () => {
  const { code, stdout } = await perpend("info");
  assert.is(code, 0);
  for (const name of ["runtime", "engine", "cores", "SIMD", "kernels", "memory"]) assert.match(stdout, new RegExp(`^${name} +\\S`, "m"));
  assert.match(stdout, /^kernels +strict [0-9a-f]{8} /m);
  const json = JSON.parse((await perpend("info", "--json")).stdout) as { readonly simd: boolean };
  assert.is(json.simd, true);
  assert.match((await perpend("info", "--model", "resnetv2_110")).stdout, /^parameters {3}1,727,962 /m);
});

test("data draws a sheet of the built-in set, and tells of a server without the file", async () => {
  const { code, stdout } = await perpend("data", "shapes", "--to", root);
  assert.is(code, 0);
  assert.is(stdout, `${join(root, "shapes.png")}\n`);
  assert.is(readFileSync(join(root, "shapes.png")).subarray(1, 4).toString(), "PNG");
  const closed = await perpend("data", "mnist", "--to", join(root, "mnist"), "--url", "http://127.0.0.1:1/");
  assert.is(closed.code, 1);
  assert.match(closed.stderr, /^perpend: downloadMnist: http:\/\/127\.0\.0\.1:1\/train-images/m);
});

test.run();
