// What the page can do where it was opened: threads, isolation, storage, working without a network.
import { Storage } from "../storage.ts";

/** Threads that a run gets where so many runs share the machine; 0 where workers cannot share memory. */
export function threadsFor(runs: number): number {
  if (!crossOriginIsolated) return 0;
  return Math.max(1, Math.floor((navigator.hardwareConcurrency || 1) / runs));
}

/** A name that nothing else has. `crypto.randomUUID` is not there on pages that came without encryption. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What the browser keeps; null where it keeps nothing. */
export async function openStorage(): Promise<Storage | null> {
  try {
    return await Storage.open();
  } catch {
    return null;
  }
}

const RELOADED = "perpend-lab-isolated";

/**
 * Registers the service worker, which keeps the page for times without a network and, on hosts that do not send the headers of isolation,
 * adds them: the page is then loaded once more, so that they count. Where none may be registered, the page goes on without.
 */
export async function registerOffline(): Promise<void> {
  if (!("serviceWorker" in navigator) || !isSecureContext) return;
  try {
    await navigator.serviceWorker.register(new URL("offline.js", import.meta.url), { updateViaCache: "none" });
    if (crossOriginIsolated || sessionStorage.getItem(RELOADED) !== null) return;
    await navigator.serviceWorker.ready;
    sessionStorage.setItem(RELOADED, "once");
    location.reload();
  } catch {
    // Private windows and some settings refuse it.
  }
}
