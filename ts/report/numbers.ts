// Numbers as a person reads them, the same in every locale.

/** `1:02:03`, `4:05`, `0:09`: seconds, rounded up. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `8.2 s`, `4 min 5 s`, `1 h 2 min`. */
export function formatSpan(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.floor(seconds + 0.5);
  if (whole < 60) return `${whole} s`;
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return h > 0 ? `${h} h ${m} min` : `${m} min ${s} s`;
}

/** `1,234,567`: a whole number, rounded down. */
export function formatCount(value: number): string {
  return String(Math.floor(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `78.4 %` of a share from 0 to 1. */
export function formatPercent(share: number, digits = 1): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(digits)} %` : "?";
}

/** Three significant digits without an exponent where that is shorter: `0.0123`, `12.3`, `1,235`, `1.2e-7`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e6 || size < 1e-3) return value.toExponential(1).replace("e+", "e").replace(".0e", "e");
  if (size >= 1000) return `${value < 0 ? "-" : ""}${formatCount(Math.floor(size + 0.5))}`;
  return String(Number(value.toPrecision(3)));
}

/** `0.123`; large ones as `4,321` and `5.6e13`. */
export function formatLoss(loss: number): string {
  return Math.abs(loss) < 1000 ? loss.toFixed(3) : formatNumber(loss);
}
