// A client that keeps so many requests under way for so long, over connections that stay open, and what came back. Loopback only.
import { Agent, request } from "node:http";

export interface Sent {
  readonly body: Uint8Array;
  readonly type: string;
  /** Leave in the middle of the body. */
  readonly cut?: boolean;
}

export interface Received {
  /** 0 where no answer came. */
  readonly status: number;
  readonly text: string;
  readonly ms: number;
}

export interface Load {
  readonly received: readonly Received[];
  readonly seconds: number;
}

function send(url: string, agent: Agent, { body, type, cut = false }: Sent): Promise<Received> {
  const start = performance.now();
  return new Promise((resolve) => {
    const done = (status: number, text: string): void => resolve({ status, text, ms: performance.now() - start });
    const headers = { "content-type": type, "content-length": body.length };
    const outgoing = request(url, { method: "POST", agent, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("end", () => done(answer.statusCode ?? 0, text));
      answer.on("error", () => done(0, ""));
    });
    outgoing.on("error", () => done(0, ""));
    if (!cut) return void outgoing.end(body);
    outgoing.write(body.subarray(0, body.length >> 1), () => outgoing.destroy());
  });
}

/** Sends these in turn for `seconds`, `atOnce` at the same time, each of these at least once. */
export async function load(
  url: string,
  given: readonly Sent[],
  { atOnce, seconds }: { readonly atOnce: number; readonly seconds: number },
): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const received: Received[] = [];
  const start = performance.now();
  const end = start + 1000 * seconds;
  let next = 0;
  const one = async (): Promise<void> => {
    do received.push(await send(url, agent, given[next++ % given.length]));
    while (performance.now() < end);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  agent.destroy();
  return { received, seconds: (performance.now() - start) / 1000 };
}
