// Where the variables of a team live: two copies of each in shared memory. A step reads the current copies and writes the others;
// one change of index commits it.
import type { Variable } from "../ts/nn/index.ts";
import type { Buffer, WasmBackend } from "../ts/backend/index.ts";
import { wasmBuffer } from "../ts/backend/index.ts";
import type { Replica } from "../ts/train/index.ts";

/** All variables of a replica in a fixed order: the model's, the optimizer's, the averages. */
function variablesOf({ model, optimizer, ema }: Replica): Variable[] {
  return [
    ...model.namedVariables().map(([, variable]) => variable),
    ...optimizer.slots.flatMap(({ state }) => state),
    ...(ema?.averages.map(({ average }) => average) ?? []),
  ];
}

/** Makes the two copies, with a replica's values in both. Returns the address of a table of their addresses. */
export function shareVariables(backend: WasmBackend, replica: Replica): number {
  const addresses = variablesOf(replica).flatMap(({ buffer }) => {
    const copy = (): number => {
      const made = backend.allocate(buffer.length);
      backend.copy(buffer, made);
      return wasmBuffer(made).offset;
    };
    return [copy(), copy()];
  });
  const table = wasmBuffer(backend.allocate(1 + addresses.length)).offset;
  new Uint32Array(backend.memory.buffer, table).set([addresses.length, ...addresses]);
  return table;
}

/** One thread's variables over the shared copies. */
export class Store {
  private readonly variables: readonly { readonly variable: Variable; readonly copies: readonly [Buffer, Buffer] }[];

  /** `table` is the address that shareVariables gave. Error: another number of variables than there. */
  constructor(backend: WasmBackend, replica: Replica, table: number) {
    const variables = variablesOf(replica);
    backend.at(table, 1 + 2 * variables.length);
    const [words, ...addresses] = new Uint32Array(backend.memory.buffer, table, 1 + 2 * variables.length);
    if (2 * variables.length !== words)
      throw new Error(
        `worker: ${variables.length} variables, wanted ${words / 2} as in the calling thread; the program must not depend on its thread`,
      );
    this.variables = variables.map((variable, index) => {
      const { buffer } = variable;
      const copy = (which: 0 | 1): Buffer => backend.at(addresses[2 * index + which], buffer.length);
      backend.free(buffer);
      return { variable, copies: [copy(0), copy(1)] };
    });
    this.bind(0);
  }

  /** Makes `current` the copies that are read, and the others those that the next step writes. */
  bind(current: 0 | 1): void {
    for (const { variable, copies } of this.variables) variable.bind(copies[current], copies[1 - current]);
  }
}
