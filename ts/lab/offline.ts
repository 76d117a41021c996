// The service worker: keeps the page's files for times without a network, the newest there are, and adds the headers that let a page share
// memory with its workers, for static hosts that send none.

/** Replaced when the page is built: what its files are called, and what stands for their contents. */
declare const PERPEND_FILES: readonly string[];
declare const PERPEND_BUILD: string;

interface FetchEventLike extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface LifeEventLike extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface ServiceScope {
  readonly location: Location;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: LifeEventLike) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEventLike) => void): void;
}

const scope = self as unknown as ServiceScope;
const CACHE = `perpend-lab-${PERPEND_BUILD}`;
const folder = new URL("./", scope.location.href).href;

function isolated(response: Response): Response {
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-embedder-policy", "require-corp");
  headers.set("cross-origin-resource-policy", "same-origin");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(PERPEND_FILES.map((name) => new Request(name, { cache: "reload" })));
  await scope.skipWaiting();
}

async function activate(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("perpend-lab-") && name !== CACHE).map((name) => caches.delete(name)));
  await scope.clients.claim();
}

/** From the network, and from what is kept where there is none. */
async function answer(request: Request): Promise<Response> {
  try {
    return isolated(await fetch(request));
  } catch (error) {
    // An address has its settings behind a `#`.
    const { origin, pathname } = new URL(request.url);
    const name = origin + pathname === folder ? "index.html" : pathname;
    const found = await (await caches.open(CACHE)).match(name, { ignoreSearch: true });
    if (found === undefined) throw error;
    return isolated(found);
  }
}

scope.addEventListener("install", (event) => event.waitUntil(install()));
scope.addEventListener("activate", (event) => event.waitUntil(activate()));
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  // A run's events never end: they are not for here.
  const isOurs =
    request.method === "GET" && request.url.startsWith(folder) && !request.headers.get("accept")?.includes("text/event-stream");
  if (isOurs) event.respondWith(answer(request));
});
