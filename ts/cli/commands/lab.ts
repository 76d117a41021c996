// perpend lab: the laboratory in a browser, served to this computer alone unless a host is named.
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { builtFile } from "../../own-files.ts";
import { LAB_PORT, serveLab, type LabOptions, type LabServer } from "../lab-server.ts";
import { listenForStop } from "../terminal/stop.ts";
import { number } from "../settings/usage.ts";

const labPort = number("--port", { whole: true, least: 0, most: 65535 });

/** The server of the page that this copy of perpend has. */
export function openLab(options: Omit<LabOptions, "folder">): Promise<LabServer> {
  return serveLab({ ...options, folder: fileURLToPath(builtFile("lab")) });
}

const UNENCRYPTED =
  "; without encryption their browsers give a run one thread and keep no page for times without a network: a static host with https gives all";

async function lab(options: { readonly port?: number; readonly host?: string }): Promise<void> {
  const stop = listenForStop(() => {});
  try {
    const server = await openLab(options);
    process.stdout.write(`${[server.address, ...server.others].join("\n")}\n`);
    const whom = options.host === undefined ? "for this computer alone" : `for all who reach it${UNENCRYPTED}`;
    process.stderr.write(`the laboratory, ${whom}; open the address in a browser, Ctrl-C ends\n`);
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
    .option("--host <address>", "who is served: 0.0.0.0 for every device in the network, such as phones (default: this computer alone)")
    .addHelpText(
      "after",
      `
Examples:
  perpend lab
  perpend lab --host 0.0.0.0                    open it on a phone, too
  perpend train --epochs 20 --lab               watch a run of the terminal`,
    )
    .action(lab);
}
