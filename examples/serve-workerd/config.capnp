using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .model)],
  sockets = [(name = "http", address = "127.0.0.1:8080", http = (), service = "main")],
);

const model :Workerd.Worker = (
  compatibilityDate = "2026-01-01",
  modules = [
    (name = "worker.js", esModule = embed "../../build/examples/worker.js"),
    (name = "perpend/serve", esModule = embed "../../build/serve.js"),
    (name = "perpend/wasm/inference.wasm", wasm = embed "../../build/inference.wasm"),
    (name = "model.safetensors", data = embed "../model.safetensors"),
  ],
);
