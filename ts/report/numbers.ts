// Numbers as a person reads them, the same in every locale.

/** `1:02:03`, `4:05`, `0:09`: seconds, rounded up. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `1,234,567`: a whole number, rounded down. */
export function formatCount(value: number): string {
  return String(Math.floor(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `78.4 %` of a share from 0 to 1. */
export function formatPercent(share: number, digits = 1): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(digits)} %` : "?";
}

/** `0.123`; large ones as `4.32e+3`. */
export function formatLoss(loss: number): string {
  if (!Number.isFinite(loss)) return String(loss);
  return Math.abs(loss) < 1000 ? loss.toFixed(3) : loss.toExponential(2);
}

/** Three significant digits without an exponent where that is shorter: `0.00123`, `12.3`, `1,230`, `1.2e-7`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e6 || size < 1e-4) return value.toExponential(1).replace("e+", "e");
  if (size >= 1000) return `${value < 0 ? "-" : ""}${formatCount(Math.floor(size + 0.5))}`;
  return String(Number(value.toPrecision(3)));
}
