// The numerics contract: which bits the same settings, data and seed give. It is in every checkpoint, digest and golden file. A change
// of perpend that changes a bit of a result takes the next number and says here what changed; speed, memory and new features do not.

/** Every contract so far, with what made it differ from the one before. */
export const CONTRACTS: Readonly<Record<string, string>> = {
  "1": "the first",
  "2": "3x3 convolutions by Winograd's algorithm where the committed table says so, and evaluation with batch norm folded into convolutions",
};

/** The contract of this perpend. */
export const CONTRACT = "2";

/** The contract that a checkpoint's state names; those of perpend 0.1.0's library named none. */
export function contractOf(state: { readonly [key: string]: unknown }): string {
  const { contract, versions } = state;
  if (typeof contract === "string") return contract;
  const named = typeof versions === "object" && versions !== null && "contract" in versions ? versions.contract : undefined;
  return typeof named === "string" ? named : "1";
}

/** What has changed between a contract and this one, for a person. */
export function changesSince(contract: string): string {
  const after = Object.keys(CONTRACTS).filter((each) => Number(each) > Number(contract) && Number(each) <= Number(CONTRACT));
  if (!Object.hasOwn(CONTRACTS, contract) || after.length === 0) return "this perpend does not know it";
  return `changed since: ${after.map((each) => CONTRACTS[each]).join("; ")}`;
}
