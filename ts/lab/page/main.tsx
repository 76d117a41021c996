// Starts the page.
import { render } from "preact";
import { App } from "./app.tsx";
import { registerOffline } from "./surroundings.ts";

const root = document.getElementById("lab");
if (root) render(<App />, root);
void registerOffline();
