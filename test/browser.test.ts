// The browser's entry where its kernels are not what they should be, as a worker sees it: what stands at the address, and what is wanted.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { loadKernels } from "../ts/browser.ts";

const test = suite("browser");

/** A host that answers everything so. */
function host(status: number, type: string | null, text: string): void {
  class Answers {
    status = status;
    response = Uint8Array.from(Buffer.from(text)).buffer;
    responseType = "";
    open(): void {}
    send(): void {}
    getResponseHeader = (): string | null => type;
  }
  Object.assign(globalThis, { XMLHttpRequest: Answers });
}

test("kernels that are not there, a page in their place, bytes of another kind", () => {
  host(404, "text/html", "no");
  assert.throws(loadKernels, /strict\.wasm: answered 404, wanted strict\.wasm of the package there/);
  host(200, "text/html; charset=utf-8", "<!doctype html>");
  assert.throws(loadKernels, /strict\.wasm: answered with text\/html; charset=utf-8, wanted strict\.wasm/);
  host(200, null, "\0a");
  assert.throws(loadKernels, /answered with something else, wanted strict\.wasm/);
});

test.after(() => {
  Object.assign(globalThis, { XMLHttpRequest: undefined });
});
test.run();
