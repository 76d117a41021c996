// The straight line through samples over time, by least squares.

export interface Sample {
  readonly hours: number;
  readonly value: number;
}

/** Change of the value an hour. */
export function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number => samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [hours, value] = [mean((sample) => sample.hours), mean((sample) => sample.value)];
  const spread = mean((sample) => (sample.hours - hours) * (sample.hours - hours));
  return spread === 0 ? 0 : mean((sample) => (sample.hours - hours) * (sample.value - value)) / spread;
}
