// How many logical shards a batch is cut into when nobody says otherwise: a leaf, since data sets and tensors both need it.

/** Pieces of at least 4 samples, at most 24. A constant of the run, whatever the number of threads. */
export function defaultShards(batch: number): number {
  return Math.min(24, Math.max(1, Math.floor(batch / 4)));
}
