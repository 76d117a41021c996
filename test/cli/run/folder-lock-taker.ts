// A process that takes the folder PERPEND_TEST_FOLDER at each word "take" and gives it back at "release"; it says what came of it.
import { lockFolder, type FolderLock } from "../../../ts/cli/run/folder-lock.ts";

let lock: FolderLock | undefined;

async function take(): Promise<string> {
  try {
    lock = await lockFolder(process.env["PERPEND_TEST_FOLDER"] ?? "");
    return "won";
  } catch (error) {
    return (error as Error).message;
  }
}

process.on("message", (word) => {
  if (word === "release") {
    lock?.release();
    process.send?.("released");
  } else void take().then((answer) => process.send?.(answer));
});
process.send?.("ready");
