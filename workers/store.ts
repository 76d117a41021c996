// Where the variables of a team live: two copies of each in shared memory. A step reads the current copies and writes the others;
// one change of index commits it.
import type { Variable } from "../ts/nn/index.ts";
import type { Buffer, WasmBackend } from "../ts/backend/index.ts";
import { wasmBuffer } from "../ts/backend/index.ts";
import type { Replica } from "../ts/train/index.ts";

/** Byte addresses of each variable's two copies. */
export type Addresses = readonly (readonly [number, number])[];

/** All variables of a replica in a fixed order: the model's, the optimizer's, the averages. */
function variablesOf({ model, optimizer, ema }: Replica): Variable[] {
  return [
    ...model.namedVariables().map(([, variable]) => variable),
    ...optimizer.slots.flatMap(({ state }) => state),
    ...(ema?.averages.map(({ average }) => average) ?? []),
  ];
}

/** Makes the two copies, with a replica's values in both. */
export function shareVariables(backend: WasmBackend, replica: Replica): Addresses {
  return variablesOf(replica).map(({ buffer }) => {
    const copy = (): number => {
      const made = backend.allocate(buffer.length);
      backend.copy(buffer, made);
      return wasmBuffer(made).offset;
    };
    return [copy(), copy()] as const;
  });
}

/** One thread's variables over the shared copies. */
export class Store {
  private readonly variables: readonly { readonly variable: Variable; readonly copies: readonly [Buffer, Buffer] }[];

  /** Error: another number of variables than there are addresses. */
  constructor(backend: WasmBackend, replica: Replica, addresses: Addresses) {
    const variables = variablesOf(replica);
    if (variables.length !== addresses.length)
      throw new Error(
        `worker: ${variables.length} variables, wanted ${addresses.length} as in the calling thread; the program must not depend on its thread`,
      );
    this.variables = variables.map((variable, index) => {
      const { buffer } = variable;
      const [a, b] = addresses[index];
      backend.free(buffer);
      return { variable, copies: [backend.at(a, buffer.length), backend.at(b, buffer.length)] };
    });
    this.bind(0);
  }

  /** Makes `current` the copies that are read, and the others those that the next step writes. */
  bind(current: 0 | 1): void {
    for (const { variable, copies } of this.variables) variable.bind(copies[current], copies[1 - current]);
  }
}
