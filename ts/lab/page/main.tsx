// Starts the page.
import { render } from "preact";
import { App } from "./app.tsx";

const root = document.getElementById("lab");
if (root) render(<App />, root);
