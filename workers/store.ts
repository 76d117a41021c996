// Where the variables of a team live: two copies of each in shared memory. A step reads the current copies and writes the others;
// one change of index commits it.
import type { Variable } from "../ts/nn/index.ts";
import type { WasmBackend } from "../ts/backend/index.ts";
import type { Replica } from "../ts/train/index.ts";

/** All variables of a replica in a fixed order: the model's, the optimizer's, the averages. */
export function variablesOf({ model, optimizer, ema }: Replica): Variable[] {
  return [
    ...model.namedVariables().map(([, variable]) => variable),
    ...optimizer.slots.flatMap(({ state }) => state),
    ...(ema?.averages.map(({ average }) => average) ?? []),
  ];
}

export type Addresses = readonly (readonly [number, number])[];

/** Moves the variables to shared copies, the values with them, and returns where these are. */
export function moveToShared(backend: WasmBackend, variables: readonly Variable[]): Addresses {
  return variables.map((variable) => {
    const own = variable.buffer;
    const copies = [backend.allocate(own.length), backend.allocate(own.length)].map((buffer) => {
      backend.copy(own, buffer);
      return (buffer as { offset?: number }).offset ?? 0;
    });
    backend.free(own);
    return [copies[0], copies[1]] as const;
  });
}

/** Makes `current` the copies that are read, and the others those that are written. */
export function bindVariables(backend: WasmBackend, variables: readonly Variable[], addresses: Addresses, current: 0 | 1): void {
  variables.forEach((variable, index) => {
    const [a, b] = addresses[index];
    const length = Math.max(1, variable.size);
    const copies = [backend.at(a, length), backend.at(b, length)];
    variable.bind(copies[current], copies[1 - current]);
  });
}
