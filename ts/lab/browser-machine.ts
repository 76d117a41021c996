// What this computer is, as far as a browser tells.
import type { Machine } from "../train/index.ts";

interface Hints {
  readonly deviceMemory?: number;
  readonly userAgentData?: { readonly platform?: string };
}

/** Browser and version, e.g. `Chromium 156`. */
function browserOf(agent: string): string {
  const found =
    /(Firefox|Edg|OPR)\/(\d+)/.exec(agent) ?? /(Chrom(?:e|ium))\/(\d+)/.exec(agent) ?? /Version\/(\d+).*(Safari)/.exec(agent) ?? [];
  const [, name = "a browser", version = ""] = found[2] === "Safari" ? ["", "Safari", found[1]] : found;
  return `${{ Edg: "Edge", OPR: "Opera" }[name] ?? name} ${version}`.trim();
}

export function describeBrowser(): Machine {
  const { userAgent, hardwareConcurrency = 1 } = navigator;
  const { deviceMemory = 0, userAgentData } = navigator as Hints;
  return {
    cpu: "unnamed (a browser does not say)",
    cores: hardwareConcurrency,
    memoryBytes: deviceMemory * 2 ** 30,
    platform: userAgentData?.platform ?? /\(([^;)]+)/.exec(userAgent)?.[1] ?? "unknown",
    architecture: "unknown",
    runtime: browserOf(userAgent),
    engine: /Firefox/.test(userAgent) ? "SpiderMonkey" : /Chrom/.test(userAgent) ? "v8" : "JavaScriptCore",
  };
}
