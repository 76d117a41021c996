// Which pages of other sites may ask, and what their browsers are told (cross-origin resource sharing).
const PREFLIGHT: Readonly<Record<string, string>> = {
  "access-control-allow-methods": "GET, HEAD, POST",
  "access-control-allow-headers": "content-type",
  "access-control-max-age": "86400",
};

/** `"*"`, or addresses as `https://example.org`. */
export type Origins = "*" | readonly string[];

/** Checks origins as browsers write them. Error: one that no browser sends. */
export function checkOrigins(origins: Origins): void {
  if (origins === "*") return;
  for (const origin of origins) {
    const written = URL.canParse(origin) ? new URL(origin).origin : "";
    if (written !== origin) throw new Error(`createHandler: origins: "${origin}", wanted "*" or such as "https://example.org"`);
  }
}

/** Headers that every answer to this request gets. */
export function sharingOf(request: Request, origins: Origins): Readonly<Record<string, string>> {
  if (origins === "*") return { "access-control-allow-origin": "*" };
  if (origins.length === 0) return {};
  const origin = request.headers.get("origin");
  const allowed = origin !== null && origins.includes(origin);
  return { vary: "origin", ...(allowed && { "access-control-allow-origin": origin }) };
}

/** The answer to a browser that asks whether it may ask; null where it does not. */
export function answerPreflight({ method, headers }: Request, origins: Origins): Response | null {
  const isOne = method === "OPTIONS" && headers.has("origin") && headers.has("access-control-request-method");
  return isOne && origins.length > 0 ? new Response(null, { status: 204, headers: PREFLIGHT }) : null;
}
