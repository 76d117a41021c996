// What a handler answers that it cannot do: a status, a word for programs and a sentence for people. Says nothing of the server's insides.
import { shown } from "../data/format-error.ts";

const CODES = {
  400: "bad-request",
  404: "not-found",
  405: "method-not-allowed",
  408: "timeout",
  413: "too-large",
  415: "unsupported-type",
  500: "internal",
  503: "busy",
} as const;

export class RequestError extends Error {
  readonly status: keyof typeof CODES;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: keyof typeof CODES, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "RequestError";
    this.status = status;
    this.headers = headers;
  }
}

export function jsonResponse(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}

export function errorResponse({ status, message, headers }: RequestError): Response {
  return jsonResponse({ error: { code: CODES[status], message: shown(message) } }, status, headers);
}
