// Starts the page.
import { render } from "preact";
import { App } from "./app.tsx";
import { attachedAddress } from "./attached.ts";
import { registerOffline } from "./surroundings.ts";

const root = document.getElementById("lab");
if (root) render(<App />, root);
// A page that looks on at a terminal is of no use without it.
if (attachedAddress() === null) void registerOffline();
