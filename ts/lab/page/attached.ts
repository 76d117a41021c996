// A run in a terminal, as its server tells of it: server-sent events, one a line of the run's log. Read-only.
import { parseLog } from "../../train/log.ts";
import type { RunEvent } from "../../train/index.ts";
import { RunView } from "./run-view.ts";
import { Runs } from "./runs.ts";

/** Events of a run that is going on are taken in together. */
const PERIOD = 50;

export class Attached extends Runs {
  /** How it stands with the terminal. */
  connection: "connecting" | "connected" | "lost" | "over" = "connecting";
  private readonly source: EventSource;
  private waiting: RunEvent[] = [];

  constructor(address: string) {
    super([{ id: "terminal", view: new RunView("run in the terminal"), command: undefined }]);
    this.source = new EventSource(address);
    this.source.onopen = () => this.connected("connected");
    // The browser tries again by itself, from the event after the last one it had.
    this.source.onerror = () => this.connected(this.connection === "over" ? "over" : "lost");
    this.source.onmessage = ({ data }: MessageEvent<string>) => this.take(data);
    this.source.addEventListener("over", () => {
      this.source.close();
      this.connected("over");
    });
  }

  private connected(how: Attached["connection"]): void {
    this.connection = how;
    const { view } = this.seats[0];
    if (how === "over" && view.state === "running") view.state = "finished";
    this.changed();
  }

  private take(line: string): void {
    try {
      this.waiting.push(...parseLog(`${line}\n`, "the terminal's run").events);
    } catch (error) {
      const { view } = this.seats[0];
      view.notices = [...view.notices, (error as Error).message];
    }
    if (this.waiting.length === 1) setTimeout(() => this.flush(), PERIOD);
  }

  private flush(): void {
    const { view } = this.seats[0];
    view.add(this.waiting);
    this.waiting = [];
    view.state = view.end ? "finished" : "running";
    this.changed();
  }
}

/** The address of the events of a run that the page's server shows; null where it shows none. */
export function attachedAddress(): string | null {
  return document.querySelector<HTMLMetaElement>('meta[name="perpend-run"]')?.content ?? null;
}
