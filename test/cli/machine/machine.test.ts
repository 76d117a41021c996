import { suite } from "uvu";
import * as assert from "uvu/assert";
import { describeMachine, machineLine } from "../../../ts/cli/machine/machine.ts";
import { formatEvent, parseLog } from "../../../ts/train/log.ts";
import type { RunEvent } from "../../../ts/train/events.ts";

const test = suite("machine");

test("describes the machine in a way the log takes", () => {
  const machine = describeMachine();
  assert.ok(machine.cores >= 1 && machine.memoryBytes > 2 ** 20);
  assert.ok(machine.cpu.length > 0 && machine.platform.length > 3);
  assert.is(machine.architecture, process.arch);
  assert.match(machine.runtime, /^(node|bun|deno) \d/);
  const event: RunEvent = {
    type: "run-start",
    name: "a",
    recipe: {},
    model: "m",
    parameters: 1,
    machine,
    versions: {},
    shards: 1,
    workers: 0,
    seed: 1,
    epochs: 1,
    stepsPerEpoch: 1,
  };
  assert.equal(parseLog(`${formatEvent(event)}\n`, "log").events, [event]);
});

test("says it in one line", () => {
  const machine = {
    cpu: "AMD EPYC",
    cores: 2,
    memoryBytes: 8 * 2 ** 30,
    platform: "Linux 6.1",
    architecture: "x64",
    runtime: "node 20.20.2",
    engine: "v8 11.3",
  };
  assert.is(machineLine(machine), "AMD EPYC, 2 cores, 8.0 GiB, Linux 6.1, node 20.20.2 (v8 11.3)");
  assert.match(machineLine({ ...machine, cores: 1 }), / 1 core,/);
});

test.run();
