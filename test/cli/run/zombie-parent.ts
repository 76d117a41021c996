// A process with a child that has ended and that it never asks for.
import { execFileSync, spawn } from "node:child_process";

// The shell's child ends, then the shell becomes a program that knows nothing of it.
const shell = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "inherit"] });
process.on("disconnect", () => shell.kill("SIGKILL"));
shell.stdout.once("data", (text: Buffer) => {
  execFileSync("sleep", ["0.2"]);
  process.send?.(Number(text.toString()));
});
