// perpend lab: the laboratory in a browser, served to this computer alone.
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { builtFile } from "../../own-files.ts";
import { LAB_PORT, serveLab, type LabServer } from "../lab-server.ts";
import { listenForStop } from "../terminal/stop.ts";
import { number } from "../settings/usage.ts";

const labPort = number("--port", { whole: true, least: 0, most: 65535 });

/** The server of the page that this copy of perpend has. */
export function openLab(options: { readonly port?: number; readonly live?: boolean }): Promise<LabServer> {
  return serveLab({ ...options, folder: fileURLToPath(builtFile("lab")) });
}

async function lab({ port }: { readonly port?: number }): Promise<void> {
  const stop = listenForStop(() => {});
  try {
    const server = await openLab(port === undefined ? {} : { port });
    process.stdout.write(`${server.address}\n`);
    process.stderr.write("the laboratory, for this computer alone; open the address in a browser, Ctrl-C ends\n");
    await new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve(), { once: true }));
    await server.close();
  } finally {
    stop.release();
  }
}

export function addLab(program: Command): void {
  program
    .command("lab")
    .summary("open the laboratory in a browser")
    .description(
      "Serves a page that trains models in the browser and shows what happens in them; prints its address. `perpend train --lab` shows a run " +
        "of the terminal on it.",
    )
    .option("--port <number>", `where to listen; 0 takes a free one (default: ${LAB_PORT}, or a free one)`, labPort)
    .addHelpText(
      "after",
      `
Examples:
  perpend lab
  perpend train --epochs 20 --lab               watch a run of the terminal`,
    )
    .action(lab);
}
