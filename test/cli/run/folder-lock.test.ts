import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lockFolder } from "../../../ts/cli/run/folder-lock.ts";
import { ownIdentity, verdictOn } from "../../../ts/cli/run/process-identity.ts";
import { newFolder } from "../command.ts";

const test = suite("folder lock");
const root = newFolder();
const children: ChildProcess[] = [];
test.after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

const linux = process.platform === "linux";
if (!linux) console.log("skipped: starts of processes are known on Linux alone");
const onLinux = linux ? test : test.skip;

let folders = 0;
function folder(): string {
  const dir = join(root, String(folders++));
  mkdirSync(dir);
  return dir;
}

const NAME = "in-use.0123456789abcdef";
/** The file of somebody who has the folder. */
function plant(dir: string, change: object): string {
  const path = join(dir, NAME);
  writeFileSync(path, `${JSON.stringify({ ...ownIdentity(), since: "2026-01-02T03:04:05.678Z", ...change })}\nheld\n`);
  return path;
}

/** The message of the refusal; "" where there was none. */
async function refusal(dir: string): Promise<string> {
  try {
    (await lockFolder(dir)).release();
    return "";
  } catch (error) {
    return `${(error as Error).name} ${(error as Error).message}`;
  }
}

/** A process that takes a folder when told to. */
async function taker(dir: string): Promise<{ readonly child: ChildProcess; ask(word: string): Promise<string> }> {
  const path = fileURLToPath(new URL("folder-lock-taker.ts", import.meta.url));
  const child = fork(path, { execArgv: ["--import", "tsx"], env: { ...process.env, PERPEND_TEST_FOLDER: dir } });
  children.push(child);
  await once(child, "message");
  const ask = async (word: string): Promise<string> => {
    child.send(word);
    const [answer] = (await once(child, "message")) as [string];
    return answer;
  };
  return { child, ask };
}

test("a folder that is taken is refused until it is given back, and then nothing is left", async () => {
  const dir = folder();
  const lock = await lockFolder(dir);
  assert.match(
    await refusal(dir),
    new RegExp(`^UsageError ${dir}: in use by process ${process.pid} since 20[-\\dT:.]+Z, wanted that one to end, or another --output$`),
  );
  assert.is(readdirSync(dir).length, 1);
  lock.release();
  lock.release();
  assert.is(await refusal(dir), "");
  assert.equal(readdirSync(dir), []);
  assert.is(process.listeners("exit").filter(({ name }) => name === "release").length, 0);
});

test("another process is named; killed by SIGKILL, it has it no more", async () => {
  const dir = folder();
  const { child, ask } = await taker(dir);
  assert.is(await ask("take"), "won");
  assert.match(await refusal(dir), new RegExp(`: in use by process ${child.pid} since `));
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.is(readdirSync(dir).length, 1);
  assert.is(await refusal(dir), "");
  assert.equal(readdirSync(dir), []);
});

test("a process that ends otherwise gives it back", async () => {
  const dir = folder();
  const { child, ask } = await taker(dir);
  assert.is(await ask("take"), "won");
  child.disconnect();
  await once(child, "exit");
  assert.equal(readdirSync(dir), []);
});

onLinux("a number that was given anew, a system started anew, a process that waits to be asked for", async () => {
  const dir = folder();
  for (const change of [{ start: "1" }, { boot: "another" }, { pid: 2 ** 30 }]) {
    plant(dir, change);
    assert.is(await refusal(dir), "", JSON.stringify(change));
  }
  plant(dir, {});
  assert.match(await refusal(dir), /in use by process/);
  // Its parent never asks for it: init has no more to do with it than a container's first process has.
  const parent = fork(fileURLToPath(new URL("zombie-parent.ts", import.meta.url)), { execArgv: ["--import", "tsx"] });
  children.push(parent);
  const [pid] = (await once(parent, "message")) as [number];
  assert.match(readFileSync(`/proc/${pid}/stat`, "latin1"), /\) Z /);
  assert.is(verdictOn({ pid, host: hostname() }), "dead");
});

test("who runs on another machine, or in another container, cannot be judged", async () => {
  const dir = folder();
  for (const [change, where] of [
    [{ host: "far\u001b[2J" }, /of far\\u001b\[2J since 2026-01-02T03:04:05\.678Z, wanted that one to end, or another --output; /],
    ...(linux ? [[{ space: "pid:[1]" }, /of another container since /] as const] : []),
  ] as const) {
    const path = plant(dir, change);
    const message = await refusal(dir);
    assert.match(message, where);
    assert.ok(message.endsWith(`whether it still runs cannot be told from here: if it does not, remove ${path}`), message);
    assert.equal(readdirSync(dir), [NAME]);
  }
});

test("a file that says nothing is taken over, once nobody can be writing it", async () => {
  const dir = folder();
  for (const text of [
    "",
    "{",
    `${JSON.stringify({ ...ownIdentity(), since: "now" })}\n`,
    JSON.stringify(ownIdentity()),
    "x".repeat(5000),
  ]) {
    writeFileSync(join(dir, NAME), text);
    utimesSync(join(dir, NAME), 1, 1);
    assert.is(await refusal(dir), "");
    assert.equal(readdirSync(dir), []);
  }
  writeFileSync(join(dir, NAME), "");
  setTimeout(() => plant(dir, {}), 100);
  assert.match(await refusal(dir), /in use by process/);
});

test("a folder that is not there, as any that cannot be written", async () => {
  assert.match(await refusal(join(root, "none")), /^WriteError write: .*in-use\.\w{16} \(\d+ bytes\): .*; nothing was changed$/);
});

test("of three who find a dead one's file at the same instant, one has the folder", async () => {
  const dir = folder();
  const takers = await Promise.all([taker(dir), taker(dir), taker(dir)]);
  for (let round = 0; round < 40; round++) {
    plant(dir, { pid: 2 ** 30 });
    const answers = await Promise.all(takers.map(({ ask }) => ask("take")));
    const winner = answers.indexOf("won");
    assert.equal(answers.filter((answer) => answer === "won").length, 1, answers.join("\n"));
    const { pid } = takers[winner].child;
    for (const answer of answers) assert.ok(answer === "won" || answer.includes(`in use by process ${pid} since `), answer);
    assert.is(await takers[winner].ask("release"), "released");
    assert.equal(readdirSync(dir), []);
  }
});

test.run();
